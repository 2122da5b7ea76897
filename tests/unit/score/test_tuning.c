/* test_tuning.c - tuned runs against scratch, a base line and each other. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_tune.h"
#include "score/card.h"
#include "score_run.h"
#include "tap.h"

static struct cohort_build build;
static struct km_tuning tuning;
static struct km_scorecard card;

static void begin(void)
{
    cohort_build_begin(&build);
    card = (struct km_scorecard){
        .arena = &build.arena, .level = 0.8, .headline = "", .context = ""};
}

static const struct km_figure_result *find(const char *id, const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    if (!found) {
        printf("# no %s %s\n", id, variant ? variant : "");
    }
    CHECK(found != NULL);
    static struct km_figure_result none;
    return found ? found : &none;
}

static void a_tuned_run_gives_back_its_speed(void)
{
    begin();
    known_tune_build(&build, &tuning);
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    const struct km_figure_result *f =
        find("tune.speedup", "over scratch, per step");
    CHECK_NEAR(f->value, 3, 2e-3);
    CHECK_INT(f->state, KM_FIGURE_WEAK); /* one seed a side */
    CHECK_NEAR(find("tune.savings", "over scratch, per step")->value, 2.0 / 3,
               1e-3);
    f = find("tune.speedup", "over base line, per token");
    CHECK_NEAR(f->value, 2, 2e-3);
    CHECK(isnan(f->lo) && isnan(f->hi)); /* nobody knows how seeds differ */
    const struct km_figure_result *saved =
        find("tune.savings", "over base line, per token");
    CHECK_NEAR(saved->value, 1 - 1 / f->value, 1e-12);
    CHECK(isnan(saved->lo) && saved->state == KM_FIGURE_WEAK);
    /* the curve is at 4 at step 200 */
    f = find("tune.to_target", "step");
    CHECK_NEAR(f->value, 200, 0.01);
    CHECK(f->lo <= 200 && f->hi >= 200 && f->hi - f->lo < 20.01);
    CHECK_NEAR(find("tune.to_target", "token")->value, 0.2, 1e-4);
    CHECK_TEXT(find("tune.to_target", "token")->unit, "Mtok");
    CHECK(strstr(card.headline, "Learns 3x as fast per step as training"));
    cohort_build_end(&build);
}

static void an_earlier_task_is_worth_what_it_saves_less_what_it_took(void)
{
    begin();
    known_tune_build(&build, &tuning);
    CHECK_INT(km_transfer_add(&tuning, &card, NULL), KM_OK);
    CHECK_NEAR(find("transfer.threshold_ratio", "per step")->value, 3, 2e-3);
    const struct km_figure_result *f =
        find("transfer.threshold_ratio", "per step, with source");
    CHECK_NEAR(f->value, 600 / (200 + 2000.0), 1e-4);
    f = find("transfer.threshold_ratio", "per token, with source");
    CHECK_NEAR(f->value, 600 / (200 + 2000.0), 1e-4);
    CHECK_NEAR(find("transfer.jumpstart", "")->value, 4 * (sqrt(60) - sqrt(20)),
               1e-9);
    CHECK_NEAR(find("transfer.auc_ratio", "")->value, 1 - sqrt(1.0 / 3), 1e-9);
    /* without a target: 90 % of what scratch gained */
    cohort_build_end(&build);
    begin();
    known_tune_build(&build, &tuning);
    tuning.target = (double)NAN;
    CHECK_INT(km_transfer_add(&tuning, &card, NULL), KM_OK);
    CHECK_NEAR(find("transfer.threshold_ratio", "per step")->value, 3, 5e-3);
    cohort_build_end(&build);
}

/* Turned round, as a reward comes out of the store. */
static void rewards_are_told_like_losses(void)
{
    begin();
    known_tune_build(&build, &tuning);
    for (size_t i = 0; i < build.cohort.count; i++) {
        struct km_member_curve *curve = &build.cohort.members[i].valid;
        double *y = km_new(&build.arena, double, curve->count);
        for (size_t k = 0; k < curve->count; k++) {
            y[k] = curve->y[k] - 100; /* reward 100 - loss */
        }
        curve->y = y;
        curve->sign = -1;
        curve->unit = "reward";
        curve->role = KM_ROLE_REWARD;
    }
    tuning.cohort = build.cohort;
    tuning.target = 96;
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    CHECK_NEAR(find("tune.speedup", "over scratch, per step")->value, 3, 2e-3);
    CHECK_NEAR(find("tune.to_target", "step")->value, 200, 0.01);
    CHECK_NEAR(find("transfer.threshold_ratio", "per step")->value, 3, 2e-3);
    const struct km_figure_result *f = find("transfer.jumpstart", "");
    CHECK_NEAR(f->value, 4 * (sqrt(60) - sqrt(20)), 1e-9);
    CHECK_TEXT(f->unit, "reward");
    CHECK(find("transfer.auc_ratio", "")->value > 0);
    cohort_build_end(&build);
}

