/* import.c - km_import(): the named paths, one source after the other. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "ingest/ingest_private.h"
#include "source/pattern.h"
#include "source/source.h"

enum { ROOTS_MAX = 100000 };

/* After an import, small chunks are merged for at most this long. */
#define MAINTAIN_NS 2000000000

bool km_ingest_stopped(const struct ingest *in)
{
    return in->options->stop && atomic_load(in->options->stop);
}

/* The worst outcome becomes the exit status of the import. */
static bool is_worse(enum km_code code, enum km_code than)
{
    return km_code_exit(code) > km_code_exit(than);
}

static uint64_t told_key(const char *path)
{
    return km_hash(path, strlen(path), 0) | 1;
}

bool km_ingest_is_told(const struct ingest *in, const char *path)
{
    return km_id_map_find(&in->told, told_key(path)) != KM_ID_ABSENT;
}

/* A followed source counts once, however often it grows. */
static bool is_told(struct ingest *in, const char *path)
{
    if (!in->options->follow) {
        return false;
    }
    bool told = km_ingest_is_told(in, path);
    (void)km_id_map_put(&in->told, told_key(path), 0);
    return told;
}

void km_ingest_item(struct ingest *in, const struct km_import_item *news)
{
    struct km_import_report *report = in->report;
    struct km_import_item own = *news, *item = &own;
    own.again = item->format && is_told(in, item->path);
    if (item->format && !item->again) {
        report->sources++;
        report->unchanged += item->unchanged && item->code == KM_OK;
        report->partial += item->status == KM_SOURCE_PARTIAL;
        report->damaged += item->status == KM_SOURCE_DAMAGED;
    }
    report->failed += item->code != KM_OK && item->code != KM_EINTERRUPTED;
    report->warnings += item->warnings;
    if (is_worse(item->code, report->worst)) {
        report->worst = item->code;
    }
    if (in->options->on_item) {
        in->options->on_item(in->options->user, item);
    }
}

static void walk_failed(void *user, struct km_str path,
                        const struct km_err *err)
{
    (void)path;
    struct ingest *in = user;
    const struct km_import_item item = {
        .path = path.ptr, .code = err->code, .message = err->message};
    km_ingest_item(in, &item);
}

/* Opens the folder that was named, or the one around a named file, so that
 * nothing above it can be reached any more. */
static enum km_code open_root(struct ingest *in, const char *path,
                              struct ingest_root *root, struct km_str *name,
                              struct km_err *err)
{
    struct stat st;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &st) < 0) {
        int why = errno;
        free(real);
        return km_fail_errno(err, why, "%s", path);
    }
    *name = KM_STR("");
    if (!S_ISDIR(st.st_mode)) {
        char *slash = strrchr(real, '/');
        *name =
            km_str_of(km_arena_copy(&in->arena, slash + 1, strlen(slash + 1)));
        slash[slash == real] = '\0';
    }
    char *copy = km_arena_copy(&in->arena, real, strlen(real));
    free(real);
    if (!copy || !name->ptr) {
        return km_fail(err, KM_EMEMORY, "memory for a path could not be had");
    }
    root->path = km_str_of(copy);
    root->fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root->fd < 0 ? km_fail_errno(err, errno, "cannot open %s", copy)
                        : KM_OK;
}

/* A folder that a format takes as a whole is seen from the folder around it,
 * so that its place has a name. */
