/* store_memory_read.c - the reading verbs of the oracle backend. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "store/store_memory.h"
#include "store/store_rules.h"

static struct km_memory_store *lock_read(struct km_store *base)
{
    struct km_memory_store *store = (struct km_memory_store *)base;
    (void)pthread_rwlock_rdlock(&store->lock);
    return store;
}

static enum km_code unlock(struct km_memory_store *store, enum km_code code)
{
    (void)pthread_rwlock_unlock(&store->lock);
    return code;
}

static enum km_code no_memory(struct km_err *err)
{
    return km_fail(err, KM_EMEMORY, "no memory to read the store");
}

static void widen_time(struct km_run_row *row, int64_t time_ns)
{
    if (time_ns == KM_TIME_ABSENT) {
        return;
    }
    if (row->first_time_ns == KM_TIME_ABSENT || time_ns < row->first_time_ns) {
        row->first_time_ns = time_ns;
    }
    if (time_ns > row->last_time_ns) { /* absent is the least */
        row->last_time_ns = time_ns;
    }
}

static int compare_origins(const void *left, const void *right)
{
    const struct km_memory_origin *a = left, *b = right;
    if (a->meta.created_ns != b->meta.created_ns) {
        return a->meta.created_ns < b->meta.created_ns ? -1 : 1;
    }
    return (a->id > b->id) - (a->id < b->id);
}

/* A copy of the run's origins in the order in which they are folded. */
static struct km_memory_origin *sorted_origins(const struct km_memory_run *run)
{
    size_t bytes = run->origins_count * sizeof *run->origins;
    struct km_memory_origin *sorted = malloc(bytes);
    if (sorted) {
        memcpy(sorted, run->origins, bytes);
        qsort(sorted, run->origins_count, sizeof *sorted, compare_origins);
    }
    return sorted;
}

static bool make_row(const struct km_memory_run *run, struct km_run_row *row)
{
    struct km_memory_origin *origins = sorted_origins(run);
    if (!origins) {
        return false;
    }
    *row = (struct km_run_row){
        .id = run->id,
        .meta = {.created_ns = KM_TIME_ABSENT, .ended_ns = KM_TIME_ABSENT},
        .series_count = run->series_count,
        .attempt_count = (uint32_t)run->attempts_count,
        .first_time_ns = KM_TIME_ABSENT,
        .last_time_ns = KM_TIME_ABSENT,
        .max_step = KM_STEP_ABSENT,
        .added_ns = run->added_ns,
    };
    for (size_t i = 0; i < run->origins_count; i++) {
        km_run_meta_fold(&row->meta, &origins[i].meta);
    }
    free(origins);
    for (size_t i = 0; i < run->streams_count; i++) {
        const struct km_memory_stream *stream = &run->streams[i];
        row->point_count += stream->points_count;
        for (size_t j = 0; j < stream->points_count; j++) {
            widen_time(row, stream->points[j].time_ns);
            if (stream->points[j].step > row->max_step) {
                row->max_step = stream->points[j].step;
            }
        }
    }
    for (size_t i = 0; i < run->events_count; i++) {
        widen_time(row, run->events[i].event.time_ns);
    }
    return true;
}

static int compare_names(const void *left, const void *right)
{
    return km_run_compare(left, right, KM_ORDER_NAME);
}

static int compare_newest(const void *left, const void *right)
{
    return km_run_compare(left, right, KM_ORDER_NEWEST);
}

enum km_code km_memory_list_runs(struct km_store *base,
                                 const struct km_run_filter *filter,
                                 km_run_fn visit, void *user,
                                 struct km_err *err)
{
    struct km_memory_store *store = lock_read(base);
    struct km_run_row *rows = calloc(store->runs_count + 1, sizeof *rows);
    size_t count = 0;
    if (!rows) {
        return unlock(store, no_memory(err));
    }
    for (size_t i = 0; i < store->runs_count; i++) {
        if (!make_row(&store->runs[i], &rows[count])) {
            free(rows);
            return unlock(store, no_memory(err));
        }
        count += km_run_matches(&rows[count], filter);
    }
    qsort(rows, count, sizeof *rows,
          filter->order == KM_ORDER_NEWEST ? compare_newest : compare_names);
    uint64_t end = count;
    if (filter->limit && filter->limit < count) {
        end = filter->skip < count - filter->limit
                  ? filter->skip + filter->limit
                  : count;
    }
    for (uint64_t i = filter->skip; i < end && visit(user, &rows[i]); i++) {
    }
    free(rows);
    return unlock(store, KM_OK);
}

/* Goes through the streams of a series by attempt ordinal; `each` works on one
 * and says whether to go on. What follows belongs to one kind of walk each. */
struct stream_walk {
    bool (*each)(struct stream_walk *walk, const struct km_memory_stream *,
                 uint32_t ordinal);
    const struct km_point_range *range;
    struct split_columns *split; /* to visit columns */
    km_columns_fn visit;
    void *visit_user;
    struct km_bucket *buckets; /* to fill buckets */
    size_t bucket_count;
    struct km_series_summary summary; /* to sum up */
    uint32_t flags;
};

