/* export_binary.h - the binary export: blocks of columns, checksummed.
 *
 *     "KMEXPORT" version:u32 0:u32                              head
 *     "SERI" json_bytes:u32 count:u64 json, blanks to 8         a block
 *         steps:i64[count] times:i64[count] values:f64[count]
 *         crc32c:u32 0:u32
 *     "DONE" 0:u32 blocks:u64                                   end
 *
 * Little-endian; every block begins at a multiple of 8.
 * Document: docs/formats/export.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_EXPORT_BINARY_H
#define KM_CLI_EXPORT_BINARY_H

#include "base/buf.h"
#include "store/store.h"

enum { KM_EXPORT_VERSION = 1 };

void km_export_begin(struct km_buf *out);

/* `identity` is a JSON object without its closing brace; the attempt is added
 * to it. */
void km_export_block(struct km_buf *out, struct km_str identity,
                     const struct km_columns *columns);
void km_export_end(struct km_buf *out, uint64_t blocks);

#endif
