/* api_charts.c - the curves of a page in one answer.
 *
 * Each is named by run and series, reduced as a single series is, and stands on
 * an axis that its run knows: step times a rate (series/axis.h). A curve that
 * cannot be given says why, and the others are given. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "http/api.h"
#include "http/points.h"
#include "score/input.h"

enum { CURVES_MAX = 256, PIXELS_DEFAULT = 500, PIXELS_MAX = 10000 };

struct charts {
    struct km_request *request;
    struct km_json_writer w;
    enum km_axis axis;
    size_t buckets;
    int64_t from, until; /* KM_STEP_ABSENT: not given */
    uint64_t rated;      /* the run whose rate follows */
    struct km_rate rate;
};

static bool parse_axis(const char *text, enum km_axis *axis)
{
    size_t len = text ? strlen(text) : 0;
    *axis = KM_AXIS_STEP;
    for (int i = 0; len && i < KM_AXIS_COUNT; i++) {
        const char *name = km_axis_name((enum km_axis)i);
        size_t own = strlen(name);
        if (strncmp(text, name, own) == 0 &&
            (len == own || (len == own + 1 && text[own] == 's'))) {
            *axis = (enum km_axis)i;
            return true;
        }
    }
    return len == 0;
}

/* How much of the axis a step of the run takes. */
static enum km_code look_up_rate(struct charts *c, uint64_t run,
                                 struct km_err *err)
{
    struct km_arena arena;
    struct km_score_options options;
    if (c->axis == KM_AXIS_STEP || c->rated == run) {
        return KM_OK;
    }
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_score_options_init(&options);
    options.roles = c->request->options->roles;
    options.clock = c->request->options->clock;
    struct km_score_input *input = km_new(&arena, struct km_score_input, 1);
    enum km_code code =
        input ? km_score_input_load(c->request->options->store, run, &options,
                                    &arena, input, err)
              : km_fail(err, KM_EMEMORY, "no memory for an axis");
    if (code == KM_OK) {
        c->rate = input->axes.rate[c->axis];
        c->rated = run;
        const char *source = c->rate.source ? c->rate.source : "";
        c->rate.source =
            km_arena_copy(&c->request->arena, source, strlen(source));
    }
    km_arena_finish(&arena);
    return code;
}

static void write_rate(struct charts *c)
{
    struct km_json_writer *w = &c->w;
    km_json_key(w, "per_step");
    if (c->axis == KM_AXIS_STEP || c->rate.known) {
        km_json_double(w, c->axis == KM_AXIS_STEP ? 1 : c->rate.per_step);
    } else {
        km_json_null(w);
    }
    km_json_key(w, "estimated");
    km_json_bool(w, c->axis != KM_AXIS_STEP && c->rate.estimated);
    km_json_key(w, "rate_source");
    km_json_text(w, c->axis == KM_AXIS_STEP ? NULL : c->rate.source);
}

static enum km_code reduce_one(struct charts *c, struct km_err *err)
{
    struct km_request *r = c->request;
    struct km_run_row run;
    struct km_series_found series;
    struct km_drawn drawn;
    enum km_code code = km_api_find_run(r, &run, err);
    code = code ? code : km_series_find(r, run.id, &series, err);
    code = code ? code : look_up_rate(c, run.id, err);
    if (code) {
        return code;
    }
    if (c->axis != KM_AXIS_STEP && !c->rate.known) {
        return km_fail(err, KM_ETOOFEW, "no %s: %s", km_axis_name(c->axis),
                       c->rate.source ? c->rate.source : "not logged");
    }
    const struct km_series_summary *s = &series.summary;
    struct km_point_range range = {
        c->from == KM_STEP_ABSENT ? s->min_step : c->from,
        c->until == KM_STEP_ABSENT ? s->max_step : c->until};
    range.step_high += range.step_high < INT64_MAX;
    if (range.step_high <= range.step_low) {
        range.step_high = range.step_low + 1;
    }
    code = km_points_draw(r, series.id, &range, c->buckets, &drawn, err);
    double per = c->axis == KM_AXIS_STEP ? 1 : c->rate.per_step;
    for (size_t i = 0; i < drawn.count && code == KM_OK; i++) {
        drawn.step[i] *= per;
    }
    if (code == KM_OK) {
        km_json_key(&c->w, "metric");
        km_json_str(&c->w, series.metric);
        km_json_key(&c->w, "labels");
        km_json_str(&c->w, series.labels);
        write_rate(c);
        km_drawn_json(&drawn, "x", "y", &c->w);
    }
    return code;
}

