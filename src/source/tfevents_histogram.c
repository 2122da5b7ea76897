/* tfevents_histogram.c - both ways in which TensorBoard logs a histogram. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "source/histogram.h"
#include "source/tfevents.h"

/* Room for the buckets of one histogram, taken once. */
static bool make_scratch(struct km_source *source)
{
    struct tf_state *state = source->state;
    if (!state->edges) {
        state->edges = km_new(&source->arena, double,
                              (size_t)3 * KM_HISTOGRAM_BUCKETS_MAX);
    }
    return state->edges != NULL;
}

static void emit(struct km_source *source, struct km_tag *tag,
                 const struct tf_event *event,
                 const struct km_histogram *histogram)
{
    struct km_histogram_series *series = tag->extra;
    if (!km_histogram_emit(source, &series, tag->name, event->step,
                           event->time_ns, histogram)) {
        km_emit_warn(source->emit, event->offset,
                     "more histograms than memory allows: one is left out");
    }
    tag->extra = series;
}

/* Doubles of a repeated field into `out`; the count may exceed the cap. */
static size_t gather(const struct km_wire_field *field, double *out,
                     size_t count)
{
    const size_t cap = KM_HISTOGRAM_BUCKETS_MAX;
    if (field->type == KM_WIRE_FIXED64) {
        if (count < cap) {
            out[count] = km_double_of(field->integer);
        }
        return count + 1;
    }
    for (size_t at = 0; at + 8 <= field->bytes.len; at += 8, count++) {
        if (count < cap) {
            out[count] = km_double_of(km_load_u64(field->bytes.ptr + at));
        }
    }
    return count;
}

struct message {
    double min, max, count, sum, squares;
    double *lefts, *limits, *weights;
    size_t limit_count, weight_count;
};

/* HistogramProto: min, max, num, sum, sum_squares, bucket_limit, bucket. */
static bool read_message(struct km_str bytes, struct message *message)
{
    struct km_wire wire = km_wire_of(bytes);
    struct km_wire_field field;
    double *const plain[] = {NULL,          &message->min,
                             &message->max, &message->count,
                             &message->sum, &message->squares};
    while (km_wire_next(&wire, &field)) {
        if (field.number == 6) {
            message->limit_count =
                gather(&field, message->limits, message->limit_count);
        } else if (field.number == 7) {
            message->weight_count =
                gather(&field, message->weights, message->weight_count);
        } else if (field.number < 6 && field.type == KM_WIRE_FIXED64) {
            *plain[field.number] = km_double_of(field.integer);
        }
    }
    return !wire.failed && message->limit_count == message->weight_count &&
           message->limit_count <= KM_HISTOGRAM_BUCKETS_MAX;
}

void km_tf_histogram_message(struct km_source *source, struct km_tag *tag,
                             const struct tf_event *event, struct km_str bytes)
{
    struct tf_state *state = source->state;
    bool room = make_scratch(source);
    struct message message = {0};
    if (room) {
        message.lefts = state->edges;
        message.limits = state->edges + KM_HISTOGRAM_BUCKETS_MAX;
        message.weights = message.limits + KM_HISTOGRAM_BUCKETS_MAX;
    }
    if (!room || !read_message(bytes, &message)) {
        km_emit_warn(source->emit, event->offset,
                     "a histogram is malformed or has more than %d buckets: "
                     "left out",
                     KM_HISTOGRAM_BUCKETS_MAX);
        return;
    }
    /* The outer buckets reach to infinity; their true ends are min and max. */
    for (size_t i = message.limit_count; i-- > 0;) {
        message.lefts[i] =
            i ? fmax(message.min, message.limits[i - 1]) : message.min;
        message.limits[i] = fmin(message.max, message.limits[i]);
    }
    struct km_buckets buckets = {message.lefts, message.limits, message.weights,
                                 1, message.limit_count};
    double mean = message.sum / message.count;
    double variance = message.squares / message.count - mean * mean;
    struct km_histogram histogram = {{message.count, message.min, message.max,
                                      mean, variance < 0 ? 0 : sqrt(variance),
                                      km_buckets_median(&buckets)}};
    emit(source, tag, event, &histogram);
}

void km_tf_histogram_tensor(struct km_source *source, struct km_tag *tag,
                            const struct tf_event *event, struct km_str bytes)
{
    struct tf_state *state = source->state;
    struct tf_tensor tensor;
    if (!make_scratch(source) ||
        !km_tf_tensor_read(bytes, state->edges,
                           (size_t)3 * KM_HISTOGRAM_BUCKETS_MAX, &tensor) ||
        tensor.rank != 2 || tensor.columns != 3 ||
        tensor.count != tensor.elements) {
        km_emit_warn(source->emit, event->offset,
                     "a histogram is not a table of [left, right, count] with "
                     "at most %d rows: left out",
                     KM_HISTOGRAM_BUCKETS_MAX);
        return;
    }
    const double *rows = state->edges;
    struct km_buckets buckets = {rows, rows + 1, rows + 2, 3,
                                 (size_t)tensor.rows};
    struct km_histogram histogram = km_buckets_summary(&buckets);
    emit(source, tag, event, &histogram);
}
