/* read_at.h - a piece of a file, whole.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_READ_AT_H
#define KM_BASE_READ_AT_H

#include <stdint.h>
#include <sys/types.h>

/* Up to `size` bytes at `offset`; fewer only at the file's end. -1: failed,
 * see errno. */
ssize_t km_read_at(int fd, void *out, size_t size, uint64_t offset);

#endif
