/* tfevents.h - what the parts of the TensorBoard event reader share.
 *
 *     file    = record*
 *     record  = u64 length, u32 masked CRC of it, payload, u32 masked CRC
 *     payload = Event { wall_time, step, one of: summary, session_log, ... }
 *     summary = Value* { tag, one of: simple_value, histo, tensor; metadata }
 *
 * tfevents.c frames, tfevents_event.c walks events, tfevents_tensor.c turns
 * tensors into numbers, tfevents_histogram.c into statistics,
 * tfevents_hparams.c reads the hparams plugin.
 * Document: docs/formats/tfevents.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_TFEVENTS_H
#define KM_SOURCE_TFEVENTS_H

#include "base/limits.h"
#include "source/source.h"
#include "source/tags.h"
#include "source/wire.h"

extern const struct km_source_ops km_source_tfevents;

/* What a tag holds, from the metadata of its first value. The numbers are
 * saved in cursors: append only. */
enum tf_kind {
    TF_KIND_NEW,
    TF_KIND_SCALAR,
    TF_KIND_HISTOGRAM,
    TF_KIND_TEXT,
    TF_KIND_HPARAMS,
    TF_KIND_OTHER, /* images, audio, curves: left out */
    TF_KIND_COUNT,
};

struct tf_state {
    struct km_tags tags; /* extra: struct km_histogram_series */
    struct km_buf text;  /* JSON that is being written */
    double *edges;       /* scratch for histograms, made when needed */
    bool started;        /* the origin's start time was handed on */
    bool searching;      /* salvage: looking for the next valid header */
};

/* One event, decoded as far as its summary. */
struct tf_event {
    int64_t step, time_ns;
    uint64_t offset; /* of its record in the file, for warnings */
};

/* A tensor's shape and where its values stand. */
struct tf_tensor {
    uint32_t dtype;
    uint32_t rank;
    uint64_t elements;      /* product of the dimensions, 1 for rank 0 */
    uint64_t rows, columns; /* first and last dimension, 1 where absent */
    size_t count;           /* numbers found */
    struct km_str text;     /* first string, when dtype is string */
    uint32_t text_count;
};

/* Decodes one record's payload and emits what it holds. */
void km_tf_event_read(struct km_source *source, struct km_str payload,
                      uint64_t offset);

/* Reads at most `cap` numbers; false when the tensor is malformed, of a type
 * that is no number, or larger. Missing trailing values repeat the last one, as
 * the writers mean it. */
bool km_tf_tensor_read(struct km_str message, double *values, size_t cap,
                       struct tf_tensor *tensor);

/* A histogram as TF1's message or as TF2's tensor of [left, right, count]. */
void km_tf_histogram_message(struct km_source *source, struct km_tag *tag,
                             const struct tf_event *event,
                             struct km_str message);
void km_tf_histogram_tensor(struct km_source *source, struct km_tag *tag,
                            const struct tf_event *event,
                            struct km_str message);

/* The hparams plugin's content: config, group, start and end of the run. */
void km_tf_hparams_read(struct km_source *source, struct km_str content);

#endif
