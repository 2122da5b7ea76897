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
    KM_FIGURE_QUIET,          /* a verdict: looked for, not seen */
};
const char *km_figure_state_name(enum km_figure_state state); /* "OK" */

enum km_better { KM_BETTER_LOWER = -1, KM_BETTER_NEITHER, KM_BETTER_HIGHER };

struct km_figure; /* registry row */

struct km_figure_result {
    const struct km_figure *figure;
    const char *variant;   /* "per token", "validation"; "" for the only one */
    const char *unit;      /* of value, lo, hi: "nat/Mtok" */
    enum km_better better; /* of this metric: a score is better when higher */
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
    bool at_most; /* CENSORED: no more than the value; else no less */
    const char *reason; /* one clause; "" when OK and there is nothing to say */
};

struct km_score_input; /* score/input.h: the run as arrays */
struct km_scorecard;

/* What a figure is about: RUN figures are on every scorecard; RUNS figures come
 * from several runs (a comparison, a group of seeds, a matrix of tasks) and are
 * put on a card by the command that compares. */
enum km_figure_scope { KM_SCOPE_RUN, KM_SCOPE_RUNS };

struct km_figure {
    const char *id;    /* "learn.velocity" */
    const char *title; /* "Learning velocity" */
    const char *unit;  /* of the main variant */
    enum km_better better;
    const char *needs;   /* "a loss with at least 8 bins after the window" */
    const char *summary; /* one line for people */
    const char *formula; /* one line */
    const char *source;  /* paper or standard */
    enum km_figure_scope scope;
    /* Verdicts: at most so many on 1,000 steps of healthy runs; 0: none. */
    double false_alarms_max;
    /* Adds its results (one per variant) to the card. NULL: scope RUNS. */
    enum km_code (*compute)(const struct km_score_input *input,
                            struct km_scorecard *card, struct km_err *err);
};

/* Rows that share the first word of their id, one file figures_<name>.c. */
struct km_figure_family {
    const char *name; /* "learn" */
    const struct km_figure *rows;
    size_t count;
};
#define KM_FIGURE_FAMILY(name, rows)                                           \
    {                                                                          \
        (name), (rows), sizeof(rows) / sizeof *(rows)                          \
    }
extern const struct km_figure_family *const km_figure_families[];
extern const size_t km_figure_family_count;

/* All rows, in the order of reports. */
size_t km_figure_count(void);
const struct km_figure *km_figure_at(size_t index);
const struct km_figure *km_figure_find(struct km_str id); /* or NULL */

/* "verdict.spike": its value is the step since which it holds. */
bool km_figure_is_verdict(const struct km_figure *figure);

/* What a chart draws: data, and the model where there is one. NaN in lo/hi: no
 * band at that place. */
struct km_curve {
    const char *id; /* the chart: "loss", "velocity", "throughput", "valid" */
    const char *title; /* "training loss" */
    const char *unit;
    enum km_axis axis;
    /* "data", "fit", "forecast", "ghost"; "forecast50": only a band, that of
     * 50 %, around the same forecast. Of charts that compare: "line" (one of
     * several, told apart by `name`), "step" (stairs: survival), "points"
     * (marked places; lo, hi are whiskers), "stack" (shares on top of each
     * other, by `name`, at the same x) */
    const char *kind;
    const char *name;   /* direct label: "A", "stall"; NULL: none */
    const char *x_unit; /* NULL: `axis` is the x axis; else "nat", "EUR" ... */
    const char *x_title;
    size_t count;
    const double *x, *y, *lo, *hi; /* lo, hi may be NULL */
    const char *rung; /* of the band: "cold start"; NULL: not said */
};

struct km_mark { /* a vertical hairline */
    double x;
    const char *kind, *text; /* "restart", "attempt 2 from step 612" */
};

/* A heat map: rows x columns, NaN where there is a hole. */
struct km_matrix {
    const char *id, *title, *unit;
    const char *row_title, *column_title; /* "trained on", "evaluated on" */
    enum km_better better;
    size_t row_count, column_count;
    const char *const *rows, *const *columns; /* names */
    const double *value; /* [row * column_count + column] */
};

/* Of the intervals of forecasts and velocities. */
#define KM_CARD_LEVEL 0.80

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
    struct km_matrix *matrices;
    size_t matrix_count, matrix_cap;
    double target;  /* NaN: none */
    double horizon; /* step that forecasts look to */
    double level;  /* of forecasts and velocities: 0.80 */
};

/* Writes out the numbers of headline and context (base/spell.h); once more
 * changes nothing. KM_ELIMIT. */
enum km_code km_card_spell(struct km_scorecard *card, struct km_err *err);

/* The one JSON shape, for every face. */
/* What a figure means, with `result` (NULL: none) in it. */
void km_figure_json(const struct km_figure *figure,
                    const struct km_figure_result *result,
                    struct km_json_writer *w);
const char *km_better_name(enum km_better better); /* "higher" */
void km_figure_result_json(const struct km_figure_result *result,
                           struct km_json_writer *w);
void km_scorecard_json(const struct km_scorecard *card,
                       struct km_json_writer *w);

#endif
