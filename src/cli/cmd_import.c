/* cmd_import.c - `km import`: logs into the store, and what became of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "report/quantity.h"
#include "report/table.h"
#include "score/record_watch.h"
#include "source/settings.h"

enum { FORMATS_MAX = 64 };

struct format_total {
    const char *format;
    uint64_t sources, unchanged, points, bytes;
};

struct import {
    struct km_cli *cli;
    struct km_progress progress;
    bool verbose, follow;
    struct format_total totals[FORMATS_MAX];
    size_t total_count;
    uint64_t problems;
    struct km_record_watch watch;
    int64_t looked_ns;
    uint64_t looked_points;
};

enum { LOOK_S = 2, PAUSE_MS = 100 };

/* Forecasts of runs under way, kept for the record. That it cannot be done is
 * no reason not to import. */
static void keep_forecasts(struct import *import)
{
    struct km_err err = {.code = KM_OK};
    if (km_record_watch_look(&import->watch, &err) && import->verbose) {
        km_progress_clear(&import->progress);
        km_cli_note(import->cli, "forecasts are not kept: %s", err.message);
    }
    import->looked_ns = km_clock_wall_ns(import->cli->clock);
}

static void on_look(void *user, uint64_t points)
{
    struct import *import = user;
    int64_t now_ns = km_clock_wall_ns(import->cli->clock);
    if (points != import->looked_points &&
        now_ns - import->looked_ns >= LOOK_S * (int64_t)1000000000) {
        import->looked_points = points;
        keep_forecasts(import);
    }
}

static void count_format(struct import *import,
                         const struct km_import_item *item)
{
    size_t i = 0;
    while (i < import->total_count &&
           strcmp(import->totals[i].format, item->format) != 0) {
        i++;
    }
    if (i == FORMATS_MAX) {
        return;
    }
    if (i == import->total_count) {
        while (i > 0 &&
               strcmp(import->totals[i - 1].format, item->format) > 0) {
            import->totals[i] = import->totals[i - 1];
            i--;
        }
        import->totals[i] = (struct format_total){0};
        char *name = km_arena_copy(&import->cli->arena, item->format,
                                   strlen(item->format));
        import->totals[i].format = name ? name : "";
        import->total_count++;
    }
    struct format_total *total = &import->totals[i];
    total->sources += !item->again;
    total->unchanged += item->unchanged && !item->again;
    total->points += item->points;
    total->bytes += item->bytes;
}

static const char *word_for(const struct km_import_item *item)
{
    if (!item->format) {
        return "not recognised";
    }
    if (item->code) {
        return item->status == KM_SOURCE_DAMAGED ? "damaged" : "failed";
    }
    if (item->status == KM_SOURCE_PARTIAL) {
        return "partial";
    }
    if (item->skipped_bytes) {
        return "salvaged";
    }
    return item->unchanged ? "unchanged" : item->renamed ? "renamed" : "read";
}

static void item_json(struct km_cli *cli, const struct km_import_item *item)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_key(&w, "source");
    km_json_text(&w, item->path);
    km_json_key(&w, "format");
    km_json_text(&w, item->format);
    km_json_key(&w, "result");
    km_json_text(&w, word_for(item));
    km_json_key(&w, "code");
    km_json_text(&w, km_code_name(item->code));
    km_json_key(&w, "message");
    km_json_text(&w, item->message && *item->message ? item->message : NULL);
    km_json_key(&w, "points");
    km_json_int(&w, (int64_t)item->points);
    km_json_key(&w, "bytes");
    km_json_int(&w, (int64_t)item->bytes);
    km_json_key(&w, "skipped_bytes");
    km_json_int(&w, (int64_t)item->skipped_bytes);
    km_json_key(&w, "warnings");
    km_json_int(&w, (int64_t)item->warnings);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
    (void)km_cli_row_end(cli);
}

