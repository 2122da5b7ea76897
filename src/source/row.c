/* row.c - fields of one record in two buffers that are reused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/row.h"

#include <assert.h>

#include "base/limits.h"

void km_row_init(struct km_row *row)
{
    km_buf_init(&row->names, KM_LINE_BYTES_MAX);
    km_buf_init(&row->fields, (size_t)4 * KM_LINE_BYTES_MAX);
}

void km_row_clear(struct km_row *row)
{
    km_buf_reset(&row->names);
    km_buf_reset(&row->fields);
}

void km_row_finish(struct km_row *row)
{
    km_buf_finish(&row->names);
    km_buf_finish(&row->fields);
}

void km_row_add(struct km_row *row, struct km_str name, double value)
{
    struct km_row_field field = {row->names.len, name.len, value};
    km_buf_append(&row->names, name.ptr, name.len);
    if (!row->names.failed) {
        km_buf_append(&row->fields, &field, sizeof field);
    }
}

static struct km_row_field field_at(const struct km_row *row, size_t index)
{
    struct km_row_field field;
    assert(index < km_row_count(row));
    memcpy(&field, row->fields.bytes + index * sizeof field, sizeof field);
    return field;
}

size_t km_row_count(const struct km_row *row)
{
    return row->fields.len / sizeof(struct km_row_field);
}

struct km_str km_row_name(const struct km_row *row, size_t index)
{
    struct km_row_field field = field_at(row, index);
    return (struct km_str){
        row->names.bytes ? row->names.bytes + field.name_start : "",
        field.name_len};
}

double km_row_value(const struct km_row *row, size_t index)
{
    return field_at(row, index).value;
}

void km_row_drop(struct km_row *row, struct km_str prefix)
{
    size_t count = km_row_count(row);
    while (count > 0 && prefix.len < KM_NAME_BYTES_MAX) {
        struct km_str name = km_row_name(row, count - 1);
        bool below = km_str_starts(name, prefix) &&
                     (name.len == prefix.len || name.ptr[prefix.len] == '.');
        if (!below) {
            break;
        }
        count--;
    }
    row->fields.len = count * sizeof(struct km_row_field);
}

enum km_code km_row_check(const struct km_row *row, struct km_err *err)
{
    if (row->names.failed || row->fields.failed) {
        return km_fail(err, KM_ELIMIT,
                       "one record has more than %d MiB of names",
                       KM_LINE_BYTES_MAX / KM_MIB);
    }
    return KM_OK;
}
