/* velocity_curves.c - what the product says of the speed of curves on stdin.
 *
 *     curve METRIC POINTS LATER OTHERS    then POINTS lines `step value rate`
 *                                         and OTHERS such lines of a run that
 *                                         saw the same batches
 *
 * rate: of learning, nan where not known. The points go into a store in memory
 * as a run; its figures' input gives the fit. One JSON line a curve: window,
 * velocity per step, and the gain that is predicted from the last step to LATER
 * by the fit, by a straight line of its velocity, and by the local velocity. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "base/limits.h"
#include "measure/variate.h"
#include "score/reference.h"

static bool feed(struct km_batch *batch, uint32_t run, const char *metric,
                 size_t points)
{
    uint32_t attempt = km_batch_attempt(batch, run, 0);
    batch->attempts[attempt].restart_step = KM_STEP_ABSENT;
    uint32_t series =
        km_batch_series(batch, run, attempt, km_str_of(metric), KM_STR(""));
    uint32_t rates =
        km_batch_series(batch, run, attempt, KM_STR("lr"), KM_STR(""));
    for (size_t i = 0; i < points; i++) {
        double step, value, rate;
        if (scanf("%lf %lf %lf", &step, &value, &rate) != 3) {
            return false;
        }
        int64_t at = (int64_t)step;
        km_batch_point(batch, series,
                       (struct km_point){at, KM_TIME_ABSENT, value});
        if (isfinite(rate)) {
            km_batch_point(batch, rates,
                           (struct km_point){at, KM_TIME_ABSENT, rate});
        }
    }
    return true;
}

static void print_pair(const struct km_score_input *input)
{
    static double adjusted[KM_LOCAL_POINTS_MAX * 8];
    const struct km_reference *r = input->reference;
    struct km_local_velocity paired;
    struct km_variate variate;
    if (!r || r->problem || r->count > sizeof adjusted / sizeof *adjusted ||
        !km_variate_velocity(r->x, r->y, r->noise, r->count,
                             KM_LOCAL_POINTS_MIN, 0.8, r->se_slope,
                             input->doubles, adjusted, &paired, &variate)) {
        return;
    }
    (void)printf(", \"correlation\": %.17g, \"beta\": %.17g, \"plain_se\": "
                 "%.17g, \"paired_se\": %.17g, \"se\": %.17g",
                 variate.correlation, variate.beta, variate.plain_se,
                 variate.paired_se, paired.se);
}

static void print_speed(const struct km_score_input *input, double later)
{
    const struct km_curve_input *c = &input->learn;
    if (!c->fitted) {
        (void)printf("{\"fitted\": false}\n");
        return;
    }
    struct km_local_velocity local;
    bool has = km_velocity_local(c->x, c->y, c->count, KM_LOCAL_POINTS_MIN, 0.8,
                                 input->doubles, &local);
    double now = c->x_now, v = -km_fit_slope(&c->pow3, now);
    double log_step = log(later / now);
    double centre = has ? sqrt(local.x_from * local.x_to) : 1;
    (void)printf(
        "{\"fitted\": true, \"window\": %g, \"now\": %.17g, \"velocity\": "
        "%.17g, \"gain\": %.17g, \"invlog3\": %.17g, \"line\": %.17g, "
        "\"local\": %.17g",
        c->window, now, v,
        km_fit_value(&c->pow3, now) - km_fit_value(&c->pow3, later),
        km_fit_value(&c->invlog3, now) - km_fit_value(&c->invlog3, later),
        v * (later - now),
        has ? local.velocity.value * centre * log_step : -1.0);
    if (has) {
        print_pair(input);
    }
    (void)printf("}\n");
}

/* False: the input is not as it should be. */
static bool judge(const char *metric, size_t points, double later,
                  size_t others)
{
    struct km_err err = {0};
    const struct km_store_options create = {.create = true};
    struct km_store *store = km_store_open_memory(&create, &err);
    struct km_batch batch;
    km_batch_init(&batch);
    km_batch_reset(&batch, 1);
    const struct km_run_meta meta = {.project = KM_STR("lab"),
                                     .external_id = KM_STR("curve"),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    uint32_t run = km_batch_run(&batch, &meta);
    uint64_t id = batch.runs[run].id;
    struct km_arena arena;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    struct km_score_options options;
    km_score_options_init(&options);
    struct km_score_input *input = km_new(&arena, struct km_score_input, 1);
    bool good = input && feed(&batch, run, metric, points);
    if (others) {
        const struct km_attribute order = {
            KM_ATTRIBUTE_TAG, KM_STR("data_order_id"), KM_STR("\"same\"")};
        struct km_run_meta other = meta;
        other.external_id = KM_STR("other");
        uint32_t second = km_batch_run(&batch, &other);
        km_batch_attribute(&batch, run, &order);
        km_batch_attribute(&batch, second, &order);
        good = good && feed(&batch, second, metric, others);
    }
    good =
        good && km_store_append(store, &batch, &err) == KM_OK &&
        km_score_input_load(store, id, &options, &arena, input, &err) == KM_OK;
    if (good) {
        print_speed(input, later);
    } else {
        (void)fprintf(stderr, "velocity_curves: %s\n", err.message);
    }
    km_arena_finish(&arena);
    km_batch_finish(&batch);
    km_store_close(store);
    return good;
}

int main(void)
{
    char metric[32];
    size_t points, others;
    double later;
    while (scanf(" curve %31s %zu %lf %zu", metric, &points, &later, &others) ==
           4) {
        if (!judge(metric, points, later, others)) {
            return 1;
        }
    }
    return 0;
}
