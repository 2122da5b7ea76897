/* json_write.h - JSON text into a buffer, commas and escapes taken care of.
 *
 * Non-finite numbers become the strings "NaN", "Infinity", "-Infinity". Text
 * that is not valid UTF-8 is written with U+FFFD in place of each bad byte.
 * Failure (the buffer's cap) is sticky in the buffer.
 * Ownership: borrows the buffer.   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_JSON_WRITE_H
#define KM_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct km_json_writer {
    struct km_buf *out;
    bool comma;     /* a value stands before in this object or array */
    bool after_key; /* a key was written, its value comes next */
};

void km_json_writer_init(struct km_json_writer *w, struct km_buf *out);
void km_json_object_begin(struct km_json_writer *w);
void km_json_object_end(struct km_json_writer *w);
void km_json_array_begin(struct km_json_writer *w);
void km_json_array_end(struct km_json_writer *w);
void km_json_key(struct km_json_writer *w, const char *key);
void km_json_key_str(struct km_json_writer *w, struct km_str key);
void km_json_null(struct km_json_writer *w);
void km_json_bool(struct km_json_writer *w, bool value);
void km_json_int(struct km_json_writer *w, int64_t value);
void km_json_double(struct km_json_writer *w, double value);
void km_json_known(struct km_json_writer *w, double value);    /* else null */
void km_json_text(struct km_json_writer *w, const char *text); /* NULL: null */
void km_json_str(struct km_json_writer *w, struct km_str text);
void km_json_raw(struct km_json_writer *w, struct km_str json); /* trusted */

#endif
