/* body.h - a body as it was before it was packed.
 *
 * Ownership: the arena.   Threads: any.
 * Errors: KM_EFORMAT (an encoding that is not spoken), KM_ECORRUPT, KM_ELIMIT
 * (more than `max` bytes, or more than 100 times the packed ones). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_BODY_H
#define KM_HTTP_BODY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* `encoding`: a Content-Encoding: NULL, identity, gzip or zstd. */
enum km_code km_body_unpack(const char *encoding, struct km_str packed,
                            size_t max, struct km_arena *arena,
                            struct km_str *out, struct km_err *err);

#endif
