/* place.c - opens files below the named folder and nowhere else.
 *
 * The kernel does it in one step where it can (openat2, Linux 5.6). Elsewhere
 * the path is walked part by part, no part may be a link, and ".." is refused:
 * stricter, never laxer. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "source/source.h"

/* O_NONBLOCK: opening a FIFO that took the place of a file must not wait. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

static int open_beneath(int root_fd, const char *path)
{
    struct open_how how = {
        .flags = OPEN_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    do {
        fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return (int)fd;
}

/* Opens `part` in the folder; no link is followed. */
static int open_part(int folder_fd, const char *part, size_t len, bool last)
{
    char name[KM_PATH_BYTES_MAX];
    if (len == 0 || len >= sizeof name ||
        (len == 2 && part[0] == '.' && part[1] == '.')) {
        errno = len >= sizeof name ? ENAMETOOLONG : EXDEV;
        return -1;
    }
    memcpy(name, part, len);
    name[len] = '\0';
    int flags = OPEN_FLAGS | O_NOFOLLOW | (last ? 0 : O_DIRECTORY);
    int fd;
    do {
        fd = openat(folder_fd, name, flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int open_by_parts(int root_fd, const char *path)
{
    int fd = -1;
    int folder_fd = root_fd;
    while (*path) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        fd = open_part(folder_fd, path, len, last);
        int why = errno;
        if (folder_fd != root_fd) {
            (void)close(folder_fd);
        }
        errno = why;
        if (fd < 0 || last) {
            return fd;
        }
        folder_fd = fd;
        path += len + 1;
    }
    if (folder_fd != root_fd) {
        (void)close(folder_fd);
    }
    errno = EXDEV;
    return -1;
}

int km_place_open(const struct km_place *place, const char *relative,
                  struct km_err *err)
{
    if (relative[0] == '\0' || relative[0] == '/') {
        km_fail(err, KM_EINPUT, "%s: expected a path below the named folder",
                relative);
        return -1;
    }
    int fd = open_beneath(place->root_fd, relative);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        fd = open_by_parts(place->root_fd, relative);
    }
    if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
        km_fail(err, KM_EINPUT, "%s leads out of the named folder", relative);
        return -1;
    }
    if (fd < 0) {
        km_fail_errno(err, errno, "cannot open %s", relative);
    }
    return fd;
}
