/* state.h - the importer's part of a cursor's state, before the source's and
 * the emitter's.
 *
 *     byte   version, 1
 *     u64    device and inode of the file when it was read last (2 x u64)
 *     u32    length of the source's state, then the source's state
 *     ...    the emitter's state, to the end
 *
 * Integers little-endian.   Document: docs/formats/cursors.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_STATE_H
#define KM_INGEST_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct ingest_state {
    uint64_t device, inode;
    struct km_str source, emit; /* borrowed from the blob */
};

/* False when the blob is not one of ours. */
bool km_ingest_state_read(struct km_str blob, struct ingest_state *state);
void km_ingest_state_write(struct km_buf *out,
                           const struct ingest_state *state);

#endif
