/* book.h - what clients of a tracking API have said, at hand for searches.
 *
 *     experiment   a name, tags; the store's project
 *       run        params, tags, latest metrics, inputs; the store's run
 *       model      a document about a logged model
 *
 * The book is a memory of the store: points, settings and tags of a run rest
 * there as those of any run; what has no place in it (experiments, params as
 * their texts, deletions, models) rests as notes. It is read once at start and
 * changed only by the tracker (tracker.h), note and memory together.
 *
 * Invariants:
 *   1. Pairs are sorted by key, each key once.
 *   2. A run's project in the store is that of its experiment when the run was
 *      made, so a renamed experiment keeps its earlier runs where they are.
 *
 * Ownership: the book's.   Threads: callers hold its lock.
 * Document: docs/protocols/mlflow.md,
 * docs/decisions/0044-tracking-protocols.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TRACKING_BOOK_H
#define KM_TRACKING_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    KM_TRACKED_ID_BYTES = 40, /* "m-" and 32 hexadecimal digits; NUL */
};

struct km_pair {
    char *key, *value;
};

struct km_pairs {
    struct km_pair *list;
    uint32_t count, cap;
};

/* The latest point of a metric: greatest by (step, time, value). */
struct km_tracked_metric {
    char *key;
    uint64_t series_id;
    double value;
    int64_t time_ms, step;
    int64_t step_max, time_ms_max; /* of all points; valid when `scanned` */
    bool scanned;
};

enum km_tracked_status {
    KM_TRACKED_RUNNING = 1,
    KM_TRACKED_SCHEDULED,
    KM_TRACKED_FINISHED,
    KM_TRACKED_FAILED,
    KM_TRACKED_KILLED,
};

struct km_tracked_session; /* tracker.c: how its points go into the store */

struct km_experiment {
    char id[KM_TRACKED_ID_BYTES];
    char *name;
    bool deleted;
    int64_t created_ms, updated_ms;
    struct km_pairs tags;
};

struct km_tracked_run {
    char id[KM_TRACKED_ID_BYTES];
    struct km_experiment *experiment;
    char *project; /* in the store */
    char *name, *user;
    enum km_tracked_status status;
    bool deleted;
    int64_t start_ms, end_ms; /* end 0: none yet */
    uint64_t store_id;
    struct km_pairs params, tags;
    struct km_pairs inputs, outputs; /* JSON by a name of their own */
    struct km_tracked_metric *metrics;
    uint32_t metric_count, metric_cap;
    bool metrics_known; /* read from the store, or the run is new */
    struct km_tracked_session *session;
};

struct km_tracked_model {
    char id[KM_TRACKED_ID_BYTES];
    struct km_experiment *experiment;
    char *name, *type, *source_run, *status, *status_message;
    bool deleted;
    int64_t created_ms, updated_ms;
    struct km_pairs params, tags;
    struct km_pairs metrics; /* JSON of the latest by key, run and data set */
};

struct km_book {
    struct km_experiment **experiments;
    struct km_tracked_run **runs; /* in the order in which they were made */
    struct km_tracked_model **models;
    uint32_t experiment_count, experiment_cap;
    uint32_t run_count, run_cap;
    uint32_t model_count, model_cap;
    uint32_t *run_slots; /* run index + 1 by hash of id; 0: free */
    uint32_t run_slot_count;
};

void km_book_finish(struct km_book *book);

/* New, empty but for its id, and in the book. NULL: no memory. */
struct km_experiment *km_book_experiment(struct km_book *book,
                                         struct km_str id);
struct km_tracked_run *km_book_run(struct km_book *book, struct km_str id);
struct km_tracked_model *km_book_model(struct km_book *book, struct km_str id);

/* NULL: there is none. */
struct km_experiment *km_book_find_experiment(const struct km_book *book,
                                              struct km_str id);
struct km_experiment *km_book_find_named(const struct km_book *book,
                                         struct km_str name);
struct km_tracked_run *km_book_find_run(const struct km_book *book,
                                        struct km_str id);
struct km_tracked_model *km_book_find_model(const struct km_book *book,
                                            struct km_str id);

/* NULL: no such key. */
const char *km_pairs_find(const struct km_pairs *pairs, struct km_str key);
bool km_pairs_put(struct km_pairs *pairs, struct km_str key,
                  struct km_str value);
void km_pairs_remove(struct km_pairs *pairs, struct km_str key);

/* NULL: no such metric. */
struct km_tracked_metric *km_tracked_metric(const struct km_tracked_run *run,
                                            struct km_str key);
struct km_tracked_metric *km_tracked_metric_add(struct km_tracked_run *run,
                                                struct km_str key);

/* Replaces a text of the book; false: no memory. */
bool km_book_text(char **text, struct km_str value);

const char *km_tracked_status_name(enum km_tracked_status status);
/* 0: no such word. */
enum km_tracked_status km_tracked_status_of(struct km_str word);

#endif