/* Problems are named always; quiet facts only when asked for. */
static void on_item(void *user, const struct km_import_item *item)
{
    struct import *import = user;
    bool problem = item->code ||
                   (item->format &&
                    (item->skipped_bytes || item->status == KM_SOURCE_PARTIAL));
    if (item->format) {
        count_format(import, item);
    }
    import->problems += item->code != KM_OK;
    if (import->cli->json) {
        item_json(import->cli, item);
    }
    if (!problem && !import->verbose && !(import->follow && item->points)) {
        return;
    }
    km_progress_clear(&import->progress);
    bool said = item->message && *item->message;
    if (problem && item->code) {
        /* even under --quiet: an error is a result */
        bool quiet = import->cli->quiet;
        import->cli->quiet = false;
        km_cli_note(import->cli, "%s: %s%s%s", item->path, word_for(item),
                    said ? ": " : "", said ? item->message : "");
        import->cli->quiet = quiet;
        return;
    }
    bool cut_short = item->status == KM_SOURCE_PARTIAL && !item->code;
    const char *message =
        said        ? item->message
        : cut_short ? "ends inside a record, read to its last whole one"
                    : "";
    km_cli_note(import->cli, "%s: %s%s%s%s%s%s", item->path, word_for(item),
                *message ? ": " : "", message, item->points ? ", " : "",
                item->points ? km_show_count(item->points).text : "",
                item->points == 0   ? ""
                : item->points == 1 ? " point"
                                    : " points");
}

static void on_progress(void *user, const struct km_import_progress *progress)
{
    struct import *import = user;
    km_progress_show(&import->progress, progress);
}

static void on_warning(void *user, const char *path, uint64_t offset,
                       const char *text)
{
    struct import *import = user;
    if (import->verbose) {
        km_progress_clear(&import->progress);
        km_cli_note(import->cli, "%s: at byte %" PRIu64 ": %s", path, offset,
                    text);
    }
}

static void report_json(struct km_cli *cli,
                        const struct km_import_report *report)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        {"sources", report->sources},
        {"unchanged", report->unchanged},
        {"failed", report->failed},
        {"partial", report->partial},
        {"damaged", report->damaged},
        {"unrecognised", report->unrecognised},
        {"lfs_pointers", report->lfs_pointers},
        {"runs", report->runs},
        {"points", report->points},
        {"evaluations", report->evaluations},
        {"events", report->events},
        {"bytes", report->bytes},
        {"warnings", report->warnings},
        {"warnings_before", report->warnings_before},
        {"elapsed_ns", (uint64_t)report->elapsed_ns},
    };
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_key(&w, "summary");
    km_json_object_begin(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_json_key(&w, rows[i].key);
        km_json_int(&w, (int64_t)rows[i].value);
    }
    km_json_key(&w, "worst");
    km_json_text(&w, km_code_name(report->worst));
    km_json_object_end(&w);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
}

static void sentence_part(struct km_buf *out, uint64_t count, const char *one,
                          const char *many)
{
    if (count) {
        km_buf_printf(out, ", %s %s", km_show_count(count).text,
                      count == 1 ? one : many);
    }
}

/* "2 runs, 12 400 points from 3 sources in 0.8 s (1.2 M points/s)". */
static void report_sentence(struct km_cli *cli,
                            const struct km_import_report *report)
{
    struct km_buf line, *out = &line;
    km_buf_init(&line, 4096);
    double seconds = (double)report->elapsed_ns / 1e9;
    km_buf_printf(
        out, "%s %s, %s %s from %s %s in %s", km_show_count(report->runs).text,
        report->runs == 1 ? "run" : "runs", km_show_count(report->points).text,
        report->points == 1 ? "point" : "points",
        km_show_count(report->sources).text,
        report->sources == 1 ? "source" : "sources",
        km_show_span_ns(report->elapsed_ns).text);
    if (seconds > 0 && report->points > 100000) {
        km_buf_printf(out, " (%s points/s)",
                      km_show_scaled((double)report->points / seconds).text);
    }
    sentence_part(out, report->evaluations, "evaluation", "evaluations");
    sentence_part(out, report->events, "event", "events");
    sentence_part(out, report->unchanged, "unchanged source",
                  "unchanged sources");
    sentence_part(out, report->partial, "partial source", "partial sources");
    sentence_part(out, report->unrecognised, "file not recognised",
                  "files not recognised");
    sentence_part(out, report->lfs_pointers,
                  "Git LFS pointer instead of a file (git lfs pull)",
                  "Git LFS pointers instead of files (git lfs pull)");
    sentence_part(out, report->warnings, "warning", "warnings");
    sentence_part(out, report->warnings_before, "warning of an earlier import",
                  "warnings of earlier imports");
    km_text_wrap(&cli->out, (struct km_str){line.bytes, line.len},
                 cli->terminal.width, 0);
    km_buf_append_char(&cli->out, '\n');
    km_buf_finish(&line);
}

