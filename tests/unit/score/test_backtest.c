/* test_backtest.c - a forecast knows nothing of its future.
 *
 * Synthetic runs of one lab: a power law on the sum of learning rates less a
 * drop, fourteen configurations of two seeds, begun one after another. Deleting
 * or changing what comes after an origin, or runs that began later, must change
 * no forecast; the ladder and the choice of forecaster follow their rules; runs
 * that make no sense are left out and crash nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "measure/rng.h"
#include "score/backtest.h"
#include "score/live.h"
#include "tap.h"

enum { GROUPS = 14, SEEDS = 2, RUNS = GROUPS * SEEDS, POINTS = 60 };
enum { MIB = 1 << 20 };
static const double PLANNED = 6000;

static struct km_origin_workspace work;
static struct km_arena arena, scratch;
static struct km_err err;
static double x[RUNS][POINTS], y[RUNS][POINTS];
static struct km_rate_plan plan;
static struct km_forecast_run lab[RUNS];

/* `decay` false: the rate stays constant. */
static void found_lab(bool decay, double noise)
{
    struct km_rng rng;
    km_rng_seed(&rng, 42);
    plan =
        (struct km_rate_plan){.kind = decay ? KM_PLAN_LINEAR : KM_PLAN_CONSTANT,
                              .from = 4000,
                              .until = PLANNED,
                              .final = 0};
    for (int r = 0; r < RUNS; r++) {
        int g = r / SEEDS;
        double level = 2.8 + 0.02 * g, c = 0.10 + 0.005 * (g % 5);
        for (int i = 0; i < POINTS; i++) {
            x[r][i] = PLANNED * (i + 1) / POINTS;
            double s1 = km_plan_sum(&plan, x[r][i]);
            y[r][i] = level + 25 * pow(s1, -0.5) -
                      c * km_plan_drop(&plan, x[r][i]) +
                      noise * (km_rng_unit(&rng) - 0.5);
        }
        lab[r] = (struct km_forecast_run){.x = x[r],
                                          .y = y[r],
                                          .count = POINTS,
                                          .loss = true,
                                          .planned = PLANNED,
                                          .plan = &plan,
                                          .group = (unsigned)g,
                                          .time_ns = g};
    }
}

static struct km_backtest judge(size_t count, enum km_history history)
{
    struct km_backtest_run *runs =
        km_new(&arena, struct km_backtest_run, count);
    struct km_backtest out;
    for (size_t r = 0; r < count; r++) {
        CHECK(km_backtest_take(&lab[r], &work, &arena, &scratch, &runs[r],
                               &err) == KM_OK);
    }
    CHECK(km_backtest_run(runs, count, history, 0.8, &work, &arena, &out,
                          &err) == KM_OK);
    return out;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12;
}

static void check_same_origin(const struct km_origin *a,
                              const struct km_origin *b)
{
    CHECK(a->fitted && b->fitted);
    CHECK(same(a->last_value, b->last_value) && same(a->now, b->now));
    CHECK(a->seen == b->seen && a->anneal_count == b->anneal_count);
    for (size_t t = 0; t < a->target_count; t++) {
        const struct km_origin_target *p = &a->targets[t], *q = &b->targets[t];
        CHECK(p->regime == q->regime && p->own_count == q->own_count);
        CHECK(same(p->mean, q->mean) && same(p->line, q->line));
        CHECK(same(p->s, q->s) && same(p->own, q->own));
        CHECK(same(p->s1, q->s1) && same(p->drop, q->drop));
    }
    for (size_t b_ = 0; b_ < a->anneal_count; b_++) {
        CHECK(same(a->y[b_], b->y[b_]) && same(a->s1[b_], b->s1[b_]));
    }
}

static void deleting_future_points_changes_no_forecast(void)
{
    found_lab(true, 0.01);
    const double targets[] = {3000, 3600, 4800, PLANNED};
    for (int averaged = 0; averaged < 2; averaged++) {
        struct km_forecast_run whole = lab[3], cut = lab[3];
        whole.averaged = cut.averaged = averaged;
        cut.count = POINTS * 2 / 5;
        struct km_bin_sums sums, sums_cut;
        struct km_origin a, b;
        CHECK(km_forecast_run_sums(&whole, &arena, &sums, &err) == KM_OK);
        CHECK(km_forecast_run_sums(&cut, &arena, &sums_cut, &err) == KM_OK);
        CHECK(km_origin_take(&whole, &sums, 2400, targets, 4, KM_ORIGIN_WHOLE,
                             &work, &arena, &a, &err) == KM_OK);
        CHECK(km_origin_take(&cut, &sums_cut, 2400, targets, 4, KM_ORIGIN_WHOLE,
                             &work, &arena, &b, &err) == KM_OK);
        check_same_origin(&a, &b);
    }
}

