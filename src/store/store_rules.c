/* store_rules.c - orders, filters and buckets that all backends share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_rules.h"

#include <assert.h>
#include <math.h>

int km_str_compare(struct km_str a, struct km_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

int km_attempt_rank_compare(const struct km_attempt_rank *a,
                            const struct km_attempt_rank *b)
{
    if (a->origin_start_ns != b->origin_start_ns) {
        if (a->origin_start_ns == KM_TIME_ABSENT) {
            return 1;
        }
        if (b->origin_start_ns == KM_TIME_ABSENT) {
            return -1;
        }
        return a->origin_start_ns < b->origin_start_ns ? -1 : 1;
    }
    int order = km_str_compare(a->order_key, b->order_key);
    if (order) {
        return order;
    }
    if (a->origin_id != b->origin_id) {
        return a->origin_id < b->origin_id ? -1 : 1;
    }
    return (a->part > b->part) - (a->part < b->part);
}

void km_attempt_row_update(struct km_attempt_row *known,
                           const struct km_batch_attempt *said)
{
    if (said->origin_start_ns != KM_TIME_ABSENT) {
        known->origin_start_ns = said->origin_start_ns;
    }
    if (known->start_ns == KM_TIME_ABSENT) {
        known->start_ns = said->start_ns;
    }
    if (said->restart_step != KM_STEP_ABSENT) {
        known->restart_step = said->restart_step;
    }
    if (said->order_key.len) {
        known->order_key = said->order_key;
    }
    if (said->reason.len) {
        known->reason = said->reason;
    }
}

static void take_text(struct km_str *known, struct km_str said)
{
    if (said.len) {
        *known = said;
    }
}

static void take_words(struct km_run_meta *known,
                       const struct km_run_meta *said)
{
    take_text(&known->project, said->project);
    take_text(&known->external_id, said->external_id);
    take_text(&known->name, said->name);
    take_text(&known->group, said->group);
    take_text(&known->parent, said->parent);
    take_text(&known->source, said->source);
    take_text(&known->notes, said->notes);
    if (said->state != KM_RUN_UNKNOWN) {
        known->state = said->state;
    }
}

void km_run_meta_update(struct km_run_meta *known,
                        const struct km_run_meta *said)
{
    take_words(known, said);
    if (said->created_ns != KM_TIME_ABSENT) {
        known->created_ns = said->created_ns;
    }
    if (said->ended_ns != KM_TIME_ABSENT) {
        known->ended_ns = said->ended_ns;
    }
}

void km_run_meta_fold(struct km_run_meta *shown, const struct km_run_meta *said)
{
    take_words(shown, said);
    if (said->created_ns != KM_TIME_ABSENT &&
        (shown->created_ns == KM_TIME_ABSENT ||
         said->created_ns < shown->created_ns)) {
        shown->created_ns = said->created_ns;
    }
    if (said->ended_ns > shown->ended_ns) { /* absent is the least */
        shown->ended_ns = said->ended_ns;
    }
}

bool km_run_meta_equal(const struct km_run_meta *a, const struct km_run_meta *b)
{
    return a->state == b->state && a->created_ns == b->created_ns &&
           a->ended_ns == b->ended_ns && km_str_equal(a->project, b->project) &&
           km_str_equal(a->external_id, b->external_id) &&
           km_str_equal(a->name, b->name) && km_str_equal(a->group, b->group) &&
           km_str_equal(a->parent, b->parent) &&
           km_str_equal(a->source, b->source) &&
           km_str_equal(a->notes, b->notes);
}

struct km_str km_run_meta_label(const struct km_run_meta *meta)
{
    return meta->name.len ? meta->name : meta->external_id;
}

int64_t km_run_newest_ns(const struct km_run_row *run)
{
    if (run->meta.created_ns != KM_TIME_ABSENT) {
        return run->meta.created_ns;
    }
    return run->first_time_ns != KM_TIME_ABSENT ? run->first_time_ns
                                                : run->added_ns;
}

/* project "/" label, searched without joining them. */
static bool title_contains(const struct km_run_meta *meta, struct km_str part)
{
    struct km_str label = km_run_meta_label(meta);
    if (km_str_search(meta->project, part) < meta->project.len ||
        km_str_search(label, part) < label.len) {
        return true;
    }
    for (size_t at = km_str_find(part, '/', 0); at < part.len;
         at = km_str_find(part, '/', at + 1)) {
        struct km_str before = {part.ptr, at};
        struct km_str after = {part.ptr + at + 1, part.len - at - 1};
        if (km_str_ends(meta->project, before) && km_str_starts(label, after)) {
            return true;
        }
    }
    return false;
}

bool km_run_matches(const struct km_run_row *run,
                    const struct km_run_filter *filter)
{
    const struct km_run_meta *meta = &run->meta;
    struct km_str part = filter->contains;
    if ((filter->id && filter->id != run->id) ||
        (filter->project.len &&
         !km_str_equal(filter->project, meta->project))) {
        return false;
    }
    return part.len == 0 || title_contains(meta, part) ||
           km_str_search(meta->external_id, part) < meta->external_id.len ||
           km_str_search(meta->group, part) < meta->group.len;
}

