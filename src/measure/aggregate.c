/* aggregate.c - means, profiles and bootstraps over runs and tasks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/aggregate.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/rng.h"
#include "measure/robust.h"

enum { PROFILE_PLACES = 100 };

double km_interquartile_mean(double *values, size_t count)
{
    size_t cut = count / 4;
    double sum = 0;
    if (cut) { /* the middle half between its bounds, in any order */
        km_select(values, count, cut);
        km_select(values + cut, count - cut, count - 2 * cut - 1);
    }
    for (size_t i = cut; i < count - cut; i++) {
        sum += values[i];
    }
    return count ? sum / (double)(count - 2 * cut) : (double)NAN;
}

double km_prob_greater(const double *x, size_t x_count, const double *y,
                       size_t y_count)
{
    double sum = 0;
    for (size_t i = 0; i < x_count; i++) {
        for (size_t j = 0; j < y_count; j++) {
            sum += x[i] > y[j] ? 1 : x[i] < y[j] ? 0 : 0.5;
        }
    }
    return x_count && y_count ? sum / (double)x_count / (double)y_count
                              : (double)NAN;
}

/* The scores of a task that are there. */
static size_t task_values(const struct km_scores *scores, size_t task,
                          double *out)
{
    size_t count = 0;
    for (size_t r = 0; r < scores->run_count; r++) {
        double value = scores->value[task * scores->run_count + r];
        if (!isnan(value)) {
            out[count++] = value;
        }
    }
    return count;
}

double km_scores_iqm(const struct km_scores *scores, double *scratch)
{
    size_t count = 0;
    for (size_t t = 0; t < scores->task_count; t++) {
        count += task_values(scores, t, scratch + count);
    }
    return km_interquartile_mean(scratch, count);
}

double km_scores_improvement(const struct km_scores *a,
                             const struct km_scores *b)
{
    assert(a->task_count == b->task_count);
    double sum = 0, tasks = 0;
    for (size_t t = 0; t < a->task_count; t++) {
        double wins = 0, pairs = 0;
        for (size_t i = 0; i < a->run_count; i++) {
            double x = a->value[t * a->run_count + i];
            for (size_t j = 0; j < b->run_count && !isnan(x); j++) {
                double y = b->value[t * b->run_count + j];
                if (!isnan(y)) {
                    pairs++;
                    wins += x > y ? 1 : x < y ? 0 : 0.5;
                }
            }
        }
        sum += pairs > 0 ? wins / pairs : 0;
        tasks += pairs > 0;
    }
    return tasks > 0 ? sum / tasks : (double)NAN;
}

/* Draws the runs of every task again, holes left out. */
static void redraw(const struct km_scores *scores, struct km_rng *rng,
                   double *pool, double *out)
{
    for (size_t t = 0; t < scores->task_count; t++) {
        size_t there = task_values(scores, t, pool);
        for (size_t r = 0; r < scores->run_count; r++) {
            out[t * scores->run_count + r] =
                r < there ? pool[km_rng_below(rng, there)] : (double)NAN;
        }
    }
}

bool km_scores_interval(const struct km_scores *a, const struct km_scores *b,
                        double level, size_t resamples, uint64_t seed,
                        double *scratch, double *lo, double *hi)
{
    size_t size_a = a->task_count * a->run_count;
    size_t size_b = b ? b->task_count * b->run_count : 0;
    double *drawn_a = scratch, *drawn_b = drawn_a + size_a;
    double *pool = drawn_b + size_b, *found = pool + size_a + size_b;
    struct km_scores again_a = *a, again_b = b ? *b : *a;
    again_a.value = drawn_a;
    again_b.value = drawn_b;
    struct km_rng rng;
    km_rng_seed(&rng, seed);
    for (size_t i = 0; i < resamples; i++) {
        redraw(a, &rng, pool, drawn_a);
        if (b) {
            redraw(b, &rng, pool, drawn_b);
        }
        found[i] = b ? km_scores_improvement(&again_a, &again_b)
                     : km_scores_iqm(&again_a, pool);
        if (isnan(found[i])) {
            return false;
        }
    }
    *lo = km_quantile(found, resamples, (1 - level) / 2);
    *hi = km_quantile(found, resamples, (1 + level) / 2);
    return resamples > 0;
}

void km_profile_ratios(const double *time, size_t submission_count,
                       size_t workload_count, double ratio_max, double *ratio)
{
    for (size_t w = 0; w < workload_count; w++) {
        double best = INFINITY;
        for (size_t s = 0; s < submission_count; s++) {
            best = fmin(best, time[s * workload_count + w]);
        }
        for (size_t s = 0; s < submission_count; s++) {
            double r = time[s * workload_count + w] / best;
            ratio[s * workload_count + w] =
                r <= ratio_max ? r : (double)INFINITY;
        }
    }
}

double km_profile_share(const double *ratio, size_t workload_count, double tau)
{
    size_t within = 0;
    for (size_t w = 0; w < workload_count; w++) {
        within += ratio[w] <= tau;
    }
    return workload_count ? (double)within / (double)workload_count
                          : (double)NAN;
}

double km_profile_score(const double *ratio, size_t workload_count,
                        double tau_max)
{
    double sum = 0, before = km_profile_share(ratio, workload_count, 1);
    double step = (tau_max - 1) / (PROFILE_PLACES - 1);
    for (int i = 1; i < PROFILE_PLACES; i++) {
        double tau = i + 1 == PROFILE_PLACES ? tau_max : 1 + i * step;
        double share = km_profile_share(ratio, workload_count, tau);
        sum += (before + share) / 2 * step;
        before = share;
    }
    return sum / (tau_max - 1);
}

double km_olympic_mean(double *times, size_t count)
{
    double sum = 0;
    if (count < 3) {
        return NAN;
    }
    km_select(times, count, 0); /* the fastest comes first, the slowest last */
    km_select(times + 1, count - 1, count - 2);
    for (size_t i = 1; i + 1 < count; i++) {
        sum += times[i];
    }
    return isfinite(sum) ? sum / (double)(count - 2) : (double)NAN;
}
