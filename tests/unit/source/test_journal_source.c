/* test_journal_source.c - journals come back exactly: while they grow, with
 * slots published late, cut short, damaged. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "feed.h"
#include "journal/journal.h"
#include "knotmeter.h"
#include "source/journal_source.h"
#include "tap.h"

static char scratch[64];
static int root_fd;

static void make_scratch(void)
{
    (void)snprintf(scratch, sizeof scratch, "/tmp/km-journal-XXXXXX");
    CHECK(mkdtemp(scratch) != NULL);
    root_fd = open(scratch, O_RDONLY | O_DIRECTORY);
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_scratch(void)
{
    (void)close(root_fd);
    (void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct km_place place_of(const char *path)
{
    return (struct km_place){
        .path = km_str_of(path), .name = km_str_of(path), .root_fd = root_fd};
}

static void begin(struct fed *fed, struct fed_session *session,
                  struct km_place *place)
{
    struct km_source_options options = fed->options;
    *fed = (struct fed){.options = options};
    fed->points = calloc(FED_POINTS_MAX, sizeof *fed->points);
    fed_open(fed, session, &km_source_journal, place, KM_STR(""), KM_STR(""));
}

static void scan(struct fed *fed, struct fed_session *session)
{
    fed->code = km_source_journal.scan(&session->source, &fed->err);
    fed_take(fed, session->emit);
}

/* All of a folder in one scan. */
static void scan_once(struct fed *fed, const char *path)
{
    struct km_place place = place_of(path);
    struct fed_session session;
    begin(fed, &session, &place);
    scan(fed, &session);
    fed->status = session.source.status;
    fed->taken = session.source.damage_offset;
    fed_close(&session);
}

static struct km_run *open_run(struct km_run_options options)
{
    options.dir = scratch;
    options.quiet = 1;
    return km_run_open(&options);
}

/* Path of the run's folder below the scratch. */
static const char *path_of(const struct km_run *run)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s",
                   km_run_folder(run) + strlen(scratch) + 1);
    return path;
}

static void what_was_logged_comes_back(void)
{
    struct fed fed = {0};
    make_scratch();
    struct km_run *run = open_run((struct km_run_options){.id = "r1"});
    uint32_t valid = km_run_metric_labelled(run, "loss", "subset=valid");
    for (int i = 0; i < 100; i++) {
        km_run_log_name(run, i, "loss", 1.0 / (i + 1));
    }
    km_run_log(run, 99, valid, (double)NAN);
    km_run_config_number(run, "lr", 0.25);
    km_run_event(run, "checkpoint", "c", 50, NULL);
    const char *path = path_of(run);
    km_run_close(run);
    struct km_place place = place_of(path);
    struct km_sniff sniff = {.place = &place, .is_folder = true};
    CHECK(km_source_detect(&sniff) == &km_source_journal);
    sniff.is_folder = false;
    CHECK(km_source_detect(&sniff) != &km_source_journal);
    scan_once(&fed, path);
    CHECK_INT(fed.code, KM_OK);
    CHECK_INT(fed.count, 101);
    CHECK_INT(fed.warnings, 0);
    for (int i = 0; i < 100; i++) {
        const struct fed_point *point = fed_at(&fed, "loss", (size_t)i);
        CHECK(point->point.value == 1.0 / (i + 1) && point->point.step == i);
        CHECK(point->point.time_ns > 1000000000);
        CHECK_INT(point->part, 0);
    }
    CHECK_TEXT(fed_at(&fed, "loss", 100)->labels, "subset=valid");
    CHECK(isnan(fed_at(&fed, "loss", 100)->point.value));
    CHECK(strstr(fed.attributes, "lr=0.25;"));
    CHECK(strstr(fed.attributes, "track.points=101;"));
    fed_end(&fed);
    remove_scratch();
}

static void settings_that_are_not_json_become_text(void)
{
    make_scratch();
    struct km_run *run = open_run((struct km_run_options){.id = "r"});
    km_run_config_json(run, "a", "not json");
    km_run_config_json(run, "b", "1}, {");
    km_run_config_json(run, "c", "[[1, NaN]]");
    km_run_config_json(run, "d", "");
    km_run_event(run, "text", "x", 1, "{broken");
    const char *path = path_of(run);
    km_run_close(run);
    struct fed fed = {0};
    scan_once(&fed, path);
    CHECK(fed.code == KM_OK);
    CHECK(strstr(fed.attributes, "a=\"not json\";"));
    CHECK(strstr(fed.attributes, "b=\"1}, {\";"));
    CHECK(strstr(fed.attributes, "c=[[1, NaN]];"));
    CHECK_TEXT(fed.warning, "left out: details of an event are not JSON");
    fed_end(&fed);
    remove_scratch();
}

