/* points.c - metrics of a run: each point once, however often it comes.
 *
 * A point beyond all of its series, in step or in time, is new. Any other is
 * looked for: among the points of the store at its step, and among those that
 * wait to be committed. So the common case costs two comparisons. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "source/mlflow_terms.h"
#include "tracking/private.h"

struct doubt {
    const struct km_tracked_point *point;
    uint64_t series_id;
    uint64_t bits;
    int64_t time_ns;
    size_t index; /* in the request */
    bool known;
};

static uint64_t bits_of(double value)
{
    uint64_t bits;
    value = isnan(value) ? (double)NAN : value;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool is_later(const struct km_tracked_metric *metric, int64_t step,
                     int64_t time_ms, double value)
{
    return step != metric->step         ? step > metric->step
           : time_ms != metric->time_ms ? time_ms > metric->time_ms
                                        : value > metric->value;
}

static void note_latest(struct km_tracked_metric *metric, int64_t step,
                        int64_t time_ms, double value)
{
    if (is_later(metric, step, time_ms, value)) {
        metric->step = step;
        metric->time_ms = time_ms;
        metric->value = value;
    }
}

static void metric_init(struct km_tracked_metric *metric,
                        const struct km_tracked_run *run)
{
    metric->series_id =
        km_series_id(run->store_id, km_str_of(metric->key), KM_STR(""));
    metric->step = metric->time_ms = INT64_MIN;
    metric->step_max = metric->time_ms_max = INT64_MIN;
}

static int64_t ms_of(int64_t time_ns)
{
    return time_ns == KM_TIME_ABSENT ? 0 : time_ns / 1000000;
}

static bool take_columns(void *user, const struct km_columns *columns)
{
    struct km_tracked_metric *metric = user;
    for (size_t i = 0; i < columns->count; i++) {
        int64_t ms = ms_of(columns->times_ns[i]);
        note_latest(metric, columns->steps[i], ms, columns->values[i]);
        metric->step_max = columns->steps[i] > metric->step_max
                               ? columns->steps[i]
                               : metric->step_max;
        metric->time_ms_max =
            ms > metric->time_ms_max ? ms : metric->time_ms_max;
    }
    return true;
}

struct knowing {
    struct km_tracker *tracker;
    struct km_tracked_run *run;
    enum km_code code;
    struct km_err *err;
};

static bool take_series(void *user, const struct km_series_row *row)
{
    struct knowing *knowing = user;
    struct km_tracked_run *run = knowing->run;
    if (row->labels.len || row->summary.n == 0) {
        return true;
    }
    bool is_new = km_tracked_metric(run, row->metric) == NULL;
    struct km_tracked_metric *metric = km_tracked_metric_add(run, row->metric);
    if (!metric) {
        knowing->code =
            km_fail(knowing->err, KM_EMEMORY, "no memory for metrics");
        return false;
    }
    if (is_new) {
        metric_init(metric, run);
        int64_t top = row->summary.max_step;
        const struct km_point_range last = {top, top < INT64_MAX ? top + 1
                                                                 : INT64_MAX};
        knowing->code =
            km_store_read_points(knowing->tracker->store, row->id, &last,
                                 take_columns, metric, knowing->err);
    }
    return knowing->code == KM_OK;
}

enum km_code km_tracker_know(struct km_tracker *tracker,
                             struct km_tracked_run *run, struct km_err *err)
{
    struct knowing knowing = {tracker, run, KM_OK, err};
    if (__atomic_load_n(&run->metrics_known, __ATOMIC_ACQUIRE)) {
        return KM_OK;
    }
    pthread_mutex_lock(&tracker->knowing);
    enum km_code code = KM_OK;
    if (!run->metrics_known) {
        code = km_store_list_series(tracker->store, run->store_id, take_series,
                                    &knowing, err);
        code = code ? code : knowing.code;
        __atomic_store_n(&run->metrics_known, code == KM_OK, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&tracker->knowing);
    return code;
}

/* The metric, with all of its series looked at. */
static struct km_tracked_metric *metric_of(struct km_tracker *tracker,
                                           struct km_tracked_run *run,
                                           struct km_str key,
                                           struct km_err *err)
{
    struct km_tracked_metric *metric = km_tracked_metric(run, key);
    if (metric && metric->scanned) {
        return metric;
    }
    bool is_new = !metric;
    metric = is_new ? km_tracked_metric_add(run, key) : metric;
    if (!metric) {
        km_fail(err, KM_EMEMORY, "no memory for metrics");
        return NULL;
    }
    metric->scanned = true;
    if (is_new) {
        metric_init(metric, run);
        return metric;
    }
    static const struct km_point_range all = {INT64_MIN, INT64_MAX};
    return km_store_read_points(tracker->store, metric->series_id, &all,
                                take_columns, metric, err)
               ? NULL
               : metric;
}

/* ---- doubts ---- */

static int compare_doubts(const void *a, const void *b)
{
    const struct doubt *x = a, *y = b;
    const uint64_t keys[][2] = {
        {x->series_id, y->series_id},
        {(uint64_t)x->point->step ^ 1ull << 63,
         (uint64_t)y->point->step ^ 1ull << 63},
        {(uint64_t)x->time_ns, (uint64_t)y->time_ns},
        {x->bits, y->bits},
        {x->index, y->index},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

/* Doubts of one series, sorted. */
struct doubts {
    struct doubt *list;
    size_t count;
};

static void mark(const struct doubts *doubts, int64_t step, int64_t time_ns,
                 double value)
{
    const struct km_tracked_point point = {.step = step};
    const struct doubt wanted = {.point = &point,
                                 .series_id = doubts->list[0].series_id,
                                 .bits = bits_of(value),
                                 .time_ns = time_ns};
    size_t low = 0, high = doubts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_doubts(&doubts->list[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < doubts->count && doubts->list[low].point->step == step &&
        doubts->list[low].time_ns == time_ns &&
        doubts->list[low].bits == wanted.bits) {
        doubts->list[low].known = true;
    }
}

static bool mark_columns(void *user, const struct km_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        mark(user, columns->steps[i], columns->times_ns[i], columns->values[i]);
    }
    return true;
}

static enum km_code settle(struct km_tracker *tracker,
                           const struct km_tracked_session *session,
                           struct doubts doubts, struct km_err *err)
{
    const struct km_batch *batch = km_emit_batch(session->emit);
    int64_t top = doubts.list[doubts.count - 1].point->step;
    const struct km_point_range range = {doubts.list[0].point->step,
                                         top < INT64_MAX ? top + 1 : top};
    for (uint32_t i = 0; i < batch->series_count; i++) {
        const struct km_batch_series *series = &batch->series[i];
        for (size_t k = 0;
             series->id == doubts.list[0].series_id && k < series->count; k++) {
            mark(&doubts, series->points[k].step, series->points[k].time_ns,
                 series->points[k].value);
        }
    }
    enum km_code code =
        km_store_read_points(tracker->store, doubts.list[0].series_id, &range,
                             mark_columns, &doubts, err);
    for (size_t i = 1; i < doubts.count; i++) { /* twice in this request */
        struct doubt *one = &doubts.list[i];
        const struct doubt *before = one - 1;
        one->known |= before->point->step == one->point->step &&
                      before->time_ns == one->time_ns &&
                      before->bits == one->bits;
    }
    return code;
}

static int compare_index(const void *a, const void *b)
{
    const struct doubt *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static void emit_point(struct km_tracked_session *session,
                       const struct km_tracked_point *point)
{
    km_emit_value(session->emit, point->key, point->step,
                  km_mlflow_time(point->time_ms), point->value);
}

static enum km_code settle_all(struct km_tracker *tracker,
                               struct km_tracked_session *session,
                               struct doubt *list, size_t count,
                               struct km_err *err)
{
    if (session->flushed) {
        /* part of it is in a transaction that nobody can read yet */
        return km_fail(err, KM_EBUSY, "too much is under way, retry");
    }
    qsort(list, count, sizeof *list, compare_doubts);
    enum km_code code = KM_OK;
    for (size_t from = 0; from < count && code == KM_OK;) {
        size_t until = from;
        while (until < count && list[until].series_id == list[from].series_id) {
            until++;
        }
        const struct doubts one = {list + from, until - from};
        code = settle(tracker, session, one, err);
        from = until;
    }
    qsort(list, count, sizeof *list, compare_index);
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        const struct km_tracked_point *point = list[i].point;
        if (!list[i].known) {
            emit_point(session, point);
            struct km_tracked_metric *metric =
                km_tracked_metric(session->run, point->key);
            note_latest(metric, point->step, point->time_ms, point->value);
        }
    }
    return code;
}

static enum km_code check(const struct km_tracked_run *run,
                          const struct km_tracked_point *points, size_t count,
                          struct km_err *err)
{
    enum km_code code = KM_OK;
    if (run->metric_count > KM_SERIES_PER_RUN_MAX - 1000) {
        return km_fail(err, KM_ELIMIT, "run %s has %u metrics already", run->id,
                       run->metric_count);
    }
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = km_name_check(points[i].key, "the key of a metric", err);
        if (code == KM_OK && points[i].step == KM_STEP_ABSENT) {
            code = km_fail(err, KM_EINPUT, "a step is out of range");
        }
    }
    return code;
}

enum km_code km_track_points(struct km_tracker *tracker,
                             struct km_tracked_run *run,
                             const struct km_tracked_point *points,
                             size_t count, struct km_arena *scratch,
                             struct km_err *err)
{
    struct doubt *doubts = km_new(scratch, struct doubt, count + 1);
    size_t doubt_count = 0;
    enum km_code code = doubts ? check(run, points, count, err)
                               : km_fail(err, KM_EMEMORY, "no memory");
    code = code ? code : km_tracker_know(tracker, run, err);
    struct km_tracked_session *session =
        code ? NULL : km_tracker_session(tracker, run, err);
    if (!session) {
        return code ? code : KM_EMEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct km_tracked_point *point = &points[i];
        struct km_tracked_metric *metric =
            metric_of(tracker, run, point->key, err);
        if (!metric) {
            tracker->lost = true;
            return KM_EMEMORY;
        }
        bool is_new = point->step > metric->step_max ||
                      point->time_ms > metric->time_ms_max;
        metric->step_max =
            point->step > metric->step_max ? point->step : metric->step_max;
        metric->time_ms_max = point->time_ms > metric->time_ms_max
                                  ? point->time_ms
                                  : metric->time_ms_max;
        if (is_new) {
            emit_point(session, point);
            note_latest(metric, point->step, point->time_ms, point->value);
        } else {
            doubts[doubt_count++] =
                (struct doubt){.point = point,
                               .series_id = metric->series_id,
                               .bits = bits_of(point->value),
                               .time_ns = km_mlflow_time(point->time_ms),
                               .index = i};
        }
    }
    if (doubt_count) {
        code = settle_all(tracker, session, doubts, doubt_count, err);
    }
    if (code == KM_OK && km_emit_full(session->emit)) {
        code = km_emit_checkpoint(session->emit, err);
    }
    return code;
}
