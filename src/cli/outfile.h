/* outfile.h - output that goes into a file, whole or not at all.
 *
 * Written beside its place and moved there at the end, so that nobody sees half
 * of it.
 * Errors: KM_EIO, KM_ENOSPACE, KM_ENOTFOUND (no such folder). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_OUTFILE_H
#define KM_CLI_OUTFILE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct km_outfile {
    const char *path;
    char *beside; /* "path.XXXXXX" */
    int fd;
};

enum km_code km_outfile_open(struct km_outfile *file, const char *path,
                             struct km_arena *arena, struct km_err *err);
enum km_code km_outfile_write(struct km_outfile *file, const char *bytes,
                              size_t len, struct km_err *err);
/* Moves it to its place. */
enum km_code km_outfile_commit(struct km_outfile *file, struct km_err *err);
void km_outfile_abandon(struct km_outfile *file);

#endif