static enum km_code claim_root(struct ingest *in, struct ingest_root *root,
                               struct km_str *name, struct km_err *err)
{
    const struct km_place place = {
        .path = KM_STR("."), .name = KM_STR("."), .root_fd = root->fd};
    const struct km_sniff sniff = {.place = &place, .is_folder = true};
    if (name->len || root->path.len < 2 || !km_source_detect(&sniff)) {
        return KM_OK;
    }
    char *path = km_arena_copy(&in->arena, root->path.ptr, root->path.len);
    if (!path) {
        return km_fail(err, KM_EMEMORY, "memory for a path could not be had");
    }
    char *slash = strrchr(path, '/');
    *name = km_str_of(slash + 1);
    root->path = slash == path ? KM_STR("/")
                               : km_str_of(km_arena_copy(
                                     &in->arena, path, (size_t)(slash - path)));
    (void)close(root->fd);
    root->fd = open(root->path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root->fd < 0
               ? km_fail_errno(err, errno, "cannot open %s", root->path.ptr)
               : KM_OK;
}

static enum km_code open_roots(struct ingest *in, const char *const *paths,
                               size_t path_count, struct km_str *names,
                               struct km_err *err)
{
    for (size_t i = 0; i < path_count; i++) {
        struct ingest_root *root = &in->roots[i];
        root->fd = -1;
        in->root_count++;
        enum km_code code = open_root(in, paths[i], root, &names[i], err);
        if (code == KM_OK) {
            code = claim_root(in, root, &names[i], err);
        }
        if (code) {
            return code;
        }
    }
    return KM_OK;
}

static int compare_found(const void *a, const void *b)
{
    const struct ingest_found *x = a, *y = b;
    int order = strcmp(x->root->path.ptr, y->root->path.ptr);
    return order ? order : strcmp(x->place.path.ptr, y->place.path.ptr);
}

enum km_code km_ingest_look(struct ingest *in, struct km_err *err)
{
    km_ingest_list_reset(&in->list);
    in->progress.counting = true;
    for (size_t i = 0; i < in->root_count; i++) {
        struct ingest_walk walk = {
            .list = &in->list,
            .root = &in->roots[i],
            .options = in->options,
            .on_error = walk_failed,
            .user = in,
        };
        if (in->has_store_folder) {
            walk.store_device = (uint64_t)in->store_folder.st_dev;
            walk.store_inode = (uint64_t)in->store_folder.st_ino;
        }
        enum km_code code = in->names[i].len
                                ? km_ingest_walk_file(&walk, in->names[i], err)
                                : km_ingest_walk(&walk, err);
        if (code) {
            return code;
        }
    }
    if (in->list.count) {
        qsort(in->list.items, in->list.count, sizeof in->list.items[0],
              compare_found);
    }
    km_ingest_mark_settings(in);
    in->progress.counting = false;
    in->progress.files_found = in->list.count;
    in->progress.bytes_found = 0;
    for (size_t i = 0; i < in->list.count; i++) {
        in->progress.bytes_found += in->list.items[i].place.size_bytes;
    }
    return KM_OK;
}

static bool is_same_place(const struct ingest_found *a,
                          const struct ingest_found *b)
{
    return a->device == b->device && a->inode == b->inode &&
           compare_found(a, b) == 0;
}

/* All files but those of settings, or those alone. */
static enum km_code import_pass(struct ingest *in, bool settings,
                                uint64_t *bytes_before, size_t *done,
                                struct km_err *err)
{
    for (size_t i = 0; i < in->list.count; i++) {
        const struct ingest_found *found = &in->list.items[i];
        if (settings != (found->settings != KM_INGEST_NO_SETTINGS)) {
            continue;
        }
        if (km_ingest_stopped(in)) {
            return km_fail(err, KM_EINTERRUPTED,
                           "stopped after %zu of %zu files", *done,
                           in->list.count);
        }
        if (i > 0 && is_same_place(found, found - 1)) {
            continue; /* named twice */
        }
        enum km_code code =
            km_ingest_source(in, found, in->options->follow, err);
        if (code) {
            return code;
        }
        *bytes_before += found->place.size_bytes;
        in->progress.bytes_done = *bytes_before;
        in->progress.files_done = ++*done;
        if (in->options->on_progress) {
            in->options->on_progress(in->options->user, &in->progress);
        }
    }
    return KM_OK;
}

static enum km_code import_all(struct ingest *in, struct km_err *err)
{
    uint64_t bytes_before = 0;
    size_t done = 0;
    enum km_code code = import_pass(in, false, &bytes_before, &done, err);
    return code ? code : import_pass(in, true, &bytes_before, &done, err);
}

/* Also makes durable what a store in durability FAST has not synced yet. */
static enum km_code maintain(struct ingest *in, struct km_err *err)
{
    bool more = false;
    return in->has_written
               ? km_store_maintain(in->options->store, MAINTAIN_NS, &more, err)
               : KM_OK;
}

static enum km_code refuse_format(struct km_str format, struct km_err *err)
{
    char names[400];
    size_t used = 0;
    for (size_t i = 0; km_sources[i] && used < sizeof names; i++) {
        int len = snprintf(names + used, sizeof names - used, "%s%s",
                           i ? ", " : "", km_sources[i]->name);
        used += len > 0 ? (size_t)len : 0;
    }
    return km_fail(err, KM_EUSAGE, "there is no format \"%.*s\"; there are %s",
                   (int)format.len, format.ptr, names);
}

static enum km_code check_options(const struct km_import_options *options,
                                  struct km_err *err)
{
    if (options->format.len && !km_source_find(options->format)) {
        return refuse_format(options->format, err);
    }
    if (options->source.pattern.len) {
        enum km_code code = km_pattern_check(options->source.pattern, err);
        if (code) {
            return code;
        }
    }
    if (options->project.len &&
        km_name_check(options->project, "the project's name", err)) {
        return err ? err->code : KM_EINPUT;
    }
    if (options->run.len &&
        km_name_check(options->run, "the run's name", err)) {
        return err ? err->code : KM_EINPUT;
    }
    return KM_OK;
}

static enum km_code run(struct ingest *in, const char *const *paths,
                        size_t path_count, struct km_err *err)
{
    struct stat st;
    if (in->options->store_path && stat(in->options->store_path, &st) == 0) {
        in->store_folder = st;
        in->has_store_folder = true;
    }
    in->roots = km_new(&in->arena, struct ingest_root, path_count);
    in->names = km_new(&in->arena, struct km_str, path_count);
    if (!in->roots || !in->names) {
        return km_fail(err, KM_EMEMORY,
                       "memory for the paths could not be had");
    }
    enum km_code code = open_roots(in, paths, path_count, in->names, err);
    if (code == KM_OK) {
        code = km_identity_load(&in->identity, in->options->store, err);
    }
    if (code == KM_OK) {
        code = km_ingest_warnings_load(in, err);
    }
    if (code == KM_OK) {
        code = km_ingest_look(in, err);
    }
    if (code == KM_OK) {
        code = import_all(in, err);
    }
    if (code == KM_OK && in->options->follow) {
        code = km_ingest_follow(in, err);
    }
    if (code == KM_OK || code == KM_EINTERRUPTED) {
        enum km_code kept = maintain(in, code ? NULL : err);
        code = code ? code : kept;
    }
    return code;
}

enum km_code km_import(const struct km_import_options *options,
                       const char *const *paths, size_t path_count,
                       struct km_import_report *report, struct km_err *err)
{
    struct ingest in = {
        .options = options,
        .clock = options->clock ? options->clock : &km_clock_system,
        .report = report,
    };
    *report = (struct km_import_report){0};
    enum km_code code = check_options(options, err);
    if (code) {
        return code;
    }
    if (path_count == 0 || path_count > ROOTS_MAX) {
        return km_fail(err, KM_EUSAGE, "expected 1 to %d paths", ROOTS_MAX);
    }
    int64_t start_ns = km_clock_monotonic_ns(in.clock);
    km_arena_init(&in.arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&in.naming, (size_t)4 * KM_MIB);
    km_id_map_init(&in.told, &in.arena);
    km_id_map_init(&in.warned, &in.arena);
    km_id_map_init(&in.run_ids, &in.arena);
    km_ingest_list_init(&in.list);
    code = run(&in, paths, path_count, err);
    for (size_t i = 0; i < in.live_count; i++) {
        km_ingest_session_close(in.live[i]);
    }
    free(in.live);
    for (size_t i = 0; i < in.root_count; i++) {
        if (in.roots[i].fd >= 0) {
            (void)close(in.roots[i].fd);
        }
    }
    km_identity_finish(&in.identity);
    km_ingest_list_finish(&in.list);
    km_arena_finish(&in.naming);
    km_arena_finish(&in.arena);
    report->elapsed_ns = km_clock_monotonic_ns(in.clock) - start_ns;
    return code;
}
