/* outfile.c - a file beside its place, then a rename. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outfile.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum km_code km_outfile_open(struct km_outfile *file, const char *path,
                             struct km_arena *arena, struct km_err *err)
{
    *file = (struct km_outfile){.path = path, .fd = -1};
    file->beside = km_arena_printf(arena, "%s.XXXXXX", path);
    if (!file->beside) {
        return km_fail(err, KM_EMEMORY, "no memory for a path");
    }
    file->fd = mkstemp(file->beside);
    if (file->fd < 0) {
        return km_fail_errno(err, errno, "cannot write %s", path);
    }
    return KM_OK;
}

enum km_code km_outfile_write(struct km_outfile *file, const char *bytes,
                              size_t len, struct km_err *err)
{
    assert(file->fd >= 0);
    while (len) {
        ssize_t done = write(file->fd, bytes, len);
        if (done < 0 && errno != EINTR) {
            return km_fail_errno(err, errno, "cannot write %s", file->path);
        }
        if (done > 0) {
            bytes += done;
            len -= (size_t)done;
        }
    }
    return KM_OK;
}

enum km_code km_outfile_commit(struct km_outfile *file, struct km_err *err)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    int fd = file->fd;
    bool good = fchmod(fd, 0666 & ~mask) == 0;
    file->fd = -1;
    if (close(fd) != 0 || !good || rename(file->beside, file->path) != 0) {
        int why = errno;
        (void)unlink(file->beside);
        return km_fail_errno(err, why, "cannot write %s", file->path);
    }
    return KM_OK;
}

void km_outfile_abandon(struct km_outfile *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
        (void)unlink(file->beside);
        file->fd = -1;
    }
}
