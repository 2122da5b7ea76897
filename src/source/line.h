/* line.h - the lines of a text that arrives in pieces. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_LINE_H
#define KM_SOURCE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum km_line_cut {
    KM_LINE_WHOLE, /* a line with its end, `*used` bytes */
    KM_LINE_OPEN,  /* the last line, without an end; only when `last` */
    KM_LINE_MORE,  /* no line end in `bytes` yet, or no bytes */
    KM_LINE_ZEROS, /* nothing but zero bytes to the end: not written yet */
};

/* Cuts the line at the start of `bytes`; `line` gets it without its end. */
enum km_line_cut km_line_cut(struct km_str bytes, bool last,
                             struct km_str *line, size_t *used);

/* KM_ELIMIT when `bytes`, in which no line ends, are more than a line may be.
 * `offset` is where they stand in the file. */
enum km_code km_line_check(struct km_str bytes, uint64_t offset,
                           struct km_err *err);

/* Reads `count` integers parted by single blanks, as sources save their state;
 * leaves `words` alone when `saved` is empty. False when it is damaged. */
bool km_line_integers(struct km_str saved, int64_t *words, size_t count);

#endif