static void the_future_of_a_run_does_not_change_its_forecast(void)
{
    found_lab(true, 0.01);
    struct km_backtest before = judge(RUNS, KM_HISTORY_EARLIER);
    size_t n = before.count;
    for (int i = POINTS * 4 / 5; i < POINTS; i++) {
        y[27][i] += 1; /* after 80 % of run 27 */
    }
    struct km_backtest after = judge(RUNS, KM_HISTORY_EARLIER);
    CHECK(n == after.count && n > 0);
    size_t compared = 0;
    for (size_t i = 0; i < n; i++) {
        const struct km_backtest_row *a = &before.rows[i], *b = &after.rows[i];
        if (a->run == 27) {
            compared++;
            CHECK(same(a->decision.value, b->decision.value));
            CHECK(same(a->decision.lo, b->decision.lo));
            CHECK(same(a->decision.hi, b->decision.hi));
        }
    }
    CHECK(compared >= 8);
}

static void later_runs_teach_earlier_ones_nothing(void)
{
    found_lab(true, 0.01);
    struct km_backtest all = judge(RUNS, KM_HISTORY_EARLIER);
    struct km_backtest some = judge(20, KM_HISTORY_EARLIER);
    size_t k = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (all.rows[i].run >= 20) {
            continue;
        }
        const struct km_decision *a = &all.rows[i].decision;
        const struct km_decision *b = &some.rows[k++].decision;
        CHECK(same(a->value, b->value) && same(a->lo, b->lo) &&
              same(a->hi, b->hi) && a->rung == b->rung &&
              a->chosen == b->chosen);
    }
    CHECK(k == some.count);
}

static void the_ladder_names_its_rung(void)
{
    found_lab(true, 0.01);
    struct km_backtest out = judge(RUNS, KM_HISTORY_EARLIER);
    for (size_t i = 0; i < out.count; i++) {
        const struct km_backtest_row *row = &out.rows[i];
        bool enough = row->group >= KM_CONFORMAL_GROUPS_MIN;
        CHECK((row->decision.rung == KM_RUNG_CROSS_RUN) == enough);
        CHECK(row->decision.rung != KM_RUNG_NONE);
        CHECK(row->decision.lo <= row->decision.hi);
        if (enough) {
            CHECK_INT(row->decision.calibration, row->group);
        }
    }
}

static void a_known_schedule_is_forecast_by_the_annealing_law(void)
{
    found_lab(true, 0.01);
    struct km_backtest out = judge(RUNS, KM_HISTORY_OTHERS);
    struct km_backtest_filter end = km_backtest_all;
    end.end = 1;
    struct km_forecast_score choice, mean, cover;
    CHECK(km_backtest_score(&out, end, KM_FORECASTERS, 0.8, &arena, &choice,
                            &err) == KM_OK);
    CHECK(km_backtest_score(&out, end, KM_FORECASTER_MEAN, 0.8, &arena, &mean,
                            &err) == KM_OK);
    CHECK_INT(choice.groups, GROUPS);
    CHECK(choice.rel < 0.2 && mean.rel > 2 * choice.rel);
    CHECK(km_backtest_score(&out, km_backtest_all, KM_FORECASTERS, 0.8, &arena,
                            &cover, &err) == KM_OK);
    CHECK(cover.covered > 0.7 && cover.intervals == cover.forecasts);
}

static void a_constant_rate_is_forecast_by_the_mean_of_families(void)
{
    found_lab(false, 0.01);
    struct km_backtest out = judge(RUNS, KM_HISTORY_OTHERS);
    for (size_t i = 0; i < out.count; i++) {
        CHECK(out.rows[i].decision.regime == KM_REGIME_CONSTANT);
        CHECK(out.rows[i].decision.usual == KM_FORECASTER_MEAN);
    }
}

