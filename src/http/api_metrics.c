/* api_metrics.c - the server and the runs under way, for Prometheus.
 *
 * Text format 0.0.4. Figures are those of at most KM_FLEET_METRICS_RUNS_MAX
 * runs under way, the newest, so that a scrape has a bound; a figure that has
 * no value has no line. Labels hold what logs say: they are escaped, and cut at
 * characters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "http/api.h"
#include "http/private.h"
#include "report/text.h"

static void family(struct km_buf *out, const char *name, const char *type,
                   const char *help)
{
    km_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Control characters and what turns the reading direction are replaced, the
 * three characters that have a meaning are escaped. */
static void label(struct km_buf *out, const char *name, struct km_str text)
{
    struct km_buf plain;
    km_buf_init(&plain, KM_MIB);
    km_text_plain(&plain, text);
    km_buf_printf(out, "%s=\"", name);
    for (size_t i = 0; i < plain.len; i++) {
        char c = plain.bytes[i];
        km_buf_append_text(out, c == '"' || c == '\\' ? "\\" : "");
        km_buf_append_char(out, c);
    }
    km_buf_append_char(out, '"');
    km_buf_finish(&plain);
}

static void value(struct km_buf *out, double number)
{
    char text[KM_NUMBER_BYTES];
    km_buf_append_char(out, ' ');
    km_buf_append(out, text, km_number_format(number, text));
    km_buf_append_char(out, '\n');
}

static void run_labels(struct km_buf *out, const struct km_fleet_row *row)
{
    const struct km_run_meta *meta = &row->run.meta;
    label(out, "{project", meta->project);
    label(out, ",run", meta->name.len ? meta->name : meta->external_id);
    km_buf_printf(out, ",id=\"%016" PRIx64 "\"", row->run.id);
}

/* What is said of each run under way. */
enum live { LIVE_STEP, LIVE_LAST, LIVE_VELOCITY, LIVE_SPEED, LIVE_FORECAST };
static const struct {
    const char *name, *help;
} lives[] = {
    [LIVE_STEP] = {"knotmeter_run_step", "Last step that was logged."},
    [LIVE_LAST] = {"knotmeter_run_last", "Last value of the loss, reward or "
                                         "score."},
    [LIVE_VELOCITY] = {"knotmeter_run_velocity",
                       "Learning velocity; positive is improving."},
    [LIVE_SPEED] = {"knotmeter_run_throughput", "Work a second."},
    [LIVE_FORECAST] = {"knotmeter_run_forecast",
                       "Forecast at the planned last step."},
};

static void live_line(struct km_buf *out, enum live what,
                      const struct km_fleet_row *row)
{
    const struct km_fleet_card *card = row->card;
    const struct km_fleet_figure *const figures[] = {
        [LIVE_STEP] = NULL,
        [LIVE_LAST] = &card->last,
        [LIVE_VELOCITY] = &card->velocity,
        [LIVE_SPEED] = &card->throughput,
        [LIVE_FORECAST] = &card->forecast,
    };
    const struct km_fleet_figure *figure = figures[what];
    bool known =
        figure ? isfinite(figure->value) : row->run.max_step != KM_STEP_ABSENT;
    static const char *const bounds[] = {"value", "low", "high"};
    for (int b = 0; known && b < (figure ? 3 : 1); b++) {
        double number = !figure  ? (double)row->run.max_step
                        : b == 0 ? figure->value
                        : b == 1 ? figure->lo
                                 : figure->hi;
        if (!isfinite(number)) {
            continue;
        }
        km_buf_append_text(out, lives[what].name);
        run_labels(out, row);
        if (figure) {
            label(out, ",unit", km_str_of(figure->unit));
            km_buf_printf(out, ",bound=\"%s\"", bounds[b]);
        }
        km_buf_append_char(out, '}');
        value(out, number);
    }
}

static void verdict_line(struct km_buf *out, const struct km_fleet_row *row)
{
    if (row->card->on) {
        km_buf_append_text(out, "knotmeter_run_verdict");
        run_labels(out, row);
        label(out, ",verdict", km_str_of(row->card->on->id));
        km_buf_append_text(out, "} 1\n");
    }
}

