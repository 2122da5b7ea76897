/* figure.h - a measured answer: value, unit, interval, state and evidence.
 *
 * One registry row per figure feeds `km explain`, the reports, the API and a
 * test that docs/metrics.md has its section. One result shape for all faces;
 * one JSON shape (figure_json.c).
 *
 * A value is NaN unless the state is OK, WEAK or CENSORED. An interval that is
 * not known is NaN, NaN.
 * Ownership: texts of results live in the scorecard's arena.
 * Document: docs/metrics.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_FIGURE_H
#define KM_SCORE_FIGURE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json_write.h"
#include "series/axis.h"

enum km_figure_state {
    KM_FIGURE_OK,
    KM_FIGURE_WEAK,           /* interval not calibrated, or it spans zero */
    KM_FIGURE_INSUFFICIENT,   /* not enough data: reason says what is missing */
    KM_FIGURE_CENSORED,       /* beyond the horizon: the value is a bound */
    KM_FIGURE_NOT_APPLICABLE, /* this run has nothing of the kind */
    KM_FIGURE_STALE,          /* computed on older data */
};
const char *km_figure_state_name(enum km_figure_state state); /* "OK" */

enum km_better { KM_BETTER_LOWER = -1, KM_BETTER_NEITHER, KM_BETTER_HIGHER };

struct km_figure; /* registry row */

struct km_figure_result {
    const struct km_figure *figure;
    const char *variant; /* "per token", "validation"; "" for the only one */
    const char *unit;    /* of value, lo, hi: "nat/Mtok" */
    double value, lo, hi;
    double level;       /* of the interval: 0.80; NaN without one */
    const char *method; /* "pow3, window 0.4, Huber" */
    const char *rung;   /* of the interval: "exact", "cold start", ... or "" */
    enum km_axis window_axis;
    double window_from, window_to; /* NaN: not windowed */
    uint64_t n;                    /* points used */
    double n_eff;                  /* NaN: not estimated */
    const char *const *evidence;   /* sentences or series names */
    size_t evidence_count;
    enum km_figure_state state;
    const char *reason; /* one clause; "" when OK and there is nothing to say */
};

struct km_score_input; /* score/input.h: the run as arrays */
struct km_scorecard;

struct km_figure {
    const char *id;    /* "learn.velocity" */
    const char *title; /* "Learning velocity" */
    const char *unit;  /* of the main variant */
    enum km_better better;
    const char *needs;   /* "a loss with at least 8 bins after the window" */
    const char *summary; /* one line for people */
    const char *formula; /* one line */
    const char *source;  /* paper or standard */
    /* Adds its results (one per variant) to the card. */
    enum km_code (*compute)(const struct km_score_input *input,
                            struct km_scorecard *card, struct km_err *err);
};

extern const struct km_figure km_figures[]; /* in the order of reports */
extern const size_t km_figure_count;
const struct km_figure *km_figure_find(struct km_str id); /* or NULL */

/* What a chart draws: data, and the model where there is one. NaN in lo/hi: no
 * band at that place. */
struct km_curve {
    const char *id;    /* "loss", "velocity", "throughput", "valid" */
    const char *title; /* "training loss" */
    const char *unit;
    enum km_axis axis;
    const char *kind; /* "data", "fit", "forecast", "ghost" */
    size_t count;
    const double *x, *y, *lo, *hi; /* lo, hi may be NULL */
};

struct km_mark { /* a vertical hairline */
    double x;
    const char *kind, *text; /* "restart", "attempt 2 from step 612" */
};

struct km_scorecard {
    struct km_arena *arena;
    uint64_t run_id;
    const char *run_name; /* "project/name" */
    const char *context;  /* "3 attempts, finished 2 h ago, 8 x H100" */
    const char *headline; /* a sentence a manager could repeat */
    struct km_figure_result *results;
    size_t count, cap;
    struct km_curve *curves;
    size_t curve_count, curve_cap;
    struct km_mark *marks;
    size_t mark_count, mark_cap;
    double target; /* NaN: none */
    double level;  /* of forecasts and velocities: 0.80 */
};

/* The one JSON shape, for every face. */
void km_figure_result_json(const struct km_figure_result *result,
                           struct km_json_writer *w);
void km_scorecard_json(const struct km_scorecard *card,
                       struct km_json_writer *w);

#endif
