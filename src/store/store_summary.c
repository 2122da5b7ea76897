/* store_summary.c - the summary of a series: added to, and merged in order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "store/store.h"

void km_series_summary_init(struct km_series_summary *summary)
{
    *summary = (struct km_series_summary){
        .first = (double)NAN,
        .last = (double)NAN,
        .min = (double)NAN,
        .max = (double)NAN,
        .first_step = KM_STEP_ABSENT,
        .last_step = KM_STEP_ABSENT,
        .min_step = KM_STEP_ABSENT,
        .max_step = KM_STEP_ABSENT,
        .first_time_ns = KM_TIME_ABSENT,
        .last_time_ns = KM_TIME_ABSENT,
    };
}

static void count_nonfinite(struct km_series_summary *summary, double value)
{
    if (isnan(value)) {
        summary->n_nan++;
    } else if (value > 0) {
        summary->n_posinf++;
    } else {
        summary->n_neginf++;
    }
}

static void add_value(struct km_series_summary *summary, double value)
{
    if (!isfinite(value)) {
        count_nonfinite(summary, value);
        return;
    }
    summary->sum += value;
    if (!(summary->min <= value)) { /* true also for the first, NaN */
        summary->min = value;
    }
    if (!(summary->max >= value)) {
        summary->max = value;
    }
}

void km_series_summary_add(struct km_series_summary *summary,
                           const struct km_point *points, size_t count)
{
    if (count == 0) {
        return;
    }
    if (summary->n == 0) {
        summary->first = points[0].value;
        summary->first_step = points[0].step;
        summary->min_step = summary->max_step = points[0].step;
    }
    summary->n += count;
    summary->last = points[count - 1].value;
    summary->last_step = points[count - 1].step;
    for (size_t i = 0; i < count; i++) {
        const struct km_point *point = &points[i];
        if (point->step < summary->min_step) {
            summary->min_step = point->step;
        }
        if (point->step > summary->max_step) {
            summary->max_step = point->step;
        }
        if (point->time_ns != KM_TIME_ABSENT) {
            if (summary->first_time_ns == KM_TIME_ABSENT) {
                summary->first_time_ns = point->time_ns;
            }
            summary->last_time_ns = point->time_ns;
        }
        add_value(summary, point->value);
    }
}

void km_series_summary_merge(struct km_series_summary *summary,
                             const struct km_series_summary *later)
{
    if (later->n == 0) {
        return;
    }
    if (summary->n == 0) {
        *summary = *later;
        return;
    }
    summary->n += later->n;
    summary->n_nan += later->n_nan;
    summary->n_posinf += later->n_posinf;
    summary->n_neginf += later->n_neginf;
    summary->sum += later->sum;
    summary->last = later->last;
    summary->last_step = later->last_step;
    if (isnan(summary->min) || later->min < summary->min) {
        summary->min = later->min;
    }
    if (isnan(summary->max) || later->max > summary->max) {
        summary->max = later->max;
    }
    if (later->min_step < summary->min_step) {
        summary->min_step = later->min_step;
    }
    if (later->max_step > summary->max_step) {
        summary->max_step = later->max_step;
    }
    if (summary->first_time_ns == KM_TIME_ABSENT) {
        summary->first_time_ns = later->first_time_ns;
    }
    if (later->last_time_ns != KM_TIME_ABSENT) {
        summary->last_time_ns = later->last_time_ns;
    }
}