static void write_runs(struct km_request *r, const struct km_fleet *fleet)
{
    struct km_buf *out = &r->reply;
    size_t shown[KM_FLEET_METRICS_RUNS_MAX], count = 0, going = 0, seen = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        if (km_request_may_see(r, fleet->rows[i].run.meta.project)) {
            seen++;
            going += fleet->rows[i].going;
            if (fleet->rows[i].going && count < KM_FLEET_METRICS_RUNS_MAX) {
                shown[count++] = i;
            }
        }
    }
    family(out, "knotmeter_runs", "gauge", "Runs in the store.");
    km_buf_printf(out, "knotmeter_runs %zu\n", seen);
    family(out, "knotmeter_runs_going", "gauge", "Runs under way.");
    km_buf_printf(out, "knotmeter_runs_going %zu\n", going);
    for (int what = 0; what <= LIVE_FORECAST; what++) {
        family(out, lives[what].name, "gauge", lives[what].help);
        for (size_t i = 0; i < count; i++) {
            live_line(out, (enum live)what, &fleet->rows[shown[i]]);
        }
    }
    family(out, "knotmeter_run_verdict", "gauge",
           "1: the gravest verdict that stands.");
    for (size_t i = 0; i < count; i++) {
        verdict_line(out, &fleet->rows[shown[i]]);
    }
}

static void write_server(struct km_request *r)
{
    struct km_http *http = r->http;
    struct km_buf *out = &r->reply;
    static const char *const classes[] = {"2xx", "3xx", "4xx", "5xx"};
    int64_t now_ns = km_clock_monotonic_ns(http->options.clock);
    family(out, "knotmeter_build_info", "gauge", "1; the version is a label.");
    km_buf_append_text(out,
                       "knotmeter_build_info{version=\"" KM_VERSION "\"} 1\n");
    family(out, "knotmeter_uptime_seconds", "gauge", "Since the server began.");
    km_buf_append_text(out, "knotmeter_uptime_seconds");
    value(out, (double)(now_ns - http->counters.since_ns) / 1e9);
    family(out, "knotmeter_viewers", "gauge", "Streams of events open.");
    km_buf_printf(out, "knotmeter_viewers %zu\n",
                  km_viewer_count(http->events));
    family(out, "knotmeter_http_requests_total", "counter",
           "Answers, by the class of their status.");
    for (int i = 0; i < KM_STATUS_CLASSES; i++) {
        km_buf_printf(
            out, "knotmeter_http_requests_total{status=\"%s\"} %" PRIu64 "\n",
            classes[i], atomic_load(&http->counters.answers[i]));
    }
    const struct {
        const char *name, *help;
        uint64_t count;
    } counters[] = {
        {"knotmeter_http_received_bytes_total", "Of bodies, as they came.",
         atomic_load(&http->counters.received_bytes)},
        {"knotmeter_http_sent_bytes_total", "Of answers, without headers.",
         atomic_load(&http->counters.sent_bytes)},
        {"knotmeter_journal_points_total", "Points taken from journals.",
         atomic_load(&http->counters.points)},
    };
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        family(out, counters[i].name, "counter", counters[i].help);
        km_buf_printf(out, "%s %" PRIu64 "\n", counters[i].name,
                      counters[i].count);
    }
}

enum km_code km_api_metrics(struct km_request *r, struct km_err *err)
{
    struct km_store_usage usage = {0};
    enum km_code code = km_store_usage(r->options->store, &usage, err);
    if (code) {
        return code;
    }
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    write_server(r);
    family(&r->reply, "knotmeter_store_points", "gauge", "Points that rest.");
    km_buf_printf(&r->reply, "knotmeter_store_points %" PRIu64 "\n",
                  usage.points);
    family(&r->reply, "knotmeter_store_bytes", "gauge", "On disk.");
    km_buf_printf(&r->reply, "knotmeter_store_bytes %" PRIu64 "\n",
                  usage.bytes_total);
    code = km_fleet_share_hold(&r->http->fleet, false, err);
    if (code == KM_OK) {
        write_runs(r, &r->http->fleet.fleet);
    }
    km_fleet_share_release(&r->http->fleet);
    return code;
}