static void forecasters_that_lose_to_the_last_value_are_switched_off(void)
{
    found_lab(false, 0.01);
    struct km_rng rng;
    km_rng_seed(&rng, 9);
    /* falls steeply, then stands still: every trend overshoots */
    for (int r = 0; r < RUNS; r++) {
        for (int i = 0; i < POINTS; i++) {
            double fall = fmax(1 - i / (POINTS * 0.38), 0);
            y[r][i] = 3 + 2 * fall + 1e-4 * (km_rng_unit(&rng) - 0.5);
        }
    }
    struct km_backtest out = judge(RUNS, KM_HISTORY_OTHERS);
    size_t off = 0, judged = 0;
    for (size_t i = 0; i < out.count; i++) {
        const struct km_decision *d = &out.rows[i].decision;
        if (out.rows[i].origin == 1) {
            judged++;
            off += d->off;
            CHECK(d->off == isnan(d->value));
            CHECK(!d->off || d->rel >= 1);
        }
    }
    CHECK(judged > 0 && off > 0);
}

static void odd_runs_are_left_out(void)
{
    found_lab(true, 0.01);
    lab[0].count = 0;
    lab[1].count = 2;
    lab[2].planned = NAN;
    lab[3].plan = NULL;
    for (int i = 0; i < POINTS; i++) {
        y[4][i] = 3;
        y[5][i] = -1 - i;        /* negative, no floor */
        y[6][i] *= 1e12;         /* huge */
        y[7][i] *= 1e-12;        /* tiny */
        x[8][i] = 1 + i / 100.0; /* all before the first origin */
    }
    lab[5].e_min = -INFINITY;
    struct km_backtest out = judge(RUNS, KM_HISTORY_EARLIER);
    for (size_t i = 0; i < out.count; i++) {
        const struct km_backtest_row *row = &out.rows[i];
        CHECK(row->run > 2);
        CHECK(isfinite(row->truth));
        CHECK(isnan(row->decision.value) || isfinite(row->decision.value));
        CHECK(isnan(row->decision.value) ||
              (isfinite(row->decision.lo) && isfinite(row->decision.hi)));
    }
    struct km_forecast_score score;
    struct km_backtest none = {NULL, 0};
    CHECK(km_backtest_score(&none, km_backtest_all, KM_FORECASTERS, 0.8, &arena,
                            &score, &err) == KM_OK);
    CHECK_INT(score.forecasts, 0);
    CHECK(isnan(score.rel) && isnan(score.covered));
}

static void chances_follow_the_errors_of_the_history(void)
{
    found_lab(true, 0.01);
    struct km_judged_run judged[RUNS];
    struct km_backtest_run *runs = km_new(&arena, struct km_backtest_run, RUNS);
    for (int r = 0; r < RUNS; r++) {
        CHECK(km_backtest_take(&lab[r], &work, &arena, &scratch, &runs[r],
                               &err) == KM_OK);
        judged[r] = runs[r].at[1];
        judged[r].origin = &runs[r].origin[1];
        judged[r].truth_x = runs[r].truth_x[1];
        judged[r].truth = runs[r].truth[1];
    }
    CHECK(km_forecasters_run(judged, RUNS, KM_HISTORY_OTHERS, &work, &arena,
                             &err) == KM_OK);
    struct km_decision d[KM_BACKTEST_TARGETS];
    double forecast[KM_BACKTEST_TARGETS], rest[8 * RUNS];
    for (size_t t = 0; t < KM_BACKTEST_TARGETS; t++) {
        km_forecast_decide(judged, RUNS, 0, t, KM_HISTORY_OTHERS, 0.8, rest,
                           &d[t]);
        forecast[t] = d[t].value;
    }
    struct km_error_draws draws;
    CHECK(km_forecast_draws(judged, RUNS, 0, KM_HISTORY_OTHERS, d, &arena,
                            &draws, &err) == KM_OK);
    CHECK_INT(draws.draws, RUNS - SEEDS);
    CHECK_NEAR(draws.groups, GROUPS - 1, 0);
    double low = km_draws_by(&draws, forecast, 3, forecast[3] - 1);
    double high = km_draws_by(&draws, forecast, 3, forecast[3] + 1);
    CHECK_NEAR(low, 1.0 / GROUPS, 1e-12); /* never certain */
    CHECK_NEAR(high, 1 - 1.0 / GROUPS, 1e-12);
}

