/* compare_speed.c - compare.speedup: ratios of resources at matched loss. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare_speed.h"

#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "measure/rng.h"
#include "measure/robust.h"
#include "score/card.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
}

/* ln of what a step takes on an axis, for each run; false: not known. */
static bool rates_of(const struct km_arm *arm, enum km_axis axis, double *out)
{
    for (size_t i = 0; i < arm->count; i++) {
        const struct km_rate *rate = &arm->members[i]->axes.rate[axis];
        if (!rate->known || !(rate->per_step > 0)) {
            return false;
        }
        out[i] = log(rate->per_step);
    }
    return true;
}

static struct km_moments moments_of(const double *values, size_t count)
{
    struct km_moments moments = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        km_moments_add(&moments, values[i]);
    }
    return moments;
}

/* Spread of one seed where an arm has one run: that of the other arm's seeds
 * and of other configurations together. False: nobody has two. */
static bool pooled_noise(const struct km_moments *a, const struct km_moments *b,
                         const struct km_seed_spread *history, double *sd,
                         double *df, const char **rung)
{
    const struct km_moderate *prior = &history->time;
    double own_df = a->n + b->n - 2, own = a->m2 + b->m2;
    bool known =
        prior->df > 0 &&
        !(own_df > 0 && km_moderate_refuted(prior, own / own_df, own_df));
    double squares = own + (known ? prior->variance * prior->df : 0);
    *df = own_df + (known ? prior->df : 0);
    if (!(*df > 0 && squares > 0)) {
        return false;
    }
    *sd = sqrt(squares / *df);
    *rung = !(own_df > 0) ? "seed noise of other configurations"
            : known       ? "seeds of one arm and of other configurations"
                          : "seeds of one arm";
    return true;
}

/* The unit of chance is the seed. */
void km_log_ratio_measure(const double *a, size_t n, const double *b, size_t m,
                          const struct km_seed_spread *history, double level,
                          struct km_log_ratio *out)
{
    struct km_moments of_a = moments_of(a, n), of_b = moments_of(b, m);
    *out = (struct km_log_ratio){.known = true, .value = of_b.mean - of_a.mean};
    double half = NAN, se, df, spread = sqrt(1 / of_a.n + 1 / of_b.n);
    if (km_moments_welch(&of_a, &of_b, &se, &df)) {
        half = se * km_t_quantile(0.5 + level / 2, df);
        out->rung = "Welch's t over seeds";
    } else if (pooled_noise(&of_a, &of_b, history, &se, &df, &out->rung)) {
        half = se * spread * km_t_quantile(0.5 + level / 2, df);
    } else {
        out->rung = "";
        out->lone = true;
    }
    out->lo = out->value - half;
    out->hi = out->value + half;
}

static enum km_axis first_known(const struct km_speedup *s,
                                const enum km_axis *order, size_t count,
                                enum km_axis otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (s->axis[order[i]].known) {
            return order[i];
        }
    }
    return otherwise;
}

/* Learning per second = learning per token x tokens per second, and money =
 * seconds x price: in logarithms they add up, exactly. */
static void find_factors(struct km_speedup *s)
{
    static const enum km_axis data[] = {KM_AXIS_TOKEN, KM_AXIS_SAMPLE,
                                        KM_AXIS_STEP};
    static const enum km_axis clock[] = {KM_AXIS_ACTIVE, KM_AXIS_SECOND};
    s->data = first_known(s, data, 3, KM_AXIS_STEP);
    s->clock = first_known(s, clock, 2, KM_AXIS_COUNT);
    s->factored = s->clock != KM_AXIS_COUNT;
    s->data_log = s->axis[s->data].value;
    if (s->factored) {
        s->speed_log = s->axis[s->clock].value - s->data_log;
        s->priced = s->axis[KM_AXIS_CURRENCY].known;
        s->price_log = s->priced ? s->axis[KM_AXIS_CURRENCY].value -
                                       s->axis[s->clock].value
                                 : 0;
    }
}

