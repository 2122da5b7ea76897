/* wandb.h - what the parts of the W&B transaction log reader share.
 *
 *     file   = ":W&B" 0xBEE1 version, then blocks of 32 KiB (the first one
 *              counts from byte 0)
 *     block  = chunk*, each { u32 CRC-32, u16 length, u8 type, bytes }
 *     record = one FULL chunk, or FIRST MIDDLE* LAST
 *
 * wandb.c frames, wandb_record.c walks records about the run, wandb_history.c
 * the rows of metrics, wandb_value.c flattens their JSON.
 * Document: docs/formats/wandb.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_WANDB_H
#define KM_SOURCE_WANDB_H

#include "base/json_read.h"
#include "base/json_write.h"
#include "source/source.h"
#include "source/tags.h"
#include "source/wire.h"

extern const struct km_source_ops km_source_wandb;

struct wb_state {
    struct km_buf record;             /* a record put together from chunks */
    struct km_buf path;               /* flattened name of a value */
    struct km_buf text;               /* JSON that is being written */
    struct km_json_reader json, peek; /* of a value; of an object ahead */
    struct km_tags metrics, system;   /* extra: struct km_histogram_series */
    struct km_tags summary;           /* extra: struct wb_summary_slot */
    struct km_buf groups;             /* typed objects of the row at hand */
    struct km_buf gathered;           /* one of them, put together */
    double *buckets;                  /* scratch, made when needed */
    struct km_str project, run_id;    /* as the log names them, in the arena */
    int64_t start_ns;
    int64_t last_step;
    uint64_t rows, system_rows; /* so far: steps of logs that have none */
    uint64_t offset;            /* of the record at hand, for warnings */
    bool has_run;               /* a run record was seen */
    bool seek_block;            /* salvage: pass over the rest of this block */
    bool seek_start; /* salvage: pass over chunks that begin no record */
};

/* Handles one record, put together and verified. */
void km_wb_record_read(struct km_source *source, struct km_str record);

/* Hands on the summary values that changed since the last call: they are kept
 * back because a log repeats them with every row. */
void km_wb_summary_flush(struct km_source *source);

/* A row of metrics; a row of machine metrics. */
void km_wb_history_read(struct km_source *source, struct km_str message);
void km_wb_stats_read(struct km_source *source, struct km_str message);

/* A histogram: { "_type": "histogram", ... }. */
void km_wb_histogram_emit(struct km_source *source, struct km_str name,
                          int64_t step, int64_t time_ns, struct km_str json);

/* Objects whose members are items of their own: noted by their "_type", then
 * asked for by the path of a member, at last emitted. */
void km_wb_group_note(struct km_source *source, struct km_str key,
                      struct km_str item);
bool km_wb_is_grouped(const struct wb_state *state, struct km_str path);
void km_wb_groups_emit(struct km_source *source, struct km_str message,
                       int64_t step, int64_t time_ns);

/* One value that is no object, or an object with "_type". */
struct wb_leaf {
    struct km_str path; /* keys joined with '.' */
    struct km_str json; /* as it stands in the log */
    enum km_json_kind kind;
    double number;      /* of numbers; also of the texts "NaN", "Infinity" */
    bool is_number;     /* true and false count as 1 and 0 */
    struct km_str type; /* of an object: its "_type" */
};
typedef void (*wb_leaf_fn)(struct km_source *source, const struct wb_leaf *leaf,
                           void *user);

/* Calls `visit` for every leaf of an item { key 1, nested_key 2, value_json 16
 * }. What is not JSON is counted as a warning. */
void km_wb_item_walk(struct km_source *source, struct km_str item,
                     wb_leaf_fn visit, void *user);

/* The leaf's value as strict JSON, in state->text; empty when it is too long.
 */
struct km_str km_wb_leaf_json(struct km_source *source,
                              const struct wb_leaf *leaf);

/* The item's flattened key, in state->path. */
struct km_str km_wb_item_key(struct km_source *source, struct km_str item);

/* A google.protobuf.Timestamp { seconds 1, nanos 2 }, or absent. */
int64_t km_wb_timestamp(struct km_str message);

#endif