static void walk_series(const struct km_memory_run *run, uint64_t series_id,
                        struct stream_walk *walk)
{
    for (size_t i = 0; i < run->attempts_count; i++) {
        for (size_t j = 0; j < run->streams_count; j++) {
            const struct km_memory_stream *stream = &run->streams[j];
            if (stream->series_id == series_id &&
                stream->attempt_id == run->attempts[i].id &&
                !walk->each(walk, stream, run->attempts[i].ordinal)) {
                return;
            }
        }
    }
}

static bool sum_up(struct stream_walk *walk,
                   const struct km_memory_stream *stream, uint32_t ordinal)
{
    (void)ordinal;
    km_series_summary_add(&walk->summary, stream->points, stream->points_count);
    walk->flags |= stream->flags;
    return true;
}

static int compare_series(const void *left, const void *right)
{
    const struct km_memory_series *a = left, *b = right;
    int order = km_str_compare(a->metric, b->metric);
    return order ? order : km_str_compare(a->labels, b->labels);
}

enum km_code km_memory_list_series(struct km_store *base, uint64_t run_id,
                                   km_series_fn visit, void *user,
                                   struct km_err *err)
{
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = km_memory_run_find(store, run_id);
    size_t count = run ? run->series_count : 0;
    struct km_memory_series *sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted) {
        return unlock(store, no_memory(err));
    }
    if (count) {
        memcpy(sorted, run->series, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_series);
    }
    bool going = true;
    for (size_t i = 0; i < count && going; i++) {
        struct stream_walk walk = {.each = sum_up};
        km_series_summary_init(&walk.summary);
        walk_series(run, sorted[i].id, &walk);
        const struct km_series_row row = {
            .id = sorted[i].id,
            .run_id = run_id,
            .metric = sorted[i].metric,
            .labels = sorted[i].labels,
            .flags = walk.flags,
            .summary = walk.summary,
        };
        going = visit(user, &row);
    }
    free(sorted);
    return unlock(store, KM_OK);
}

enum km_code km_memory_list_attempts(struct km_store *base, uint64_t run_id,
                                     km_attempt_fn visit, void *user,
                                     struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = km_memory_run_find(store, run_id);
    for (size_t i = 0; run && i < run->attempts_count; i++) {
        if (!visit(user, &run->attempts[i])) {
            break;
        }
    }
    return unlock(store, KM_OK);
}

static int compare_attributes(const void *left, const void *right)
{
    const struct km_attribute *a = left, *b = right;
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return km_str_compare(a->key, b->key);
}

/* Folds the attributes of all origins into `folded`; returns how many. */
static size_t fold_attributes(const struct km_memory_run *run,
                              const struct km_memory_origin *origins,
                              struct km_attribute *folded)
{
    size_t count = 0;
    for (size_t i = 0; i < run->origins_count; i++) {
        for (size_t j = 0; j < run->attributes_count; j++) {
            const struct km_memory_attribute *said = &run->attributes[j];
            size_t at = 0;
            if (said->origin_id != origins[i].id) {
                continue;
            }
            while (at < count &&
                   compare_attributes(&folded[at], &said->attribute) != 0) {
                at++;
            }
            folded[at] = said->attribute;
            count += at == count;
        }
    }
    qsort(folded, count, sizeof *folded, compare_attributes);
    return count;
}

enum km_code km_memory_list_attributes(struct km_store *base, uint64_t run_id,
                                       km_attribute_fn visit, void *user,
                                       struct km_err *err)
{
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = km_memory_run_find(store, run_id);
    if (!run) {
        return unlock(store, KM_OK);
    }
    struct km_memory_origin *origins = sorted_origins(run);
    struct km_attribute *folded =
        malloc((run->attributes_count + 1) * sizeof *folded);
    enum km_code code = origins && folded ? KM_OK : no_memory(err);
    if (code == KM_OK) {
        size_t count = fold_attributes(run, origins, folded);
        for (size_t i = 0; i < count && visit(user, &folded[i]); i++) {
        }
    }
    free(origins);
    free(folded);
    return unlock(store, code);
}

struct split_columns {
    int64_t steps[KM_CHUNK_POINTS_MAX], times_ns[KM_CHUNK_POINTS_MAX];
    double values[KM_CHUNK_POINTS_MAX];
};

static bool visit_split(struct stream_walk *walk,
                        const struct km_memory_stream *stream, uint32_t ordinal)
{
    struct split_columns *split = walk->split;
    struct km_columns columns = {.attempt = ordinal,
                                 .steps = split->steps,
                                 .times_ns = split->times_ns,
                                 .values = split->values};
    for (size_t i = 0; i < stream->points_count; i++) {
        const struct km_point *point = &stream->points[i];
        if (km_range_has(walk->range, point->step)) {
            split->steps[columns.count] = point->step;
            split->times_ns[columns.count] = point->time_ns;
            split->values[columns.count++] = point->value;
        }
        if (columns.count == KM_CHUNK_POINTS_MAX ||
            (columns.count && i + 1 == stream->points_count)) {
            if (!walk->visit(walk->visit_user, &columns)) {
                return false;
            }
            columns.count = 0;
        }
    }
    return true;
}

