/* store.c - the only door to a backend: asserts the contract of store.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <assert.h>

#include "base/limits.h"
#include "store/store_rules.h"

/* A backend always has somewhere to write its sentence. */
#define KM_SOME(err) ((err) ? (err) : &(struct km_err){.code = KM_OK})

static const struct km_store_ops *ops_of(const struct km_store *store)
{
    assert(store && store->ops);
    assert(store->ops->version == KM_STORE_OPS_VERSION);
    return store->ops;
}

void km_store_close(struct km_store *store)
{
    if (store) {
        ops_of(store)->close(store);
    }
}

static void assert_batch(const struct km_batch *batch)
{
    size_t points = 0;
    assert(batch->origin_id != 0 && batch->origin_id >> 63 == 0);
    for (uint32_t i = 0; i < batch->run_count; i++) {
        const struct km_run_meta *meta = &batch->runs[i].meta;
        assert(meta->project.len && meta->external_id.len);
        assert(batch->runs[i].id ==
               km_run_id(meta->project, meta->external_id));
    }
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        assert(batch->attempts[i].run < batch->run_count);
    }
    for (uint32_t i = 0; i < batch->series_count; i++) {
        const struct km_batch_series *series = &batch->series[i];
        assert(series->run < batch->run_count);
        assert(series->attempt < batch->attempt_count);
        assert(batch->attempts[series->attempt].run == series->run);
        assert(series->metric.len > 0);
        points += series->count;
    }
    assert(points == batch->point_count);
    for (uint32_t i = 0; i < batch->event_count; i++) {
        assert(batch->events[i].run < batch->run_count);
        assert(batch->events[i].attempt < batch->attempt_count);
    }
    for (uint32_t i = 0; i < batch->evaluation_count; i++) {
        assert(batch->evaluations[i].run < batch->run_count);
        assert(batch->evaluations[i].attempt < batch->attempt_count);
    }
    assert(!batch->has_cursor || batch->cursor.source_id == batch->origin_id);
}

enum km_code km_store_append(struct km_store *store,
                             const struct km_batch *batch, struct km_err *err)
{
    assert_batch(batch);
    return ops_of(store)->append(store, batch, KM_SOME(err));
}

enum km_code km_store_group_begin(struct km_store *store, struct km_err *err)
{
    const struct km_store_ops *ops = ops_of(store);
    assert(!ops->group_begin == !ops->group_end);
    return ops->group_begin ? ops->group_begin(store, KM_SOME(err)) : KM_OK;
}

enum km_code km_store_group_end(struct km_store *store, enum km_code code,
                                struct km_err *err)
{
    const struct km_store_ops *ops = ops_of(store);
    return ops->group_end ? ops->group_end(store, code, KM_SOME(err)) : code;
}

struct checked_runs {
    const struct km_run_filter *filter;
    km_run_fn visit;
    void *user;
    uint64_t visited;
};

static bool visit_run(void *user, const struct km_run_row *run)
{
    struct checked_runs *check = user;
    assert(km_run_matches(run, check->filter));
    check->visited++;
    assert(check->filter->limit == 0 || check->visited <= check->filter->limit);
    return check->visit(check->user, run);
}

enum km_code km_store_list_runs(struct km_store *store,
                                const struct km_run_filter *filter,
                                km_run_fn visit, void *user, struct km_err *err)
{
    static const struct km_run_filter all = {.limit = 0};
    struct checked_runs check = {filter ? filter : &all, visit, user, 0};
    return ops_of(store)->list_runs(store, check.filter, visit_run, &check,
                                    KM_SOME(err));
}

enum km_code km_store_list_series(struct km_store *store, uint64_t run_id,
                                  km_series_fn visit, void *user,
                                  struct km_err *err)
{
    return ops_of(store)->list_series(store, run_id, visit, user, KM_SOME(err));
}

struct checked_attempts {
    km_attempt_fn visit;
    void *user;
    uint64_t run_id;
    uint32_t next;
};

static bool visit_attempt(void *user, const struct km_attempt_row *row)
{
    struct checked_attempts *check = user;
    assert(row->run_id == check->run_id && row->ordinal == check->next);
    check->next++;
    return check->visit(check->user, row);
}

enum km_code km_store_list_attempts(struct km_store *store, uint64_t run_id,
                                    km_attempt_fn visit, void *user,
                                    struct km_err *err)
{
    struct checked_attempts check = {visit, user, run_id, 0};
    return ops_of(store)->list_attempts(store, run_id, visit_attempt, &check,
                                        KM_SOME(err));
}

enum km_code km_store_list_attributes(struct km_store *store, uint64_t run_id,
                                      km_attribute_fn visit, void *user,
                                      struct km_err *err)
{
    return ops_of(store)->list_attributes(store, run_id, visit, user,
                                          KM_SOME(err));
}

struct checked_points {
    const struct km_point_range *range;
    km_columns_fn visit;
    void *user;
    uint32_t attempt;
};

static bool visit_columns(void *user, const struct km_columns *columns)
{
    struct checked_points *check = user;
    assert(columns->count > 0 && columns->attempt >= check->attempt);
    assert(km_range_has(check->range, columns->steps[0]));
    assert(km_range_has(check->range, columns->steps[columns->count - 1]));
    check->attempt = columns->attempt;
    return check->visit(check->user, columns);
}

