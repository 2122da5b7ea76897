/* buf.h - a growable byte buffer with a cap and a sticky failure.
 *
 * Appending never needs a check: after the cap is reached or memory is short,
 * `failed` stays set, appends do nothing, and the caller looks once at the end.
 * `bytes` is always NUL-terminated when it is not NULL.
 * Ownership: the buffer owns its bytes.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_BUF_H
#define KM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct km_buf {
    char *bytes;
    size_t len;
    size_t cap; /* allocated */
    size_t max; /* never grows beyond */
    bool failed;
};

void km_buf_init(struct km_buf *buf, size_t max);
void km_buf_append(struct km_buf *buf, const void *bytes, size_t len);
void km_buf_append_text(struct km_buf *buf, const char *text);
void km_buf_append_char(struct km_buf *buf, char c);
void km_buf_printf(struct km_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for `len` more bytes at the end, or NULL; add to `len` what was used. */
char *km_buf_reserve(struct km_buf *buf, size_t len);

/* Removes the first `len` bytes; the rest moves to the front. */
void km_buf_consume(struct km_buf *buf, size_t len);

void km_buf_reset(struct km_buf *buf);  /* empty, memory kept */
void km_buf_finish(struct km_buf *buf); /* memory given back */

#endif
