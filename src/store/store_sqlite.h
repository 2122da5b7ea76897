/* store_sqlite.h - what the files of the SQLite backend share.
 *
 * A store is a folder with one database in WAL mode. One connection writes;
 * readers take a connection each from a pool, so that reading verbs run in any
 * thread and inside one another's visitors. A connection has its prepared
 * statements and a chunk codec of its own.
 *
 *     run -< origin, attribute, attempt, series      meta, and who said it
 *     series, attempt -< stream                      summary of their points
 *     stream -< chunk                                summary of 4,096 points
 *     chunk - blob                                   the points, compressed
 *
 * A chunk's id is its stream's key and its place in it, so that the chunks of a
 * stream stand together; blobs stand in the order of writing, in up to
 * sixteen rows each (store_sqlite_merge.c).
 * Verbs get an `err` that is not NULL: store.c sees to it.
 * Ownership: the store owns everything.   Threads: see above.
 * Document: docs/formats/database.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_STORE_SQLITE_H
#define KM_STORE_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "base/limits.h"
#include "store/chunk.h"
#include "store/store.h"
#include "store/store_sqlite_sql.h"

enum {
    KM_SQLITE_CHUNK_BITS = 32, /* of a chunk id: its place in the stream */
    KM_SQLITE_PAGE_BYTES = 4096,
    KM_SQLITE_SMALL_MERGE = 4, /* small chunks that maintain() merges */
    KM_SQLITE_SMALL_MAX = 64,  /* that append() merges at once */
};

struct km_sqlite_connection {
    sqlite3 *db;
    sqlite3_stmt *statements[KM_SQL_COUNT];
    struct km_chunk_codec *codec;
    unsigned char blob[KM_CHUNK_BYTES_MAX]; /* its parts, put together */
    struct km_sqlite_connection *next;      /* in the pool */
};

struct km_sqlite_store {
    struct km_store base;
    const struct km_clock *clock;
    uint64_t quota_bytes;
    enum km_durability durability;
    bool read_only, immutable;
    char *db_path;
    struct km_sqlite_connection *writer; /* NULL when read_only */
    bool grouped;            /* a transaction of several verbs is open */
    int64_t synced_ns;       /* monotonic; durability FAST */
    uint64_t wal_bytes;      /* after the last commit */
    uint64_t wal_bytes_next; /* when the next checkpoint is tried */
    struct km_point points[KM_CHUNK_POINTS_MAX]; /* of the writer */
    unsigned char blob[KM_CHUNK_BYTES_MAX];      /* of the writer */
    pthread_mutex_t pool_lock;
    struct km_sqlite_connection *pool; /* idle readers */
    struct km_sqlite_connection *watcher; /* of generation(); NULL: none yet */
    int pool_count;
};

/* A summary as rows carry it: with the range of times. */
struct km_sqlite_summary {
    struct km_series_summary of;
    int64_t min_time_ns, max_time_ns;
};
void km_sqlite_summary_init(struct km_sqlite_summary *summary);
void km_sqlite_summary_add(struct km_sqlite_summary *summary,
                           const struct km_point *points, size_t count);
void km_sqlite_summary_merge(struct km_sqlite_summary *summary,
                             const struct km_sqlite_summary *later);

static inline struct km_sqlite_store *km_sqlite_of(struct km_store *base)
{
    return (struct km_sqlite_store *)base;
}

/* store_sqlite_schema.c: connections and the schema */
enum km_code km_sqlite_connect(struct km_sqlite_store *store, bool to_write,
                               bool create, struct km_sqlite_connection **out,
                               struct km_err *err);
void km_sqlite_disconnect(struct km_sqlite_connection *connection);
enum km_code km_sqlite_schema_prepare(struct km_sqlite_connection *connection,
                                      const char *path, bool to_write,
                                      bool create, struct km_err *err);

/* store_sqlite_pool.c: readers and transactions. A reader comes with a read
 * transaction, so that a verb sees one state of the store. */
struct km_sqlite_connection *km_sqlite_reader_get(struct km_sqlite_store *store,
                                                  struct km_err *err);
void km_sqlite_reader_put(struct km_sqlite_store *store,
                          struct km_sqlite_connection *reader);
/* SQLite's data_version, which is of a connection that does nothing else. */
enum km_code km_sqlite_generation(struct km_store *base, uint64_t *generation,
                                  struct km_err *err);
enum km_code km_sqlite_begin(struct km_sqlite_store *store, struct km_err *err);
/* Commits when `code` is KM_OK, else rolls back and returns `code`. */
enum km_code km_sqlite_end(struct km_sqlite_store *store, enum km_code code,
                           struct km_err *err);
