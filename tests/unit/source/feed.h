/* feed.h - drives a stream source over a text, in pieces of any size, and keeps
 * the points that come out. The importer's work in forty lines, for tests.
 *
 *     struct fed fed;
 *     fed_text(&fed, &km_source_csv, "a.csv", "step,loss\n1,2\n", 0);
 *     CHECK_NEAR(fed_at(&fed, "loss", 0)->value, 2, 0);
 *     fed_end(&fed); */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SOURCE_FEED_H
#define KM_TESTS_SOURCE_FEED_H

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "source/source.h"

enum { FED_POINTS_MAX = 40000, FED_NAME_BYTES = 96 };

struct fed_point {
    char metric[FED_NAME_BYTES], labels[FED_NAME_BYTES];
    uint32_t part, flags;
    struct km_point point;
};

struct fed {
    struct fed_point *points;
    size_t count;
    enum km_code code;
    struct km_err err;
    enum km_source_status status;
    size_t taken; /* bytes used */
    unsigned warnings;
    char warning[256];     /* the first one */
    char attributes[2048]; /* "key=json;" one after the other */
    char runs[2048];       /* "project/external_id name state;" */
    struct km_source_options options;
};

static void fed_warning(void *user, uint64_t offset, const char *text)
{
    struct fed *fed = user;
    (void)offset;
    if (fed->warnings++ == 0) {
        (void)snprintf(fed->warning, sizeof fed->warning, "%s", text);
    }
}

static void fed_copy(char *to, struct km_str from)
{
    size_t len = from.len < FED_NAME_BYTES - 1 ? from.len : FED_NAME_BYTES - 1;
    if (len) {
        memcpy(to, from.ptr, len);
    }
    to[len] = '\0';
}

static void fed_collect(struct fed *fed, const struct km_batch *batch)
{
    for (uint32_t s = 0; s < batch->series_count; s++) {
        const struct km_batch_series *series = &batch->series[s];
        for (size_t i = 0; i < series->count && fed->count < FED_POINTS_MAX;
             i++) {
            struct fed_point *to = &fed->points[fed->count++];
            fed_copy(to->metric, series->metric);
            fed_copy(to->labels, series->labels);
            to->part = batch->attempts[series->attempt].part;
            to->flags = series->flags;
            to->point = series->points[i];
        }
    }
    for (uint32_t r = 0; r < batch->run_count; r++) {
        const struct km_run_meta *meta = &batch->runs[r].meta;
        size_t end = strlen(fed->runs);
        (void)snprintf(fed->runs + end, sizeof fed->runs - end,
                       "%.*s/%.*s %.*s %s;", (int)meta->project.len,
                       meta->project.ptr, (int)meta->external_id.len,
                       meta->external_id.ptr, (int)meta->name.len,
                       meta->name.ptr, km_run_state_name(meta->state));
        for (uint32_t a = 0; a < batch->runs[r].attribute_count; a++) {
            const struct km_attribute *row = &batch->runs[r].attributes[a];
            size_t len = strlen(fed->attributes);
            (void)snprintf(fed->attributes + len, sizeof fed->attributes - len,
                           "%.*s=%.*s;", (int)row->key.len, row->key.ptr,
                           (int)row->value_json.len, row->value_json.ptr);
        }
    }
}

static enum km_code fed_flush(void *user, struct km_batch *batch,
                              struct km_err *err)
{
    (void)err;
    fed_collect(user, batch);
    return KM_OK;
}

static void fed_take(struct fed *fed, struct km_emit *emit)
{
    fed_collect(fed, km_emit_batch(emit));
    km_emit_batch_done(emit);
}

struct fed_session {
    struct km_emit *emit;
    struct km_source source;
};

