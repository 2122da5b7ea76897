/* test_receive.c - a journal that is shipped is the journal that is imported,
 * however it is cut, doubled, interrupted or taken by several. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "ingest/ingest.h"
#include "ingest/receive.h"
#include "knotmeter.h"
#include "tap.h"

enum { SEGMENTS_MAX = 64 };

static char scratch[64];
static uint64_t seed = 7;

static size_t below(size_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return limit ? (size_t)(seed >> 33) % limit : 0;
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void begin(void)
{
    (void)snprintf(scratch, sizeof scratch, "/tmp/km-receive-XXXXXX");
    CHECK(mkdtemp(scratch) != NULL);
}

static void end(void)
{
    (void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A journal as its segments. */
struct journal {
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    struct {
        char *bytes;
        size_t len;
    } segments[SEGMENTS_MAX];
    uint32_t count;
};

static void read_journal(const char *folder, struct journal *journal)
{
    const char *name = strrchr(folder, '/') + 1;
    CHECK(km_journal_writer_parse(km_str_of(name), journal->writer));
    for (journal->count = 0; journal->count < SEGMENTS_MAX; journal->count++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/%06u.kmj", folder,
                       (unsigned)journal->count);
        FILE *file = fopen(path, "rb");
        if (!file) {
            break;
        }
        char *bytes = malloc(20 * KM_MIB);
        CHECK(bytes != NULL);
        journal->segments[journal->count].bytes = bytes;
        journal->segments[journal->count].len =
            fread(bytes, 1, 20 * KM_MIB, file);
        (void)fclose(file);
    }
}

static void free_journal(struct journal *journal)
{
    for (uint32_t i = 0; i < journal->count; i++) {
        free(journal->segments[i].bytes);
    }
}

/* Everything that a run says, over several segments. */
static void log_run(const char *id, struct journal *journal)
{
    const struct km_run_options options = {.dir = scratch,
                                           .project = "lab",
                                           .id = id,
                                           .segment_bytes = 128 * KM_KIB,
                                           .patient = 1,
                                           .quiet = 1};
    struct km_run *run = km_run_open(&options);
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s", km_run_folder(run));
    km_run_config_number(run, "lr", 0.1);
    km_run_tag(run, "note", "a \"tag\"");
    uint32_t loss = km_run_metric(run, "loss");
    for (int64_t step = 0; step < 20000; step++) {
        int64_t at = step < 9000 ? step : step - 500; /* restored once */
        km_run_log(run, at, loss,
                   step % 71 ? 1.0 / (double)(step + 1) : (double)NAN);
        if (step % 100 == 0) {
            km_run_log_name(run, at, step > 6000 ? "late/metric" : "eval/loss",
                            3);
        }
        if (step % 5000 == 0) {
            km_run_event(run, "checkpoint", "c", at, "{\"path\":\"x\"}");
        }
    }
    const struct km_run_evaluation evaluation = {
        .task = "arc", .metric = "acc", .value = 0.5, .step = 100};
    km_run_evaluate(run, &evaluation);
    km_run_close(run);
    read_journal(folder, journal);
    CHECK(journal->count > 3);
}

/* ---- what a store holds, as text ---- */

struct dump {
    struct km_store *store;
    struct km_buf out;
};

static bool dump_columns(void *user, const struct km_columns *columns)
{
    struct dump *dump = user;
    for (size_t i = 0; i < columns->count; i++) {
        km_buf_printf(&dump->out, " %u:%lld:%lld:%.17g", columns->attempt,
                      (long long)columns->steps[i],
                      (long long)columns->times_ns[i], columns->values[i]);
    }
    return true;
}

static bool dump_series(void *user, const struct km_series_row *series)
{
    struct dump *dump = user;
    const struct km_point_range all = {INT64_MIN, INT64_MAX};
    km_buf_printf(&dump->out, "\n%.*s{%.*s}", (int)series->metric.len,
                  series->metric.ptr, (int)series->labels.len,
                  series->labels.ptr);
    return km_store_read_points(dump->store, series->id, &all, dump_columns,
                                dump, NULL) == KM_OK;
}

static bool dump_attribute(void *user, const struct km_attribute *row)
{
    struct dump *dump = user;
    km_buf_printf(&dump->out, "\n%d %.*s=%.*s", (int)row->kind,
                  (int)row->key.len, row->key.ptr, (int)row->value_json.len,
                  row->value_json.ptr);
    return true;
}

static bool dump_event(void *user, uint32_t attempt,
                       const struct km_event *event)
{
    struct dump *dump = user;
    km_buf_printf(&dump->out, "\nevent %u %.*s %lld %lld", attempt,
                  (int)event->kind.len, event->kind.ptr, (long long)event->step,
                  (long long)event->time_ns);
    return true;
}

