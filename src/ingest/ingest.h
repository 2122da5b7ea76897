/* ingest.h - drives sources into a store: walk, recognise, resume, commit.
 *
 * A path becomes sources, sources become batches, each batch and its cursor are
 * committed together: importing a file twice, renamed, or after it has grown is
 * exact, in any order. Nothing outside the named folder is opened.
 * Threads: one import at a time per store (it is the writer).
 * Errors: those of single files are collected in the report and do not stop the
 * others; a failing store does. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_INGEST_H
#define KM_INGEST_INGEST_H

#include <stdatomic.h>

#include "source/source.h"
#include "store/store.h"

/* What became of one source. */
struct km_import_item {
    const char *path;
    const char *format; /* NULL: not recognised */
    enum km_code code;  /* KM_OK, or why it failed or stopped */
    const char *message;
    enum km_source_status status;
    bool unchanged; /* everything was there already */
    bool renamed;   /* known under another path */
    bool again;     /* told of before: it is followed, and grew */
    uint64_t points, bytes, skipped_bytes, warnings;
};

struct km_import_progress {
    uint64_t files_found, files_done, bytes_found, bytes_done, points;
    bool counting; /* the walk goes on: the totals still grow */
};

struct km_import_options {
    struct km_store *store;
    const char *store_path; /* its folder, left out of walks; may be NULL */
    const struct km_clock *clock;
    struct km_str project; /* empty: from the folder's name */
    struct km_str run;     /* empty: from each file's place */
    struct km_str format;  /* empty: by content */
    struct km_source_options source;
    bool recall_warnings; /* tell also those of unchanged sources */
    bool follow;          /* stay and read what is added, until `stop` */
    int64_t poll_ns;      /* how often follow looks; 0: 1 s */
    atomic_bool *stop;    /* set by a signal handler; may be NULL */
    /* Any of these may be NULL. */
    void (*on_item)(void *user, const struct km_import_item *item);
    void (*on_progress)(void *user, const struct km_import_progress *progress);
    void (*on_warning)(void *user, const char *path, uint64_t offset,
                       const char *text);
    /* Following, after each look, with the points read so far; on the
     * writer's thread. */
    void (*on_look)(void *user, uint64_t points);
    void *user;
};

struct km_import_report {
    uint64_t sources, unchanged, failed, partial, damaged;
    uint64_t unrecognised; /* files that no format claims */
    uint64_t lfs_pointers; /* Git LFS pointers found instead of files */
    uint64_t runs, points, evaluations, events, bytes, warnings;
    uint64_t warnings_before; /* of sources that are unchanged since */
    int64_t elapsed_ns;
    enum km_code worst; /* of all items: becomes the exit status */
};

/* Imports files and folders. Fails only when nothing can go on (the store, a
 * path that is not there). */
enum km_code km_import(const struct km_import_options *options,
                       const char *const *paths, size_t path_count,
                       struct km_import_report *report, struct km_err *err);

#endif
