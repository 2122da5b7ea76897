/* backtest_curves.c - the back-test of src/score on curves from a pipe.
 *
 * stdin, a run: a line
 *
 *     run GROUP POOL TIME PLANNED AVERAGED LOSS FLOOR POINTS KNOTS
 *
 * then POINTS lines "step value", KNOTS lines "step rate" (its learning-rate
 * plan; 0: unknown). stdout: one JSON object for each row and each kind of
 * history. Argument: seconds are printed to stderr. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "score/backtest.h"

enum { RUNS_MAX = 4096, POINTS_MAX = 1 << 20, MIB = 1 << 20 };

static struct km_backtest_run runs[RUNS_MAX];
static struct km_rate_plan plans[RUNS_MAX];
static struct km_origin_workspace work;
static double x[POINTS_MAX], y[POINTS_MAX];

static bool read_pairs(size_t count, double *a, double *b)
{
    for (size_t i = 0; i < count; i++) {
        if (scanf("%lf %lf", &a[i], &b[i]) != 2) {
            return false;
        }
    }
    return true;
}

/* False at the end of the input, or where it is damaged. */
static bool read_run(struct km_forecast_run *run, struct km_rate_plan *plan,
                     struct km_arena *arena)
{
    double time, averaged, loss;
    size_t knots;
    *run = (struct km_forecast_run){.x = x, .y = y};
    if (scanf(" run %u %u %lf %lf %lf %lf %lf %zu %zu", &run->group, &run->pool,
              &time, &run->planned, &averaged, &loss, &run->e_min, &run->count,
              &knots) != 9 ||
        run->count > POINTS_MAX || !read_pairs(run->count, x, y)) {
        return false;
    }
    double *step = km_new(arena, double, 2 * knots + 1);
    if (!step || !read_pairs(knots, step, step + knots)) {
        return false;
    }
    *plan = (struct km_rate_plan){.kind = KM_PLAN_TABLE,
                                  .table_step = step,
                                  .table_rate = step + knots,
                                  .table_count = knots};
    run->plan = knots ? plan : NULL;
    run->time_ns = (int64_t)time;
    run->averaged = averaged > 0;
    run->loss = loss > 0;
    return true;
}

static void put(const char *name, double value)
{
    if (isfinite(value)) {
        printf(",\"%s\":%.12g", name, value);
    } else {
        printf(",\"%s\":null", name);
    }
}

static void print_rows(const struct km_backtest *of, const char *history)
{
    for (size_t i = 0; i < of->count; i++) {
        const struct km_backtest_row *row = &of->rows[i];
        const struct km_decision *d = &row->decision;
        printf("{\"history\":\"%s\",\"run\":%zu,\"group\":%u,\"pool\":%u,"
               "\"origin\":%g,\"target\":%g,\"regime\":\"%s\",\"usual\":%d,"
               "\"chosen\":%d,\"off\":%d,\"rung\":%d,\"calibration\":%zu,"
               "\"history_groups\":%zu",
               history, row->run, row->group, row->pool,
               km_backtest_origins[row->origin],
               km_backtest_horizons[row->target],
               km_rate_regime_name(d->regime), d->usual, d->chosen, d->off,
               (int)d->rung, d->calibration, d->rel_groups);
        put("truth", row->truth);
        put("last", row->last_value);
        put("line", row->line);
        put("mean", row->value[KM_FORECASTER_MEAN]);
        put("anneal", row->value[KM_FORECASTER_ANNEAL]);
        put("analogue", row->value[KM_FORECASTER_ANALOGUE]);
        put("value", d->value);
        put("lo", d->lo);
        put("hi", d->hi);
        put("rel", d->rel);
        put("pit", d->pit);
        put("now", row->now);
        put("gain", row->gain);
        put("ahead", row->ahead);
        printf("}\n");
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    struct km_arena arena, scratch;
    km_arena_init(&arena, (size_t)1024 * MIB);
    km_arena_init(&scratch, (size_t)1024 * MIB);
    struct km_err err;
    size_t count = 0;
    struct km_forecast_run run;
    clock_t spent = 0;
    enum km_code code = KM_OK;
    while (count < RUNS_MAX && code == KM_OK &&
           read_run(&run, &plans[count], &arena)) {
        clock_t from = clock();
        code =
            km_backtest_take(&run, &work, &arena, &scratch, &runs[count], &err);
        spent += clock() - from;
        count++;
    }
    for (int history = 0; history < 2 && code == KM_OK; history++) {
        struct km_backtest out;
        clock_t from = clock();
        code = km_backtest_run(runs, count, (enum km_history)history,
                               KM_COLD_START_LEVEL, &work, &arena, &out, &err);
        spent += clock() - from;
        if (code == KM_OK) {
            print_rows(&out, history ? "earlier" : "others");
        }
    }
    if (argc > 1) {
        fprintf(stderr, "%zu runs, %.3f s\n", count,
                (double)spent / CLOCKS_PER_SEC);
    }
    km_arena_finish(&arena);
    km_arena_finish(&scratch);
    return code == KM_OK ? 0 : 1;
}
