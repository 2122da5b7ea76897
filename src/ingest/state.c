/* state.c - packs and unpacks the state of a cursor. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/state.h"

#include <string.h>

enum { STATE_VERSION = 1, STATE_HEAD_BYTES = 1 + 8 + 8 + 4 };

static void put_integer(struct km_buf *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        km_buf_append_char(out, (char)(value >> (8 * i) & 0xff));
    }
}

static uint64_t get_integer(const char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value |= (uint64_t)(unsigned char)at[i] << (8 * i);
    }
    return value;
}

void km_ingest_state_write(struct km_buf *out, const struct ingest_state *state)
{
    km_buf_append_char(out, STATE_VERSION);
    put_integer(out, state->device, 8);
    put_integer(out, state->inode, 8);
    put_integer(out, state->source.len, 4);
    km_buf_append(out, state->source.ptr, state->source.len);
    km_buf_append(out, state->emit.ptr, state->emit.len);
}

bool km_ingest_state_read(struct km_str blob, struct ingest_state *state)
{
    if (blob.len < STATE_HEAD_BYTES || blob.ptr[0] != STATE_VERSION) {
        return false;
    }
    uint64_t source_len = get_integer(blob.ptr + 17, 4);
    if (source_len > blob.len - STATE_HEAD_BYTES) {
        return false;
    }
    *state = (struct ingest_state){
        .device = get_integer(blob.ptr + 1, 8),
        .inode = get_integer(blob.ptr + 9, 8),
        .source = {blob.ptr + STATE_HEAD_BYTES, source_len},
        .emit = {blob.ptr + STATE_HEAD_BYTES + source_len,
                 blob.len - STATE_HEAD_BYTES - source_len},
    };
    return true;
}
