/* change.c - energy statistic by running sums, lenient splits taken back until
 * they stand, and a CUSUM. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/change.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/robust.h"

void km_change_options_init(struct km_change_options *options)
{
    *options = (struct km_change_options){.p_max = 0.001,
                                          .p_weak = 0.01,
                                          .difference_min = 0.05,
                                          .segment_min = 5};
}

/* Mean distance of the pairs within `n` values whose distances sum to `sum`. */
static double within(double sum, double n)
{
    return n > 1 ? 2 * sum / (n * (n - 1)) : 0;
}

double km_change_split(const double *values, size_t count, size_t segment_min,
                       double *scratch, size_t *place, size_t *end)
{
    assert(segment_min >= 2);
    if (count < 2 * segment_min) {
        return NAN;
    }
    double *before = scratch;            /* [t]: pairs of values before t */
    double *after = scratch + count + 1; /* [t]: pairs of [t, k) */
    double best = -INFINITY;
    memset(after, 0, (count + 1) * sizeof *after);
    before[0] = 0;
    for (size_t k = 1; k <= count; k++) {
        double added = 0; /* distances of value k - 1 to those from t on */
        for (size_t t = k; t-- > 0;) {
            added += fabs(values[t] - values[k - 1]);
            after[t] += added;
        }
        before[k] = after[0];
        for (size_t t = segment_min; t + segment_min <= k; t++) {
            double n = (double)t, m = (double)(k - t);
            double across = before[k] - before[t] - after[t];
            double energy = 2 * across / (n * m) - within(before[t], n) -
                            within(after[t], m);
            double q = n * m / (n + m) * energy;
            if (q > best) {
                best = q;
                *place = t;
                *end = k;
            }
        }
    }
    return best;
}

static void find_mean(const double *values, size_t from, size_t to,
                      double *mean, double *variance)
{
    double n = (double)(to - from), sum = 0, squares = 0;
    for (size_t i = from; i < to; i++) {
        sum += values[i];
    }
    *mean = sum / n;
    for (size_t i = from; i < to; i++) {
        squares += (values[i] - *mean) * (values[i] - *mean);
    }
    *variance = n > 1 ? squares / (n - 1) : 0;
}

/* Welch's test of [from, place) against [place, to). */
static struct km_change compare(const double *values, size_t from, size_t place,
                                size_t to)
{
    struct km_change change = {.index = place, .p = 1};
    double a, b, n = (double)(place - from), m = (double)(to - place);
    find_mean(values, from, place, &change.before, &a);
    find_mean(values, place, to, &change.after, &b);
    a /= n;
    b /= m;
    double gap = fabs(change.after - change.before);
    /* two constant stretches: what rounding leaves is no spread */
    if (sqrt(a + b) <= 1e-14 * fmax(fabs(change.before), fabs(change.after))) {
        change.p = gap > 0 ? 0 : 1;
    } else if (n > 1 && m > 1) {
        double df = (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1));
        change.p = 2 * km_t_cdf(-gap / sqrt(a + b), df);
    }
    return change;
}

/* Change points in order of place, without those of others. */
struct places {
    size_t at[KM_CHANGE_SEGMENTS_MAX], count;
};

static void add_place(struct places *places, size_t at, size_t apart)
{
    size_t i = places->count;
    while (i > 0 && places->at[i - 1] >= at) {
        i--;
    }
    bool near = (i > 0 && at - places->at[i - 1] < apart) ||
                (i < places->count && places->at[i] - at < apart);
    if (near || places->count == KM_CHANGE_SEGMENTS_MAX) {
        return;
    }
    memmove(places->at + i + 1, places->at + i,
            (places->count - i) * sizeof *places->at);
    places->at[i] = at;
    places->count++;
}

/* Splits values [from, to) until no part can be split. */
static void split(const double *values, size_t from, size_t to,
                  const struct km_change_options *options, double *scratch,
                  struct places *places)
{
    struct {
        size_t from, to;
    } open[KM_CHANGE_SEGMENTS_MAX + 1];
    size_t count = 1;
    open[0].from = from;
    open[0].to = to;
    while (count > 0) {
        count--;
        size_t low = open[count].from, high = open[count].to, place, end;
        double q = km_change_split(values + low, high - low,
                                   options->segment_min, scratch, &place, &end);
        if (!(q > 0) ||
            compare(values + low, 0, place, end).p > options->p_weak) {
            continue;
        }
        add_place(places, low + place, options->segment_min);
        if (count + 2 <= KM_CHANGE_SEGMENTS_MAX) {
            open[count].from = low;
            open[count++].to = low + place;
            open[count].from = low + place;
            open[count++].to = high;
        }
    }
}

/* Takes back the worst change by `by_p`, or by size; false: all stand. */
static bool take_back(const double *values, size_t count,
                      const struct km_change_options *options, bool by_p,
                      struct places *places)
{
    size_t worst = places->count;
    double most = 0;
    for (size_t i = 0; i < places->count; i++) {
        size_t from = i ? places->at[i - 1] : 0;
        size_t to = i + 1 < places->count ? places->at[i + 1] : count;
        struct km_change c = compare(values, from, places->at[i], to);
        double short_by =
            by_p ? c.p - options->p_max
                 : options->difference_min - fabs(c.after - c.before);
        if (short_by > most) {
            most = short_by;
            worst = i;
        }
    }
    if (worst == places->count) {
        return false;
    }
    places->count--;
    memmove(places->at + worst, places->at + worst + 1,
            (places->count - worst) * sizeof *places->at);
    return true;
}

size_t km_change_find(const double *values, size_t count,
                      const struct km_change_options *options, double *scratch,
                      struct km_change *changes)
{
    struct places places = {.count = 0};
    size_t window = options->window ? options->window : count;
    assert(window <= KM_CHANGE_VALUES_MAX || window == options->window);
    for (size_t from = 0; from < count; from += window / 2 + 1) {
        size_t to = from + window < count ? from + window : count;
        split(values, from, to, options, scratch, &places);
        if (to == count) {
            break;
        }
    }
    bool more = true;
    while (more) {
        more = take_back(values, count, options, true, &places) ||
               take_back(values, count, options, false, &places);
    }
    for (size_t i = 0; i < places.count; i++) {
        changes[i] = compare(values, i ? places.at[i - 1] : 0, places.at[i],
                             i + 1 < places.count ? places.at[i + 1] : count);
    }
    return places.count;
}

void km_cusum_init(struct km_cusum *cusum, double centre, double scale)
{
    *cusum =
        (struct km_cusum){.centre = centre, .scale = scale, .k = 0.5, .h = 5};
}

int km_cusum_add(struct km_cusum *cusum, double value)
{
    double z = (value - cusum->centre) / cusum->scale;
    if (!isfinite(z)) {
        return 0;
    }
    cusum->seen++;
    cusum->up = fmax(0, cusum->up + z - cusum->k);
    cusum->down = fmax(0, cusum->down - z - cusum->k);
    cusum->since_up = cusum->up > 0 ? cusum->since_up + 1 : 0;
    cusum->since_down = cusum->down > 0 ? cusum->since_down + 1 : 0;
    int side = cusum->up > cusum->h ? 1 : cusum->down > cusum->h ? -1 : 0;
    if (side) {
        cusum->up = cusum->down = 0;
        cusum->since_up = cusum->since_down = 0;
    }
    return side;
}
