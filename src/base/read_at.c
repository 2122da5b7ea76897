/* read_at.c - pread until there is enough. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/read_at.h"

#include <errno.h>
#include <unistd.h>

ssize_t km_read_at(int fd, void *out, size_t size, uint64_t offset)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got =
            pread(fd, (char *)out + have, size - have, (off_t)(offset + have));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    return (ssize_t)have;
}