/* Runs 0 to 26 as history. */
static void remember(struct km_past_curve *past,
                     struct km_project_history *history)
{
    static const enum km_family families[] = {KM_FAMILY_POW3,
                                              KM_FAMILY_INVLOG3};
    for (size_t r = 0; r < 27; r++) {
        struct km_bin_sums sums;
        past[r] = (struct km_past_curve){
            .run_id = r + 1, .pool_key = 5, .run = lab[r]};
        CHECK(km_forecast_run_sums(&lab[r], &arena, &sums, &err) == KM_OK);
        for (int f = 0; f < KM_ORIGIN_FAMILIES; f++) {
            past[r].drop[f] =
                km_forecast_run_drop(&lab[r], &sums, families[f], &work);
        }
    }
    *history = (struct km_project_history){
        .project = "", .curves = past, .count = 27, .runs = 27};
}

/* Run 27 at 40 % of its plan, all others finished. */
static void go_live(struct km_live *live, bool plan_known)
{
    static const double targets[] = {3000, 3600, 4800, 6000};
    static struct km_past_curve past[27];
    struct km_project_history history;
    struct km_forecast_run run = lab[27];
    run.count = POINTS * 2 / 5;
    run.planned = NAN;
    run.plan = plan_known ? run.plan : NULL;
    remember(past, &history);
    const struct km_live_question question = {.run = &run,
                                              .run_id = 28,
                                              .pool_key = 5,
                                              .end = PLANNED,
                                              .planned = true,
                                              .level = 0.8,
                                              .target_count = 4,
                                              .targets = targets};
    CHECK(km_live_forecast(&question, &history, &work, &arena, &scratch, live,
                           &err) == KM_OK);
}

static void a_live_run_gets_the_forecast_that_the_back_test_judges(void)
{
    found_lab(true, 0.01);
    struct km_live live;
    go_live(&live, true);
    struct km_backtest out = judge(RUNS, KM_HISTORY_OTHERS);
    size_t compared = 0;
    for (size_t i = 0; i < out.count; i++) {
        const struct km_backtest_row *row = &out.rows[i];
        if (row->run == 27 && row->origin == 1) {
            const struct km_decision *d = &live.decisions[row->target];
            CHECK_NEAR(d->value, row->decision.value, 1e-12);
            CHECK(d->rung == KM_RUNG_CROSS_RUN &&
                  d->chosen == row->decision.chosen);
            CHECK_INT(d->calibration, GROUPS - 1);
            compared++;
        }
    }
    CHECK_INT(compared, 4);
    CHECK(live.inner[3].lo > live.decisions[3].lo &&
          live.inner[3].hi < live.decisions[3].hi);
    CHECK_INT(live.draws.draws, RUNS - SEEDS);
    double when =
        km_draws_time(&live.draws, live.targets, live.values, live.values[1],
                      0.5, km_new(&arena, double, 4 * RUNS));
    CHECK(when > 3000 && when < 4800);
}

static void without_a_plan_the_history_is_read_without_one(void)
{
    found_lab(true, 0.01);
    struct km_live live;
    go_live(&live, false);
    for (int t = 0; t < 4; t++) {
        CHECK(live.decisions[t].regime == KM_REGIME_UNKNOWN);
        CHECK(live.decisions[t].rung == KM_RUNG_CROSS_RUN);
    }
    /* the shared bias of a blind fit moves the calibrated interval */
    double truth = y[27][POINTS - 1];
    CHECK(live.decisions[3].lo <= truth && truth <= live.decisions[3].hi);
}

static void targets_behind_the_run_are_not_forecast(void)
{
    found_lab(true, 0.01);
    const double targets[] = {1000, 7000};
    struct km_live live;
    const struct km_live_question question = {.run = &lab[0],
                                              .end = PLANNED,
                                              .planned = true,
                                              .level = 0.8,
                                              .target_count = 2,
                                              .targets = targets};
    CHECK(km_live_forecast(&question, NULL, &work, &arena, &scratch, &live,
                           &err) == KM_OK);
    CHECK(isnan(live.decisions[0].value) && isnan(live.decisions[1].value));
}

/* All forecasts of the lab, in the order of rows. */
static size_t gather(double *values, double *highs)
{
    struct km_backtest out = judge(RUNS, KM_HISTORY_EARLIER);
    for (size_t i = 0; i < out.count; i++) {
        values[i] = out.rows[i].decision.value;
        highs[i] = out.rows[i].decision.hi;
    }
    return out.count;
}

