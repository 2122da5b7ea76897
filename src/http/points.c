/* points.c - found, reduced for drawing, packed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/points.h"

#include <math.h>
#include <string.h>

/* The four points of a bucket by step, each once. */
static size_t points_of(const struct km_bucket *b, double *step, double *value)
{
    double width = (double)(b->max_step - b->min_step);
    const struct {
        double step, value;
    } four[] = {{(double)b->min_step, b->first},
                {(double)b->min_step + width / 3, b->min},
                {(double)b->min_step + 2 * width / 3, b->max},
                {(double)b->max_step, b->last}};
    size_t count = 0;
    for (int i = 0; i < 4; i++) {
        bool same = count && !(four[i].value < value[count - 1]) &&
                    !(four[i].value > value[count - 1]);
        if (!same && isfinite(four[i].value)) {
            step[count] = four[i].step;
            value[count++] = four[i].value;
        }
    }
    return count;
}

enum km_code km_points_draw(struct km_request *r, uint64_t series,
                            const struct km_point_range *range, size_t buckets,
                            struct km_drawn *drawn, struct km_err *err)
{
    struct km_bucket *list = km_new(&r->arena, struct km_bucket, buckets);
    double *step = km_new(&r->arena, double, 8 * buckets);
    *drawn = (struct km_drawn){.count = 0};
    if (!list || !step) {
        return km_fail(err, KM_ELIMIT, "no memory for so many points");
    }
    drawn->step = step;
    drawn->value = step + 4 * buckets;
    enum km_code code =
        km_store_reduce(r->options->store, series, range, list, buckets, err);
    for (size_t i = 0; i < buckets && code == KM_OK; i++) {
        drawn->points += list[i].n;
        drawn->nonfinite += list[i].n_nonfinite;
        if (list[i].n) {
            drawn->count += points_of(&list[i], drawn->step + drawn->count,
                                      drawn->value + drawn->count);
        }
    }
    return code;
}

void km_drawn_json(const struct km_drawn *drawn, const char *x_key,
                   const char *y_key, struct km_json_writer *w)
{
    const double *const columns[] = {drawn->step, drawn->value};
    const char *const names[] = {x_key, y_key};
    for (int c = 0; c < 2; c++) {
        km_json_key(w, names[c]);
        km_json_array_begin(w);
        for (size_t i = 0; i < drawn->count; i++) {
            km_json_double(w, columns[c][i]);
        }
        km_json_array_end(w);
    }
    km_json_key(w, "shown");
    km_json_int(w, (int64_t)drawn->count);
    km_json_key(w, "points");
    km_json_int(w, (int64_t)drawn->points);
    km_json_key(w, "nonfinite");
    km_json_int(w, (int64_t)drawn->nonfinite);
}

struct wanted {
    struct km_request *request;
    struct km_series_found *series;
    bool found, full;
};

static bool look_for(void *user, const struct km_series_row *row)
{
    struct wanted *wanted = user;
    struct km_series_found *series = wanted->series;
    if (row->id != series->id) {
        return true;
    }
    struct km_arena *arena = &wanted->request->arena;
    series->summary = row->summary;
    series->metric.ptr = km_arena_copy(arena, row->metric.ptr, row->metric.len);
    series->metric.len = row->metric.len;
    series->labels.ptr = km_arena_copy(
        arena, row->labels.len ? row->labels.ptr : "", row->labels.len);
    series->labels.len = row->labels.len;
    wanted->found = true;
    wanted->full = !series->metric.ptr || !series->labels.ptr;
    return false;
}

enum km_code km_series_find(struct km_request *r, uint64_t run_id,
                            struct km_series_found *series, struct km_err *err)
{
    struct wanted wanted = {.request = r, .series = series};
    *series = (struct km_series_found){.id = 0};
    enum km_code code = km_request_id(r, 1, &series->id, err);
    code = code ? code
                : km_store_list_series(r->options->store, run_id, look_for,
                                       &wanted, err);
    if (code == KM_OK && !wanted.found) {
        code = km_fail(err, KM_ENOTFOUND, "the run has no such series");
    }
    if (code == KM_OK && wanted.full) {
        code = km_fail(err, KM_EMEMORY, "no memory for a series");
    }
    return code;
}

/* ---- binary ---- */

enum { HEAD_BYTES = 32, COLUMNS = 4 };

struct packing {
    double *columns[COLUMNS]; /* step, time, value, attempt */
    size_t count, cap;
};

static bool pack(void *user, const struct km_columns *from)
{
    struct packing *p = user;
    size_t most = p->cap - p->count;
    size_t count = from->count < most ? from->count : most;
    for (size_t i = 0; i < count; i++) {
        size_t at = p->count + i;
        int64_t step = from->steps[i], time_ns = from->times_ns[i];
        p->columns[0][at] = step == KM_STEP_ABSENT ? (double)NAN : (double)step;
        p->columns[1][at] =
            time_ns == KM_TIME_ABSENT ? (double)NAN : (double)time_ns * 1e-9;
        p->columns[2][at] = from->values[i];
        p->columns[3][at] = from->attempt;
    }
    p->count += count;
    return count == from->count;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "doubles go out as they lie in memory");

enum km_code km_points_binary(struct km_request *r, uint64_t series,
                              const struct km_point_range *range,
                              uint64_t points_max, struct km_err *err)
{
    struct packing p = {.cap = (size_t)points_max};
    for (int c = 0; c < COLUMNS; c++) {
        p.columns[c] = km_new(&r->arena, double, p.cap + 1);
        if (!p.columns[c]) {
            return km_fail(err, KM_ELIMIT, "no memory for so many points");
        }
    }
    enum km_code code =
        km_store_read_points(r->options->store, series, range, pack, &p, err);
    const uint64_t numbers[3] = {COLUMNS, p.count, 0};
    km_buf_append(&r->reply, "KMPOINT1", 8);
    km_buf_append(&r->reply, numbers, HEAD_BYTES - 8);
    for (int c = 0; c < COLUMNS; c++) {
        km_buf_append(&r->reply, p.columns[c], p.count * sizeof(double));
    }
    r->content_type = "application/octet-stream";
    return code;
}
