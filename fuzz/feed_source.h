/* feed_source.h - what fuzz targets of stream sources share: the input is fed
 * whole, then in small pieces with a save and a reopening in between, and both
 * must give the same number of points and the same sum of their bits. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_FUZZ_FEED_SOURCE_H
#define KM_FUZZ_FEED_SOURCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "source/source.h"

struct fuzz_sum {
    size_t points;
    uint64_t bits; /* order does not matter: batches are cut elsewhere */
    enum km_code code;
};

struct fuzz_session {
    struct km_emit *emit;
    struct km_source source;
    enum km_code code;
};

static void fuzz_take(struct fuzz_sum *sum, struct km_emit *emit)
{
    const struct km_batch *batch = km_emit_batch(emit);
    for (uint32_t s = 0; s < batch->series_count; s++) {
        for (size_t i = 0; i < batch->series[s].count; i++) {
            uint64_t bits;
            memcpy(&bits, &batch->series[s].points[i].value, sizeof bits);
            sum->bits += bits * 31 + (uint64_t)batch->series[s].points[i].step;
            sum->points++;
        }
    }
    km_emit_batch_done(emit);
}

static void fuzz_open(struct fuzz_session *session,
                      const struct km_source_ops *ops,
                      const struct km_place *place,
                      const struct km_source_options *options,
                      struct km_str emit_saved, struct km_str saved)
{
    const struct km_emit_options emit = {.origin_id = 7,
                                         .run = {.project = KM_STR("p"),
                                                 .external_id = KM_STR("r"),
                                                 .created_ns = KM_TIME_ABSENT,
                                                 .ended_ns = KM_TIME_ABSENT},
                                         .saved = emit_saved};
    struct km_err err = {.code = KM_OK};
    *session = (struct fuzz_session){.emit = km_emit_create(&emit, &err)};
    if (!session->emit) {
        abort();
    }
    session->source = (struct km_source){
        .ops = ops, .place = place, .options = options, .emit = session->emit};
    km_arena_init(&session->source.arena, 256 * KM_MIB);
    session->source.state = calloc(1, ops->state_bytes);
    session->code = ops->begin(&session->source, saved, &err);
}

static void fuzz_close(struct fuzz_session *session)
{
    if (session->source.ops->finish) {
        session->source.ops->finish(&session->source);
    }
    free(session->source.state);
    km_arena_finish(&session->source.arena);
    km_emit_destroy(session->emit);
}

static struct fuzz_sum fuzz_feed(const struct km_source_ops *ops,
                                 const char *name,
                                 const struct km_source_options *options,
                                 struct km_str text, size_t piece)
{
    const struct km_place place = {.path = km_str_of(name),
                                   .name = km_str_of(name),
                                   .size_bytes = text.len,
                                   .root_fd = -1};
    struct km_sniff sniff = {&place, text, false};
    sniff.head.len = text.len < KM_SNIFF_BYTES ? text.len : KM_SNIFF_BYTES;
    (void)ops->sniff(&sniff);
    struct fuzz_session session;
    fuzz_open(&session, ops, &place, options, KM_STR(""), KM_STR(""));
    struct fuzz_sum sum = {.code = session.code};
    size_t taken = 0, end = 0;
    while (sum.code == KM_OK) {
        end = text.len - end > piece ? end + piece : text.len;
        size_t used = 0;
        struct km_err err;
        session.source.offset = taken;
        sum.code = ops->feed(&session.source,
                             (struct km_str){text.ptr + taken, end - taken},
                             end == text.len, &used, &err);
        if (used > end - taken) {
            abort();
        }
        taken += used;
        fuzz_take(&sum, session.emit);
        if (sum.code || (end == text.len && (used == 0 || taken == end))) {
            break;
        }
        struct km_buf emit_state, state;
        km_buf_init(&emit_state, 64 * KM_MIB);
        km_buf_init(&state, 64 * KM_MIB);
        km_emit_save(session.emit, &emit_state);
        ops->save(&session.source, &state);
        fuzz_close(&session);
        fuzz_open(&session, ops, &place, options,
                  (struct km_str){emit_state.bytes, emit_state.len},
                  (struct km_str){state.bytes, state.len});
        if (session.code) {
            abort(); /* what was saved must load */
        }
        km_buf_finish(&emit_state);
        km_buf_finish(&state);
    }
    fuzz_close(&session);
    return sum;
}

/* Feeds whole and in pieces; ends the program when they differ. */
static inline void fuzz_source(const struct km_source_ops *ops,
                               const char *name,
                               const struct km_source_options *options,
                               const uint8_t *bytes, size_t len)
{
    struct km_str text = {(const char *)bytes, len};
    struct fuzz_sum whole = fuzz_feed(ops, name, options, text, len ? len : 1);
    struct fuzz_sum parts = fuzz_feed(ops, name, options, text, len / 5 + 1);
    if (whole.code != parts.code ||
        (whole.code == KM_OK &&
         (whole.points != parts.points || whole.bits != parts.bits))) {
        abort();
    }
}

#endif
