/* test_place.c - nothing outside the named folder is opened. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/source.h"
#include "tap.h"

static char outer[] = "/tmp/km-place-XXXXXX";
static int root_fd = -1;

static void make_file(int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    if (fd >= 0) {
        CHECK(write(fd, "x", 1) == 1);
        (void)close(fd);
    }
}

static void build_folders(void)
{
    CHECK(mkdtemp(outer) != NULL);
    int outer_fd = open(outer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    make_file(outer_fd, "secret");
    CHECK(mkdirat(outer_fd, "root", 0700) == 0);
    root_fd = openat(outer_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(mkdirat(root_fd, "a", 0700) == 0);
    make_file(root_fd, "a/file");
    CHECK(symlinkat("../secret", root_fd, "leak") == 0);
    CHECK(symlinkat("/", root_fd, "slash") == 0);
    CHECK(symlinkat("loop", root_fd, "loop") == 0);
    CHECK(mkfifoat(root_fd, "fifo", 0600) == 0);
    (void)close(outer_fd);
}

static void opens_a_file_below_the_root(void)
{
    const struct km_place place = {.root_fd = root_fd};
    struct km_err err;
    int fd = km_place_open(&place, "a/file", &err);
    char byte = 0;
    CHECK(fd >= 0 && read(fd, &byte, 1) == 1 && byte == 'x');
    (void)close(fd);
}

static void refuses_every_way_out(void)
{
    const struct {
        const char *path;
        enum km_code code;
    } refused[] = {
        {"", KM_EINPUT},          {"/etc/passwd", KM_EINPUT},
        {"../secret", KM_EINPUT}, {"a/../../secret", KM_EINPUT},
        {"leak", KM_EINPUT},      {"slash/etc/passwd", KM_EINPUT},
        {"loop", KM_EINPUT},      {"absent", KM_ENOTFOUND},
        {"a/none", KM_ENOTFOUND},
    };
    const struct km_place place = {.root_fd = root_fd};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct km_err err = {.code = KM_OK};
        CHECK_INT(km_place_open(&place, refused[i].path, &err), -1);
        CHECK_INT(err.code, refused[i].code);
        CHECK(strstr(err.message, refused[i].path) != NULL);
    }
}

static void does_not_wait_for_a_fifo(void)
{
    const struct km_place place = {.root_fd = root_fd};
    int fd = km_place_open(&place, "fifo", NULL);
    CHECK(fd >= 0); /* the caller sees that it is no file */
    (void)close(fd);
}

static void remove_folders(void)
{
    static const char *const names[] = {"root/a/file", "root/leak",
                                        "root/slash",  "root/loop",
                                        "root/fifo",   "secret"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", outer, names[i]);
        CHECK(unlink(path) == 0);
    }
    static const char *const folders[] = {"/root/a", "/root", ""};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", outer, folders[i]);
        CHECK(rmdir(path) == 0);
    }
}

int main(void)
{
    RUN(build_folders);
    RUN(opens_a_file_below_the_root);
    RUN(refuses_every_way_out);
    RUN(does_not_wait_for_a_fifo);
    RUN(remove_folders);
    return tap_end();
}
