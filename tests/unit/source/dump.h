/* dump.h - everything that a source hands on, as sorted lines of text.
 *
 *     dump_is(&km_source_jsonl, "a.jsonl", text, "point loss 0 @1 - 2.5\n...");
 *
 * The text is fed whole, in pieces of several sizes and, for streams, with a
 * save and a new import between the pieces: the lines must be the same. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_SOURCE_DUMP_H
#define KM_TESTS_SOURCE_DUMP_H

#include <inttypes.h>

#include "feed.h"

enum { DUMP_LINES_MAX = 65536 };

struct dump {
    struct km_buf out;
    enum km_code code;
    enum km_source_status status;
    unsigned warnings;
    char message[KM_ERR_BYTES], warning[256];
};

/* What the user asked for, in the following imports. */
static bool dump_salvage;

static void dump_time(struct km_buf *out, int64_t value)
{
    if (value == INT64_MIN) {
        km_buf_append_text(out, " -");
    } else {
        km_buf_printf(out, " %" PRId64, value);
    }
}

static void dump_word(struct km_buf *out, const char *label, struct km_str text)
{
    if (text.len) {
        km_buf_printf(out, " %s%.*s", label, (int)text.len, text.ptr);
    }
}

static void dump_points(struct km_buf *out, const struct km_batch *batch)
{
    for (uint32_t s = 0; s < batch->series_count; s++) {
        const struct km_batch_series *series = &batch->series[s];
        for (size_t i = 0; i < series->count; i++) {
            struct km_str run = batch->runs[series->run].meta.external_id;
            km_buf_append_text(out, "point");
            dump_word(out, "run=", km_str_is(run, "r") ? KM_STR("") : run);
            dump_word(out, "", series->metric);
            dump_word(out, "", series->labels);
            uint32_t part = batch->attempts[series->attempt].part;
            if (part || series->flags) {
                km_buf_printf(out, " part=%u flags=%u", part, series->flags);
            }
            km_buf_printf(out, " @%" PRId64, series->points[i].step);
            dump_time(out, series->points[i].time_ns);
            km_buf_printf(out, " %.17g\n", series->points[i].value);
        }
    }
}

static void dump_runs(struct km_buf *out, const struct km_batch *batch)
{
    static const char *const kinds[] = {"config", "tag", "summary"};
    for (uint32_t r = 0; r < batch->run_count; r++) {
        const struct km_run_meta *meta = &batch->runs[r].meta;
        if (meta->state > KM_RUN_RUNNING) { /* how it ended */
            km_buf_printf(out, "run %s", km_run_state_name(meta->state));
            dump_time(out, meta->created_ns);
            dump_time(out, meta->ended_ns);
            dump_word(out, "group=", meta->group);
            km_buf_append_char(out, '\n');
        }
        for (uint32_t a = 0; a < batch->runs[r].attribute_count; a++) {
            const struct km_attribute *row = &batch->runs[r].attributes[a];
            km_buf_printf(out, "%s", kinds[row->kind]);
            dump_word(out, "", row->key);
            dump_word(out, "", row->value_json);
            km_buf_append_char(out, '\n');
        }
    }
}

static void dump_others(struct km_buf *out, const struct km_batch *batch)
{
    for (uint32_t i = 0; i < batch->event_count; i++) {
        const struct km_event *event = &batch->events[i].event;
        km_buf_append_text(out, "event");
        dump_word(out, "", event->kind);
        dump_word(out, "", event->name);
        dump_time(out, event->step);
        dump_time(out, event->time_ns);
        km_buf_append_char(out, '\n');
    }
    for (uint32_t i = 0; i < batch->evaluation_count; i++) {
        const struct km_evaluation *e = &batch->evaluations[i].evaluation;
        km_buf_append_text(out, "eval");
        dump_word(out, "", e->task);
        dump_word(out, "", e->metric);
        dump_word(out, "filter=", e->filter);
        dump_word(out, "subset=", e->subset);
        dump_word(out, "stage=", e->stage);
        dump_word(out, "version=", e->version);
        dump_word(out, "hash=", e->task_hash);
        dump_word(out, "model=", e->model);
        km_buf_printf(out, " %.17g +-%.17g n=%" PRId64 " shot=%" PRId64,
                      e->value, e->stderr_, e->n, e->n_shot);
        km_buf_printf(out, " stage=%" PRId64 " better=%d", e->stage_index,
                      e->higher_is_better);
        dump_time(out, e->step);
        dump_time(out, e->time_ns);
        km_buf_append_char(out, '\n');
    }
}