static void seeds_on_both_sides_give_an_interval(void)
{
    begin();
    struct km_member *tuned = NULL, *scratch = NULL;
    for (int s = 0; s < 6; s++) {
        struct km_member *member =
            cohort_build_run(&build, km_arena_printf(&build.arena, "lab/%d", s),
                             (s < 3 ? 200 : 600) * (1 + 0.02 * (s % 3 - 1)));
        tuned = s == 0 ? member : tuned;
        scratch = s == 3 ? member : scratch;
    }
    tuning = (struct km_tuning){.tuned = {"b", tuned, 3},
                                .scratch = {"scratch", scratch, 3},
                                .cohort = build.cohort,
                                .target = 4};
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    static const char *const ids[][2] = {
        {"tune.speedup", "over scratch, per step"},
        {"transfer.threshold_ratio", "per step"},
        {"transfer.jumpstart", ""},
        {"transfer.auc_ratio", ""},
        {"tune.to_target", "step"}};
    for (size_t i = 0; i < 5; i++) {
        const struct km_figure_result *f = find(ids[i][0], ids[i][1]);
        CHECK_INT(f->state, KM_FIGURE_OK);
        CHECK(f->lo < f->value && f->value < f->hi);
        CHECK_NEAR(f->level, 0.8, 0);
    }
    CHECK_NEAR(find("tune.to_target", "step")->value, 200, 0.5);
    cohort_build_end(&build);
}

/* One tuned run against seeds that differ by 2 %: their spread counts. */
static void one_run_against_seeds_borrows_their_spread(void)
{
    begin();
    struct km_member *tuned = cohort_build_run(&build, "lab/b", 200);
    struct km_member *scratch = NULL;
    for (int s = 0; s < 3; s++) {
        struct km_member *member =
            cohort_build_run(&build, km_arena_printf(&build.arena, "lab/%d", s),
                             600 * (1 + 0.02 * (s - 1)));
        scratch = s == 0 ? member : scratch;
    }
    tuning = (struct km_tuning){.tuned = {"b", tuned, 1},
                                .scratch = {"scratch", scratch, 3},
                                .cohort = build.cohort,
                                .target = 4};
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    const struct km_figure_result *f =
        find("tune.speedup", "over scratch, per step");
    CHECK_INT(f->state, KM_FIGURE_OK);
    CHECK_TEXT(f->rung, "seeds of one arm");
    /* t with 2 degrees of freedom: 1.8856 x 0.02 x sqrt(1 + 1/3) */
    CHECK_NEAR(log(f->hi / f->value), 1.8856 * 0.02 * sqrt(4.0 / 3), 2e-4);
    f = find("transfer.jumpstart", "");
    CHECK_INT(f->state, KM_FIGURE_OK);
    CHECK(f->lo > 0 && f->hi > f->value);
    f = find("transfer.auc_ratio", "");
    CHECK(f->state == KM_FIGURE_OK && f->hi - f->lo > 0.01);
    cohort_build_end(&build);
}

static void what_was_not_reached_is_a_bound(void)
{
    begin();
    known_tune_build(&build, &tuning);
    tuning.target = 0.1;
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    const struct km_figure_result *f = find("tune.to_target", "step");
    CHECK_INT(f->state, KM_FIGURE_CENSORED);
    CHECK_NEAR(f->value, 2000, 1e-9);
    f = find("transfer.threshold_ratio", "per step");
    CHECK_INT(f->state, KM_FIGURE_INSUFFICIENT);
    CHECK(strstr(f->reason, "never reached"));
    /* it began below what scratch ever reached */
    cohort_build_end(&build);
    begin();
    known_tune_build(&build, &tuning);
    tuning.target = 17.95; /* tuned begins at 17.89, scratch at 30.98 */
    CHECK_INT(km_transfer_add(&tuning, &card, NULL), KM_OK);
    f = find("transfer.threshold_ratio", "per step");
    CHECK_INT(f->state, KM_FIGURE_CENSORED);
    CHECK(f->value > 2.5 && isnan(f->lo));
    cohort_build_end(&build);
}

