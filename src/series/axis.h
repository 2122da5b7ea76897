/* axis.h - from steps to tokens, seconds, accelerator-hours and money.
 *
 * A rate is how much of an axis one step takes, measured over the same stretch
 * of steps for every axis, so that conversions multiply: seconds per token
 * times tokens per step is seconds per step. A rate that the run does not give
 * is unknown, with the reason, and never guessed.
 *
 * Ownership: texts live in the arena.   Threads: any.
 * Document: docs/metrics.md#axes */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SERIES_AXIS_H
#define KM_SERIES_AXIS_H

#include "series/timeline.h"
#include "series/view.h"

enum km_axis {
    KM_AXIS_STEP,
    KM_AXIS_TOKEN,
    KM_AXIS_SAMPLE,
    KM_AXIS_EPOCH,
    KM_AXIS_SECOND,      /* wall */
    KM_AXIS_ACTIVE,      /* seconds without stalls and restarts */
    KM_AXIS_ACCELERATOR, /* accelerator-hours */
    KM_AXIS_FLOP,
    KM_AXIS_CURRENCY,
    KM_AXIS_COUNT,
};
const char *km_axis_name(enum km_axis axis); /* "token" */
const char *km_axis_unit(enum km_axis axis); /* what velocity is per: "Mtok" */
double km_axis_unit_size(enum km_axis axis); /* 1e6 tokens are one "Mtok" */

/* The usual unit unless `per_one`, of one token or second, would be shown below
 * 0.01 or with more than three digits before the point. */
struct km_axis_unit {
    const char *prefix, *name; /* "M", "tok" */
    double size;               /* tokens in one */
};
struct km_axis_unit km_axis_unit_for(enum km_axis axis, double per_one);

/* What is known about a run besides its series; NaN: unknown. */
struct km_axis_facts {
    double tokens_per_step, samples_per_step;
    double accelerators; /* allocated */
    double flop_per_token;
    double price_per_accelerator_hour, price_per_step;
    double active_s_per_step; /* without stalls, from the timeline */
    double active_relative_se;
    const char *tokens_source, *samples_source; /* "config: batch_size" */
    const char *accelerators_source, *active_source, *flop_source;
};

struct km_rate {
    bool known;
    bool estimated;     /* rests on times that were not logged */
    double per_step;    /* tokens, samples, epochs, seconds, hours, FLOP ... */
    double relative_se; /* of per_step; 0 when it is counted, not measured */
    const char *source; /* where it is from, or what is missing */
};

struct km_axes {
    struct km_rate rate[KM_AXIS_COUNT];
    double from, to; /* steps over which rates were measured */
};

/* Measures all rates over steps [from, to] (over everything where that
 * stretch holds fewer than two points). */
enum km_code km_axes_measure(const struct km_run_view *view,
                             const struct km_timeline *timeline,
                             const struct km_axis_facts *facts, double from,
                             double to, struct km_arena *arena,
                             struct km_axes *axes, struct km_err *err);

#endif