enum { ROWS_MAX = RUNS * KM_BACKTEST_ORIGINS * KM_BACKTEST_TARGETS };
static double first[ROWS_MAX], second[ROWS_MAX];
static double first_hi[ROWS_MAX], second_hi[ROWS_MAX];

static void a_constant_added_to_the_loss_is_added_to_the_forecast(void)
{
    found_lab(true, 0.01);
    struct km_backtest before, after;
    for (int r = 0; r < RUNS; r++) {
        lab[r].e_min = -INFINITY;
        lab[r].loss = false; /* a cold start of a loss knows its level */
    }
    before = judge(RUNS, KM_HISTORY_EARLIER);
    for (int r = 0; r < RUNS; r++) {
        for (int i = 0; i < POINTS; i++) {
            y[r][i] += 5;
        }
    }
    after = judge(RUNS, KM_HISTORY_EARLIER);
    CHECK(before.count == after.count);
    for (size_t i = 0; i < before.count; i++) {
        for (int f = 0; f < KM_FORECASTERS; f++) {
            double a = before.rows[i].value[f], b = after.rows[i].value[f];
            /* a log-log line knows where zero is */
            if (f != KM_FORECASTER_LINE && isfinite(a)) {
                CHECK_NEAR(b, a + 5, 1e-6);
            }
        }
    }
}

static void another_unit_of_the_loss_is_that_of_the_forecast(void)
{
    found_lab(false, 0.01);
    size_t n = gather(first, first_hi);
    for (int r = 0; r < RUNS; r++) {
        for (int i = 0; i < POINTS; i++) {
            y[r][i] *= 1000;
        }
    }
    CHECK(gather(second, second_hi) == n);
    for (size_t i = 0; i < n; i++) {
        CHECK_NEAR(second[i], 1000 * first[i], 1e-4);
        CHECK_NEAR(second_hi[i], 1000 * first_hi[i], 1e-3);
    }
}

static void the_order_of_runs_does_not_matter(void)
{
    found_lab(true, 0.01);
    struct km_backtest before = judge(RUNS, KM_HISTORY_EARLIER);
    for (int r = 0; r < RUNS / 2; r++) {
        struct km_forecast_run kept = lab[r];
        lab[r] = lab[RUNS - 1 - r];
        lab[RUNS - 1 - r] = kept;
    }
    struct km_backtest after = judge(RUNS, KM_HISTORY_EARLIER);
    CHECK(before.count == after.count);
    size_t compared = 0;
    for (size_t i = 0; i < before.count; i++) {
        for (size_t k = 0; k < after.count; k++) {
            const struct km_backtest_row *a = &before.rows[i];
            const struct km_backtest_row *b = &after.rows[k];
            if (a->run == RUNS - 1 - b->run && a->origin == b->origin &&
                a->target == b->target) {
                compared++;
                CHECK_NEAR(a->decision.value, b->decision.value, 1e-9);
                CHECK_NEAR(a->decision.lo, b->decision.lo, 1e-9);
            }
        }
    }
    CHECK(compared == before.count);
}

int main(void)
{
    km_arena_init(&arena, (size_t)256 * MIB);
    km_arena_init(&scratch, (size_t)64 * MIB);
    RUN(deleting_future_points_changes_no_forecast);
    RUN(the_future_of_a_run_does_not_change_its_forecast);
    RUN(later_runs_teach_earlier_ones_nothing);
    RUN(the_ladder_names_its_rung);
    RUN(a_known_schedule_is_forecast_by_the_annealing_law);
    RUN(a_constant_rate_is_forecast_by_the_mean_of_families);
    RUN(forecasters_that_lose_to_the_last_value_are_switched_off);
    RUN(odd_runs_are_left_out);
    RUN(chances_follow_the_errors_of_the_history);
    RUN(a_constant_added_to_the_loss_is_added_to_the_forecast);
    RUN(another_unit_of_the_loss_is_that_of_the_forecast);
    RUN(the_order_of_runs_does_not_matter);
    RUN(a_live_run_gets_the_forecast_that_the_back_test_judges);
    RUN(without_a_plan_the_history_is_read_without_one);
    RUN(targets_behind_the_run_are_not_forecast);
    km_arena_finish(&arena);
    km_arena_finish(&scratch);
    return tap_end();
}