static int dump_compare(const void *a, const void *b)
{
    const struct km_str *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->ptr, y->ptr, len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Sorts the lines; equal attribute and run lines of later batches go. */
static void dump_sort(struct km_buf *out)
{
    static struct km_str lines[DUMP_LINES_MAX];
    size_t count = 0;
    struct km_str all = {out->bytes, out->len};
    for (size_t at = 0; at < all.len && count < DUMP_LINES_MAX;) {
        size_t end = km_str_find(all, '\n', at);
        lines[count++] = (struct km_str){all.ptr + at, end - at};
        at = end + 1;
    }
    if (count == 0) {
        return;
    }
    qsort(lines, count, sizeof lines[0], dump_compare);
    struct km_buf sorted;
    km_buf_init(&sorted, out->max);
    for (size_t i = 0; i < count; i++) {
        bool counted = km_str_starts(lines[i], KM_STR("point ")) ||
                       km_str_starts(lines[i], KM_STR("eval ")) ||
                       km_str_starts(lines[i], KM_STR("event "));
        if (counted || i == 0 || !km_str_equal(lines[i], lines[i - 1])) {
            km_buf_append(&sorted, lines[i].ptr, lines[i].len);
            km_buf_append_char(&sorted, '\n');
        }
    }
    km_buf_finish(out);
    *out = sorted;
}

static struct km_place dump_place(const char *path)
{
    struct km_str whole = km_str_of(path);
    size_t cut = whole.len;
    while (cut > 0 && path[cut - 1] != '/') {
        cut--;
    }
    return (struct km_place){
        .path = whole,
        .folder = {path, cut ? cut - 1 : 0},
        .name = {path + cut, whole.len - cut},
        .root_fd = -1,
    };
}

/* `piece` 0: whole; `reopen`: every piece is an import of its own. */
static void dump_run(struct dump *dump, const struct km_source_ops *ops,
                     const char *path, struct km_str text, size_t piece,
                     bool reopen)
{
    struct km_place place = dump_place(path);
    struct fed fed = {.code = KM_OK, .options = {.salvage = dump_salvage}};
    struct fed_session session;
    fed_open(&fed, &session, ops, &place, KM_STR(""), KM_STR(""));
    *dump = (struct dump){.code = fed.code};
    km_buf_init(&dump->out, 64 * KM_MIB);
    size_t taken = 0, end = 0;
    while (fed.code == KM_OK) {
        end = piece && text.len - end > piece ? end + piece : text.len;
        size_t used = 0, len = end - taken;
        char *exact = malloc(len ? len : 1); /* so that ASan sees the end */
        if (len) {
            memcpy(exact, text.ptr + taken, len);
        }
        session.source.offset = taken;
        fed.code = ops->feed(&session.source, (struct km_str){exact, len},
                             end == text.len, &used, &fed.err);
        free(exact);
        taken += used;
        dump->status = session.source.status;
        const struct km_batch *batch = km_emit_batch(session.emit);
        dump_points(&dump->out, batch);
        dump_runs(&dump->out, batch);
        dump_others(&dump->out, batch);
        km_emit_batch_done(session.emit);
        if (end == text.len && (used == 0 || taken == end)) {
            break;
        }
        if (reopen && fed.code == KM_OK) {
            fed_reopen(&fed, &session, &place);
        }
    }
    fed_close(&session);
    dump->code = fed.code;
    dump->warnings = fed.warnings;
    memcpy(dump->message, fed.err.message, sizeof dump->message);
    memcpy(dump->warning, fed.warning, sizeof dump->warning);
    dump_sort(&dump->out);
}

static inline const char *dump_text(const struct dump *dump)
{
    return dump->out.bytes ? dump->out.bytes : "";
}

/* Checks the lines for the whole text and for cuts of it; what the last import
 * said beside them is in the result. */
static inline struct dump dump_is(const struct km_source_ops *ops,
                                  const char *path, const char *text,
                                  const char *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000};
    struct dump whole, cut;
    struct km_str input = km_str_of(text);
    dump_run(&whole, ops, path, input, 0, false);
    CHECK_TEXT(dump_text(&whole), expected);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        bool reopen = ops->shape == KM_SHAPE_STREAM;
        dump_run(&cut, ops, path, input, pieces[i], reopen);
        CHECK_TEXT(dump_text(&cut), expected);
        CHECK_INT(cut.code, whole.code);
        CHECK_INT(cut.status, whole.status);
        km_buf_finish(&cut.out);
    }
    km_buf_finish(&whole.out);
    whole.out = (struct km_buf){.bytes = NULL};
    return whole;
}

static inline int dump_sniff(const struct km_source_ops *ops, const char *path,
                             const char *text)
{
    struct km_place place = dump_place(path);
    struct km_sniff sniff = {&place, km_str_of(text), false};
    return ops->sniff(&sniff);
}

#endif
