/* receive.h - journals that are shipped to this store, range by range.
 *
 * The protocol is replication of an append-only log by offset: a range is taken
 * when it begins where the store stands, and what was taken is committed with
 * that place in one transaction before it is acknowledged. A range sent twice,
 * a gap and a reply that got lost are all told the place, and nothing is
 * doubled or missed. Several receivers may work on one store.
 * Ownership: the receiver's.   Threads: any; ranges of one journal take turns,
 * and so do commits.   Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_RECEIVE_H
#define KM_INGEST_RECEIVE_H

#include "journal/journal.h"
#include "source/journal_stream.h"
#include "store/store.h"

enum { KM_RECEIVE_SESSIONS_MAX = 1024 }; /* kept ready; others start again */

struct km_receiver;

/* For whom: a token may be good for one project only. */
struct km_receive_as {
    struct km_str project; /* of runs that name none */
    bool only;             /* runs that name another are refused */
};

struct km_receive_answer {
    uint32_t segment; /* where the next range begins */
    uint64_t offset;
    uint64_t points;  /* stored by this range */
    uint64_t damaged; /* slots of this range that were passed over */
};

/* `write_lock` is held around what a store allows to one thread at a time.
 * NULL: no memory. */
struct km_receiver *km_receiver_create(struct km_store *store,
                                       struct km_err *err);
void km_receiver_destroy(struct km_receiver *receiver);

/* What lets nobody else write: for deletions and maintenance. */
void km_receiver_lock(struct km_receiver *receiver);
void km_receiver_unlock(struct km_receiver *receiver);

/* KM_OK: the range is stored, or was. Also with KM_ECONFLICT (it does not join)
 * `answer` says where to go on. KM_ECORRUPT, KM_EFORMAT: the range has no
 * header of this journal. KM_EDENIED: a run of another project, nothing is
 * stored. KM_EBUSY and the store's: ask again later. */
enum km_code km_receive(struct km_receiver *receiver,
                        const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                        const struct km_receive_as *as,
                        const struct km_journal_range *range,
                        struct km_receive_answer *answer, struct km_err *err);

/* Where the store stands with a journal. */
enum km_code
km_receive_place(struct km_receiver *receiver,
                 const unsigned char writer[KM_JOURNAL_WRITER_BYTES],
                 const struct km_receive_as *as,
                 struct km_receive_answer *answer, struct km_err *err);

/* 32 hexadecimal digits, as a journal's folder is named. */
bool km_journal_writer_parse(struct km_str hex,
                             unsigned char writer[KM_JOURNAL_WRITER_BYTES]);

/* The id under which a journal is known, shipped or imported. */
uint64_t
km_journal_source_id(const unsigned char writer[KM_JOURNAL_WRITER_BYTES]);

#endif