int km_run_compare(const struct km_run_row *a, const struct km_run_row *b,
                   enum km_run_order order)
{
    if (order == KM_ORDER_NEWEST) {
        int64_t a_ns = km_run_newest_ns(a), b_ns = km_run_newest_ns(b);
        if (a_ns != b_ns) {
            return a_ns > b_ns ? -1 : 1;
        }
        return (a->id > b->id) - (a->id < b->id);
    }
    int by = km_str_compare(a->meta.project, b->meta.project);
    if (!by) {
        by = km_str_compare(km_run_meta_label(&a->meta),
                            km_run_meta_label(&b->meta));
    }
    return by ? by : km_str_compare(a->meta.external_id, b->meta.external_id);
}

void km_bucket_init(struct km_bucket *bucket)
{
    *bucket = (struct km_bucket){
        .first_step = KM_STEP_ABSENT,
        .last_step = KM_STEP_ABSENT,
        .min_step = KM_STEP_ABSENT,
        .max_step = KM_STEP_ABSENT,
        .first = (double)NAN,
        .last = (double)NAN,
        .min = (double)NAN,
        .max = (double)NAN,
    };
}

void km_bucket_merge(struct km_bucket *bucket,
                     const struct km_series_summary *later)
{
    if (later->n == 0) {
        return;
    }
    if (bucket->n == 0) {
        bucket->first = later->first;
        bucket->first_step = later->first_step;
        bucket->min_step = later->min_step;
        bucket->max_step = later->max_step;
    }
    if (later->min_step < bucket->min_step) {
        bucket->min_step = later->min_step;
    }
    if (later->max_step > bucket->max_step) {
        bucket->max_step = later->max_step;
    }
    bucket->n += later->n;
    bucket->n_nonfinite += later->n_nan + later->n_posinf + later->n_neginf;
    bucket->last = later->last;
    bucket->last_step = later->last_step;
    bucket->sum += later->sum;
    if (isnan(bucket->min) || later->min < bucket->min) {
        bucket->min = later->min;
    }
    if (isnan(bucket->max) || later->max > bucket->max) {
        bucket->max = later->max;
    }
}

__extension__ typedef unsigned __int128 wide;

static uint64_t width_of(const struct km_point_range *range)
{
    return (uint64_t)range->step_high - (uint64_t)range->step_low;
}

size_t km_bucket_index(const struct km_point_range *range, size_t count,
                       int64_t step)
{
    assert(km_range_has(range, step) && count > 0);
    uint64_t place = (uint64_t)step - (uint64_t)range->step_low;
    wide index = (wide)place * count / width_of(range);
    return index < count ? (size_t)index : count - 1;
}

/* The first step of bucket `index`: the smallest with that index. */
static int64_t bucket_start(const struct km_point_range *range, size_t count,
                            size_t index)
{
    wide place = ((wide)index * width_of(range) + count - 1) / count;
    return (int64_t)((uint64_t)range->step_low + (uint64_t)place);
}

static void add_point(struct km_bucket *bucket, int64_t step, double value)
{
    if (bucket->n++ == 0) {
        bucket->first = value;
        bucket->first_step = bucket->min_step = bucket->max_step = step;
    }
    bucket->last = value;
    bucket->last_step = step;
    bucket->min_step = step < bucket->min_step ? step : bucket->min_step;
    bucket->max_step = step > bucket->max_step ? step : bucket->max_step;
    if (!isfinite(value)) {
        bucket->n_nonfinite++;
        return;
    }
    bucket->sum += value;
    if (!(bucket->min <= value)) { /* true also for the first, NaN */
        bucket->min = value;
    }
    if (!(bucket->max >= value)) {
        bucket->max = value;
    }
}

/* Neighbours are mostly in the same bucket: its steps are kept at hand. */
void km_buckets_add(struct km_bucket *buckets, size_t count,
                    const struct km_point_range *range, const int64_t *steps,
                    const double *values, size_t point_count)
{
    size_t index = 0;
    int64_t low = 0, last = -1; /* none yet */
    for (size_t i = 0; i < point_count; i++) {
        int64_t step = steps[i];
        if (step < low || step > last) {
            if (!km_range_has(range, step)) {
                continue;
            }
            index = km_bucket_index(range, count, step);
            low = bucket_start(range, count, index);
            last = index + 1 < count ? bucket_start(range, count, index + 1) - 1
                                     : range->step_high - 1;
        }
        add_point(&buckets[index], step, values[i]);
    }
}

bool km_cursor_matches(const struct km_cursor *cursor,
                       const struct km_cursor *like)
{
    if (!like->source_id && !like->head_len && !like->path.len) {
        return true;
    }
    return (like->source_id && like->source_id == cursor->source_id) ||
           (like->head_len && like->head_len == cursor->head_len &&
            like->head_hash == cursor->head_hash) ||
           (like->path.len && km_str_equal(like->path, cursor->path));
}

enum km_code km_guard_fail(struct km_err *err)
{
    return km_fail(err, KM_ECONFLICT,
                   "store: this source was read by another import meanwhile");
}