static void fed_open(struct fed *fed, struct fed_session *session,
                     const struct km_source_ops *ops, struct km_place *place,
                     struct km_str emit_saved, struct km_str saved)
{
    struct km_emit_options options = {
        .origin_id = 7,
        .run = {.project = KM_STR("p"),
                .external_id = KM_STR("r"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .order_key = KM_STR("k"),
        .saved = emit_saved,
        .flush = fed_flush,
        .on_warning = fed_warning,
        .user = fed,
    };
    *session = (struct fed_session){0};
    session->emit = km_emit_create(&options, &fed->err);
    session->source = (struct km_source){.ops = ops,
                                         .place = place,
                                         .options = &fed->options,
                                         .emit = session->emit};
    km_arena_init(&session->source.arena, 64 * KM_MIB);
    session->source.state = calloc(1, ops->state_bytes ? ops->state_bytes : 1);
    fed->code = session->emit ? ops->begin(&session->source, saved, &fed->err)
                              : fed->err.code;
}

static void fed_close(struct fed_session *session)
{
    if (session->source.ops->finish) {
        session->source.ops->finish(&session->source);
    }
    free(session->source.state);
    km_arena_finish(&session->source.arena);
    km_emit_destroy(session->emit);
}

/* Saves source and emitter, drops both, and opens them again. */
static void fed_reopen(struct fed *fed, struct fed_session *session,
                       struct km_place *place)
{
    const struct km_source_ops *ops = session->source.ops;
    struct km_buf emit_state, state;
    km_buf_init(&emit_state, KM_MIB);
    km_buf_init(&state, KM_MIB);
    km_emit_save(session->emit, &emit_state);
    ops->save(&session->source, &state);
    fed_close(session);
    fed_open(fed, session, ops, place,
             (struct km_str){emit_state.bytes, emit_state.len},
             (struct km_str){state.bytes, state.len});
    km_buf_finish(&emit_state);
    km_buf_finish(&state);
}

/* `piece` 0: all at once. With `reopen`, every piece is a new import. */
static inline void fed_run(struct fed *fed, const struct km_source_ops *ops,
                           const char *name, struct km_str text, size_t piece,
                           bool reopen)
{
    struct km_source_options options = fed->options;
    *fed = (struct fed){.options = options};
    fed->points = calloc(FED_POINTS_MAX, sizeof *fed->points);
    struct km_place place = {.path = km_str_of(name),
                             .name = km_str_of(name),
                             .size_bytes = text.len,
                             .root_fd = -1};
    struct fed_session session;
    fed_open(fed, &session, ops, &place, KM_STR(""), KM_STR(""));
    size_t end = 0;
    while (fed->code == KM_OK) {
        end = piece && text.len - end > piece ? end + piece : text.len;
        size_t used = 0;
        session.source.offset = fed->taken;
        fed->code =
            ops->feed(&session.source,
                      (struct km_str){text.ptr + fed->taken, end - fed->taken},
                      end == text.len, &used, &fed->err);
        fed->taken += used;
        fed->status = session.source.status;
        fed_take(fed, session.emit);
        if (end == text.len && (used == 0 || fed->taken == end)) {
            break;
        }
        if (reopen && fed->code == KM_OK) {
            fed_reopen(fed, &session, &place);
        }
    }
    fed_close(&session);
}

static inline void fed_text(struct fed *fed, const struct km_source_ops *ops,
                            const char *name, const char *text, size_t piece)
{
    fed_run(fed, ops, name, km_str_of(text), piece, false);
}

static inline void fed_end(struct fed *fed)
{
    free(fed->points);
    fed->points = NULL;
}

static inline size_t fed_count(const struct fed *fed, const char *metric)
{
    size_t count = 0;
    for (size_t i = 0; i < fed->count; i++) {
        count += strcmp(fed->points[i].metric, metric) == 0;
    }
    return count;
}

/* The `index`-th point of a metric; a point of NaN when there is none. */
static inline const struct fed_point *fed_at(const struct fed *fed,
                                             const char *metric, size_t index)
{
    static const struct fed_point none = {
        .point = {KM_STEP_ABSENT, KM_TIME_ABSENT, -12345.678}};
    for (size_t i = 0; i < fed->count; i++) {
        if (strcmp(fed->points[i].metric, metric) == 0 && index-- == 0) {
            return &fed->points[i];
        }
    }
    return &none;
}

/* The `rank`-th point of a metric in an attempt, or NULL. */
static inline const struct fed_point *
fed_find(const struct fed *fed, const char *metric, uint32_t part, size_t rank)
{
    for (size_t i = 0; i < fed->count; i++) {
        const struct fed_point *point = &fed->points[i];
        if (point->part == part && strcmp(point->metric, metric) == 0 &&
            rank-- == 0) {
            return point;
        }
    }
    return NULL;
}

/* True when both hold the same points of the same series and attempts, each in
 * the same order. */
static inline bool fed_equal(const struct fed *a, const struct fed *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct fed_point *p = &a->points[i];
        size_t rank = 0;
        for (size_t k = 0; k < i; k++) {
            rank += a->points[k].part == p->part &&
                    strcmp(a->points[k].metric, p->metric) == 0;
        }
        const struct fed_point *q = fed_find(b, p->metric, p->part, rank);
        if (!q || p->flags != q->flags || strcmp(p->labels, q->labels) != 0 ||
            memcmp(&p->point, &q->point, sizeof p->point) != 0) {
            return false;
        }
    }
    return true;
}

#endif
