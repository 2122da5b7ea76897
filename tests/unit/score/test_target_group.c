/* test_target_group.c - survival curves of groups that are known. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cohort_build.h"
#include "score/card.h"
#include "score/target_group.h"
#include "tap.h"

static struct cohort_build build;
static struct km_scorecard card;

static void begin(void)
{
    cohort_build_begin(&build);
    card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
}

static void runs_leave_the_curve_when_they_get_there(void)
{
    static const uint32_t group[] = {0, 0, 0, 0, 1};
    begin();
    (void)cohort_build_run(&build, "a1", 500);
    (void)cohort_build_run(&build, "a2", 1000);
    struct km_member *late = cohort_build_run(&build, "a3", 5000);
    struct km_member *lost = cohort_build_run(&build, "a4", 5000);
    late->x_now = 2000;
    lost->x_now = 700;
    lost->state = KM_RUN_FAILED;
    struct km_member *none = cohort_build_run(&build, "b1", 100);
    none->valid.count = 0;
    CHECK_INT(km_target_group_add(&build.cohort, group, 2, NULL, NULL, 4, &card,
                                  NULL),
              KM_OK);
    CHECK_INT(card.curve_count, 1);
    const struct km_curve *c = &card.curves[0];
    CHECK_TEXT(c->kind, "step");
    CHECK_TEXT(c->name, "a1");
    CHECK_INT(c->count, 4);
    CHECK_NEAR(c->x[1], 500, 1e-6);
    CHECK_NEAR(c->y[1], 0.75, 1e-12); /* the failed one is still at risk */
    CHECK_NEAR(c->x[2], 1000, 1e-6);
    CHECK_NEAR(c->y[2], 0.5, 1e-12);
    CHECK_NEAR(c->x[3], 2000, 0);
    CHECK(c->lo[1] < 0.75 && c->hi[1] > 0.75);
    const struct km_figure_result *median =
        km_card_find(&card, "compare.to_target", "a1");
    CHECK(median && median->state == KM_FIGURE_WEAK);
    CHECK_NEAR(median ? median->value : 0, 1000, 1e-6);
    CHECK_TEXT(
        median ? median->reason : "",
        "2 of 4 runs reached 4, 1 is censored at its last step, 1 broke off "
        "and never will: too few to bound the median from above");
    const struct km_figure_result *mean =
        km_card_find(&card, "compare.restricted_mean", "a1");
    CHECK(mean && mean->state == KM_FIGURE_OK && mean->n == 4);
    /* 1 to step 500, 3/4 to 1000, 1/2 to 2000, the last step seen */
    CHECK_NEAR(mean ? mean->value : 0, 500 + 375 + 500, 1e-6);
    CHECK(mean && mean->lo < mean->value && mean->hi > mean->value);
    cohort_build_end(&build);
}

static void nobody_there_is_a_flat_line(void)
{
    static const uint32_t group[] = {0};
    static const char *const names[] = {"all"};
    begin();
    cohort_build_run(&build, "a1", 9000)->x_now = 2000;
    CHECK_INT(km_target_group_add(&build.cohort, group, 1, names, NULL, 4,
                                  &card, NULL),
              KM_OK);
    CHECK_INT(card.curve_count, 1);
    CHECK_TEXT(card.curves[0].name, "all");
    CHECK_NEAR(card.curves[0].y[card.curves[0].count - 1], 1, 0);
    const struct km_figure_result *median =
        km_card_find(&card, "compare.to_target", "all");
    CHECK(median && median->state == KM_FIGURE_CENSORED);
    CHECK_NEAR(median ? median->value : 0, 2000, 0);
    const struct km_figure_result *mean =
        km_card_find(&card, "compare.restricted_mean", "all");
    CHECK(mean && mean->state == KM_FIGURE_WEAK && isnan(mean->lo));
    cohort_build_end(&build);
}

