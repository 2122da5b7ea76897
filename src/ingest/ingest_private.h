/* ingest_private.h - what the files of this floor share.
 *
 *     import.c    km_import(): paths -> found[] -> sessions, one by one
 *     walk.c      a folder -> found[], sorted, bounded, nothing outside it
 *     naming.c    a place -> project, run, labels, order among its siblings
 *     identity.c  every cursor of the store, found by path, head or id
 *     open.c      one source: open, recognise, begin
 *     resume.c    what is known of it, and how far it was read
 *     settings.c  which logs a file of settings speaks of
 *     unpack.c    what gzip packed
 *     session.c   feed, commit, report
 *     warnings.c  what was odd, kept for later imports
 *     follow.c    looks again until told to stop
 *
 * Document: docs/formats/cursors.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_INGEST_PRIVATE_H
#define KM_INGEST_INGEST_PRIVATE_H

#include <sys/stat.h>

#include "base/hash.h"
#include "base/id_map.h"
#include "ingest/ingest.h"

/* A folder that the user named, or the one around a named file. */
struct ingest_root {
    struct km_str path; /* absolute, links resolved */
    int fd;
};

/* What a file of settings may speak of, by its name and its neighbours'. */
enum ingest_settings {
    KM_INGEST_NO_SETTINGS,
    KM_INGEST_FOLDER_SETTINGS, /* config.json: of all logs of its folder */
    KM_INGEST_OWN_SETTINGS,    /* NAME.json: of NAME.csv */
};

/* A file, or a folder that a format claims. */
struct ingest_found {
    const struct ingest_root *root;
    struct km_place place; /* texts NUL-terminated, in the walk's arena */
    uint64_t device, inode;
    const struct km_source_ops *ops; /* known already for folders */
    bool is_folder;
    bool is_named; /* by the user, not found by walking */
    enum ingest_settings settings;
};

struct ingest_list {
    struct km_arena arena; /* paths */
    struct ingest_found *items;
    size_t count, cap;
};

struct ingest_walk {
    struct ingest_list *list;
    const struct ingest_root *root;
    const struct km_import_options *options;
    uint64_t store_device, store_inode; /* that folder is left out */
    void (*on_error)(void *user, struct km_str path, const struct km_err *err);
    void *user;
};

void km_ingest_list_init(struct ingest_list *list);
void km_ingest_list_reset(struct ingest_list *list);
void km_ingest_list_finish(struct ingest_list *list);

/* Adds all that is below `path` (relative, empty: the root itself). */
enum km_code km_ingest_walk(struct ingest_walk *walk, struct km_err *err);
enum km_code km_ingest_walk_file(struct ingest_walk *walk, struct km_str name,
                                 struct km_err *err);

/* Where what is found at a place belongs. Texts are in `arena`. */
struct ingest_name {
    struct km_str project, external_id, labels, order_key;
};
bool km_ingest_name(const struct ingest_found *found,
                    enum km_source_scope scope,
                    const struct km_import_options *options,
                    struct km_arena *arena, struct ingest_name *name);

/* What is kept of a cursor in memory; its state is fetched when needed. */
struct ingest_known {
    struct km_cursor cursor; /* .state is empty */
    uint64_t mark;           /* km_cursor_mark() of it as stored */
    uint64_t device, inode;  /* of the file when it was read last */
    uint32_t next_of_head;   /* chain of those with the same head */
    uint32_t next_of_path;
    bool is_gone, is_looked_for; /* whether its file is still there */
};

struct ingest_identity {
    struct km_arena arena;
    struct ingest_known *items;
    uint32_t count, cap;
    struct km_id_map by_id, by_path, by_head;
};

/* Reads every cursor of the store. */
enum km_code km_identity_load(struct ingest_identity *identity,
                              struct km_store *store, struct km_err *err);
/* Reads the cursor of one source again. */
enum km_code km_identity_reload(struct ingest_identity *identity,
                                struct km_store *store, uint64_t source_id,
                                struct km_err *err);
/* What a guarded batch of the source goes on from; 0: it has no cursor. */
uint64_t km_identity_mark(struct ingest_identity *identity, uint64_t source_id);
void km_identity_finish(struct ingest_identity *identity);

/* The first one (lowest id) last seen at `path`; NULL when there is none. */
struct ingest_known *km_identity_at_path(struct ingest_identity *identity,
                                         struct km_str path);
struct ingest_known *km_identity_of_id(struct ingest_identity *identity,
                                       uint64_t source_id);
struct ingest_known *km_identity_of_head(struct ingest_identity *identity,
                                         uint32_t head_len, uint64_t head_hash);
struct ingest_known *km_identity_next(struct ingest_identity *identity,
                                      const struct ingest_known *known);
bool km_identity_is_gone(struct ingest_known *known);

/* Remembers a committed cursor; false when memory is short. */
bool km_identity_put(struct ingest_identity *identity,
                     const struct km_cursor *cursor, uint64_t device,
                     uint64_t inode);

/* How many first bytes name a file of `size` bytes: a power of two, so that
 * few lengths have to be tried; 0: too short to be told apart. */
uint32_t km_head_len(uint64_t size);

/* Warnings of a source that the store keeps. */
struct ingest_warned {
    uint64_t count;
    struct km_str json; /* empty when they are not to be told */
};

/* One import. */
struct ingest {
    const struct km_import_options *options;
    const struct km_clock *clock;
    struct km_import_report *report;
    struct km_import_progress progress;
    struct ingest_identity identity;
    struct ingest_list list;
    struct ingest_root *roots;
    struct km_str *names; /* of the file below each root; empty: all */
    size_t root_count;
    struct km_arena arena;    /* roots and what lasts as long as the import */
    struct km_arena naming;   /* emptied for each source */
    struct km_id_map run_ids; /* runs touched, to count them */
    struct km_id_map told;    /* sources told of, when they are followed */
    struct km_id_map warned;  /* by source id, into warned_of */
    struct ingest_warned *warned_of;
    uint32_t warned_count, warned_cap;
    struct stat store_folder;
    bool has_store_folder, has_written;
    struct ingest_session **live; /* followed sources, kept open */
    size_t live_count;
    uint64_t live_clock;
};

/* Reads one source as far as it goes now. Failures of the file go into the
 * report; a failure of the store is returned. `keep_open`: lines without an
 * end are left for later, and the session stays live. */
enum km_code km_ingest_source(struct ingest *in,
                              const struct ingest_found *found, bool keep_open,
                              struct km_err *err);
enum km_code km_ingest_session_more(struct ingest *in,
                                    struct ingest_session *session,
                                    const struct ingest_found *found,
                                    struct km_err *err);
bool km_ingest_is_overtaken(const struct ingest_session *session);
struct km_str km_ingest_session_path(const struct ingest_session *session);
void km_ingest_session_close(struct ingest_session *session);

enum km_code km_ingest_follow(struct ingest *in, struct km_err *err);
bool km_ingest_stopped(const struct ingest *in);
bool km_ingest_is_told(const struct ingest *in, const char *path);
void km_ingest_item(struct ingest *in, const struct km_import_item *news);

/* Which sources have warnings in the store. */
enum km_code km_ingest_warnings_load(struct ingest *in, struct km_err *err);

/* Marks the files of in->list that may be settings: they are read last. */
void km_ingest_mark_settings(struct ingest *in);

/* Walks all roots again into in->list, sorted by path. */
enum km_code km_ingest_look(struct ingest *in, struct km_err *err);

#endif
