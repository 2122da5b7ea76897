/* test_stored_run.c - runs of a store as forecasts and back-tests read them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "score/backtest_load.h"
#include "score/live.h"
#include "score_run.h"
#include "tap.h"

enum { PLANNED = 6000, LAB = 12 };

static struct score_run r;
static struct km_arena arena;
static struct km_err err;
static uint64_t ids[LAB + 1];

/* A run in the batch of `r`; its state goes with its meta. */
static void begin_run(const char *name, enum km_run_state state, int64_t began)
{
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .name = km_str_of(name),
                                     .external_id = km_str_of(name),
                                     .state = state,
                                     .created_ns = began,
                                     .ended_ns = KM_TIME_ABSENT};
    r.run = km_batch_run(&r.batch, &meta);
    r.id = r.batch.runs[r.run].id;
    score_run_attempt(&r, 0);
}

static void log_curve(const struct km_rate_plan *plan, int last, double level)
{
    uint64_t state = (uint64_t)(level * 1000);
    for (int step = 10; step <= last; step += 10) {
        double s1 = km_plan_sum(plan, step), drop = km_plan_drop(plan, step);
        double loss = level + 25 * pow(s1, -0.5) - 0.12 * drop;
        score_run_point(&r, "train/loss", step, NAN,
                        loss + 0.02 * score_run_noise(&state));
        score_run_point(&r, "lr", step, NAN, 3e-4 * km_plan_rate(plan, step));
        if (step % 100 == 0) {
            score_run_point(&r, "val/loss", step, NAN, loss + 0.05);
            score_run_point(&r, "val/accuracy", step, NAN, 1 - loss / 10);
        }
    }
}

static void begin_store(void)
{
    score_run_begin(&r);
    km_batch_reset(&r.batch, 1);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
}

static void load(uint64_t id, struct km_stored_run *run)
{
    CHECK(km_store_append(r.store, &r.batch, &err) == KM_OK);
    km_batch_reset(&r.batch, 1);
    CHECK(km_stored_run_load(r.store, id, NULL, &arena, run, &err) == KM_OK);
}

static const struct km_rate_plan cooldown = {.kind = KM_PLAN_LINEAR,
                                             .warmup = 100,
                                             .from = 4000,
                                             .until = PLANNED,
                                             .final = 0.1};
static const struct km_rate_plan cosine = {
    .kind = KM_PLAN_COSINE, .warmup = 100, .until = PLANNED, .final = 0.1};

static void a_finished_run_has_its_curves_and_its_plan(void)
{
    struct km_stored_run run;
    begin_store();
    begin_run("a", KM_RUN_FINISHED, 7);
    score_run_config(&r, "planned_steps", "6000");
    log_curve(&cooldown, PLANNED, 2.5);
    load(r.id, &run);
    CHECK(run.done && run.plan_known);
    CHECK_INT(run.plan.kind, KM_PLAN_LINEAR);
    CHECK_NEAR(run.planned, PLANNED, 0);
    CHECK_NEAR(km_plan_drop(&run.plan, PLANNED), 0.9, 0.01);
    CHECK_INT(run.curve_count, 3);
    CHECK_INT(run.curves[0].run.count, 600);
    CHECK(run.curves[0].run.averaged && !run.curves[1].run.averaged);
    CHECK_NEAR(run.curves[1].run.e_min, 0, 0);
    CHECK_NEAR(run.curves[2].sign, -1, 0); /* the accuracy, turned round */
    CHECK_NEAR(run.curves[2].run.e_min, -1, 0);
    CHECK(run.curves[2].run.y[59] < run.curves[2].run.y[0]);
    CHECK(run.curves[0].pool_key != run.curves[1].pool_key);
    CHECK(run.curves[0].run.time_ns == 7);
    score_run_end(&r, &arena);
}

static void a_rate_that_was_constant_may_not_stay_so(void)
{
    struct km_stored_run run;
    begin_store();
    begin_run("a", KM_RUN_RUNNING, 7);
    score_run_config(&r, "planned_steps", "6000");
    log_curve(&cooldown, 3000, 2.5);
    load(r.id, &run);
    CHECK(!run.done && !run.plan_known && run.curves[0].run.plan == NULL);
    begin_run("b", KM_RUN_RUNNING, 7);
    score_run_config(&r, "planned_steps", "6000");
    score_run_config(&r, "lr_scheduler_type", "\"constant_with_warmup\"");
    log_curve(&cooldown, 3000, 2.5);
    load(r.id, &run);
    CHECK(run.plan_known && run.plan.kind == KM_PLAN_CONSTANT);
    score_run_end(&r, &arena);
}

static void a_cosine_is_known_before_it_has_ended(void)
{
    struct km_stored_run run;
    begin_store();
    begin_run("a", KM_RUN_RUNNING, 7);
    score_run_config(&r, "planned_steps", "6000");
    log_curve(&cosine, 3000, 2.5);
    load(r.id, &run);
    CHECK(!run.done && run.plan_known);
    CHECK_INT(run.plan.kind, KM_PLAN_COSINE);
    CHECK_NEAR(km_plan_rate(&run.plan, PLANNED), 0.1, 0.01);
    begin_run("b", KM_RUN_RUNNING, 7); /* towards no known end */
    log_curve(&cosine, 3000, 2.5);
    load(r.id, &run);
    CHECK(!run.ended && !run.plan_known && run.plan_logged);
    score_run_end(&r, &arena);
}