/* No loss is reached by all: did one arm get below all of the other? */
static void find_bound(const struct km_arm *a, const struct km_arm *b,
                       struct km_speedup *s)
{
    double best_a = -INFINITY, best_b = -INFINITY; /* worst run's best */
    double top_a = INFINITY, top_b = INFINITY, last_a = 0, last_b = 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct km_falling *f = &a->falling[i];
        best_a = fmax(best_a, f->y[f->count - 1]);
        top_a = fmin(top_a, f->y[0]);
        last_a = fmax(last_a, f->x[f->count - 1]);
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct km_falling *f = &b->falling[i];
        best_b = fmax(best_b, f->y[f->count - 1]);
        top_b = fmin(top_b, f->y[0]);
        last_b = fmax(last_b, f->x[f->count - 1]);
    }
    if (top_a < best_b || top_b < best_a) {
        const struct km_arm *fast = top_a < best_b ? a : b;
        double slow_last = fast == a ? last_b : last_a, first = 0;
        for (size_t i = 0; i < fast->count; i++) {
            first = fmax(first, fast->falling[i].x[0]);
        }
        s->bound = true;
        s->bound_log = log(slow_last / first) * (fast == a ? 1 : -1);
    }
}

/* The mean ln x of the arm's seeds at each level, added with this sign. */
static void add_reach(const struct km_arm *arm, double sign,
                      const double *levels, double *one, double *sum)
{
    for (size_t i = 0; i < arm->count; i++) {
        km_reach(&arm->falling[i], levels, KM_SPEEDUP_LEVELS, one);
        for (size_t l = 0; l < KM_SPEEDUP_LEVELS; l++) {
            sum[l] += sign * one[l] / (double)arm->count;
        }
    }
}

/* How the ratio of steps goes along the curve. `scratch`: 2 x levels. */
static void find_along(const struct km_arm *a, const struct km_arm *b,
                       double *scratch, struct km_speedup *out)
{
    double *sum = scratch + KM_SPEEDUP_LEVELS;
    memset(sum, 0, KM_SPEEDUP_LEVELS * sizeof *sum);
    add_reach(a, -1, out->levels, scratch, sum);
    add_reach(b, 1, out->levels, scratch, sum);
    out->along[0] = out->along[1] = sum[0];
    for (size_t l = 1; l < KM_SPEEDUP_LEVELS; l++) {
        out->along[0] = fmin(out->along[0], sum[l]);
        out->along[1] = fmax(out->along[1], sum[l]);
    }
}

enum km_code km_speedup_measure(const struct km_arm *a, const struct km_arm *b,
                                const struct km_arm_metric *metric,
                                const struct km_seed_spread *history,
                                double level, struct km_arena *arena,
                                struct km_speedup *out, struct km_err *err)
{
    *out = (struct km_speedup){.from = NAN, .to = NAN};
    size_t most = a->count + b->count + 1;
    double *fine = km_new(arena, double, 3 * KM_SPEEDUP_FINE);
    double *own = km_new(arena, double, 4 * most);
    double *units = km_new(arena, double, 2 * most);
    const struct km_seed_spread unknown = {.pooled = NAN};
    if (!fine || !own || !units) {
        return fail_full(err);
    }
    double *step_a = own, *step_b = own + a->count;
    double *log_a = own + most, *log_b = own + 2 * most;
    if (!a->count || !b->count ||
        !km_speedup_levels(a->falling, a->count, b->falling, b->count, fine,
                           out->levels)) {
        if (a->count && b->count) {
            find_bound(a, b, out);
        }
        return KM_OK;
    }
    out->matched = true;
    out->from = metric->sign * out->levels[KM_SPEEDUP_LEVELS / 2];
    out->to = metric->sign * out->levels[KM_SPEEDUP_LEVELS - 1];
    for (size_t i = 0; i < a->count; i++) {
        step_a[i] = km_speedup_summary(&a->falling[i], out->levels);
    }
    for (size_t i = 0; i < b->count; i++) {
        step_b[i] = km_speedup_summary(&b->falling[i], out->levels);
    }
    for (int axis = 0; axis < KM_AXIS_COUNT; axis++) {
        if (!rates_of(a, (enum km_axis)axis, log_a) ||
            !rates_of(b, (enum km_axis)axis, log_b)) {
            continue;
        }
        for (size_t i = 0; i < a->count; i++) {
            log_a[i] += step_a[i];
        }
        for (size_t i = 0; i < b->count; i++) {
            log_b[i] += step_b[i];
        }
        size_t units_a = km_arm_units(a, log_a, units);
        size_t units_b = km_arm_units(b, log_b, units + most);
        km_log_ratio_measure(
            units, units_a, units + most, units_b,
            a->configurations > 1 || b->configurations > 1 ? &unknown : history,
            level, &out->axis[axis]);
    }
    find_factors(out);
    find_along(a, b, fine, out);
    return KM_OK;
}