static bool dump_evaluation(void *user, uint64_t run_id,
                            const struct km_evaluation *row)
{
    struct dump *dump = user;
    km_buf_printf(&dump->out, "\neval %llx %.*s %g", (unsigned long long)run_id,
                  (int)row->task.len, row->task.ptr, row->value);
    return true;
}

static bool dump_run(void *user, const struct km_run_row *run)
{
    struct dump *dump = user;
    km_buf_printf(&dump->out, "\n== %.*s/%.*s %d", (int)run->meta.project.len,
                  run->meta.project.ptr, (int)run->meta.external_id.len,
                  run->meta.external_id.ptr, (int)run->meta.state);
    CHECK_INT(
        km_store_list_series(dump->store, run->id, dump_series, dump, NULL),
        KM_OK);
    CHECK_INT(km_store_list_attributes(dump->store, run->id, dump_attribute,
                                       dump, NULL),
              KM_OK);
    CHECK_INT(
        km_store_read_events(dump->store, run->id, dump_event, dump, NULL),
        KM_OK);
    CHECK_INT(km_store_read_evaluations(dump->store, run->id, dump_evaluation,
                                        dump, NULL),
              KM_OK);
    return true;
}

static char *text_of(struct km_store *store)
{
    struct dump dump = {.store = store};
    const struct km_run_filter every = {.order = KM_ORDER_NAME};
    km_buf_init(&dump.out, (size_t)1 << 28);
    km_buf_append_text(&dump.out, "");
    CHECK_INT(km_store_list_runs(store, &every, dump_run, &dump, NULL), KM_OK);
    return dump.out.bytes;
}

static struct km_store *new_store(void)
{
    const struct km_store_options options = {.create = true};
    return km_store_open_memory(&options, NULL);
}

static uint64_t import_into(struct km_store *store)
{
    const char *const paths[] = {scratch};
    const struct km_import_options options = {.store = store};
    struct km_import_report report;
    CHECK_INT(km_import(&options, paths, 1, &report, NULL), KM_OK);
    return report.points;
}

static bool same_stores(struct km_store *a, struct km_store *b)
{
    char *one = text_of(a), *other = text_of(b);
    bool same = strlen(one) > 100 && strcmp(one, other) == 0;
    size_t at = 0;
    while (one[at] && one[at] == other[at]) {
        at++;
    }
    if (!same) {
        at = at > 100 ? at - 100 : 0;
        printf("# %.300s\n# %.300s\n", one + at, other + at);
    }
    free(one);
    free(other);
    return same;
}

/* ---- shipping ---- */

static const struct km_receive_as anyone = {{"default", 7}, false};

/* Sends from where the store stands, in pieces, until all is there; `mischief`
 * doubles pieces, leaves some out, and starts receivers anew. */
static uint64_t ship(struct km_store *store, const struct journal *journal,
                     bool mischief, size_t piece_max)
{
    struct km_receiver *receivers[2] = {km_receiver_create(store, NULL),
                                        km_receiver_create(store, NULL)};
    uint64_t points = 0;
    struct km_receive_answer place = {.segment = 0};
    struct km_err err = {0};
    size_t which = 0;
    for (int sent = 0; sent < 1000000; sent++) {
        which = mischief && below(200) == 0 ? 1 - which : which;
        if (mischief && below(400) == 0) {
            km_receiver_destroy(receivers[which]);
            receivers[which] = km_receiver_create(store, NULL);
        }
        const char *bytes = journal->segments[place.segment].bytes;
        size_t len = journal->segments[place.segment].len;
        if (place.offset >= len && place.segment + 1 == journal->count) {
            break;
        }
        if (place.offset >= len) {
            place.segment++;
            place.offset = 0;
            continue;
        }
        size_t from = (size_t)place.offset;
        if (mischief && from > 256 && below(10) == 0) {
            from -= 64; /* again */
        } else if (mischief && from && below(10) == 0 && len - from > 64) {
            from += 64; /* a gap */
        }
        size_t piece = 128 + below(piece_max);
        const struct km_journal_range range = {
            place.segment,
            from,
            {bytes + from, piece < len - from ? piece : len - from},
            false};
        struct km_receive_answer answer;
        enum km_code code = km_receive(receivers[which], journal->writer,
                                       &anyone, &range, &answer, &err);
        CHECK(code == KM_OK || code == KM_ECONFLICT);
        points += answer.points;
        place = answer;
    }
    km_receiver_destroy(receivers[0]);
    km_receiver_destroy(receivers[1]);
    return points;
}

