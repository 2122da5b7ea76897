/* fuzz_sqlite.c - any bytes as a tracker's database, and the same file scanned
 * a second time: no crash, no point twice. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "feed_source.h"

#include <fcntl.h>
#include <unistd.h>

#include "source/sqlite_source.h"

static size_t points;

static enum km_code count(void *user, struct km_batch *batch,
                          struct km_err *err)
{
    (void)user;
    (void)err;
    points += batch->point_count;
    return KM_OK;
}

/* One scan; keeps the source's place in `saved`. */
static enum km_code scan_once(const struct km_place *place,
                              struct km_buf *saved)
{
    const struct km_emit_options options = {
        .origin_id = 7,
        .run = {.project = KM_STR("p"),
                .external_id = KM_STR("r"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .flush = count};
    const struct km_source_options choices = {.salvage = false};
    struct km_err err = {.code = KM_OK};
    struct km_emit *emit = km_emit_create(&options, &err);
    struct km_source source = {.ops = &km_source_sqlite,
                               .place = place,
                               .options = &choices,
                               .emit = emit};
    km_arena_init(&source.arena, 64 * KM_MIB);
    source.state = calloc(1, km_source_sqlite.state_bytes);
    enum km_code code = km_source_sqlite.begin(
        &source, (struct km_str){saved->bytes, saved->len}, &err);
    code = code ? code : km_source_sqlite.scan(&source, &err);
    code = code ? code : km_emit_checkpoint(emit, &err);
    km_buf_reset(saved);
    if (code == KM_OK) {
        km_source_sqlite.save(&source, saved);
    }
    km_source_sqlite.finish(&source);
    free(source.state);
    km_arena_finish(&source.arena);
    km_emit_destroy(emit);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char folder[] = "/tmp/km-fuzz-XXXXXX";
    if (len > 1 << 17 || !mkdtemp(folder)) {
        return 0;
    }
    int root_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(root_fd, "a.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (root_fd < 0 || fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
        abort();
    }
    (void)close(fd);
    const struct km_place place = {.path = KM_STR("a.db"),
                                   .name = KM_STR("a.db"),
                                   .size_bytes = len,
                                   .root_fd = root_fd};
    struct km_buf saved;
    km_buf_init(&saved, KM_MIB);
    points = 0;
    if (scan_once(&place, &saved) == KM_OK && saved.len) {
        size_t first = points;
        (void)scan_once(&place, &saved);
        if (points != first) {
            abort();
        }
    }
    km_buf_finish(&saved);
    (void)unlinkat(root_fd, "a.db", 0);
    (void)close(root_fd);
    (void)rmdir(folder);
    return 0;
}
