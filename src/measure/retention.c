/* retention.c - weighted sums over a matrix of stages and tasks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/retention.h"

#include <assert.h>
#include <math.h>

static double cell(const struct km_retention *r, size_t i, size_t j)
{
    return r->score[i * r->stages + j - 1];
}

static double cell_error(const struct km_retention *r, size_t i, size_t j)
{
    return r->se ? r->se[i * r->stages + j - 1] : (double)NAN;
}

/* The stage in [j, T-1] at which task j stood highest; 0: none is known. */
static size_t peak_of(const struct km_retention *r, size_t j)
{
    size_t peak = 0;
    for (size_t l = j; l < r->stages; l++) {
        double value = cell(r, l, j);
        if (!isnan(value) && (peak == 0 || value > cell(r, peak, j))) {
            peak = l;
        }
    }
    return peak;
}

/* Is the peak of task j within two errors of another score before the end? */
static bool peak_is_chosen(const struct km_retention *r, size_t j)
{
    size_t peak = peak_of(r, j);
    bool chosen = false;
    for (size_t l = j; peak && l < r->stages; l++) {
        double ahead = cell(r, peak, j) - cell(r, l, j);
        double error = hypot(cell_error(r, peak, j), cell_error(r, l, j));
        chosen = chosen || (l != peak && ahead < 2 * error);
    }
    return chosen;
}

static double weight_of_scores(enum km_retention_kind kind, double t, double i,
                               double j)
{
    switch ((int)kind) {
    case KM_RETAIN_LAST:
        return i >= t ? 1 / t : 0;
    case KM_RETAIN_STAGES:
        return i >= j ? 1 / (t * i) : 0;
    case KM_RETAIN_CELLS:
        return i >= j ? 2 / (t * (t + 1)) : 0;
    case KM_RETAIN_LEARNED:
        return i >= j && i <= j ? 1 / t : 0;
    default: /* KM_RETAIN_FWT_CELLS */
        return i > 0 && i < j ? 2 / (t * (t - 1)) : 0;
    }
}

/* Of differences to the diagonal, the base row or the peak. */
static double weight_of_changes(const struct km_retention *r,
                                enum km_retention_kind kind, size_t i, size_t j)
{
    size_t last = r->stages;
    double each = 1 / ((double)last - 1), pairs = 2 * each / (double)last;
    switch ((int)kind) {
    case KM_RETAIN_BWT:
    case KM_RETAIN_FORGET_FIRST:
        each = kind == KM_RETAIN_BWT ? each : -each;
        return j == last ? 0 : i == last ? each : i == j ? -each : 0;
    case KM_RETAIN_BWT_CELLS:
        return i == j ? -(double)(last - j) * pairs : i > j ? pairs : 0;
    case KM_RETAIN_FWT:
        return j == 1 ? 0 : i == j - 1 ? each : i == 0 ? -each : 0;
    default: /* KM_RETAIN_FORGET_MAX; without a peak the diagonal is missing */
        if (j == last) {
            return 0;
        }
        size_t peak = peak_of(r, j);
        return i == last ? -each : i == (peak ? peak : j) ? each : 0;
    }
}

static double weight_of(const struct km_retention *r,
                        enum km_retention_kind kind, size_t i, size_t j)
{
    bool scores = kind <= KM_RETAIN_LEARNED || kind == KM_RETAIN_FWT_CELLS;
    return scores
               ? weight_of_scores(kind, (double)r->stages, (double)i, (double)j)
               : weight_of_changes(r, kind, i, j);
}

/* One more cell of a weighted sum; se holds the variance meanwhile. */
static void add_cell(struct km_retained *out, double weight, double value,
                     double se, size_t i, size_t j)
{
    if (isnan(value)) {
        out->hole_stage = out->holes ? out->hole_stage : i;
        out->hole_task = out->holes ? out->hole_task : j;
        out->holes++;
        return;
    }
    out->value += weight * value;
    out->se += weight * weight * se * se;
    out->cells++;
}

