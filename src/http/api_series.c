/* api_series.c - the points of a series, as columns, reduced for drawing.
 *
 * Reduced: of each of `points` / 4 stretches of equal width the first, lowest,
 * highest and last value, from summaries where a chunk lies in one of them.
 * What is left out is said: "shown" of "points". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "http/api.h"

enum { POINTS_DEFAULT = 1000, POINTS_MAX = 20000, RAW_MAX = 2000000 };

struct column {
    struct km_json_writer w;
    int what; /* 0 step, 1 time, 2 value, 3 attempt */
};

static bool write_column(void *user, const struct km_columns *columns)
{
    struct column *c = user;
    for (size_t i = 0; i < columns->count; i++) {
        if (c->what == 0) {
            km_json_int(&c->w, columns->steps[i]);
        } else if (c->what == 1 && columns->times_ns[i] == KM_TIME_ABSENT) {
            km_json_null(&c->w);
        } else if (c->what == 1) {
            km_json_double(&c->w, (double)columns->times_ns[i] * 1e-9);
        } else if (c->what == 2) {
            km_json_double(&c->w, columns->values[i]);
        } else {
            km_json_int(&c->w, columns->attempt);
        }
    }
    return true;
}

/* Every point, a column after the other. */
static enum km_code write_raw(struct km_request *r, struct km_json_writer *w,
                              uint64_t series,
                              const struct km_point_range *range,
                              struct km_err *err)
{
    static const char *const names[] = {"step", "time", "value", "attempt"};
    enum km_code code = KM_OK;
    for (int what = 0; what < 4 && code == KM_OK; what++) {
        struct column column = {.w = *w, .what = what};
        km_json_key(&column.w, names[what]);
        km_json_array_begin(&column.w);
        code = km_store_read_points(r->options->store, series, range,
                                    write_column, &column, err);
        km_json_array_end(&column.w);
        *w = column.w;
    }
    return code;
}

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

static enum km_code write_reduced(struct km_request *r,
                                  struct km_json_writer *w, uint64_t series,
                                  const struct km_point_range *range,
                                  size_t buckets, struct km_err *err)
{
    struct km_bucket *list = km_new(&r->arena, struct km_bucket, buckets);
    double *step = km_new(&r->arena, double, 8 * buckets);
    if (!list || !step) {
        return km_fail(err, KM_ELIMIT, "no memory for so many points");
    }
    double *value = step + 4 * buckets;
    enum km_code code =
        km_store_reduce(r->options->store, series, range, list, buckets, err);
    size_t count = 0;
    uint64_t seen = 0, nonfinite = 0;
    for (size_t i = 0; i < buckets && code == KM_OK; i++) {
        seen += list[i].n;
        nonfinite += list[i].n_nonfinite;
        count +=
            list[i].n ? points_of(&list[i], step + count, value + count) : 0;
    }
    const double *const columns[] = {step, value};
    static const char *const names[] = {"step", "value"};
    for (int c = 0; c < 2; c++) {
        km_json_key(w, names[c]);
        km_json_array_begin(w);
        for (size_t i = 0; i < count; i++) {
            km_json_double(w, columns[c][i]);
        }
        km_json_array_end(w);
    }
    km_json_key(w, "shown");
    km_json_int(w, (int64_t)count);
    km_json_key(w, "points");
    km_json_int(w, (int64_t)seen);
    km_json_key(w, "nonfinite");
    km_json_int(w, (int64_t)nonfinite);
    return code;
}

struct wanted {
    uint64_t id;
    struct km_series_summary summary;
    bool found;
};

static bool look_for(void *user, const struct km_series_row *row)
{
    struct wanted *wanted = user;
    if (row->id == wanted->id) {
        wanted->found = true;
        wanted->summary = row->summary;
    }
    return !wanted->found;
}

enum km_code km_api_series_points(struct km_request *r, struct km_err *err)
{
    struct km_run_row row;
    struct wanted wanted = {.found = false};
    int64_t points, from, until;
    const char *raw = km_request_query(r, "raw");
    enum km_code code = km_api_find_run(r, &row, err);
    code = code ? code : km_request_id(r, 1, &wanted.id, err);
    code = code ? code
                : km_request_number(r, "points", 4, POINTS_MAX, POINTS_DEFAULT,
                                    &points, err);
    if (code == KM_OK) {
        code = km_store_list_series(r->options->store, row.id, look_for,
                                    &wanted, err);
    }
    if (code == KM_OK && !wanted.found) {
        code = km_fail(err, KM_ENOTFOUND, "the run has no such series");
    }
    const struct km_series_summary *s = &wanted.summary;
    code = code ? code
                : km_request_number(r, "from", INT64_MIN, INT64_MAX,
                                    s->min_step, &from, err);
    code = code ? code
                : km_request_number(r, "until", INT64_MIN, INT64_MAX,
                                    s->max_step, &until, err);
    if (code) {
        return code;
    }
    const struct km_point_range range = {from, until < INT64_MAX ? until + 1
                                                                 : INT64_MAX};
    bool all = raw && strcmp(raw, "1") == 0;
    if (all && s->n > RAW_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "%llu points, at most %d are given raw; ask for a part "
                       "with from and until",
                       (unsigned long long)s->n, RAW_MAX);
    }
    if (range.step_high <= range.step_low) {
        return km_fail(err, KM_EUSAGE, "until lies before from");
    }
    struct km_json_writer w;
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    code =
        all ? write_raw(r, &w, wanted.id, &range, err)
            : write_reduced(r, &w, wanted.id, &range, (size_t)points / 4, err);
    km_json_object_end(&w);
    return code;
}