/* "RUN:SERIES": what fails here is told in its place. */
static enum km_code write_curve(struct charts *c, struct km_str pair,
                                struct km_err *err)
{
    struct km_request *r = c->request;
    struct km_err own = {.code = KM_OK};
    const char *colon = memchr(pair.ptr, ':', pair.len);
    if (!colon) {
        return km_fail(err, KM_EUSAGE,
                       "curves is a list of RUN:SERIES, not '%.*s'",
                       (int)(pair.len < 40 ? pair.len : 40), pair.ptr);
    }
    size_t len = (size_t)(colon - pair.ptr);
    r->parameters[0] = (struct km_str){pair.ptr, len};
    r->parameters[1] = (struct km_str){colon + 1, pair.len - len - 1};
    km_json_object_begin(&c->w);
    km_json_key(&c->w, "run");
    km_json_str(&c->w, r->parameters[0]);
    km_json_key(&c->w, "series");
    km_json_str(&c->w, r->parameters[1]);
    enum km_code code = reduce_one(c, &own);
    km_json_key(&c->w, "problem");
    km_json_text(&c->w, code ? own.message : NULL);
    km_json_object_end(&c->w);
    if (code == KM_EIO || code == KM_EMEMORY || code == KM_EBUSY) {
        return km_fail(err, code, "%s", own.message);
    }
    return KM_OK;
}

enum km_code km_api_charts(struct km_request *r, struct km_err *err)
{
    struct charts c = {.request = r};
    const char *curves = km_request_query(r, "curves");
    int64_t pixels = 0;
    if (!curves || !*curves) {
        return km_fail(err, KM_EUSAGE, "curves=RUN:SERIES,... is needed");
    }
    if (!parse_axis(km_request_query(r, "axis"), &c.axis)) {
        return km_fail(err, KM_EUSAGE,
                       "axis is none: expected step, token, sample, epoch, "
                       "second or another of docs/metrics.md#axes");
    }
    enum km_code code = km_request_number(r, "pixels", 2, PIXELS_MAX,
                                          PIXELS_DEFAULT, &pixels, err);
    code = code ? code
                : km_request_number(r, "from", INT64_MIN, INT64_MAX,
                                    KM_STEP_ABSENT, &c.from, err);
    code = code ? code
                : km_request_number(r, "until", INT64_MIN, INT64_MAX,
                                    KM_STEP_ABSENT, &c.until, err);
    c.buckets = (size_t)pixels / 2; /* of up to four points */
    km_json_writer_init(&c.w, &r->reply);
    km_json_object_begin(&c.w);
    km_json_key(&c.w, "axis");
    km_json_text(&c.w, km_axis_name(c.axis));
    km_json_key(&c.w, "curves");
    km_json_array_begin(&c.w);
    struct km_str rest = km_str_of(curves);
    for (int n = 0; rest.len && code == KM_OK; n++) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        code = n == CURVES_MAX
                   ? km_fail(err, KM_ELIMIT, "at most %d curves at once",
                             CURVES_MAX)
                   : write_curve(&c, (struct km_str){rest.ptr, len}, err);
        len += comma != NULL;
        rest = (struct km_str){rest.ptr + len, rest.len - len};
    }
    km_json_array_end(&c.w);
    km_json_object_end(&c.w);
    return code;
}