static void figures_tell_who_gets_there_first_and_on_which_clock(void)
{
    static const uint32_t group[] = {0, 0, 0, 1, 1, 1, 2, UINT32_MAX};
    static const char *const names[] = {"slow", "fast", "lost"};
    static const double scale[] = {1200, 1220, 1240, 600, 610, 620, 5000, 50};
    begin();
    for (size_t i = 0; i < 8; i++) {
        struct km_member *member = cohort_build_run(
            &build, km_arena_printf(&build.arena, "r%zu", i), scale[i]);
        cohort_build_rate(member, KM_AXIS_SECOND, i < 3 ? 0.03 : 0.12);
        member->state = i == 6 ? KM_RUN_FAILED : KM_RUN_FINISHED;
    }
    CHECK_INT(km_target_group_add(&build.cohort, group, 3, names, NULL, 4,
                                  &card, NULL),
              KM_OK);
    const struct km_figure_result *steps =
        km_card_find(&card, "compare.restricted_mean", "slow less fast");
    CHECK(steps && steps->state == KM_FIGURE_OK);
    CHECK_NEAR(steps ? steps->value : 0, 610, 1e-6);
    /* a step of the slow one takes a quarter of the time */
    const struct km_figure_result *time =
        km_card_find(&card, "compare.restricted_mean", "fast less slow: time");
    CHECK(time && time->state == KM_FIGURE_OK);
    CHECK_NEAR(time ? time->value : 0, (610 * 0.12 - 1220 * 0.03) / 60, 1e-6);
    const struct km_figure_result *lost =
        km_card_find(&card, "compare.to_target", "lost");
    CHECK(lost && lost->state == KM_FIGURE_INSUFFICIENT && lost->n == 1);
    CHECK_TEXT(lost ? lost->reason : "",
               "0 of 1 run reached 4, 1 broke off and never will");
    cohort_build_end(&build);
}

static void whoever_is_there_at_the_first_value_got_there_before(void)
{
    static const uint32_t group[] = {0, 0, 0};
    static const double scale[] = {5, 500, 600};
    begin();
    for (size_t i = 0; i < 3; i++) {
        (void)cohort_build_run(&build, "r", scale[i]);
    }
    CHECK_INT(km_target_group_add(&build.cohort, group, 1, NULL, NULL, 4, &card,
                                  NULL),
              KM_OK);
    const struct km_figure_result *mean =
        km_card_find(&card, "compare.restricted_mean", "r");
    CHECK(mean && mean->state == KM_FIGURE_WEAK);
    CHECK_TEXT(mean ? mean->reason : "",
               "3 of 3 runs reached 4 (1 by the first value, or before)");
    cohort_build_end(&build);
}

static void a_run_of_another_metric_is_left_out(void)
{
    static const uint32_t group[] = {0, 0};
    begin();
    (void)cohort_build_run(&build, "a1", 500);
    cohort_build_run(&build, "a2", 600)->valid.metric = "val/accuracy";
    CHECK_INT(km_target_group_add(&build.cohort, group, 1, NULL, "val/loss", 4,
                                  &card, NULL),
              KM_OK);
    const struct km_figure_result *median =
        km_card_find(&card, "compare.to_target", "a1");
    CHECK(median && median->n == 1);
    CHECK_NEAR(median ? median->value : 0, 500, 1e-6);
    cohort_build_end(&build);
}

/* Two configurations, one with two seeds: their interval is not believed. */
static void mixed_configurations_are_weak(void)
{
    static const uint32_t group[] = {0, 0, 0};
    static const double scale[] = {500, 510, 600};
    begin();
    for (size_t i = 0; i < 3; i++) {
        cohort_build_set(cohort_build_run(&build, "r", scale[i]), "lr",
                         i < 2 ? "1" : "2");
    }
    CHECK_INT(km_target_group_add(&build.cohort, group, 1, NULL, NULL, 4, &card,
                                  NULL),
              KM_OK);
    const struct km_figure_result *mean =
        km_card_find(&card, "compare.restricted_mean", "r");
    CHECK(mean && mean->state == KM_FIGURE_WEAK && isfinite(mean->lo));
    CHECK(mean && strstr(mean->reason, "runs are not independent"));
    cohort_build_end(&build);
}

int main(void)
{
    RUN(runs_leave_the_curve_when_they_get_there);
    RUN(nobody_there_is_a_flat_line);
    RUN(figures_tell_who_gets_there_first_and_on_which_clock);
    RUN(whoever_is_there_at_the_first_value_got_there_before);
    RUN(a_run_of_another_metric_is_left_out);
    RUN(mixed_configurations_are_weak);
    return tap_end();
}