static void without_others_the_figures_say_what_is_missing(void)
{
    begin();
    known_tune_build(&build, &tuning);
    tuning.scratch.count = tuning.baseline.count = 0;
    tuning.target = (double)NAN;
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    static const char *const ids[] = {
        "tune.speedup", "tune.savings", "transfer.threshold_ratio",
        "transfer.jumpstart", "transfer.auc_ratio"};
    for (size_t i = 0; i < 5; i++) {
        const struct km_figure_result *f = find(ids[i], NULL);
        CHECK_INT(f->state, KM_FIGURE_NOT_APPLICABLE);
        CHECK(*f->reason);
    }
    CHECK_INT(find("tune.to_target", "step")->state, KM_FIGURE_NOT_APPLICABLE);
    CHECK(find("tune.to_90", "step")->value > 100);
    CHECK_INT(find("plasticity.trend", "transition time")->state,
              KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
}

/* A flat curve gains nothing; one of another metric compares with nothing. */
static void flat_and_foreign_curves_give_no_number(void)
{
    begin();
    known_tune_build(&build, &tuning);
    double *flat = km_new(&build.arena, double, BUILD_PLACES);
    for (size_t i = 0; i < BUILD_PLACES; i++) {
        flat[i] = 5;
    }
    tuning.tuned.members->valid.y = flat;
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    CHECK_INT(find("tune.to_90", "step")->state, KM_FIGURE_INSUFFICIENT);
    CHECK(!isfinite(find("tune.speedup", "over scratch, per step")->lo));
    cohort_build_end(&build);
    begin();
    known_tune_build(&build, &tuning);
    tuning.scratch.members->valid.metric = "other/loss";
    CHECK_INT(km_tuning_add(&tuning, &card, NULL), KM_OK);
    CHECK_INT(find("transfer.jumpstart", "")->state, KM_FIGURE_INSUFFICIENT);
    CHECK_INT(find("tune.speedup", "over scratch, per step")->state,
              KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
}

static void a_loss_of_plasticity_is_seen_over_stages(void)
{
    double log_x[3];
    begin();
    known_stages_build(&build, &tuning);
    CHECK_INT(km_transition_add(&tuning, log_x, &card, NULL), KM_OK);
    /* 10 % of the way left: x = 10 + tau ln 10 */
    CHECK_NEAR(find("transfer.transition_time", "1 a")->value,
               10 + 100 * log(10), 0.2);
    CHECK_INT(km_plasticity_add("transition time", log_x, 3, true,
                                KM_BETTER_LOWER, &card, NULL),
              KM_OK);
    const struct km_figure_result *f =
        find("plasticity.trend", "transition time");
    CHECK_NEAR(f->value, 1.94, 0.01);
    CHECK_INT(f->state, KM_FIGURE_WEAK); /* three stages: no interval */
    /* five that rise one after another are told from chance at 80 % */
    static const double rising[] = {1, 2, 2.5, NAN, 4, 5};
    CHECK_INT(km_plasticity_add("five", rising, 6, false, KM_BETTER_HIGHER,
                                &card, NULL),
              KM_OK);
    f = find("plasticity.trend", "five");
    CHECK_INT(f->state, KM_FIGURE_OK);
    CHECK_INT(f->n, 5);
    CHECK(f->lo > 0 && f->level >= 0.8);
    cohort_build_end(&build);
}

static void pairs_of_tasks_make_a_matrix(void)
{
    static const struct km_transfer_pair pairs[] = {{"a", "b", 3},
                                                    {"b", "a", 0.5},
                                                    {"a", "c", (double)NAN},
                                                    {NULL, NULL, 1},
                                                    {"b", "c", 2}};
    begin();
    CHECK_INT(km_transfer_matrix_add(pairs, 1, &card, NULL), KM_OK);
    CHECK_INT(card.matrix_count, 0);
    CHECK_INT(km_transfer_matrix_add(pairs, 5, &card, NULL), KM_OK);
    CHECK_INT(card.matrix_count, 1);
    const struct km_matrix *m = &card.matrices[0];
    CHECK_INT(m->row_count, 2);
    CHECK_INT(m->column_count, 3);
    CHECK_TEXT(m->columns[2], "c");
    CHECK_NEAR(m->value[0], 3, 0);
    CHECK(isnan(m->value[2]));
    CHECK_NEAR(m->value[3 + 2], 2, 0);
    cohort_build_end(&build);
}

int main(void)
{
    RUN(a_tuned_run_gives_back_its_speed);
    RUN(an_earlier_task_is_worth_what_it_saves_less_what_it_took);
    RUN(rewards_are_told_like_losses);
    RUN(seeds_on_both_sides_give_an_interval);
    RUN(one_run_against_seeds_borrows_their_spread);
    RUN(what_was_not_reached_is_a_bound);
    RUN(without_others_the_figures_say_what_is_missing);
    RUN(flat_and_foreign_curves_give_no_number);
    RUN(a_loss_of_plasticity_is_seen_over_stages);
    RUN(pairs_of_tasks_make_a_matrix);
    return tap_end();
}
