/* record.h - the nouns: run, series, point, attempt, event, evaluation.
 *
 * A run is scoped by project and external id; everything below a run carries an
 * id hashed from its names, so that any number of writers agree on ids without
 * asking. Values keep their IEEE bits. A time or step that a log does not have
 * stays absent.
 *
 * Texts are borrowed (struct km_str).
 * Units: steps are counts; times are nanoseconds since 1970, UTC.
 * Document: docs/glossary.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MODEL_RECORD_H
#define KM_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define KM_TIME_ABSENT INT64_MIN
#define KM_STEP_ABSENT INT64_MIN

struct km_point {
    int64_t step;
    int64_t time_ns; /* KM_TIME_ABSENT where the log has none */
    double value;
};

/* What is special about the points of a series. */
enum km_series_flag {
    KM_SERIES_TIME_ESTIMATED = 1, /* times were derived, not logged */
    KM_SERIES_STEP_IS_INDEX = 2,  /* no step in the log: order of arrival */
    KM_SERIES_HISTOGRAM = 4,      /* a statistic of a logged histogram */
    KM_SERIES_SYSTEM = 8,         /* machine metrics: CPU, memory, GPU */
    KM_SERIES_STEP_IS_EPOCH = 16, /* the log counts epochs, not steps */
};

enum km_run_state {
    KM_RUN_UNKNOWN, /* the log does not say */
    KM_RUN_RUNNING,
    KM_RUN_FINISHED,
    KM_RUN_FAILED,
    KM_RUN_KILLED,
};
const char *km_run_state_name(enum km_run_state state); /* "finished" */

/* Empty texts and absent times mean: not said here, keep what is known. */
struct km_run_meta {
    struct km_str project;
    struct km_str external_id; /* unique within the project */
    struct km_str name;        /* what people see; external_id when empty */
    struct km_str group;       /* seeds and ranks of one configuration */
    struct km_str parent;      /* external id of the run it continues from */
    struct km_str source;      /* format that brought it: "tfevents" */
    struct km_str notes;
    enum km_run_state state;
    int64_t created_ns, ended_ns;
};

enum km_attribute_kind {
    KM_ATTRIBUTE_CONFIG,  /* chosen before the run: learning rate, seed */
    KM_ATTRIBUTE_TAG,     /* said about the run: host, git_commit, device */
    KM_ATTRIBUTE_SUMMARY, /* the logger's own final values */
};

/* Keys are flat, nested ones joined with '.'. `value_json` is one JSON value.
 * Reserved tag keys (docs/glossary.md): host, git_commit, rank, world_size,
 * device, device_count, command, seed, model.params, model.layers, ... */
struct km_attribute {
    enum km_attribute_kind kind;
    struct km_str key;
    struct km_str value_json;
};

/* Something at an instant. Kinds in use: start, stop, restart, checkpoint,
 * release, data_switch, epoch, evaluation, incident, acknowledge, text, alert,
 * other. */
struct km_event {
    int64_t time_ns; /* or KM_TIME_ABSENT */
    int64_t step;    /* or KM_STEP_ABSENT */
    struct km_str kind;
    struct km_str name;
    struct km_str detail_json; /* empty, or one JSON value */
};

/* One result of one task: what lm-evaluation-harness writes, a row of a
 * continual-learning matrix, a test score. */
struct km_evaluation {
    struct km_str task;    /* "arc_easy" */
    struct km_str version; /* of the task, as text; empty when unknown */
    struct km_str metric;  /* "acc_norm" */
    struct km_str filter;  /* "none", "strict-match"; empty when unknown */
    struct km_str subset;  /* "test"; empty when unknown */
    struct km_str model;   /* what was evaluated: name or path */
    struct km_str task_hash;
    struct km_str stage;   /* continual learning: the task just trained */
    double value, stderr_; /* NaN: not reported */
    int64_t n;             /* items scored; -1 unknown */
    int64_t n_shot;        /* -1 unknown */
    int64_t stage_index;   /* 0-based; -1 none */
    int64_t step;          /* of the checkpoint; KM_STEP_ABSENT */
    int64_t time_ns;       /* KM_TIME_ABSENT */
    double cost_seconds;   /* NaN: not reported */
    int higher_is_better;  /* 1, 0, or -1 unknown */
};

/* Name of a metric, a run, a label: valid UTF-8, no control characters, 1 to
 * KM_NAME_BYTES_MAX bytes. Fails with KM_EINPUT or KM_ELIMIT; `what` names the
 * thing in the sentence. */
enum km_code km_name_check(struct km_str name, const char *what,
                           struct km_err *err);

/* Ids: 63 bits, never 0. `labels` is canonical: "key=value" pairs sorted by
 * key, joined with ','; empty for none. */
uint64_t km_run_id(struct km_str project, struct km_str external_id);
uint64_t km_series_id(uint64_t run_id, struct km_str metric,
                      struct km_str labels);
uint64_t km_attempt_id(uint64_t run_id, uint64_t origin_id, uint32_t part);

#endif