static const struct km_memory_run *
run_of_series(const struct km_memory_store *store, uint64_t series_id)
{
    for (size_t i = 0; i < store->runs_count; i++) {
        for (size_t j = 0; j < store->runs[i].series_count; j++) {
            if (store->runs[i].series[j].id == series_id) {
                return &store->runs[i];
            }
        }
    }
    return NULL;
}

enum km_code km_memory_read_points(struct km_store *base, uint64_t series_id,
                                   const struct km_point_range *range,
                                   km_columns_fn visit, void *user,
                                   struct km_err *err)
{
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = run_of_series(store, series_id);
    struct split_columns *split = malloc(sizeof *split);
    if (!split) {
        return unlock(store, no_memory(err));
    }
    if (run) {
        struct stream_walk walk = {.each = visit_split,
                                   .range = range,
                                   .split = split,
                                   .visit = visit,
                                   .visit_user = user};
        walk_series(run, series_id, &walk);
    }
    free(split);
    return unlock(store, KM_OK);
}

static bool fill_buckets(struct stream_walk *walk,
                         const struct km_memory_stream *stream,
                         uint32_t ordinal)
{
    (void)ordinal;
    for (size_t i = 0; i < stream->points_count; i++) {
        const struct km_point *point = &stream->points[i];
        km_buckets_add(walk->buckets, walk->bucket_count, walk->range,
                       &point->step, &point->value, 1);
    }
    return true;
}

enum km_code km_memory_reduce(struct km_store *base, uint64_t series_id,
                              const struct km_point_range *range,
                              struct km_bucket *buckets, size_t count,
                              struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = run_of_series(store, series_id);
    for (size_t i = 0; i < count; i++) {
        km_bucket_init(&buckets[i]);
    }
    if (run) {
        struct stream_walk walk = {.each = fill_buckets,
                                   .range = range,
                                   .buckets = buckets,
                                   .bucket_count = count};
        walk_series(run, series_id, &walk);
    }
    return unlock(store, KM_OK);
}

enum km_code km_memory_read_events(struct km_store *base, uint64_t run_id,
                                   km_event_fn visit, void *user,
                                   struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run = km_memory_run_find(store, run_id);
    bool going = run != NULL;
    for (size_t i = 0; going && i < run->attempts_count; i++) {
        for (size_t j = 0; going && j < run->events_count; j++) {
            if (run->events[j].attempt_id == run->attempts[i].id) {
                going = visit(user, run->attempts[i].ordinal,
                              &run->events[j].event);
            }
        }
    }
    return unlock(store, KM_OK);
}

static bool visit_evaluations(const struct km_memory_run *run,
                              km_evaluation_fn visit, void *user)
{
    for (size_t i = 0; i < run->attempts_count; i++) {
        for (size_t j = 0; j < run->evaluations_count; j++) {
            if (run->evaluations[j].attempt_id == run->attempts[i].id &&
                !visit(user, run->id, &run->evaluations[j].evaluation)) {
                return false;
            }
        }
    }
    return true;
}

/* The run with the smallest id above `above`, or NULL. */
static const struct km_memory_run *
next_run_by_id(const struct km_memory_store *store, uint64_t above)
{
    const struct km_memory_run *next = NULL;
    for (size_t i = 0; i < store->runs_count; i++) {
        const struct km_memory_run *run = &store->runs[i];
        if (run->id > above && (!next || run->id < next->id)) {
            next = run;
        }
    }
    return next;
}

enum km_code km_memory_read_evaluations(struct km_store *base, uint64_t run_id,
                                        km_evaluation_fn visit, void *user,
                                        struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    const struct km_memory_run *run =
        run_id ? km_memory_run_find(store, run_id) : next_run_by_id(store, 0);
    while (run && visit_evaluations(run, visit, user) && run_id == 0) {
        run = next_run_by_id(store, run->id);
    }
    return unlock(store, KM_OK);
}

enum km_code km_memory_find_cursors(struct km_store *base,
                                    const struct km_cursor *like,
                                    km_cursor_fn visit, void *user,
                                    struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    for (size_t i = 0; i < store->cursors_count; i++) {
        if (km_cursor_matches(&store->cursors[i], like) &&
            !visit(user, &store->cursors[i])) {
            break;
        }
    }
    return unlock(store, KM_OK);
}

enum km_code km_memory_usage(struct km_store *base,
                             struct km_store_usage *usage, struct km_err *err)
{
    (void)err;
    struct km_memory_store *store = lock_read(base);
    usage->runs = store->runs_count;
    usage->sources = store->cursors_count;
    for (size_t i = 0; i < store->runs_count; i++) {
        const struct km_memory_run *run = &store->runs[i];
        usage->series += run->series_count;
        usage->chunks += run->streams_count;
        for (size_t j = 0; j < run->streams_count; j++) {
            usage->points += run->streams[j].points_count;
        }
    }
    usage->bytes_points = usage->points * sizeof(struct km_point);
    usage->bytes_total = usage->bytes_points + store->texts.total;
    return unlock(store, KM_OK);
}