static void shipped_is_imported(void)
{
    begin();
    struct journal journal;
    log_run("r", &journal);
    struct km_store *imported = new_store();
    uint64_t points = import_into(imported);
    static const size_t pieces[] = {200, 5000, 100000, 2000000};
    for (int i = 0; i < 8; i++) {
        struct km_store *store = new_store();
        CHECK_INT(ship(store, &journal, i % 2, pieces[i / 2]), points);
        CHECK(same_stores(store, imported));
        CHECK_INT(ship(store, &journal, i % 2, 100000), 0);
        /* and importing the same folder brings nothing more */
        CHECK_INT(import_into(store), 0);
        CHECK(same_stores(store, imported));
        km_store_close(store);
    }
    free_journal(&journal);
    km_store_close(imported);
    end();
}

static void what_was_imported_is_not_shipped_again(void)
{
    begin();
    struct journal journal;
    log_run("r", &journal);
    struct km_store *store = new_store(), *imported = new_store();
    CHECK(import_into(store) > 0 && import_into(imported) > 0);
    CHECK_INT(ship(store, &journal, false, 100000), 0);
    CHECK(same_stores(store, imported));
    free_journal(&journal);
    km_store_close(store);
    km_store_close(imported);
    end();
}

static void a_wrong_range_is_told_the_place(void)
{
    begin();
    struct journal journal;
    log_run("r", &journal);
    struct km_store *store = new_store();
    struct km_receiver *receiver = km_receiver_create(store, NULL);
    struct km_receive_answer answer;
    struct km_err err;
    char *bytes = journal.segments[0].bytes;
    const struct km_journal_range gap = {0, 1024, {bytes + 1024, 640}, false};
    CHECK_INT(
        km_receive(receiver, journal.writer, &anyone, &gap, &answer, &err),
        KM_ECONFLICT);
    CHECK_INT(answer.offset, 0);
    const struct km_journal_range later = {2, 0, {bytes, 1024}, false};
    CHECK_INT(
        km_receive(receiver, journal.writer, &anyone, &later, &answer, &err),
        KM_ECONFLICT);
    const struct km_journal_range lie = {1, 0, {bytes, 1024}, false};
    CHECK_INT(
        km_receive(receiver, journal.writer, &anyone, &lie, &answer, &err),
        KM_ECORRUPT);
    const struct km_journal_range noise = {0, 0, {"not a journal", 13}, false};
    CHECK_INT(
        km_receive(receiver, journal.writer, &anyone, &noise, &answer, &err),
        KM_EFORMAT);
    /* a slot that is damaged on the way is passed over and counted */
    bytes[128 + 40 * 32 + 9] ^= 1;
    const struct km_journal_range whole = {
        0, 0, {bytes, journal.segments[0].len}, false};
    CHECK_INT(
        km_receive(receiver, journal.writer, &anyone, &whole, &answer, &err),
        KM_OK);
    CHECK_INT(answer.damaged, 1);
    CHECK_INT(answer.offset, journal.segments[0].len);
    struct km_receive_answer place;
    CHECK_INT(km_receive_place(receiver, journal.writer, &anyone, &place, &err),
              KM_OK);
    CHECK_INT(place.offset, answer.offset);
    CHECK_INT(place.segment, 0);
    km_receiver_destroy(receiver);
    km_store_close(store);
    free_journal(&journal);
    end();
}

static void a_token_of_one_project_brings_no_other(void)
{
    begin();
    struct journal journal;
    log_run("r", &journal);
    struct km_store *store = new_store();
    struct km_receiver *receiver = km_receiver_create(store, NULL);
    const struct km_receive_as other = {KM_STR("elsewhere"), true};
    const struct km_receive_as same = {KM_STR("lab"), true};
    const struct km_journal_range first = {
        0, 0, {journal.segments[0].bytes, journal.segments[0].len}, false};
    struct km_receive_answer answer;
    struct km_err err;
    CHECK_INT(
        km_receive(receiver, journal.writer, &other, &first, &answer, &err),
        KM_EDENIED);
    char *nothing = text_of(store);
    CHECK_INT(strlen(nothing), 0);
    free(nothing);
    CHECK_INT(
        km_receive(receiver, journal.writer, &same, &first, &answer, &err),
        KM_OK);
    CHECK(answer.points > 1000);
    km_receiver_destroy(receiver);
    km_store_close(store);
    free_journal(&journal);
    end();
}

int main(void)
{
    RUN(shipped_is_imported);
    RUN(what_was_imported_is_not_shipped_again);
    RUN(a_wrong_range_is_told_the_place);
    RUN(a_token_of_one_project_brings_no_other);
    return tap_end();
}
