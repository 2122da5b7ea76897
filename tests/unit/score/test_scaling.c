/* test_scaling.c - what accelerators keep of their throughput. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_scaling.h"
#include "score/compare_scaling.h"
#include "score_run.h"
#include "tap.h"

static struct cohort_build build;
static uint32_t group[BUILD_RUNS_MAX];
static struct km_scorecard card;

static const struct km_figure_result *find(const char *variant)
{
    return score_run_find(&card, "speed.scaling", variant);
}

static void judge(void)
{
    card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
    CHECK_INT(km_compare_scaling_add(&build.cohort, group, &card, NULL), KM_OK);
}

static void the_law_is_found_again(void)
{
    cohort_build_begin(&build);
    known_scaling_build(&build, 6, 2, group);
    for (size_t i = 0; i < build.cohort.count;
         i++) { /* seeds differ a little */
        build.cohort.members[i].axes.rate[KM_AXIS_ACTIVE].per_step *=
            exp(i % 2 ? 1e-9 : -1e-9);
    }
    judge();
    double law = 1 / (1 + 0.02 * 31 + 0.001 * 32 * 31);
    const struct km_figure_result *f = find("efficiency at 32");
    CHECK_NEAR(f ? f->value : 0, law, 1e-12);
    CHECK(f && f->state == KM_FIGURE_OK && f->lo < law && law < f->hi);
    CHECK_NEAR(find("contention")->value, 0.02, 1e-9);
    CHECK_NEAR(find("coherency")->value, 0.001, 1e-9);
    CHECK_NEAR(find("best number")->value, sqrt(0.98 / 0.001), 1e-6);
    CHECK_INT(card.curve_count, 2);
    cohort_build_end(&build);
}

static void few_numbers_have_an_efficiency_and_no_law(void)
{
    cohort_build_begin(&build);
    known_scaling_build(&build, 3, 1, group);
    judge();
    CHECK(find("efficiency at 4") && isnan(find("efficiency at 4")->lo));
    CHECK(find("contention") && isnan(find("contention")->value));
    CHECK(find("contention") &&
          strstr(find("contention")->reason, "3 numbers"));
    cohort_build_end(&build);

    cohort_build_begin(&build);
    known_scaling_build(&build, 1, 4, group);
    judge();
    CHECK_INT(card.count, 0); /* nothing differs: no figure */
    cohort_build_end(&build);
}

/* Runs outside the arms, without a clock or without a number are not asked. */
static void who_does_not_know_is_left_out(void)
{
    cohort_build_begin(&build);
    known_scaling_build(&build, 6, 1, group);
    struct km_member *m = build.cohort.members;
    group[0] = UINT32_MAX;
    m[1].axes.rate[KM_AXIS_ACTIVE].known = false;
    m[2].facts.accelerators_key = NULL;
    judge();
    CHECK(find("efficiency at 32") && find("efficiency at 32")->n == 3);
    CHECK(strstr(find("efficiency at 32")->method, "over that at 8"));
    cohort_build_end(&build);
}

static void other_settings_that_differ_are_named(void)
{
    cohort_build_begin(&build);
    known_scaling_build(&build, 4, 1, group);
    for (size_t i = 0; i < build.cohort.count; i++) {
        cohort_build_set(&build.cohort.members[i], "width",
                         i % 2 ? "512" : "768");
    }
    judge();
    const struct km_figure_result *f = find("contention");
    CHECK(f && f->state == KM_FIGURE_WEAK && strstr(f->reason, "width"));
    CHECK(f && !strstr(f->reason, "batch") && !strstr(f->reason, "world"));
    CHECK_INT(find("best number")->state, KM_FIGURE_CENSORED);
    CHECK_NEAR(find("best number")->value, 16, 1e-12);
    CHECK(strstr(find("best number")->reason, "width"));
    CHECK(strstr(find("best number")->reason, "goes on rising"));
    cohort_build_end(&build);
}

/* Throughput in proportion to the number, or to its inverse square. */
static void scale_by(double power)
{
    cohort_build_begin(&build);
    known_scaling_build(&build, 6, 2, group);
    for (size_t i = 0; i < build.cohort.count; i++) {
        struct km_member *m = &build.cohort.members[i];
        m->axes.rate[KM_AXIS_ACTIVE].per_step =
            m->axes.rate[KM_AXIS_TOKEN].per_step /
            (100 * pow(m->facts.accelerators, power)) * (i % 2 ? 1.001 : 0.999);
    }
    judge();
}

static void a_cost_at_its_bound_has_no_interval(void)
{
    scale_by(1.02); /* better than in proportion: nothing is lost */
    const struct km_figure_result *f = find("contention");
    CHECK_NEAR(f->value, 0, 0);
    CHECK(f->state == KM_FIGURE_WEAK && isnan(f->lo) && isnan(f->hi));
    CHECK(strstr(f->reason, "bound"));
    cohort_build_end(&build);
}

static void fewer_than_the_fewest_is_not_said(void)
{
    scale_by(-2); /* each one more makes it slower */
    const struct km_figure_result *f = find("best number");
    CHECK(f->state == KM_FIGURE_CENSORED && f->at_most);
    CHECK(f->value >= 1);
    cohort_build_end(&build);
}

int main(void)
{
    RUN(the_law_is_found_again);
    RUN(few_numbers_have_an_efficiency_and_no_law);
    RUN(who_does_not_know_is_left_out);
    RUN(other_settings_that_differ_are_named);
    RUN(a_cost_at_its_bound_has_no_interval);
    RUN(fewer_than_the_fewest_is_not_said);
    return tap_end();
}