static const struct km_column columns[] = {
    {"format", KM_ALIGN_LEFT, false},     {"sources", KM_ALIGN_RIGHT, false},
    {"unchanged", KM_ALIGN_RIGHT, false}, {"points", KM_ALIGN_RIGHT, false},
    {"read", KM_ALIGN_RIGHT, false},
};

static enum km_code print_report(struct import *import,
                                 const struct km_import_report *report,
                                 struct km_err *err)
{
    struct km_cli *cli = import->cli;
    if (cli->json) {
        report_json(cli, report);
        return KM_OK;
    }
    if (cli->quiet) {
        return KM_OK;
    }
    struct km_table table;
    km_table_init(&table, &cli->arena, columns,
                  sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < import->total_count; i++) {
        const struct format_total *total = &import->totals[i];
        km_table_cell(&table, km_str_of(total->format), KM_TONE_PLAIN);
        km_table_cellf(&table, KM_TONE_PLAIN, "%s",
                       km_show_count(total->sources).text);
        km_table_cellf(&table, KM_TONE_PLAIN, "%s",
                       total->unchanged ? km_show_count(total->unchanged).text
                                        : "");
        km_table_cellf(&table, KM_TONE_PLAIN, "%s",
                       km_show_count(total->points).text);
        km_table_cellf(&table, KM_TONE_PLAIN, "%s",
                       km_show_bytes(total->bytes).text);
    }
    enum km_code code = KM_OK;
    if (import->total_count) {
        code = km_table_print(&table, &cli->terminal, &cli->out, err);
        km_buf_append_char(&cli->out, '\n');
    }
    report_sentence(cli, report);
    bool odd = report->warnings || report->warnings_before;
    if (!import->verbose &&
        (odd || (report->unrecognised && report->sources))) {
        km_cli_note(cli, "--verbose %s%s%s", odd ? "shows the warnings" : "",
                    odd && report->unrecognised ? " and " : "",
                    report->unrecognised ? "names what was not recognised"
                                         : "");
    }
    if (report->sources == 0 && report->failed == 0) {
        km_cli_note(cli, "no log was found%s",
                    report->unrecognised
                        ? "; --verbose names what was not recognised, `km help "
                          "import` says how to help it along"
                        : "");
    }
    return code;
}

