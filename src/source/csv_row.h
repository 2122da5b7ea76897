/* csv_row.h - one record of comma-separated text, cut into fields.
 *
 * RFC 4180 with the habits of real writers: CRLF or LF, quoted fields that may
 * hold line ends and doubled quotes, any single-byte delimiter. A record is
 * taken whole or not at all, so a cut between two reads never splits one.
 * Ownership: fields point into the bytes given.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_CSV_ROW_H
#define KM_SOURCE_CSV_ROW_H

#include "base/arena.h"
#include "base/str.h"

struct km_csv_row {
    struct km_str *fields; /* without the outer quotes and blanks around */
    size_t count;          /* fields kept, at most `limit` */
    size_t extra;          /* fields beyond `limit`, counted and left out */
    size_t cap;
    size_t limit;
    struct km_arena *arena; /* grows `fields`; NULL: `cap` is the limit */
    bool escaped;           /* some field holds doubled quotes */
};

enum km_csv_cut {
    KM_CSV_ROW,        /* a record, `*used` bytes with its line end */
    KM_CSV_MORE,       /* the bytes end inside a record */
    KM_CSV_OPEN_QUOTE, /* they end inside a quoted field */
    KM_CSV_FULL,       /* the arena has no room for more fields */
};

/* Cuts the record at the start of `bytes`. With `last`, a record that ends
 * without a line end is whole unless a quote is open. */
enum km_csv_cut km_csv_cut(struct km_str bytes, char delimiter, bool last,
                           struct km_csv_row *row, size_t *used);

/* The character among ',', ';' and tab that stands most often in the first line
 * of `bytes` outside quotes; ',' when none does. */
char km_csv_delimiter(struct km_str bytes);

/* A copy of `field` with doubled quotes made single; NULL when full. */
char *km_csv_unescape(struct km_arena *arena, struct km_str field, size_t *len);

#endif