static void finish_sum(struct km_retained *out)
{
    out->known = out->holes == 0 && out->cells > 0;
    out->value = out->known ? out->value : (double)NAN;
    out->se = out->known ? sqrt(out->se) : (double)NAN;
}

void km_retention_measure(const struct km_retention *r,
                          enum km_retention_kind kind, struct km_retained *out)
{
    assert(kind >= 0 && kind < KM_RETAIN_KIND_COUNT);
    *out = (struct km_retained){.value = 0};
    bool alone = kind <= KM_RETAIN_LEARNED;
    for (size_t i = 0; i <= r->stages && r->stages > (alone ? 0 : 1); i++) {
        for (size_t j = 1; j <= r->stages; j++) {
            double weight =
                i > 0 || kind == KM_RETAIN_FWT ? weight_of(r, kind, i, j) : 0;
            if (weight < 0 || weight > 0) {
                add_cell(out, weight, cell(r, i, j), cell_error(r, i, j), i, j);
            }
            out->bound =
                out->bound || (kind == KM_RETAIN_FORGET_MAX && i >= j &&
                               i < r->stages && isnan(cell(r, i, j)));
        }
    }
    for (size_t j = 1; kind == KM_RETAIN_FORGET_MAX && j < r->stages; j++) {
        out->chosen = out->chosen || peak_is_chosen(r, j);
    }
    finish_sum(out);
}

void km_retention_intransigence(const struct km_retention *r,
                                const double *reference,
                                const double *reference_se,
                                struct km_retained *out)
{
    *out = (struct km_retained){.value = 0};
    double each = 1 / (double)r->stages;
    for (size_t k = 1; k <= r->stages; k++) {
        add_cell(out, each, reference[k - 1],
                 reference_se ? reference_se[k - 1] : (double)NAN, 0, k);
        add_cell(out, -each, cell(r, k, k), cell_error(r, k, k), k, k);
    }
    finish_sum(out);
}

double km_proportion_error(double proportion, double n)
{
    if (!(proportion >= 0 && proportion <= 1 && n >= 1)) {
        return NAN;
    }
    return sqrt(proportion * (1 - proportion) / n + 1 / (4 * n * n)) /
           (1 + 1 / n);
}

/* Of one cell against exp(-rate t): t exp(-rate t) (S - exp(-rate t)), the
 * slope of the sum of squares in -rate, and the square of its sensitivity. */
struct slope {
    double score, weight;
};

static struct slope slope_at(const struct km_retention *r, size_t i, size_t j,
                             double rate)
{
    double t = (double)(i - j), fitted = exp(-rate * t);
    double share = cell(r, i, j) / cell(r, j, j);
    return isnan(share) ? (struct slope){0, 0}
                        : (struct slope){t * fitted * (share - fitted),
                                         t * t * fitted * fitted};
}

/* Summed over the cells of task j, of all tasks when j is 0. */
static struct slope slope_of(const struct km_retention *r, size_t task,
                             double rate)
{
    struct slope sum = {0, 0};
    for (size_t j = task ? task : 1; j <= (task ? task : r->stages); j++) {
        for (size_t i = j + 1; i <= r->stages; i++) {
            struct slope one = slope_at(r, i, j, rate);
            sum.score += one.score;
            sum.weight += one.weight;
        }
    }
    return sum;
}

static double squares_at(const struct km_retention *r, double rate)
{
    double sum = 0;
    for (size_t j = 1; j <= r->stages; j++) {
        for (size_t i = j + 1; i <= r->stages; i++) {
            double off =
                cell(r, i, j) / cell(r, j, j) - exp(-rate * (double)(i - j));
            sum += isnan(off) ? 0 : off * off;
        }
    }
    return sum;
}

