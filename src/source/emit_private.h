/* emit_private.h - the emitter's memory, shared by emit*.c only.
 *
 * Three tables, all found by 64-bit hashes of names:
 *   runs      each with the attempt that is open in it
 *   attempts  (run, part): when it began and why
 *   slots     one per series: what decides whether a step went back
 * A slot is bound to a series of the present batch while slot->epoch equals
 * emit->epoch; a committed batch and a new attempt raise the epoch.
 *
 * Invariants:
 *   1. A bound slot has seen a point in its attempt.
 *   2. `rising` means that the attempt saw two increasing steps of the series.
 *   3. What km_emit_save() writes is all that decides later attempts. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_EMIT_PRIVATE_H
#define KM_SOURCE_EMIT_PRIVATE_H

#include "base/id_map.h"
#include "source/emit.h"

struct emit_slot {
    int64_t last_step;
    int64_t before_step; /* the distinct step before it; valid when rising */
    int64_t last_time_ns;
    uint32_t index; /* of the series in the batch, when bound */
    uint32_t epoch; /* 0: never bound */
    uint32_t attempt;
    bool seen; /* a point in that attempt */
    bool rising;
};

/* What a slot needs only when it is bound. */
struct emit_name {
    uint64_t key;
    uint32_t run;
    uint32_t flags;
    struct km_str metric, labels; /* metric is empty until it is named again */
};

struct emit_attempt {
    uint32_t run, part;
    int64_t start_ns, restart_step;
    struct km_str reason;
    uint32_t index; /* in the batch, when bound */
    uint32_t epoch;
    bool touched; /* it has points */
};

struct emit_run {
    uint64_t id;
    struct km_str project, external_id;
    uint32_t attempt; /* the open one */
    int64_t first_time_ns;
    uint32_t index; /* in the batch, when bound */
    uint32_t epoch;
    uint32_t attributes; /* brought so far */
    bool described;      /* what the importer says of it was handed on */
};

struct km_emit {
    struct emit_slot *slots; /* slot_live of them may be used */
    struct emit_name *names;
    uint32_t slot_live, slot_count, slot_cap;
    uint32_t epoch;
    struct km_batch batch;

    struct emit_run *runs;
    uint32_t run_count, run_cap;
    uint32_t run; /* the present one */
    struct emit_attempt *attempts;
    uint32_t attempt_count, attempt_cap;
    struct km_id_map slot_of, run_of, attempt_of;

    enum km_emit_mode mode;
    int64_t origin_start_ns; /* as told by the source */
    uint64_t origin_id;
    struct km_run_meta defaults;
    struct km_str labels, order_key;
    uint64_t warning_count, ignored_points;
    uint64_t record_count; /* events, evaluations, attributes in the batch */
    bool attempts_full;

    enum km_code (*flush)(void *user, struct km_batch *batch,
                          struct km_err *err);
    void (*on_warning)(void *user, uint64_t offset, const char *text);
    void *user;
    struct km_arena arena;
    struct km_buf text; /* scratch: merged labels, JSON of a text */
    struct km_err err;  /* the first failure; code KM_OK while there is none */
};

/* Remembers the first failure; returns its code. */
enum km_code km_emit_fail(struct km_emit *emit, enum km_code code,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Finds or adds; KM_ID_ABSENT after a failure, which is remembered. A run is
 * found or added with its first attempt; run_add() makes one without. */
uint32_t km_emit_run_add(struct km_emit *emit, struct km_str project,
                         struct km_str external_id);
uint32_t km_emit_run_at(struct km_emit *emit, struct km_str project,
                        struct km_str external_id);
uint32_t km_emit_attempt_at(struct km_emit *emit, uint32_t run, uint32_t part);
uint32_t km_emit_slot_at(struct km_emit *emit, uint64_t key, uint32_t run);

/* Puts the run, the attempt, into the present batch; false after a failure. */
bool km_emit_bind_run(struct km_emit *emit, uint32_t run);
bool km_emit_bind_attempt(struct km_emit *emit, uint32_t attempt);

/* Copies into the emitter; false after a failure. */
bool km_emit_keep(struct km_emit *emit, struct km_str *text);

/* emit_state.c */
enum km_code km_emit_restore(struct km_emit *emit, struct km_str saved);

#endif
