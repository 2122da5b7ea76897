/* tail.h - what is published in a journal and not yet shipped.
 *
 * Bytes go out in order, up to the first slot that is not published. Such a
 * slot belongs to a thread that has reserved it, or to one that died: when
 * later slots are published and it stays empty for KM_TAIL_GAP_NS, it is gone
 * past. A segment is left for the next one when that one is in use.
 * Ownership: the tail borrows its path; ranges live in the caller's window.
 * Threads: one at a time.   Document: docs/formats/journal.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_TAIL_H
#define KM_SHIP_TAIL_H

#include "base/buf.h"
#include "ship/reply.h"

#define KM_TAIL_GAP_NS 2000000000

struct km_tail {
    const char *folder;
    struct km_ship_place place;  /* what is read next */
    struct km_ship_place server; /* what the server said last */
    bool is_last;                /* nobody writes any more: look to the end */
    bool finished;               /* the writer said that it ends */
    bool looked_back;            /* whether it did before `place` is known */
    bool complete;   /* of the last look: every slot of the file is shipped */
    bool is_sighted; /* the file of `place` was seen to reach that far */
    /* an empty slot with used ones behind it, and since when it is known */
    struct {
        uint32_t segment, slot, horizon;
        int64_t since_ns;
    } gap;
    struct {
        uint32_t segment, horizon; /* empty slots below it stay empty */
    } passed;
    struct {
        uint32_t segment, slots; /* of the next one, looked at already */
    } next;
};

enum km_tail_state {
    KM_TAIL_RANGE, /* `range` is to be sent */
    KM_TAIL_WAITS, /* an empty slot is waited for */
    KM_TAIL_END,   /* nothing is there (yet) */
};

struct km_tail_range {
    uint32_t segment;
    uint64_t offset;
    struct km_str bytes;
    bool gone; /* the segments between the server's and this one are deleted */
};

void km_tail_init(struct km_tail *tail, const char *folder);

/* The server says where it stands. */
void km_tail_seek(struct km_tail *tail, struct km_ship_place place);

/* At most KM_SHIP_RANGE_BYTES. KM_ECORRUPT, KM_EFORMAT: no journal of this
 * folder's writer. KM_EIO: cannot be read. */
enum km_code km_tail_look(struct km_tail *tail, struct km_buf *window,
                          int64_t now_ns, enum km_tail_state *state,
                          struct km_tail_range *range, struct km_err *err);

/* After END: whether the writer has ended and all is read. */
bool km_tail_is_closed(struct km_tail *tail, struct km_buf *window);

/* Bytes of the folder's segments behind `place`, used or not. */
uint64_t km_tail_bytes_left(const struct km_tail *tail);

#endif