static const struct km_point_range everything = {INT64_MIN, INT64_MAX};

enum km_code km_store_read_points(struct km_store *store, uint64_t series_id,
                                  const struct km_point_range *range,
                                  km_columns_fn visit, void *user,
                                  struct km_err *err)
{
    struct checked_points check = {range ? range : &everything, visit, user, 0};
    return ops_of(store)->read_points(store, series_id, check.range,
                                      visit_columns, &check, KM_SOME(err));
}

enum km_code km_store_reduce(struct km_store *store, uint64_t series_id,
                             const struct km_point_range *range,
                             struct km_bucket *buckets, size_t count,
                             struct km_err *err)
{
    const struct km_point_range *over = range ? range : &everything;
    assert(over->step_low < over->step_high && count > 0);
    enum km_code code = ops_of(store)->reduce(store, series_id, over, buckets,
                                              count, KM_SOME(err));
    for (size_t i = 0; code == KM_OK && i < count; i++) {
        assert(buckets[i].n >= buckets[i].n_nonfinite);
        assert(buckets[i].n == 0 ||
               km_bucket_index(over, count, buckets[i].min_step) == i);
    }
    return code;
}

enum km_code km_store_read_events(struct km_store *store, uint64_t run_id,
                                  km_event_fn visit, void *user,
                                  struct km_err *err)
{
    return ops_of(store)->read_events(store, run_id, visit, user, KM_SOME(err));
}

enum km_code km_store_read_evaluations(struct km_store *store, uint64_t run_id,
                                       km_evaluation_fn visit, void *user,
                                       struct km_err *err)
{
    return ops_of(store)->read_evaluations(store, run_id, visit, user,
                                           KM_SOME(err));
}

enum km_code km_store_find_cursors(struct km_store *store,
                                   const struct km_cursor *like,
                                   km_cursor_fn visit, void *user,
                                   struct km_err *err)
{
    static const struct km_cursor any = {0};
    return ops_of(store)->find_cursors(store, like ? like : &any, visit, user,
                                       KM_SOME(err));
}

enum km_code km_store_delete_run(struct km_store *store, uint64_t run_id,
                                 struct km_err *err)
{
    return ops_of(store)->delete_run(store, run_id, KM_SOME(err));
}

enum km_code km_store_maintain(struct km_store *store, int64_t budget_ns,
                               bool *more, struct km_err *err)
{
    bool left = false;
    enum km_code code =
        ops_of(store)->maintain(store, budget_ns, &left, KM_SOME(err));
    if (more) {
        *more = left;
    }
    return code;
}

enum km_code km_store_lease(struct km_store *store, struct km_str name,
                            struct km_str owner, int64_t ttl_ns,
                            struct km_err *err)
{
    assert(name.len && owner.len && ttl_ns >= 0);
    return ops_of(store)->lease(store, name, owner, ttl_ns, KM_SOME(err));
}

enum km_code km_store_put_notes(struct km_store *store,
                                const struct km_note *notes, size_t count,
                                struct km_err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum km_code code = km_name_check(notes[i].kind, "kind of a note", err);
        if (code == KM_OK) {
            code = km_name_check(notes[i].key, "key of a note", err);
        }
        if (code == KM_OK && notes[i].json.len > KM_NOTE_BYTES_MAX) {
            code = km_fail(err, KM_ELIMIT,
                           "a note of %zu bytes, at most %d are kept",
                           notes[i].json.len, KM_NOTE_BYTES_MAX);
        }
        if (code) {
            return code;
        }
    }
    return ops_of(store)->put_notes(store, notes, count, KM_SOME(err));
}

struct checked_notes {
    struct km_str kind;
    uint64_t run_id;
    km_note_fn visit;
    void *user;
};

static bool visit_note(void *user, const struct km_note *note)
{
    struct checked_notes *check = user;
    assert(km_str_equal(note->kind, check->kind) && note->json.len);
    assert(!check->run_id || note->run_id == check->run_id);
    return check->visit(check->user, note);
}

enum km_code km_store_read_notes(struct km_store *store, struct km_str kind,
                                 uint64_t run_id, km_note_fn visit, void *user,
                                 struct km_err *err)
{
    struct checked_notes check = {kind, run_id, visit, user};
    return ops_of(store)->read_notes(store, kind, run_id, visit_note, &check,
                                     KM_SOME(err));
}

enum km_code km_store_check(struct km_store *store, bool deep, bool repair,
                            km_finding_fn visit, void *user, struct km_err *err)
{
    return ops_of(store)->check(store, deep, repair, visit, user, KM_SOME(err));
}

enum km_code km_store_usage(struct km_store *store,
                            struct km_store_usage *usage, struct km_err *err)
{
    *usage = (struct km_store_usage){0};
    return ops_of(store)->usage(store, usage, KM_SOME(err));
}

enum km_code km_store_generation(struct km_store *store, uint64_t *generation,
                                 struct km_err *err)
{
    *generation = 0;
    return ops_of(store)->generation(store, generation, KM_SOME(err));
}
