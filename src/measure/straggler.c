/* straggler.c - ratios to the median rank, averaged over steps. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/straggler.h"

#include <math.h>
#include <string.h>

#include "measure/robust.h"

static const double AVERAGED = 0.1, EXCESS_MIN = 0.05, MADS = 3, P_MAX = 0.001;

/* One row per rank, in the caller's scratch. */
struct ranks {
    double *average, *slowest, *excess, *sorted, *spare;
    size_t count;
};

static bool is_usable(const double *row, size_t ranks)
{
    for (size_t r = 0; r < ranks; r++) {
        if (!(row[r] > 0) || !isfinite(row[r])) {
            return false;
        }
    }
    return true;
}

/* Of the values of all ranks, which are sorted. */
static double find_typical(double *sorted, size_t count)
{
    double median = km_median(sorted, count);
    return count == 2 ? fmin(sorted[0], sorted[1]) : median;
}

/* Adds the row to the sums of `out` and of the ranks. */
static void take_step(const struct ranks *ranks, const double *row,
                      struct km_straggler *out)
{
    double most = row[0];
    size_t ties = 0;
    memcpy(ranks->sorted, row, ranks->count * sizeof *row);
    double typical = find_typical(ranks->sorted, ranks->count);
    for (size_t r = 0; r < ranks->count; r++) {
        double ratio = row[r] / typical;
        ranks->excess[r] += ratio - 1;
        ranks->average[r] += AVERAGED * (ratio - ranks->average[r]);
        ties = row[r] > most ? 1 : ties + !(row[r] < most);
        most = fmax(most, row[r]);
    }
    for (size_t r = 0; r < ranks->count; r++) { /* those that tie share it */
        ranks->slowest[r] += row[r] < most ? 0 : 1 / (double)ties;
    }
    out->cost_seconds += most - typical;
    out->step_seconds += most;
    out->steps++;
}

/* What a rank's moving average must be above at this step. */
static double find_bound(const struct ranks *ranks)
{
    if (ranks->count == 2) {
        return 1 + EXCESS_MIN;
    }
    memcpy(ranks->sorted, ranks->average,
           ranks->count * sizeof *ranks->average);
    double centre = km_median(ranks->sorted, ranks->count);
    double mad = km_mad(ranks->average, ranks->count, centre, ranks->spare);
    return 1 + fmax(MADS * mad, EXCESS_MIN);
}

static void start(const struct ranks *ranks, struct km_straggler *out)
{
    *out = (struct km_straggler){.p = 1};
    for (size_t r = 0; r < ranks->count; r++) {
        ranks->average[r] = 1;
        ranks->slowest[r] = ranks->excess[r] = 0;
    }
}

/* Longest run of steps over which `rank` stays above the bound. */
static size_t find_streak(const struct ranks *ranks, const double *seconds,
                          size_t steps, size_t rank)
{
    size_t streak = 0, longest = 0;
    struct km_straggler unused;
    start(ranks, &unused);
    for (size_t i = 0; i < steps; i++) {
        const double *row = seconds + i * ranks->count;
        if (!is_usable(row, ranks->count)) {
            continue;
        }
        take_step(ranks, row, &unused);
        streak = ranks->average[rank] > find_bound(ranks) ? streak + 1 : 0;
        longest = streak > longest ? streak : longest;
    }
    return longest;
}

bool km_straggler_find(const double *seconds, size_t steps, size_t ranks,
                       double *scratch, struct km_straggler *out)
{
    const struct ranks rows = {scratch,
                               scratch + ranks,
                               scratch + 2 * ranks,
                               scratch + 3 * ranks,
                               scratch + 4 * ranks,
                               ranks};
    start(&rows, out);
    if (ranks < 2) {
        return false;
    }
    for (size_t i = 0; i < steps; i++) {
        const double *row = seconds + i * ranks;
        if (is_usable(row, ranks)) {
            take_step(&rows, row, out);
        }
    }
    if (out->steps < KM_STRAGGLER_STEPS_MIN) {
        return false;
    }
    for (size_t r = 1; r < ranks; r++) {
        out->rank = rows.slowest[r] > rows.slowest[out->rank] ? r : out->rank;
    }
    double n = (double)out->steps, times = rows.slowest[out->rank];
    double whole = floor(times + 1e-9);
    double chance = 1 / (double)ranks;
    out->excess = rows.excess[out->rank] / n;
    out->share_slowest = times / n;
    double one = whole > 0 ? 1 - km_binomial_cdf(whole - 1, n, chance) : 1;
    out->p = fmin((double)ranks * one, 1); /* some rank is always slowest */
    out->streak = find_streak(&rows, seconds, steps, out->rank);
    out->flagged = out->streak >= KM_STRAGGLER_STEPS_MIN &&
                   out->share_slowest > fmin(3 * chance, (1 + chance) / 2) &&
                   out->p < P_MAX;
    return true;
}