/* Counts cells and tasks; false: there is nothing to fit. */
static bool count_cells(const struct km_retention *r,
                        struct km_retention_decay *out)
{
    for (size_t j = 1; j < r->stages; j++) {
        size_t before = out->cells;
        for (size_t i = j + 1; i <= r->stages; i++) {
            if (isnan(cell(r, i, j)) || isnan(cell(r, j, j))) {
                continue;
            }
            if (!(cell(r, j, j) > 0)) {
                return false;
            }
            out->cells++;
            out->lag_max = fmax(out->lag_max, (double)(i - j));
        }
        out->tasks += out->cells > before;
    }
    return out->cells > 0;
}

/* The best of a grid, then bisection of the slope between its neighbours. */
static double fit_rate(const struct km_retention *r)
{
    enum { GRID = 400, HALVINGS = 200 };
    static const double low = -2, high = 14;
    double step = (high - low) / GRID, best = 0, least = INFINITY;
    for (int k = 0; k <= GRID; k++) {
        double squares = squares_at(r, low + step * k);
        if (squares < least) {
            least = squares;
            best = low + step * k;
        }
    }
    double from = fmax(best - step, low), to = fmin(best + step, high);
    for (int k = 0; k < HALVINGS; k++) {
        double middle = from + (to - from) / 2;
        /* the squares fall towards higher rates while the fit lies above */
        if (slope_of(r, 0, middle).score < 0) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return from + (to - from) / 2;
}

bool km_retention_decay(const struct km_retention *r,
                        struct km_retention_decay *out)
{
    *out = (struct km_retention_decay){.rate = NAN, .se = NAN};
    out->half_life = NAN;
    if (!count_cells(r, out)) {
        return false;
    }
    out->rate = fit_rate(r);
    out->half_life = out->rate > 0 ? log(2) / out->rate : (double)INFINITY;
    if (out->tasks > 1) {
        double weight = slope_of(r, 0, out->rate).weight;
        double moved = 0, weights = 0;
        for (size_t j = 1; j < r->stages; j++) {
            /* how far the rate moves without task j, to first order */
            struct slope own = slope_of(r, j, out->rate);
            double step = own.score / (weight - own.weight);
            moved += step * step;
            weights += own.weight * own.weight;
        }
        double tasks = (double)out->tasks;
        out->df = weight * weight / weights - 1;
        out->se = sqrt((tasks - 1) / tasks * moved);
    }
    return true;
}

/* False, with the place noted, when a cell is missing. */
static bool take(const struct km_retention *r, size_t i, size_t j,
                 double weight, double *sum, struct km_retention_trade *out)
{
    if (isnan(cell(r, i, j))) {
        out->hole_stage = i;
        out->hole_task = j;
        return false;
    }
    *sum += weight * cell(r, i, j);
    return true;
}

bool km_retention_trade(const struct km_retention *r, size_t stage,
                        struct km_retention_trade *out)
{
    assert(stage >= 2 && stage <= r->stages);
    *out = (struct km_retention_trade){.gain = 0};
    bool known = take(r, stage - 1, stage, -1, &out->gain, out) &&
                 take(r, stage, stage, 1, &out->gain, out);
    double each = 1 / (double)(stage - 1);
    for (size_t j = 1; j < stage && known; j++) {
        known = take(r, stage - 1, j, each, &out->loss, out) &&
                take(r, stage, j, -each, &out->loss, out);
    }
    return known;
}

bool km_exchange_rate(const struct km_retention_trade *trades, size_t count,
                      double *rate, double *se)
{
    double gain = 0, loss = 0, squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        gain += trades[i].gain;
        loss += trades[i].loss;
    }
    *rate = *se = NAN;
    if (!(gain > 0)) {
        return false;
    }
    *rate = loss / gain;
    for (size_t i = 0; i < count; i++) {
        double off = trades[i].loss - *rate * trades[i].gain;
        squares += off * off;
    }
    *se = count > 1 ? sqrt(n * squares / (n - 1)) / gain : (double)NAN;
    return true;
}
