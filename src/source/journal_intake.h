/* journal_intake.h - decoded records of a segment, handed to the emitter.
 *
 * A segment defines its metrics first; the intake remembers them until the next
 * segment is entered.
 * Ownership: the intake owns its map.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JOURNAL_INTAKE_H
#define KM_SOURCE_JOURNAL_INTAKE_H

#include "base/buf.h"
#include "journal/journal.h"
#include "source/emit.h"

struct km_journal_intake {
    struct km_journal_decoder decoder;
    struct km_buf series; /* metric id -> handle, u32 each */
    uint64_t undefined;   /* points of metrics that are not defined */
    bool is_fresh;        /* set by the owner: nothing was taken before */
    uint32_t first;       /* segment that the journal begins with: 0, or the
                             first one that was not deleted */
};

void km_journal_intake_init(struct km_journal_intake *intake);
void km_journal_intake_finish(struct km_journal_intake *intake);

/* A segment whose header was decoded. */
void km_journal_intake_enter(struct km_journal_intake *intake,
                             struct km_emit *emit,
                             const struct km_journal_header *header);

/* `is_new`: not taken before. What was is looked at for the metrics and the run
 * that it defines. */
void km_journal_intake_take(struct km_journal_intake *intake,
                            struct km_emit *emit,
                            const struct km_journal_record *record,
                            bool is_new);

/* Where a slot begins in its segment. */
static inline uint64_t km_journal_offset(uint32_t slot)
{
    return KM_JOURNAL_HEADER_BYTES + (uint64_t)slot * KM_JOURNAL_SLOT_BYTES;
}

#endif
