/* journal_stream.h - a journal that arrives as ranges of bytes.
 *
 * What a shipper sends: bytes of one segment from where the receiver stands, a
 * whole number of slots, published ones only (an empty slot among them stays
 * empty). A segment is entered at its byte 0; to go on after everything was
 * forgotten, the present segment is sent again from there, and only what lies
 * behind the place is emitted.
 * Ownership: the stream owns its map.   Threads: one at a time.
 * Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JOURNAL_STREAM_H
#define KM_SOURCE_JOURNAL_STREAM_H

#include "source/journal_intake.h"

struct km_journal_place {
    uint32_t segment, slot; /* the next one that is new */
};

struct km_journal_stream {
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    struct km_journal_place place;
    struct km_journal_intake intake;
    bool entered;     /* the segment of the place, at slot `at` */
    uint32_t at;      /* next to look at; <= place.slot while sent again */
    uint64_t damaged; /* slots whose check bits failed, passed over */
};

struct km_journal_range {
    uint32_t segment;
    uint64_t offset; /* 0, or that of a slot */
    struct km_str bytes;
    bool gone; /* what lies between was deleted: any later segment joins */
};

/* `saved` is empty for a new journal, else what save() wrote: the same as that
 * of the journal's folder as a source. KM_ECORRUPT when it is neither. */
enum km_code
km_journal_stream_begin(struct km_journal_stream *stream,
                        const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                        struct km_str saved, struct km_err *err);
void km_journal_stream_save(const struct km_journal_stream *stream,
                            struct km_buf *out);
void km_journal_stream_finish(struct km_journal_stream *stream);

/* Where the next range begins. */
uint32_t km_journal_stream_segment(const struct km_journal_stream *stream);
uint64_t km_journal_stream_offset(const struct km_journal_stream *stream);

bool km_journal_stream_joins(const struct km_journal_stream *stream,
                             const struct km_journal_range *range);

/* Takes whole records and commits when the emitter is full; a record that the
 * range cuts is left for the next one. KM_ECONFLICT: it does not begin where
 * the stream stands (nothing is taken). KM_ECORRUPT, KM_EFORMAT: no header.
 * Failures of the emitter. */
enum km_code km_journal_stream_take(struct km_journal_stream *stream,
                                    struct km_emit *emit,
                                    const struct km_journal_range *range,
                                    struct km_err *err);

#endif