const char *km_speedup_variant(enum km_axis axis)
{
    static const char *const words[] = {
        [KM_AXIS_STEP] = "per step",
        [KM_AXIS_TOKEN] = "per token",
        [KM_AXIS_SAMPLE] = "per sample",
        [KM_AXIS_EPOCH] = "per epoch",
        [KM_AXIS_SECOND] = "per second",
        [KM_AXIS_ACTIVE] = "per active second",
        [KM_AXIS_ACCELERATOR] = "per accelerator-hour",
        [KM_AXIS_FLOP] = "per FLOP",
        [KM_AXIS_CURRENCY] = "per currency",
    };
    return words[axis];
}

struct km_figure_result km_log_ratio_result(const struct km_log_ratio *ratio,
                                            const char *id, const char *variant,
                                            double level)
{
    struct km_figure_result result = km_result_new(id, variant, "x");
    result.value = exp(ratio->value);
    result.lo = exp(ratio->lo);
    result.hi = exp(ratio->hi);
    result.level = level;
    result.rung = ratio->rung;
    if (ratio->lone) {
        result.state = KM_FIGURE_WEAK;
        result.lo = result.hi = result.level = NAN;
        result.reason = "no interval: nobody knows how much seeds differ";
    } else if (result.lo <= 1 && result.hi >= 1) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "the interval spans 1";
    }
    return result;
}

static enum km_code add_axis(const struct km_speedup *s, enum km_axis axis,
                             const char *between, struct km_scorecard *card,
                             struct km_err *err)
{
    struct km_figure_result result =
        km_log_ratio_result(&s->axis[axis], "compare.speedup",
                            km_speedup_variant(axis), card->level);
    struct km_evidence evidence = {0};
    result.method = "ratio at matched loss, isotonic curves, later half";
    km_evidence_add(&evidence, between);
    if (axis == KM_AXIS_STEP) {
        km_evidence_add(&evidence,
                        km_arena_printf(card->arena,
                                        "along the curve %.2f to %.2f",
                                        exp(s->along[0]), exp(s->along[1])));
    }
    return km_card_add(card, result, &evidence, err);
}