enum km_code km_sqlite_group_begin(struct km_store *base, struct km_err *err);
enum km_code km_sqlite_group_end(struct km_store *base, enum km_code code,
                                 struct km_err *err);
/* Moves the WAL into the database when it is larger than `above` bytes. */
enum km_code km_sqlite_checkpoint(struct km_sqlite_store *store, uint64_t above,
                                  struct km_err *err);

/* store_sqlite_row.c: what a run's row says, kept true. `*changed` is set when
 * it was not, and then it is mended when `write`. */
enum km_code km_sqlite_run_fold(struct km_sqlite_connection *connection,
                                int64_t run, struct km_err *err);
enum km_code km_sqlite_run_rank(struct km_sqlite_connection *connection,
                                int64_t run, bool write, bool *changed,
                                struct km_err *err);
enum km_code km_sqlite_run_recount(struct km_sqlite_connection *connection,
                                   int64_t run, bool write, bool *changed,
                                   struct km_err *err);

/* store_sqlite_merge.c */
enum km_code km_sqlite_stream_merge(struct km_sqlite_store *store,
                                    int64_t stream, bool *damaged,
                                    struct km_err *err);
enum km_code km_sqlite_chunk_insert(struct km_sqlite_store *store, int64_t id,
                                    const struct km_point *points, size_t count,
                                    struct km_sqlite_summary *summary,
                                    struct km_err *err);
/* Reads a blob and decodes it into the connection's codec. `expected` points,
 * or any number. */
#define KM_SQLITE_POINTS_ANY UINT64_MAX
enum km_code km_sqlite_chunk_load(struct km_sqlite_connection *connection,
                                  int64_t blob, uint64_t expected,
                                  struct km_columns *columns,
                                  struct km_err *err);

/* store_sqlite_remove.c: `runs` gets the keys of the runs concerned; those that
 * no origin names after the batch are purged. */
enum km_code km_sqlite_origin_remove(struct km_sqlite_connection *connection,
                                     uint64_t origin_id, struct km_buf *runs,
                                     struct km_err *err);
enum km_code km_sqlite_runs_purge(struct km_sqlite_connection *connection,
                                  const struct km_buf *runs,
                                  struct km_err *err);
enum km_code km_sqlite_delete_run(struct km_store *base, uint64_t run_id,
                                  struct km_err *err);

/* the other verbs, in the file of the same name */
enum km_code km_sqlite_append(struct km_store *base,
                              const struct km_batch *batch, struct km_err *err);
enum km_code km_sqlite_list_runs(struct km_store *base,
                                 const struct km_run_filter *filter,
                                 km_run_fn visit, void *user,
                                 struct km_err *err);
enum km_code km_sqlite_list_series(struct km_store *base, uint64_t run_id,
                                   km_series_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_sqlite_list_attempts(struct km_store *base, uint64_t run_id,
                                     km_attempt_fn visit, void *user,
                                     struct km_err *err);
enum km_code km_sqlite_list_attributes(struct km_store *base, uint64_t run_id,
                                       km_attribute_fn visit, void *user,
                                       struct km_err *err);
enum km_code km_sqlite_read_points(struct km_store *base, uint64_t series_id,
                                   const struct km_point_range *range,
                                   km_columns_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_sqlite_reduce(struct km_store *base, uint64_t series_id,
                              const struct km_point_range *range,
                              struct km_bucket *buckets, size_t count,
                              struct km_err *err);
enum km_code km_sqlite_read_events(struct km_store *base, uint64_t run_id,
                                   km_event_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_sqlite_read_evaluations(struct km_store *base, uint64_t run_id,
                                        km_evaluation_fn visit, void *user,
                                        struct km_err *err);
void km_sqlite_read_cursor(sqlite3_stmt *rows, struct km_cursor *cursor);
enum km_code km_sqlite_find_cursors(struct km_store *base,
                                    const struct km_cursor *like,
                                    km_cursor_fn visit, void *user,
                                    struct km_err *err);
enum km_code km_sqlite_put_notes(struct km_store *base,
                                 const struct km_note *notes, size_t count,
                                 struct km_err *err);
enum km_code km_sqlite_read_notes(struct km_store *base, struct km_str kind,
                                  uint64_t run_id, km_note_fn visit, void *user,
                                  struct km_err *err);
enum km_code km_sqlite_maintain(struct km_store *base, int64_t budget_ns,
                                bool *more, struct km_err *err);
enum km_code km_sqlite_check(struct km_store *base, bool deep, bool repair,
                             km_finding_fn visit, void *user,
                             struct km_err *err);
enum km_code km_sqlite_usage(struct km_store *base,
                             struct km_store_usage *usage, struct km_err *err);

#endif
