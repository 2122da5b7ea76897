/* row.h - the numbers of one record, kept until its step and time are known.
 *
 * A JSON record may name its step last; its fields wait here.
 * Ownership: the row owns copies of the names; it is reused by
 * km_row_clear().   Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_ROW_H
#define KM_SOURCE_ROW_H

#include "base/buf.h"
#include "base/str.h"
#include "source/emit.h"

struct km_row_field {
    size_t name_start, name_len;
    double value;
};

struct km_row {
    struct km_buf names;
    struct km_buf fields; /* of struct km_row_field */
};

void km_row_init(struct km_row *row);
void km_row_clear(struct km_row *row);
void km_row_finish(struct km_row *row);
void km_row_add(struct km_row *row, struct km_str name, double value);

/* Takes out the last fields that are named `prefix` or below it ("prefix.x"):
 * what an open object has brought, when it turns out to be no metrics. */
void km_row_drop(struct km_row *row, struct km_str prefix);

size_t km_row_count(const struct km_row *row);
struct km_str km_row_name(const struct km_row *row, size_t index);
double km_row_value(const struct km_row *row, size_t index);

/* KM_ELIMIT when the record had more names than fit. */
enum km_code km_row_check(const struct km_row *row, struct km_err *err);

#endif