static enum km_code add_factor(const char *variant, double log_ratio,
                               const char *reason, struct km_scorecard *card,
                               struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("compare.speedup", variant, "x");
    result.value = exp(log_ratio);
    result.method = "factors multiply to the speed-up";
    result.reason = reason;
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_factors(const struct km_speedup *s,
                                struct km_scorecard *card, struct km_err *err)
{
    if (!s->factored) {
        return KM_OK;
    }
    const char *unit = km_axis_name(s->data);
    enum km_code code = add_factor(
        "factor: data efficiency", s->data_log,
        km_arena_printf(card->arena, "learning per %s", unit), card, err);
    if (code == KM_OK) {
        code = add_factor("factor: throughput", s->speed_log,
                          km_arena_printf(card->arena, "%ss per %s", unit,
                                          s->clock == KM_AXIS_ACTIVE
                                              ? "active second"
                                              : "second"),
                          card, err);
    }
    if (code == KM_OK && s->priced) {
        code = add_factor("factor: price", s->price_log, "seconds per currency",
                          card, err);
    }
    return code;
}

/* Speed-up at each level, with the band of seeds where both arms have two. */
static enum km_code add_curve(const struct km_speedup *s,
                              const struct km_arm *a, const struct km_arm *b,
                              const struct km_arm_metric *metric,
                              struct km_scorecard *card, struct km_err *err)
{
    double *x = km_new(card->arena, double, 2 * KM_SPEEDUP_LEVELS);
    double *one =
        km_new(card->arena, double, (a->count + b->count) * KM_SPEEDUP_LEVELS);
    double *lo = km_new(card->arena, double, 2 * KM_SPEEDUP_LEVELS);
    if (!x || !one || !lo) {
        return fail_full(err);
    }
    double *y = x + KM_SPEEDUP_LEVELS, *hi = lo + KM_SPEEDUP_LEVELS;
    for (size_t i = 0; i < a->count + b->count; i++) {
        km_reach(i < a->count ? &a->falling[i] : &b->falling[i - a->count],
                 s->levels, KM_SPEEDUP_LEVELS, one + i * KM_SPEEDUP_LEVELS);
    }
    bool band = a->count > 1 && b->count > 1;
    for (size_t l = 0; l < KM_SPEEDUP_LEVELS; l++) {
        struct km_moments side[2] = {{0, 0, 0}, {0, 0, 0}};
        for (size_t i = 0; i < a->count + b->count; i++) {
            km_moments_add(&side[i >= a->count],
                           one[i * KM_SPEEDUP_LEVELS + l]);
        }
        double se, df, ratio = side[1].mean - side[0].mean;
        double half = km_moments_welch(&side[0], &side[1], &se, &df)
                          ? se * km_t_quantile(0.5 + card->level / 2, df)
                          : (double)NAN;
        x[l] = metric->sign * s->levels[l];
        y[l] = exp(ratio);
        lo[l] = exp(ratio - half);
        hi[l] = exp(ratio + half);
    }
    const struct km_curve curve = {
        .id = "speedup",
        .title = "speed-up per step",
        .unit = "x",
        .axis = KM_AXIS_STEP,
        .kind = "line",
        .name = a->name,
        .x_unit = metric->unit,
        .x_title = metric->name,
        .count = KM_SPEEDUP_LEVELS,
        .x = x,
        .y = y,
        .lo = band ? lo : NULL,
        .hi = band ? hi : NULL,
    };
    return km_card_add_curve(card, curve, err);
}

static enum km_code add_unmatched(const struct km_speedup *s,
                                  const struct km_arm *a,
                                  const struct km_arm *b,
                                  struct km_scorecard *card, struct km_err *err)
{
    if (!s->bound) {
        return km_card_add_absent(
            card, "compare.speedup", "per step", "x", KM_FIGURE_INSUFFICIENT,
            a->count && b->count ? "the curves share no range of losses"
                                 : "an arm has no curve of the metric",
            err);
    }
    struct km_figure_result result =
        km_result_new("compare.speedup", "per step", "x");
    bool a_wins = s->bound_log > 0;
    result.value = exp(s->bound_log);
    result.state = KM_FIGURE_CENSORED;
    result.at_most = !a_wins;
    result.method = "last step of the one over the first of the other";
    result.reason = km_arena_printf(
        card->arena, "%s was below all of %s from its first value on: a bound",
        a_wins ? a->name : b->name, a_wins ? b->name : a->name);
    return km_card_add(card, result, NULL, err);
}

enum km_code km_speedup_add(const struct km_speedup *speedup,
                            const struct km_arm *a, const struct km_arm *b,
                            const struct km_arm_metric *metric,
                            struct km_scorecard *card, struct km_err *err)
{
    if (!speedup->matched) {
        return add_unmatched(speedup, a, b, card, err);
    }
    const char *between =
        km_arena_printf(card->arena, "between %s %.4g and %.4g %s",
                        metric->name, speedup->from, speedup->to, metric->unit);
    enum km_code code = KM_OK;
    for (int axis = 0; axis < KM_AXIS_COUNT && code == KM_OK; axis++) {
        if (speedup->axis[axis].known) {
            code = add_axis(speedup, (enum km_axis)axis, between, card, err);
        }
    }
    if (code == KM_OK) {
        code = add_factors(speedup, card, err);
    }
    return code == KM_OK ? add_curve(speedup, a, b, metric, card, err) : code;
}
