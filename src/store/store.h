/* store.h - where records rest: one contract, several backends.
 *
 * A backend is called only through store.c, which asserts the contract, so that
 * every backend is held to the same words. The conformance suite
 * (tests/conformance) runs against all of them; store_memory is the oracle.
 *
 *   - append() is atomic: records and cursor, all or nothing, durable and
 *     visible before it returns (durability FAST: durable against the death of
 *     the process at once, against power loss within a second).
 *   - A guarded batch is refused with ECONFLICT when the cursor of its origin
 *     is no longer the one that it goes on from.
 *   - What is appended and noted between group_begin() and group_end() is
 *     durable and visible when group_end() returns KM_OK: many requests, one
 *     transaction. A group of which a part failed must be ended with that
 *     code, and leaves nothing.
 *   - Else, appending under an origin id whose cursor was already stored is the
 *     caller's business: a store adds what it is given, and with `replace`
 *     first removes what the origin brought before.
 *   - A series' points stand in attempt order, then order of arrival.
 *   - Refuse the next verb.
 *
 * Ownership: texts handed to visitors live for the length of the call.
 * Threads: append, put_notes, delete_run, maintain from one thread at a time
 * (the writer); the reading verbs from any thread, each call on its own.
 * Errors: KM_ECONFLICT, KM_EIO, KM_ENOSPACE, KM_ECORRUPT, KM_EBUSY, KM_EMEMORY,
 * KM_EFORMAT. Document: docs/formats.md#database */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_STORE_H
#define KM_STORE_STORE_H

#include "base/buf.h"
#include "base/clock.h"
#include "model/batch.h"

enum { KM_STORE_OPS_VERSION = 3 };

enum km_durability { KM_DURABILITY_FULL, KM_DURABILITY_FAST };

struct km_store_options {
    const char *path; /* a directory; ignored by store_memory */
    bool create;      /* make it when it is not there */
    bool read_only;   /* never writes, never locks out a writer */
    enum km_durability durability;
    const struct km_clock *clock; /* NULL: the system's */
    uint64_t quota_bytes;         /* 0: none; beyond: append gives ENOSPACE */
};

/* Mergeable, over all points ever stored, in the store's order. min, max, sum:
 * finite values only (NaN, NaN, 0 when there are none). Steps always, times
 * only where present. */
struct km_series_summary {
    uint64_t n, n_nan, n_posinf, n_neginf;
    double first, last, min, max, sum;
    int64_t first_step, last_step, min_step, max_step;
    int64_t first_time_ns, last_time_ns;
};
void km_series_summary_init(struct km_series_summary *summary);
void km_series_summary_add(struct km_series_summary *summary,
                           const struct km_point *points, size_t count);
/* `later` stands behind `summary` in the series. */
void km_series_summary_merge(struct km_series_summary *summary,
                             const struct km_series_summary *later);

struct km_run_row {
    uint64_t id;
    struct km_run_meta meta;
    uint64_t series_count, point_count;
    uint32_t attempt_count;
    int64_t first_time_ns, last_time_ns; /* of its points and events */
    int64_t max_step;                    /* KM_STEP_ABSENT without points */
    int64_t added_ns;                    /* when the store first saw it */
};

enum km_run_order { KM_ORDER_NAME, KM_ORDER_NEWEST };

struct km_run_filter {
    struct km_str project;  /* empty: all */
    struct km_str contains; /* in project/name, external id or group */
    uint64_t id;            /* 0: any */
    enum km_run_order order;
    uint64_t skip, limit; /* limit 0: all */
};

struct km_series_row {
    uint64_t id, run_id;
    struct km_str metric, labels;
    uint32_t flags;
    struct km_series_summary summary;
};

struct km_attempt_row {
    uint64_t id, run_id, origin_id;
    uint32_t ordinal; /* 0-based rank in the run, see model/batch.h */
    uint32_t part;
    int64_t origin_start_ns, start_ns, restart_step;
    struct km_str order_key, reason;
};

/* A run of consecutive points of one series and attempt, as columns. */
struct km_columns {
    uint32_t attempt; /* ordinal */
    size_t count;
    const int64_t *steps;
    const int64_t *times_ns;
    const double *values;
};

struct km_point_range {
    int64_t step_low, step_high; /* [low, high); INT64_MIN, INT64_MAX: all */
};

/* One bucket of an M4 reduction: exact extremes and ends of its points. */
struct km_bucket {
    uint64_t n, n_nonfinite;
    int64_t first_step, last_step, min_step, max_step;
    double first, last, min, max, sum;
};