static void a_growing_journal_is_followed_without_loss(void)
{
    struct fed fed = {0};
    struct fed_session session;
    make_scratch();
    struct km_run *run = open_run(
        (struct km_run_options){.segment_bytes = 1 << 17, .patient = 1});
    uint32_t metric = km_run_metric(run, "x");
    struct km_place place = place_of(path_of(run));
    begin(&fed, &session, &place);
    int logged = 0;
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 397; i++) {
            km_run_log(run, logged, metric, logged);
            logged++;
        }
        (void)usleep(1000);
        scan(&fed, &session);
        CHECK_INT(fed.count, logged);
        scan(&fed, &session); /* nothing new */
        CHECK_INT(fed.count, logged);
        CHECK_INT(km_emit_batch(session.emit)->run_count, 0);
        if (round % 3 == 0) {
            fed_reopen(&fed, &session, &place);
        }
    }
    km_run_close(run);
    scan(&fed, &session);
    CHECK_INT(fed.count, logged);
    for (int i = 0; i < logged; i++) {
        CHECK(fed.points[i].point.step == i);
    }
    fed_close(&session);
    fed_end(&fed);
    remove_scratch();
}

/* --- segments made by hand ------------------------------------------------ */

enum { SLOTS = 40, SEGMENT = KM_JOURNAL_HEADER_BYTES + 32 * SLOTS };
static union {
    unsigned char bytes[SEGMENT];
    uint64_t align;
} segment;
static uint32_t salt;

static void put(uint32_t slot, int64_t step)
{
    uint64_t words[4] = {
        km_journal_word(KM_JOURNAL_POINT | KM_JOURNAL_WALL_TIME, 0),
        (uint64_t)step, (uint64_t)(1000 + step), 0};
    km_journal_publish(segment.bytes, slot, salt, words);
}

static void make_segment(uint32_t index)
{
    unsigned char room[100];
    struct km_journal_payload payload = {.bytes = room, .cap = sizeof room};
    struct km_journal_header header = {
        .segment = index, .segment_bytes = SEGMENT, .start_ns = 5};
    memset(&segment, 0, sizeof segment);
    km_journal_header_encode(&header, segment.bytes);
    salt = header.salt;
    km_journal_put_text(&payload, KM_FIELD_RUN, "run", 3);
    km_journal_record_publish(segment.bytes, 0, salt, KM_JOURNAL_RUN,
                              payload.bytes, payload.len);
    payload.len = 0;
    km_journal_put_integer(&payload, KM_FIELD_ID, 0);
    km_journal_put_text(&payload, KM_FIELD_NAME, "x", 1);
    km_journal_record_publish(segment.bytes, 1, salt, KM_JOURNAL_METRIC,
                              payload.bytes, payload.len);
}

enum { FIRST = 3 }; /* slot after run and metric, which takes two */

static void write_segment(uint32_t index, size_t len)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/w/%06u.kmj", scratch,
                   (unsigned)index);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(segment.bytes, 1, len, file) == len);
    (void)(file ? fclose(file) : 0);
}

static void start_by_hand(void)
{
    char path[96];
    make_scratch();
    (void)snprintf(path, sizeof path, "%s/w", scratch);
    CHECK(mkdir(path, 0777) == 0);
}

