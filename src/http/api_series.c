/* api_series.c - the points of a series, as columns, reduced for drawing.
 *
 * Reduced: of each of `points` / 4 stretches of equal width the first, lowest,
 * highest and last value, from summaries where a chunk lies in one of them.
 * What is left out is said: "shown" of "points". */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/api.h"
#include "http/points.h"

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

static bool wants_binary(struct km_request *r)
{
    const char *format = km_request_query(r, "format");
    const char *accept = km_request_header(r, "Accept");
    return format ? strcmp(format, "binary") == 0
                  : accept && strcmp(accept, "application/octet-stream") == 0;
}

static enum km_code write_reduced(struct km_request *r,
                                  struct km_json_writer *w, uint64_t series,
                                  const struct km_point_range *range,
                                  size_t buckets, struct km_err *err)
{
    struct km_drawn drawn;
    enum km_code code = km_points_draw(r, series, range, buckets, &drawn, err);
    if (code == KM_OK) {
        km_drawn_json(&drawn, "step", "value", w);
    }
    return code;
}

enum km_code km_api_series_points(struct km_request *r, struct km_err *err)
{
    struct km_run_row row;
    struct km_series_found series;
    int64_t points, from, until;
    const char *raw = km_request_query(r, "raw");
    enum km_code code = km_api_find_run(r, &row, err);
    code = code ? code
                : km_request_number(r, "points", 4, POINTS_MAX, POINTS_DEFAULT,
                                    &points, err);
    code = code ? code : km_series_find(r, row.id, &series, err);
    const struct km_series_summary *s = &series.summary;
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
    if (all && wants_binary(r)) {
        return km_points_binary(r, series.id, &range, s->n, err);
    }
    struct km_json_writer w;
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    code =
        all ? write_raw(r, &w, series.id, &range, err)
            : write_reduced(r, &w, series.id, &range, (size_t)points / 4, err);
    km_json_object_end(&w);
    return code;
}
