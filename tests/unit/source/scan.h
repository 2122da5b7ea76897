/* scan.h - drives a source that reads a folder or database by itself, in a
 * temporary folder that the test fills. Continues feed.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SOURCE_SCAN_H
#define KM_TESTS_SOURCE_SCAN_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed.h"

struct scanned {
    char root[64];
    int root_fd;
    struct fed fed;
    struct km_buf emit_state, state; /* of the last scan */
};

static inline void scan_begin(struct scanned *scanned)
{
    *scanned = (struct scanned){.root = "/tmp/km-test-XXXXXX"};
    if (!mkdtemp(scanned->root)) {
        abort();
    }
    scanned->root_fd = open(scanned->root, O_RDONLY | O_DIRECTORY);
    km_buf_init(&scanned->emit_state, KM_MIB);
    km_buf_init(&scanned->state, KM_MIB);
    scanned->fed.points = calloc(FED_POINTS_MAX, sizeof *scanned->fed.points);
}

/* Writes a file, making the folders above it. `append`: after what is there. */
static inline void scan_write(const struct scanned *scanned, const char *path,
                              const char *text, bool append)
{
    char part[256];
    for (const char *at = path; (at = strchr(at, '/')); at++) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
        (void)mkdirat(scanned->root_fd, part, 0700);
    }
    int fd = openat(scanned->root_fd, path,
                    O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        abort();
    }
    (void)close(fd);
}

/* One import of `path`; goes on from the last one. Points seen before are
 * forgotten. */
static inline enum km_code scan_run(struct scanned *scanned,
                                    const struct km_source_ops *ops,
                                    const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct km_place place = {
        .path = km_str_of(path),
        .folder = {path, slash ? (size_t)(slash - path) : 0},
        .name = km_str_of(name),
        .root_fd = scanned->root_fd};
    struct fed *fed = &scanned->fed;
    struct fed_point *points = fed->points;
    *fed = (struct fed){.points = points};
    struct fed_session session;
    fed_open(
        fed, &session, ops, &place,
        (struct km_str){scanned->emit_state.bytes, scanned->emit_state.len},
        (struct km_str){scanned->state.bytes, scanned->state.len});
    if (fed->code == KM_OK) {
        fed->code = ops->scan(&session.source, &fed->err);
        fed->status = session.source.status;
        fed_take(fed, session.emit);
    }
    if (fed->code == KM_OK) {
        km_buf_reset(&scanned->emit_state);
        km_buf_reset(&scanned->state);
        km_emit_save(session.emit, &scanned->emit_state);
        ops->save(&session.source, &scanned->state);
    }
    fed_close(&session);
    return fed->code;
}

static inline int scan_sniff(const struct scanned *scanned,
                             const struct km_source_ops *ops, const char *path,
                             const char *head)
{
    const char *slash = strrchr(path, '/');
    struct km_place place = {.path = km_str_of(path),
                             .name = km_str_of(slash ? slash + 1 : path),
                             .root_fd = scanned->root_fd};
    struct km_sniff sniff = {&place, km_str_of(head), head == NULL};
    return ops->sniff(&sniff);
}

static int scan_remove(const char *path, const struct stat *st, int kind,
                       struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void scan_end(struct scanned *scanned)
{
    if (nftw(scanned->root, scan_remove, 8, FTW_DEPTH | FTW_PHYS) != 0) {
        abort();
    }
    (void)close(scanned->root_fd);
    km_buf_finish(&scanned->emit_state);
    km_buf_finish(&scanned->state);
    fed_end(&scanned->fed);
}

#endif