static void slots_published_late_are_taken_once(void)
{
    struct fed fed = {0};
    struct fed_session session;
    start_by_hand();
    make_segment(0);
    for (uint32_t i = FIRST; i < SLOTS; i++) {
        if (i != 7 && i != 9 && i != SLOTS - 1) {
            put(i, i);
        }
    }
    write_segment(0, SEGMENT);
    struct km_place place = place_of("w");
    begin(&fed, &session, &place);
    scan(&fed, &session);
    CHECK_INT(fed.count, SLOTS - FIRST - 3);
    put(7, 7);
    write_segment(0, SEGMENT);
    fed_reopen(&fed, &session, &place);
    scan(&fed, &session);
    CHECK_INT(fed.count, SLOTS - FIRST - 2);
    unsigned char kept[SEGMENT];
    uint32_t kept_salt = salt;
    memcpy(kept, segment.bytes, SEGMENT);
    make_segment(1); /* the writer went on, its last slot is still empty */
    put(FIRST, 100);
    write_segment(1, SEGMENT);
    scan(&fed, &session);
    CHECK_INT(fed.count, SLOTS - FIRST - 1);
    memcpy(segment.bytes, kept, SEGMENT);
    salt = kept_salt;
    put(9, 9);
    put(SLOTS - 1, SLOTS - 1);
    write_segment(0, SEGMENT);
    fed_reopen(&fed, &session, &place);
    scan(&fed, &session);
    scan(&fed, &session);
    CHECK_INT(fed.code, KM_OK);
    CHECK_INT(fed.count, SLOTS - FIRST + 1);
    for (int64_t step = FIRST; step < SLOTS; step++) {
        int seen = 0;
        for (size_t i = 0; i < fed.count; i++) {
            seen += fed.points[i].point.step == step;
            CHECK_INT(fed.points[i].part, 0);
        }
        CHECK_INT(seen, 1);
    }
    fed_close(&session);
    fed_end(&fed);
    remove_scratch();
}

static void any_cut_gives_the_points_before_it(void)
{
    start_by_hand();
    make_segment(0);
    for (uint32_t i = FIRST; i < SLOTS; i++) {
        put(i, i);
    }
    for (size_t len = 0; len <= SEGMENT; len += 5) {
        struct fed fed = {0};
        write_segment(0, len);
        scan_once(&fed, "w");
        size_t slots = len < KM_JOURNAL_HEADER_BYTES
                           ? 0
                           : (len - KM_JOURNAL_HEADER_BYTES) / 32;
        CHECK_INT(fed.code, KM_OK);
        CHECK_INT(fed.count, slots > FIRST ? slots - FIRST : 0);
        fed_end(&fed);
    }
    remove_scratch();
}

static void damage_stops_with_an_offset_and_salvage_goes_on(void)
{
    struct fed fed = {0};
    start_by_hand();
    make_segment(0);
    for (uint32_t i = FIRST; i < SLOTS; i++) {
        put(i, i);
    }
    segment.bytes[KM_JOURNAL_HEADER_BYTES + 32 * 10 + 9] ^= 1;
    write_segment(0, SEGMENT);
    scan_once(&fed, "w");
    CHECK_INT(fed.code, KM_ECORRUPT);
    CHECK_INT(fed.status, KM_SOURCE_DAMAGED);
    CHECK_INT(fed.taken, KM_JOURNAL_HEADER_BYTES + 32 * 10);
    CHECK_INT(fed.count, 10 - FIRST);
    CHECK_TEXT(fed.err.message,
               "000000.kmj: byte 448: the check bits of a record fail");
    fed_end(&fed);
    fed.options.salvage = true;
    scan_once(&fed, "w");
    CHECK_INT(fed.code, KM_OK);
    CHECK_INT(fed.count, SLOTS - FIRST - 1);
    fed_end(&fed);
    fed.options.salvage = false;
    segment.bytes[20] ^= 1;
    write_segment(0, SEGMENT);
    scan_once(&fed, "w");
    CHECK_INT(fed.code, KM_ECORRUPT);
    CHECK_INT(fed.count, 0);
    fed_end(&fed);
    remove_scratch();
}

static void a_broken_saved_place_is_refused(void)
{
    static const char *const saved[] = {"x", "0123", "012345670123456",
                                        "\2\0\0\0aaaabbbb"};
    for (size_t i = 0; i < sizeof saved / sizeof saved[0]; i++) {
        struct fed fed = {0};
        struct fed_session session;
        struct km_place place = {.root_fd = -1};
        fed_open(&fed, &session, &km_source_journal, &place, KM_STR(""),
                 (struct km_str){saved[i], i == 3 ? 12 : strlen(saved[i])});
        CHECK_INT(fed.code, KM_ECORRUPT);
        fed_close(&session);
    }
}

int main(void)
{
    RUN(what_was_logged_comes_back);
    RUN(settings_that_are_not_json_become_text);
    RUN(a_growing_journal_is_followed_without_loss);
    RUN(slots_published_late_are_taken_once);
    RUN(any_cut_gives_the_points_before_it);
    RUN(damage_stops_with_an_offset_and_salvage_goes_on);
    RUN(a_broken_saved_place_is_refused);
    return tap_end();
}