/* Visitors return true to go on, false to stop (which is not an error). */
typedef bool (*km_run_fn)(void *user, const struct km_run_row *run);
typedef bool (*km_series_fn)(void *user, const struct km_series_row *series);
typedef bool (*km_attempt_fn)(void *user, const struct km_attempt_row *row);
typedef bool (*km_columns_fn)(void *user, const struct km_columns *columns);
typedef bool (*km_attribute_fn)(void *user, const struct km_attribute *row);
typedef bool (*km_event_fn)(void *user, uint32_t attempt,
                            const struct km_event *event);
typedef bool (*km_evaluation_fn)(void *user, uint64_t run_id,
                                 const struct km_evaluation *row);
typedef bool (*km_cursor_fn)(void *user, const struct km_cursor *cursor);

/* A document that the product itself keeps beside what was logged: a goal, a
 * forecast that was made. (kind, run, key) names it. */
struct km_note {
    uint64_t run_id;    /* whose; goes with the run. 0: of no run */
    struct km_str kind; /* "goal", "forecast"; a name as km_name_check() */
    struct km_str key;  /* a name, unique within kind and run */
    int64_t time_ns;    /* when it was made, or KM_TIME_ABSENT */
    struct km_str json; /* at most KM_NOTE_BYTES_MAX; empty: delete it */
};
typedef bool (*km_note_fn)(void *user, const struct km_note *note);

/* What km doctor reports; `text` is one sentence. */
typedef void (*km_finding_fn)(void *user, enum km_code code, const char *text);

struct km_store_usage {
    uint64_t runs, series, points, chunks, sources;
    uint64_t bytes_total, bytes_points; /* on disk; blobs alone */
};

struct km_store {
    const struct km_store_ops *ops;
};

struct km_store_ops {
    const char *name; /* "memory", "sqlite" */
    int version;      /* KM_STORE_OPS_VERSION when it was written */

    enum km_code (*append)(struct km_store *, const struct km_batch *,
                           struct km_err *);
    /* Between them append() and put_notes() share one transaction. NULL, both:
     * each stands for itself (the memory store, which no crash survives). */
    enum km_code (*group_begin)(struct km_store *, struct km_err *);
    enum km_code (*group_end)(struct km_store *, enum km_code code,
                              struct km_err *);
    enum km_code (*list_runs)(struct km_store *, const struct km_run_filter *,
                              km_run_fn, void *user, struct km_err *);
    enum km_code (*list_series)(struct km_store *, uint64_t run_id,
                                km_series_fn, void *user, struct km_err *);
    enum km_code (*list_attempts)(struct km_store *, uint64_t run_id,
                                  km_attempt_fn, void *user, struct km_err *);
    enum km_code (*list_attributes)(struct km_store *, uint64_t run_id,
                                    km_attribute_fn, void *user,
                                    struct km_err *);
    enum km_code (*read_points)(struct km_store *, uint64_t series_id,
                                const struct km_point_range *, km_columns_fn,
                                void *user, struct km_err *);
    /* Fills `count` buckets of equal width over [low, high) of step. */
    enum km_code (*reduce)(struct km_store *, uint64_t series_id,
                           const struct km_point_range *,
                           struct km_bucket *buckets, size_t count,
                           struct km_err *);
    enum km_code (*read_events)(struct km_store *, uint64_t run_id, km_event_fn,
                                void *user, struct km_err *);
    /* run_id 0: of all runs. */
    enum km_code (*read_evaluations)(struct km_store *, uint64_t run_id,
                                     km_evaluation_fn, void *user,
                                     struct km_err *);
    /* All cursors whose source_id, or (head_len, head_hash), or path match;
     * all zero and empty: every cursor. */
    enum km_code (*find_cursors)(struct km_store *,
                                 const struct km_cursor *like, km_cursor_fn,
                                 void *user, struct km_err *);
    enum km_code (*delete_run)(struct km_store *, uint64_t run_id,
                               struct km_err *);
    /* Merges small chunks and gives back space, for at most budget_ns; *more
     * says whether work is left. */
    enum km_code (*maintain)(struct km_store *, int64_t budget_ns, bool *more,
                             struct km_err *);
    /* Takes or renews `name` for `owner` until now + ttl; EBUSY when another
     * holds it. ttl 0 gives it back. */
    enum km_code (*lease)(struct km_store *, struct km_str name,
                          struct km_str owner, int64_t ttl_ns, struct km_err *);
    /* Puts each note in place of one of the same name, or deletes it: all or
     * none, durable as append is. ENOTFOUND when a run is not there. */
    enum km_code (*put_notes)(struct km_store *, const struct km_note *notes,
                              size_t count, struct km_err *);
    /* Notes of a kind; run_id 0: of every run and of none. By run, time
     * (absent first) and key. */
    enum km_code (*read_notes)(struct km_store *, struct km_str kind,
                               uint64_t run_id, km_note_fn, void *user,
                               struct km_err *);
    /* Verifies; `deep` decodes every chunk and recomputes every summary;
     * `repair` mends what can be mended without inventing anything. */
    enum km_code (*check)(struct km_store *, bool deep, bool repair,
                          km_finding_fn, void *user, struct km_err *);
    enum km_code (*usage)(struct km_store *, struct km_store_usage *,
                          struct km_err *);
    /* A number that is another one when anything was committed since, by this
     * process or another. Cheap: for who looks again and again. */
    enum km_code (*generation)(struct km_store *, uint64_t *generation,
                               struct km_err *);
    void (*close)(struct km_store *); /* frees the store */
};

