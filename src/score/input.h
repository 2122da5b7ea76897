/* input.h - one run, ready for its figures: arrays, rates and the fit.
 *
 * What several figures share is computed once here: which metric is judged,
 * its window and bins, the fitted curves, the timeline and the rates of all
 * axes.
 * Ownership: the arena.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_INPUT_H
#define KM_SCORE_INPUT_H

#include "measure/fit.h"
#include "measure/stretches.h"
#include "measure/target.h"
#include "measure/throughput.h"
#include "measure/velocity.h"
#include "score/scorecard.h"
#include "series/axis.h"
#include "series/bins.h"
#include "series/timeline.h"
#include "series/view.h"

/* What the run's config and tags say; NaN and NULL: nothing. */
struct km_run_facts {
    double max_steps, tokens_per_step, samples_per_step, sequence_length;
    double warmup_steps, accelerators, parameters, target;
    const char *schedule;   /* "cosine" */
    const char *device;     /* "NVIDIA H100" */
    const char *benchmark;  /* MLPerf: "llama2_70b_lora" */
    const char *data_order; /* runs that say the same saw the same batches */
    const char *max_steps_key, *tokens_key, *samples_key, *accelerators_key;
};

/* Checkpoints, releases and incidents at a step; of too many each k-th. Those
 * that say how long they took, as many as there is room for, are kept beside.
 */
enum {
    KM_RUN_EVENTS_MAX = 256,
    KM_RUN_CHECKPOINTS_MAX = 65536,
    KM_TIMED_EVENTS_MAX = 65536,
};
struct km_timed_event {
    const char *kind; /* "checkpoint", "evaluation" */
    int64_t end_ns;   /* or KM_TIME_ABSENT */
    int64_t step;     /* or KM_STEP_ABSENT */
    double seconds;   /* > 0 */
};
struct km_run_events {
    struct km_mark *marks;
    size_t count;
    double *checkpoints; /* steps of the first ones, rising */
    size_t checkpoint_count;
    struct km_timed_event *timed;
    size_t timed_count, timed_cap;
};

struct km_curve_memory; /* score/memory.h */
struct km_memory;

/* A metric to be lowered: a loss as it is, a score or reward turned round. */
struct km_curve_input {
    const struct km_track *track; /* NULL: the run has none */
    struct km_curve_memory *kept; /* of its points */
    size_t count;                 /* points with step > 0, after warm-up */
    const double *x;              /* steps */
    const double *y;              /* sign x value */
    double sign;                  /* -1 for what should rise */
    double x_now;                 /* last step */
    double window;                /* 0.4, 0.2, 0.1; 0: too few points */
    double window_from;           /* first step in the window */
    size_t window_count;          /* points in it */
    struct km_bin_sums sums;      /* of all points */
    struct km_bins bins;          /* of the window */
    double e_min;
    bool fitted;
    struct km_fit pow3, invlog3;
    size_t masked;    /* points of spikes, left out */
    size_t all_count; /* with them, thinned: for verdicts */
    const double *all_x, *all_y;
    const struct km_path *path; /* its forecast; NULL: none, see no_path */
    const char *no_path;        /* why there is no forecast */
    const char *unit;           /* "nat", "reward" */
    const char *problem;        /* why it is not fitted */
};

/* The target and when it is or was reached (outlook.c). */
struct km_outlook {
    const struct km_curve_input *curve; /* the one the target is about */
    struct km_crossing crossing;
    double reached_after_s; /* training time; NaN without a clock */
    struct km_estimate eta; /* step; INFINITY beyond x_max */
    double x_max;           /* how far ahead was looked */
};

struct km_model_facts; /* score/model_config.h */
struct km_goodput;     /* measure/goodput.h */
struct km_waits;       /* score/waits.h */
struct km_side_series; /* score/side_series.h */

struct km_score_input {
    const struct km_score_options *options;
    struct km_arena *arena;
    struct km_memory *memory; /* what is kept of the run, or was made for now */
    struct km_run_view view;
    struct km_run_facts facts;
    const struct km_model_facts *model;
    const struct km_side_series *side; /* of ranks, of gradient noise */
    const struct km_goodput *book;     /* where the time went; NULL: no_book */
    const char *no_book;
    size_t booked_points;
    const struct km_waits *waits; /* in the book; NULL: no book */
    struct km_run_events events;
    struct km_timeline timeline;
    const struct km_stretches *stretches; /* of it, by blocks */
    bool timed;
    struct km_throughput throughput;
    double throughput_from, throughput_to; /* steps */
    struct km_axes axes;
    struct km_curve_input learn; /* training loss, else what there is */
    struct km_curve_input valid; /* validation loss or score */
    const struct km_reference *reference; /* same batches; NULL: none named */
    struct km_goals goals;                /* that mean this run */
    const struct km_goal_judgement *judgements; /* one a goal */
    const char *learn_choice; /* why this one: for the evidence */
    double x_now;             /* last step of the run */
    double warmup_end;        /* steps; 0: none seen */
    double horizon;           /* step */
    const char *horizon_source;
    bool planned; /* the horizon is what somebody planned */
    bool at_end;  /* nothing more is to come: nothing is forecast */
    struct km_velocity_band velocity_band; /* of `velocity_groups` finished */
    size_t velocity_groups;                /* configurations; 0: none known */
    const double *at;                      /* further steps to forecast */
    size_t at_count;
    const struct km_record *record; /* kept forecasts; NULL: nothing goes on */
    const struct km_config_plan *config_plan; /* of the learning rate */
    struct km_local_velocity local; /* of `learn`; n 0: too few points */
    double steepened; /* times as steep as the fitted curve lately, or 1 */
    const char *rate_moves; /* why a fitted curve is not what goes on; NULL */
    double scheduled_slope; /* of `learn`, by the annealing law; NaN */
    const struct km_stored_run *stored; /* configuration, plan */
    struct km_outlook outlook;
    double target; /* in the metric's own direction; NaN */
    struct km_fit_scratch *scratch;
    double *doubles; /* scratch of 4 x KM_LOCAL_POINTS_MAX */
};

/* Everything but events, windows, fits and the outlook: for many runs. */
enum km_code km_score_input_open(struct km_store *store, uint64_t run_id,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_score_input *input,
                                 struct km_err *err);

/* All of it. */
enum km_code km_score_input_load(struct km_store *store, uint64_t run_id,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_score_input *input,
                                 struct km_err *err);

enum km_code km_run_events_load(struct km_store *store, uint64_t run_id,
                                struct km_arena *arena,
                                struct km_run_events *events,
                                struct km_err *err);

/* Reads config and tags of a run (facts.c). */
enum km_code km_run_facts_load(struct km_store *store, uint64_t run_id,
                               struct km_arena *arena,
                               struct km_run_facts *facts, struct km_err *err);

/* Books the time of all attempts (fig_goodput.c). */
enum km_code km_goodput_fill(struct km_score_input *input, struct km_err *err);

/* The last step of the plan; NaN: none, or one that the run, at `last`, has
 * left so far behind that it counts something else than steps. */
double km_run_facts_planned(const struct km_run_facts *facts, double last);
/* 99 % of the plan are done; false without one. */
bool km_run_is_through(double planned, double last);

/* Under way, for commands that choose runs: what says that it is running, or
 * says nothing of its state and has a point of the last hour. */
bool km_run_is_going(enum km_run_state state, int64_t last_time_ns,
                     int64_t now_ns);

/* What a source means by its words (MLPerf: samples, log perplexity). */
void km_run_facts_settle(struct km_run_view *view, struct km_run_facts *facts);

#endif
