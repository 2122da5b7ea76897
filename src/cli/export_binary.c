/* export_binary.c - columns to little-endian bytes with a checksum. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export_binary.h"

#include <string.h>

#include "base/hash.h"

static void append_u64(struct km_buf *out, uint64_t value)
{
    char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (char)(value >> (8 * i) & 0xff);
    }
    km_buf_append(out, bytes, sizeof bytes);
}

static void append_u32(struct km_buf *out, uint32_t value)
{
    char bytes[4];
    for (int i = 0; i < 4; i++) {
        bytes[i] = (char)(value >> (8 * i) & 0xff);
    }
    km_buf_append(out, bytes, sizeof bytes);
}

void km_export_begin(struct km_buf *out)
{
    km_buf_append_text(out, "KMEXPORT");
    append_u32(out, KM_EXPORT_VERSION);
    append_u32(out, 0);
}

void km_export_block(struct km_buf *out, struct km_str identity,
                     const struct km_columns *columns)
{
    size_t start = out->len;
    km_buf_append_text(out, "SERI");
    append_u32(out, 0); /* the length of the JSON, known below */
    append_u64(out, columns->count);
    size_t json = out->len;
    km_buf_append(out, identity.ptr, identity.len);
    km_buf_printf(out, ",\"attempt\":%u}", columns->attempt);
    while (!out->failed && (out->len - json) % 8) {
        km_buf_append_char(out, ' ');
    }
    size_t json_bytes = out->len - json;
    for (size_t i = 0; i < columns->count; i++) {
        append_u64(out, (uint64_t)columns->steps[i]);
    }
    for (size_t i = 0; i < columns->count; i++) {
        append_u64(out, (uint64_t)columns->times_ns[i]);
    }
    for (size_t i = 0; i < columns->count; i++) {
        uint64_t bits;
        memcpy(&bits, &columns->values[i], sizeof bits);
        append_u64(out, bits);
    }
    if (out->failed) {
        return; /* the flush says so */
    }
    for (int i = 0; i < 4; i++) {
        out->bytes[start + 4 + (size_t)i] =
            (char)((uint64_t)json_bytes >> (8 * i) & 0xff);
    }
    append_u32(out, km_crc32c(0, out->bytes + start, out->len - start));
    append_u32(out, 0);
}

void km_export_end(struct km_buf *out, uint64_t blocks)
{
    km_buf_append_text(out, "DONE");
    append_u32(out, 0);
    append_u64(out, blocks);
}