/* Opens a store; NULL with `err` on failure. */
struct km_store *km_store_open_sqlite(const struct km_store_options *options,
                                      struct km_err *err);
struct km_store *km_store_open_memory(const struct km_store_options *options,
                                      struct km_err *err);
void km_store_close(struct km_store *store); /* accepts NULL */

/* The verbs, as in the table, with the contract asserted (store.c). */
enum km_code km_store_append(struct km_store *store,
                             const struct km_batch *batch, struct km_err *err);
enum km_code km_store_group_begin(struct km_store *store, struct km_err *err);
/* Commits when `code` is KM_OK, else undoes the group and returns `code`. */
enum km_code km_store_group_end(struct km_store *store, enum km_code code,
                                struct km_err *err);
enum km_code km_store_list_runs(struct km_store *store,
                                const struct km_run_filter *filter,
                                km_run_fn visit, void *user,
                                struct km_err *err);
enum km_code km_store_list_series(struct km_store *store, uint64_t run_id,
                                  km_series_fn visit, void *user,
                                  struct km_err *err);
enum km_code km_store_list_attempts(struct km_store *store, uint64_t run_id,
                                    km_attempt_fn visit, void *user,
                                    struct km_err *err);
enum km_code km_store_list_attributes(struct km_store *store, uint64_t run_id,
                                      km_attribute_fn visit, void *user,
                                      struct km_err *err);
enum km_code km_store_read_points(struct km_store *store, uint64_t series_id,
                                  const struct km_point_range *range,
                                  km_columns_fn visit, void *user,
                                  struct km_err *err);
enum km_code km_store_reduce(struct km_store *store, uint64_t series_id,
                             const struct km_point_range *range,
                             struct km_bucket *buckets, size_t count,
                             struct km_err *err);
enum km_code km_store_read_events(struct km_store *store, uint64_t run_id,
                                  km_event_fn visit, void *user,
                                  struct km_err *err);
enum km_code km_store_read_evaluations(struct km_store *store, uint64_t run_id,
                                       km_evaluation_fn visit, void *user,
                                       struct km_err *err);
enum km_code km_store_find_cursors(struct km_store *store,
                                   const struct km_cursor *like,
                                   km_cursor_fn visit, void *user,
                                   struct km_err *err);
enum km_code km_store_delete_run(struct km_store *store, uint64_t run_id,
                                 struct km_err *err);
enum km_code km_store_maintain(struct km_store *store, int64_t budget_ns,
                               bool *more, struct km_err *err);
enum km_code km_store_lease(struct km_store *store, struct km_str name,
                            struct km_str owner, int64_t ttl_ns,
                            struct km_err *err);
enum km_code km_store_put_notes(struct km_store *store,
                                const struct km_note *notes, size_t count,
                                struct km_err *err);
enum km_code km_store_read_notes(struct km_store *store, struct km_str kind,
                                 uint64_t run_id, km_note_fn visit, void *user,
                                 struct km_err *err);
enum km_code km_store_check(struct km_store *store, bool deep, bool repair,
                            km_finding_fn visit, void *user,
                            struct km_err *err);
enum km_code km_store_usage(struct km_store *store,
                            struct km_store_usage *usage, struct km_err *err);
enum km_code km_store_generation(struct km_store *store, uint64_t *generation,
                                 struct km_err *err);

#endif