/* --pattern and --columns that met no file they are for. */
static void note_unused(struct import *import)
{
    static const struct {
        const char *option, *format, *what;
    } rows[] = {
        {"pattern", "text_log",
         "--pattern describes the lines of text logs, and nothing was read as "
         "one; --format text_log makes it one"},
        {"columns", "csv",
         "--columns names columns of tables, and nothing was read as one; "
         "--format csv makes it one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool used = !km_option_given(import->cli->args, rows[i].option);
        for (size_t t = 0; t < import->total_count && !used; t++) {
            used = strncmp(import->totals[t].format, rows[i].format,
                           strlen(rows[i].format)) == 0;
        }
        if (!used) {
            km_cli_note(import->cli, "%s", rows[i].what);
        }
    }
}

/* Whether one of the words is this path. */
static bool is_named(const struct km_invocation *args, const char *path)
{
    for (size_t i = 0; i < args->word_count; i++) {
        if (strcmp(args->words[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* A log that is named alone is read alone: says so where settings lie beside
 * it. */
static void note_settings_beside(struct km_cli *cli)
{
    for (size_t i = 0; i < cli->args->word_count; i++) {
        const char *word = cli->args->words[i];
        const char *slash = strrchr(word, '/');
        size_t folder = slash ? (size_t)(slash - word) + 1 : 0;
        char name[KM_NAME_BYTES_MAX], path[2 * KM_PATH_BYTES_MAX];
        struct stat st;
        if (stat(word, &st) != 0 || !S_ISREG(st.st_mode) ||
            km_settings_stem(km_str_of(word)).len) {
            continue;
        }
        for (size_t k = 0; km_settings_candidate(km_str_of(word + folder), k,
                                                 name, sizeof name);
             k++) {
            int len =
                snprintf(path, sizeof path, "%.*s%s", (int)folder, word, name);
            if (len > 0 && (size_t)len < sizeof path &&
                !is_named(cli->args, path) && access(path, R_OK) == 0) {
                km_cli_note(cli,
                            "%s: not read; name it too, or the folder, and it "
                            "gives the run settings",
                            path);
                return;
            }
        }
    }
}

static struct km_str text_option(struct km_cli *cli, const char *name)
{
    return km_str_of(km_option_text(cli->args, name));
}

static void fill_options(struct import *import,
                         struct km_import_options *options)
{
    struct km_cli *cli = import->cli;
    *options = (struct km_import_options){
        .store = cli->store,
        .clock = cli->clock,
        .project = text_option(cli, "project"),
        .run = text_option(cli, "run"),
        .format = text_option(cli, "format"),
        .source = {.pattern = text_option(cli, "pattern"),
                   .column_map = text_option(cli, "columns"),
                   .salvage = km_option_given(cli->args, "salvage")},
        .recall_warnings = import->verbose,
        .follow = import->follow,
        .stop = km_cli_stop_flag(),
        .on_item = on_item,
        .on_progress = on_progress,
        .on_warning = on_warning,
        .on_look = on_look,
        .user = import,
    };
}

/* Who follows may begin before the training does. */
static void wait_for_paths(struct km_cli *cli)
{
    bool said = false;
    for (size_t i = 0; i < cli->args->word_count; i++) {
        while (access(cli->args->words[i], F_OK) != 0 && errno == ENOENT &&
               !atomic_load(km_cli_stop_flag())) {
            if (!said) {
                km_cli_note(cli, "%s is not there yet: waiting for it",
                            cli->args->words[i]);
                said = true;
            }
            const struct timespec pause = {0, PAUSE_MS * 1000000L};
            (void)nanosleep(&pause, NULL);
        }
    }
}

enum km_code km_run_import(struct km_cli *cli, struct km_err *err)
{
    struct import import = {
        .cli = cli,
        .verbose = km_option_given(cli->args, "verbose"),
        .follow = km_option_given(cli->args, "follow"),
    };
    struct km_store *store;
    enum km_code code = km_cli_store(cli, KM_ACCESS_CREATE, &store, err);
    if (code) {
        return code;
    }
    km_progress_init(&import.progress, cli);
    struct km_import_options options;
    fill_options(&import, &options);
    code = km_cli_store_path(cli, &options.store_path, err);
    if (code) {
        return code;
    }
    km_record_watch_begin(&import.watch, store, &cli->config.roles, cli->clock);
    struct km_import_report report = {0};
    if (import.follow) {
        wait_for_paths(cli);
    }
    code = km_import(&options, cli->args->words, cli->args->word_count, &report,
                     err);
    km_progress_clear(&import.progress);
    bool stopped = atomic_load(km_cli_stop_flag());
    if (code && !(stopped && code == KM_EINTERRUPTED)) {
        return code;
    }
    if (!stopped || import.follow) {
        keep_forecasts(&import);
    }
    code = print_report(&import, &report, err);
    if (code) {
        return code;
    }
    note_unused(&import);
    note_settings_beside(cli);
    if (stopped && !import.follow) {
        return km_fail(err, KM_EINTERRUPTED,
                       "stopped; what was read is kept, import again to go on");
    }
    if (report.worst && report.worst != KM_EINTERRUPTED) {
        char partial[80] = "";
        if (report.partial) {
            (void)snprintf(
                partial, sizeof partial, " and %" PRIu64 " %s inside a record",
                report.partial, report.partial == 1 ? "ends" : "end");
        }
        return km_fail(err, report.worst, "%" PRIu64 " %s%s, named above",
                       import.problems,
                       import.problems == 1 ? "source has a problem"
                                            : "sources have problems",
                       partial);
    }
    return KM_OK;
}
