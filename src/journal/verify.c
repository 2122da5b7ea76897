/* verify.c - counts what a whole segment holds, for doctors and tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

static void count_found(struct km_journal_census *census,
                        enum km_journal_found found,
                        const struct km_journal_record *record)
{
    switch (found) {
    case KM_JOURNAL_FOUND:
        census->records++;
        census->points += record->kind == KM_JOURNAL_POINT;
        break;
    case KM_JOURNAL_DAMAGED:
        if (census->damaged++ == 0) {
            census->first_damaged_slot = record->slot;
        }
        break;
    case KM_JOURNAL_GAP:
        census->gaps++;
        return;
    case KM_JOURNAL_PASSED:
    case KM_JOURNAL_CUT:
        break;
    }
    census->slots_used = record->slot + record->slot_count;
}

enum km_code km_journal_verify(const unsigned char *bytes, size_t len,
                               struct km_journal_decoder *decoder,
                               struct km_journal_census *census,
                               struct km_err *err)
{
    struct km_journal_header header;
    enum km_code code = km_journal_header_decode(bytes, len, &header, err);
    if (code) {
        return code;
    }
    *census = (struct km_journal_census){0};
    km_journal_decoder_init(decoder, &header);
    size_t at = KM_JOURNAL_HEADER_BYTES;
    uint32_t slot = 0;
    uint64_t gaps_inside = 0;
    while (len - at >= KM_JOURNAL_SLOT_BYTES) {
        struct km_journal_record record;
        enum km_journal_found found =
            km_journal_next(decoder, bytes + at, len - at, slot, &record);
        if (found == KM_JOURNAL_CUT) {
            break;
        }
        count_found(census, found, &record);
        if (found != KM_JOURNAL_GAP) {
            gaps_inside = census->gaps; /* what stands before something */
        }
        slot += record.slot_count;
        at += (size_t)record.slot_count * KM_JOURNAL_SLOT_BYTES;
    }
    census->gaps = gaps_inside;
    return KM_OK;
}