static void a_run_that_stopped_early_keeps_its_plan(void)
{
    struct km_stored_run run;
    begin_store();
    begin_run("a", KM_RUN_FINISHED, 7);
    score_run_config(&r, "planned_steps", "6000");
    log_curve(&cosine, 3000, 2.5);
    load(r.id, &run);
    CHECK(run.done);
    CHECK_NEAR(run.planned, PLANNED, 0);
    double x, value;
    km_forecast_truth(&run.curves[1].run, NULL, 2000, PLANNED, true, &x,
                      &value);
    CHECK(isnan(value)); /* what it would have come to is not known */
    score_run_end(&r, &arena);
}

static void empty_and_short_runs_are_no_curves(void)
{
    struct km_stored_run run;
    begin_store();
    begin_run("a", KM_RUN_FINISHED, 7);
    load(r.id, &run);
    CHECK_INT(run.curve_count, 0);
    begin_run("c", KM_RUN_UNKNOWN, 7);
    log_curve(&cosine, 3000, 2.5);
    load(r.id, &run);
    CHECK(run.ended && !run.done && isnan(run.planned));
    CHECK(!run.plan_known && run.plan_logged);
    begin_run("b", KM_RUN_FINISHED, 7);
    for (int i = 0; i < 5; i++) {
        score_run_point(&r, "loss", i, NAN, i == 3 ? (double)NAN : 3 - i);
    }
    load(r.id, &run);
    CHECK_INT(run.curve_count, 0);
    score_run_end(&r, &arena);
}

/* LAB finished configurations and one under way. */
static void found_lab(void)
{
    begin_store();
    for (int g = 0; g <= LAB; g++) {
        char name[16], width[16];
        (void)snprintf(name, sizeof name, "run-%d", g);
        (void)snprintf(width, sizeof width, "%d", 64 * (g + 1));
        begin_run(name, g < LAB ? KM_RUN_FINISHED : KM_RUN_RUNNING, 1000 + g);
        score_run_config(&r, "planned_steps", "6000");
        score_run_config(&r, "width", width);
        log_curve(&cosine, g < LAB ? PLANNED : 2400, 2.5 + 0.01 * g);
        ids[g] = r.id;
    }
    CHECK(km_store_append(r.store, &r.batch, &err) == KM_OK);
    km_batch_reset(&r.batch, 1);
}

static void the_back_test_reads_finished_runs_only(void)
{
    static struct km_origin_workspace work;
    struct km_backtest_set set;
    found_lab();
    CHECK(km_backtest_load(r.store, ids, LAB + 1, NULL, &arena, &work, &set,
                           &err) == KM_OK);
    CHECK_INT(set.seen, LAB + 1);
    CHECK_INT(set.going, 1);
    CHECK_INT(set.pool_count, 3);
    CHECK_INT(set.count, 3 * LAB);
    CHECK_INT(set.undated, 0);
    struct km_scorecard card = {.arena = &arena, .level = 0.8};
    CHECK(km_backtest_card(&set, KM_HISTORY_EARLIER, &work, &card, &err) ==
          KM_OK);
    const struct km_figure_result *shown = score_run_find(
        &card, "backtest.relative_error", "val/loss, known schedule, as shown");
    CHECK(shown && shown->value < 0.2 && shown->state == KM_FIGURE_OK);
    CHECK(shown && shown->lo < shown->value && shown->value < shown->hi);
    CHECK(strncmp(card.headline, "Forecasts missed by", 19) == 0);
    CHECK_INT(card.matrix_count, 3);
    score_run_end(&r, &arena);
}

static void a_live_run_is_forecast_from_the_store(void)
{
    const double targets[] = {3000, 4500, 6000};
    static struct km_origin_workspace work;
    struct km_stored_run run;
    struct km_live live;
    struct km_arena scratch;
    struct km_histories histories;
    const struct km_project_history *history;
    found_lab();
    load(ids[LAB], &run);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    km_histories_init(&histories, r.store, NULL, &arena);
    CHECK(km_history_of(&histories, "lab", &history, &err) == KM_OK);
    CHECK_INT(history->runs, LAB);
    const struct km_live_question question = {.run = &run.curves[1].run,
                                              .run_id = ids[LAB],
                                              .pool_key =
                                                  run.curves[1].pool_key,
                                              .end = PLANNED,
                                              .planned = true,
                                              .level = 0.8,
                                              .target_count = 3,
                                              .targets = targets};
    CHECK(km_live_forecast(&question, history, &work, &arena, &scratch, &live,
                           &err) == KM_OK);
    CHECK_INT(live.count, LAB + 1);
    double end = 2.5 + 0.01 * LAB + 0.05 +
                 25 / sqrt(km_plan_sum(&cosine, PLANNED)) - 0.12 * 0.9;
    CHECK_INT(live.decisions[2].rung, KM_RUNG_CROSS_RUN);
    CHECK_INT(live.decisions[2].calibration, LAB);
    CHECK_NEAR(live.decisions[2].value, end, 0.02);
    CHECK(km_draws_by(&live.draws, live.values, 2, end + 0.1) > 0.9);
    CHECK(km_draws_by(&live.draws, live.values, 2, end - 0.1) < 0.1);
    CHECK(live.inner[2].lo >= live.decisions[2].lo);
    CHECK(live.inner[2].hi <= live.decisions[2].hi);
    km_arena_finish(&scratch);
    score_run_end(&r, &arena);
}

int main(void)
{
    RUN(a_finished_run_has_its_curves_and_its_plan);
    RUN(a_rate_that_was_constant_may_not_stay_so);
    RUN(a_cosine_is_known_before_it_has_ended);
    RUN(a_run_that_stopped_early_keeps_its_plan);
    RUN(empty_and_short_runs_are_no_curves);
    RUN(the_back_test_reads_finished_runs_only);
    RUN(a_live_run_is_forecast_from_the_store);
    return tap_end();
}
