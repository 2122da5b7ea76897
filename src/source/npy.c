/* npy.c - one NumPy array: a header that is a Python literal, then numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/number.h"
#include "source/npz.h"
#include "source/wire.h"

enum { MAGIC_BYTES = 8 }; /* with the version */

/* The text behind `'key':` in the header, blanks skipped; empty: not there. */
static struct km_str value_of(struct km_str header, const char *key)
{
    struct km_str quoted = km_str_of(key);
    size_t at = km_str_search(header, quoted);
    if (at == header.len) {
        return (struct km_str){0};
    }
    struct km_str rest = {header.ptr + at + quoted.len,
                          header.len - at - quoted.len};
    return km_str_trim(rest);
}

/* Reads "(3, 4)", "(3,)" or "()"; Python 2 wrote "3L". */
static bool read_shape(struct km_str text, struct km_npy *array)
{
    size_t close = km_str_find(text, ')', 0);
    if (text.len == 0 || text.ptr[0] != '(' || close == text.len) {
        return false;
    }
    array->count = 1;
    for (size_t at = 1; at < close;) {
        size_t end = km_str_find(text, ',', at);
        end = end < close ? end : close;
        struct km_str part =
            km_str_trim((struct km_str){text.ptr + at, end - at});
        if (part.len && part.ptr[part.len - 1] == 'L') {
            part.len--;
        }
        at = end + 1;
        if (part.len == 0 && end == close) {
            break; /* the comma of "(3,)" */
        }
        int64_t size;
        if (!km_integer_parse(part, &size) || size < 0 ||
            array->rank == NPY_RANK_MAX ||
            __builtin_mul_overflow(array->count, (uint64_t)size,
                                   &array->count)) {
            return false;
        }
        array->dims[array->rank++] = (uint64_t)size;
    }
    return true;
}

/* Reads "'<f8'": byte order, kind, width. */
static bool read_type(struct km_str text, struct km_npy *array)
{
    if (text.len < 5 || (text.ptr[0] != '\'' && text.ptr[0] != '"') ||
        text.ptr[4] != text.ptr[0]) {
        return false;
    }
    array->swapped = text.ptr[1] == '>';
    array->kind = text.ptr[2];
    array->width = (size_t)(text.ptr[3] - '0');
    size_t width = array->width;
    bool integer = width == 1 || width == 2 || width == 4 || width == 8;
    switch (array->kind) {
    case 'f':
        return integer && width > 1;
    case 'i':
    case 'u':
        return integer;
    case 'b':
        return width == 1;
    default:
        return false;
    }
}

enum km_code km_npy_read(struct km_str bytes, struct km_npy *array,
                         struct km_err *err)
{
    struct km_str name = array->name;
    *array = (struct km_npy){.name = name};
    if (bytes.len < MAGIC_BYTES + 4 ||
        !km_str_starts(bytes, KM_STR("\x93NUMPY"))) {
        return km_fail(err, KM_EINPUT, "expected a NumPy array at its start");
    }
    bool wide = bytes.ptr[6] >= 2; /* version 2 and 3: 32-bit length */
    size_t start = MAGIC_BYTES + (wide ? 4 : 2);
    size_t len = wide ? km_load_u32(bytes.ptr + MAGIC_BYTES)
                      : km_load_u16(bytes.ptr + MAGIC_BYTES);
    if (len > bytes.len - start) {
        return km_fail(err, KM_EINPUT,
                       "the array's header has %zu bytes, %zu are left", len,
                       bytes.len - start);
    }
    struct km_str header = {bytes.ptr + start, len};
    if (!read_type(value_of(header, "'descr':"), array)) {
        return km_fail(err, KM_EFORMAT,
                       "expected numbers, not objects, records or texts");
    }
    if (!read_shape(value_of(header, "'shape':"), array)) {
        return km_fail(err, KM_EINPUT,
                       "expected a shape of at most %d dimensions",
                       NPY_RANK_MAX);
    }
    array->fortran =
        km_str_starts(value_of(header, "'fortran_order':"), KM_STR("True"));
    size_t left = bytes.len - start - len;
    if (array->count > left / array->width) {
        return km_fail(err, KM_EINPUT,
                       "the array has %llu elements of %zu bytes, but %zu "
                       "bytes are left",
                       (unsigned long long)array->count, array->width, left);
    }
    array->elements = (const unsigned char *)bytes.ptr + start + len;
    return KM_OK;
}

double km_npy_at(const struct km_npy *array, uint64_t index)
{
    assert(index < array->count);
    unsigned char bytes[8] = {0};
    const unsigned char *at = array->elements + index * array->width;
    for (size_t i = 0; i < array->width; i++) {
        bytes[i] = at[array->swapped ? array->width - 1 - i : i];
    }
    uint64_t bits = km_load_u64(bytes);
    if (array->kind == 'f') {
        return array->width == 8   ? km_double_of(bits)
               : array->width == 4 ? km_float_of((uint32_t)bits)
                                   : km_half_of((uint16_t)bits);
    }
    if (array->kind == 'i') {
        unsigned shift = 64 - 8 * (unsigned)array->width;
        return (double)((int64_t)(bits << shift) >> shift);
    }
    return array->kind == 'b' ? bits != 0 : (double)bits;
}
