/* unpack.h - logs that were packed with gzip.
 *
 * A packed file is recognised by its first bytes, unpacked into an unnamed
 * temporary file, and read like any other: what is known of it (how far, which
 * hash) is about what is inside, so that it may be packed after it was
 * imported. At most KM_GZIP_BYTES_MAX come out; nothing is kept.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_UNPACK_H
#define KM_INGEST_UNPACK_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

bool km_gzip_is(struct km_str head);

/* The name without ".gz". */
struct km_str km_gzip_inner_name(struct km_str name);

/* Unpacks in place the beginning of a file whose first bytes are
 * head[0..*len): as much as they hold and `cap` takes. */
void km_gzip_head(char *head, size_t *len, size_t cap);

/* A new file with the whole content of `fd`, or -1 with `err`: KM_ECORRUPT,
 * KM_ELIMIT, KM_ENOSPACE, KM_EINTERRUPTED when `*stop`. `*cut`: the packed
 * data end too early; what is there was unpacked. */
int km_gzip_unpack(int fd, const atomic_bool *stop, uint64_t *size_bytes,
                   bool *cut, struct km_err *err);

#endif
