/* test_emit.c - attempts, names and limits of the emitter; and that cutting an
 * import into any pieces gives the same records as one pass. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/limits.h"
#include "source/emit.h"
#include "tap.h"

#define NONE KM_TIME_ABSENT

static struct km_emit_options plain_options(void)
{
    return (struct km_emit_options){
        .origin_id = 77,
        .run = {.project = KM_STR("p"),
                .external_id = KM_STR("r"),
                .created_ns = NONE,
                .ended_ns = NONE},
        .order_key = KM_STR("file"),
    };
}

/* Parts of the points of a lone series, as text: "00011". */
static const char *parts_of(const int64_t (*points)[2], size_t count,
                            enum km_emit_mode mode)
{
    static char text[64];
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    km_emit_mode_set(emit, mode);
    uint32_t series = km_emit_series(emit, KM_STR("loss"), KM_STR(""), 0);
    for (size_t i = 0; i < count; i++) {
        const struct km_batch *batch = km_emit_batch(emit);
        size_t before[16] = {0};
        for (uint32_t s = 0; s < batch->series_count; s++) {
            before[s] = batch->series[s].count;
        }
        km_emit_point(emit, series, points[i][0], points[i][1], 1.0);
        for (uint32_t s = 0; s < batch->series_count; s++) {
            if (batch->series[s].count > before[s]) {
                uint32_t attempt = batch->series[s].attempt;
                text[i] = (char)('0' + batch->attempts[attempt].part);
            }
        }
    }
    text[count] = '\0';
    CHECK(!km_emit_failed(emit));
    km_emit_destroy(emit);
    return text;
}

static void a_step_that_goes_back_opens_an_attempt_unless_it_is_late(void)
{
    static const struct {
        int64_t points[8][2];
        size_t count;
        const char *parts;
    } rows[] = {
        {{{1, NONE}, {2, NONE}, {3, NONE}}, 3, "000"},
        {{{1, NONE}, {2, NONE}, {1, NONE}, {2, NONE}}, 4, "0011"},
        /* one writer at one step: every point stays */
        {{{0, NONE}, {0, NONE}, {0, NONE}}, 3, "000"},
        /* never rose: descending steps stay in order of arrival */
        {{{9, NONE}, {8, NONE}, {7, NONE}}, 3, "000"},
        /* between the last two steps and no time: late */
        {{{10, NONE}, {20, NONE}, {15, NONE}, {30, NONE}}, 4, "0000"},
        {{{10, NONE}, {20, NONE}, {10, NONE}}, 3, "001"},
        /* an older time is late however far the step is */
        {{{1, 100}, {2, 200}, {3, 300}, {1, 150}, {4, 400}}, 5, "00000"},
        /* a newer time is a restart however near the step is */
        {{{10, 100}, {20, 200}, {15, 300}, {20, 400}}, 4, "0011"},
        {{{10, 100}, {20, 200}, {15, 200}, {5, 200}}, 4, "0001"},
        /* rises again after a fall that began no attempt */
        {{{5, 1}, {3, 2}, {4, 3}, {3, 4}, {4, 5}}, 5, "00011"},
        {{{1, NONE}, {2, NONE}, {1, NONE}, {2, NONE}, {0, NONE}}, 5, "00112"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_TEXT(parts_of(rows[i].points, rows[i].count, KM_EMIT_INTERLEAVED),
                   rows[i].parts);
        CHECK_TEXT(parts_of(rows[i].points, rows[i].count, KM_EMIT_BY_SERIES),
                   rows[i].parts);
    }
}

static void a_restart_takes_all_series_of_the_run_along(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    uint32_t a = km_emit_series(emit, KM_STR("a"), KM_STR(""), 0);
    uint32_t b = km_emit_series(emit, KM_STR("b"), KM_STR(""), 0);
    for (int64_t step = 1; step <= 9; step++) {
        km_emit_point(emit, a, step, step, 1);
        km_emit_point(emit, b, step, step, 2);
    }
    km_emit_point(emit, a, 5, 20, 1);
    km_emit_point(emit, b, 10, 21, 2); /* b never went back, but restarted */
    const struct km_batch *batch = km_emit_batch(emit);
    CHECK_INT(batch->attempt_count, 2);
    CHECK_INT(batch->series_count, 4);
    CHECK_INT(batch->series[3].attempt, 1);
    CHECK_INT(batch->series[3].count, 1);
    CHECK_INT(batch->attempts[0].start_ns, 1);
    CHECK_INT(batch->attempts[1].start_ns, 20);
    CHECK_INT(batch->attempts[1].origin_start_ns, 1);
    km_emit_destroy(emit);
}

static void attempts_before_the_first_time_learn_the_start(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    uint32_t loss = km_emit_series(emit, KM_STR("loss"), KM_STR(""), 0);
    km_emit_point(emit, loss, 1, NONE, 1);
    km_emit_point(emit, loss, 2, NONE, 1);
    CHECK_INT(km_emit_checkpoint(emit, NULL), KM_OK);
    km_emit_point(emit, loss, 1, 50, 1); /* goes back, with a clock now */
    const struct km_batch *batch = km_emit_batch(emit);
    CHECK_INT(batch->attempt_count, 2);
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        CHECK_INT(batch->attempts[i].origin_start_ns, 50);
        CHECK_INT(batch->attempts[i].start_ns,
                  batch->attempts[i].part ? 50 : NONE);
    }
    CHECK_INT(km_emit_checkpoint(emit, NULL), KM_OK);
    km_emit_origin_start(emit, 7); /* told late */
    CHECK_INT(km_emit_batch(emit)->attempt_count, 2);
    CHECK_INT(km_emit_batch(emit)->attempts[0].origin_start_ns, 7);
    km_emit_destroy(emit);
}

static void series_of_a_store_restart_one_by_one(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    km_emit_mode_set(emit, KM_EMIT_BY_SERIES);
    uint32_t a = km_emit_series(emit, KM_STR("a"), KM_STR(""), 0);
    uint32_t b = km_emit_series(emit, KM_STR("b"), KM_STR(""), 0);
    const int64_t steps[] = {1, 2, 3, 2, 3, 4};
    for (size_t i = 0; i < 6; i++) {
        km_emit_point(emit, a, steps[i], (int64_t)i, 1);
    }
    for (size_t i = 0; i < 6; i++) {
        km_emit_point(emit, b, steps[i], (int64_t)i, 1);
    }
    const struct km_batch *batch = km_emit_batch(emit);
    CHECK_INT(batch->attempt_count, 2);
    CHECK_INT(batch->series_count, 4);
    for (uint32_t i = 0; i < batch->series_count; i++) {
        CHECK_INT(batch->series[i].count, 3);
    }
    km_emit_destroy(emit);
}

static void an_explicit_restart_of_an_empty_attempt_only_names_it(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    km_emit_restart(emit, 500, "session start");
    km_emit_value(emit, KM_STR("a"), 500, 1, 1);
    km_emit_value(emit, KM_STR("a"), 501, 2, 1);
    km_emit_restart(emit, 400, "session start");
    km_emit_value(emit, KM_STR("a"), 502, 3, 1);
    const struct km_batch *batch = km_emit_batch(emit);
    CHECK_INT(batch->attempt_count, 2);
    CHECK_INT(batch->attempts[0].restart_step, 500);
    CHECK_TEXT(batch->attempts[0].reason.ptr, "session start");
    CHECK_INT(batch->attempts[1].restart_step, 400);
    CHECK_INT(batch->attempts[1].part, 1);
    km_emit_destroy(emit);
}

static void labels_of_the_place_are_merged_in_order(void)
{
    static const struct {
        const char *given, *own, *merged;
    } rows[] = {
        {"", "a=1", "a=1"},
        {"a=1", "", "a=1"},
        {"b=2", "a=1,c=3", "a=1,b=2,c=3"},
        {"a=1,c=3", "b=2", "a=1,b=2,c=3"},
        {"subset=train", "subset=test", "subset=test"},
        {"a=1,b=2", "b=3,z=1", "a=1,b=3,z=1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct km_emit_options options = plain_options();
        options.labels = km_str_of(rows[i].given);
        struct km_emit *emit = km_emit_create(&options, NULL);
        uint32_t s =
            km_emit_series(emit, KM_STR("m"), km_str_of(rows[i].own), 0);
        CHECK_INT(km_emit_series(emit, KM_STR("m"), km_str_of(rows[i].own), 0),
                  s);
        km_emit_point(emit, s, 1, NONE, 1);
        CHECK_TEXT(km_emit_batch(emit)->series[0].labels.ptr, rows[i].merged);
        km_emit_destroy(emit);
    }
}

static void count_warning(void *user, uint64_t offset, const char *text)
{
    (void)offset;
    CHECK(strlen(text) < KM_ERR_BYTES && !strchr(text, '\033'));
    ++*(int *)user;
}

static void bad_names_are_left_out_visibly(void)
{
    int shown = 0;
    struct km_emit_options options = plain_options();
    options.on_warning = count_warning;
    options.user = &shown;
    struct km_emit *emit = km_emit_create(&options, NULL);
    uint32_t s = km_emit_series(emit, KM_STR("a\033[2J"), KM_STR(""), 0);
    CHECK(s == KM_EMIT_IGNORED);
    km_emit_point(emit, s, 1, NONE, 1);
    CHECK_INT(km_emit_ignored_points(emit), 1);
    for (int i = 0; i < 100; i++) {
        km_emit_value(emit, KM_STR(""), i, NONE, 1);
    }
    CHECK_INT(km_emit_warning_count(emit), 101);
    CHECK_INT(shown, KM_EMIT_WARNINGS_MAX);
    CHECK(!km_emit_failed(emit));
    CHECK_INT(km_emit_batch(emit)->point_count, 0);
    km_emit_destroy(emit);
}

static void a_file_that_knows_its_run_overrides_the_place(void)
{
    struct km_emit_options options = plain_options();
    options.run.name = KM_STR("shown");
    struct km_emit *emit = km_emit_create(&options, NULL);
    struct km_run_meta meta = {
        .external_id = KM_STR("x1"), .created_ns = 5, .ended_ns = NONE};
    CHECK(km_emit_run(emit, &meta) == KM_OK);
    km_emit_value(emit, KM_STR("a"), 1, NONE, 1);
    const struct km_batch *batch = km_emit_batch(emit);
    CHECK_INT(batch->run_count, 1);
    CHECK_TEXT(batch->runs[0].meta.external_id.ptr, "x1");
    CHECK_TEXT(batch->runs[0].meta.project.ptr, "p");
    CHECK_INT(batch->runs[0].meta.name.len, 0);
    CHECK_INT(batch->runs[0].meta.created_ns, 5);
    km_emit_destroy(emit);
}

static void too_many_restarts_stay_in_the_last_attempt(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    uint32_t s = km_emit_series(emit, KM_STR("a"), KM_STR(""), 0);
    for (int i = 0; i < 3 * KM_RESTARTS_PER_ORIGIN_MAX; i++) {
        km_emit_point(emit, s, i % 2, NONE, 1);
    }
    CHECK_INT(km_emit_batch(emit)->attempt_count,
              KM_RESTARTS_PER_ORIGIN_MAX + 1);
    CHECK_INT(km_emit_batch(emit)->point_count, 3 * KM_RESTARTS_PER_ORIGIN_MAX);
    CHECK_INT(km_emit_warning_count(emit), 1);
    km_emit_destroy(emit);
}

/* ---- any cut gives the same ---- */

enum { SERIES = 6, ATTEMPTS = 400, POINTS = 3000 };

/* What was committed: per series the points with their part, per attempt what
 * was said last. */
struct committed {
    struct {
        uint64_t id;
        size_t count;
        struct km_point points[POINTS];
        uint32_t parts[POINTS];
    } series[SERIES * 2];
    struct km_batch_attempt attempts[ATTEMPTS];
    char reasons[ATTEMPTS][24];
    size_t series_count, attempt_count;
};

static void commit_series(struct committed *to, const struct km_batch *batch,
                          const struct km_batch_series *from)
{
    size_t at = 0;
    while (at < to->series_count && to->series[at].id != from->id) {
        at++;
    }
    to->series_count += at == to->series_count;
    to->series[at].id = from->id;
    for (size_t i = 0; i < from->count; i++) {
        size_t n = to->series[at].count++;
        to->series[at].points[n] = from->points[i];
        to->series[at].parts[n] = batch->attempts[from->attempt].part;
    }
}

static enum km_code commit(void *user, struct km_batch *batch,
                           struct km_err *err)
{
    (void)err;
    struct committed *to = user;
    for (uint32_t i = 0; i < batch->series_count; i++) {
        commit_series(to, batch, &batch->series[i]);
    }
    for (uint32_t i = 0; i < batch->attempt_count; i++) {
        const struct km_batch_attempt *from = &batch->attempts[i];
        size_t at = 0;
        while (at < to->attempt_count && to->attempts[at].id != from->id) {
            at++;
        }
        to->attempt_count += at == to->attempt_count;
        to->attempts[at] = *from;
        (void)snprintf(to->reasons[at], sizeof to->reasons[at], "%s",
                       from->reason.ptr);
    }
    return KM_OK;
}

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (*seed >> 33) % limit;
}

/* Saves, forgets everything, and goes on from what was saved. */
static struct km_emit *reopen(struct km_emit *emit,
                              struct km_emit_options *options)
{
    struct km_buf saved;
    km_buf_init(&saved, KM_EMIT_STATE_BYTES_MAX);
    km_emit_save(emit, &saved);
    km_emit_destroy(emit);
    options->saved = (struct km_str){saved.bytes, saved.len};
    struct km_err err;
    emit = km_emit_create(options, &err);
    CHECK(emit != NULL);
    struct km_buf again;
    km_buf_init(&again, KM_EMIT_STATE_BYTES_MAX);
    km_emit_save(emit, &again);
    CHECK(again.len == saved.len &&
          memcmp(again.bytes, saved.bytes, saved.len) == 0);
    km_buf_finish(&again);
    km_buf_finish(&saved);
    options->saved = (struct km_str){0};
    return emit;
}

/* The same stream for the same seed, cut with probability 1/cut_every. */
static void play(uint64_t seed, uint64_t cut_every, struct committed *to)
{
    static const char *const names[SERIES] = {"a", "b", "c", "d", "e", "f"};
    static const char *const runs[] = {"r", "s"};
    uint64_t cut_seed = seed ^ 99;
    struct km_emit_options options = plain_options();
    options.flush = commit;
    options.user = to;
    struct km_emit *emit = km_emit_create(&options, NULL);
    km_emit_mode_set(emit, seed % 3 ? KM_EMIT_INTERLEAVED : KM_EMIT_BY_SERIES);
    int64_t step = 0, time_ns = 1000;
    for (int i = 0; i < POINTS; i++) {
        uint64_t dice = random_below(&seed, 100);
        if (dice < 4) {
            step -= (int64_t)random_below(&seed, 30);
        } else if (dice < 60) {
            step += (int64_t)random_below(&seed, 3);
        }
        time_ns += (int64_t)random_below(&seed, 20) - 3;
        if (dice == 99) {
            struct km_run_meta meta = {
                .external_id = km_str_of(runs[random_below(&seed, 2)]),
                .created_ns = NONE,
                .ended_ns = NONE};
            CHECK(km_emit_run(emit, &meta) == KM_OK);
        } else if (dice == 98) {
            km_emit_restart(emit, step, "told");
        }
        const char *name = names[random_below(&seed, SERIES)];
        km_emit_value(emit, km_str_of(name), step,
                      random_below(&seed, 5) ? time_ns : NONE, i);
        if (random_below(&cut_seed, cut_every) == 0) {
            CHECK(km_emit_checkpoint(emit, NULL) == KM_OK);
            if (random_below(&cut_seed, 2)) {
                emit = reopen(emit, &options);
            }
        }
    }
    CHECK(km_emit_checkpoint(emit, NULL) == KM_OK);
    km_emit_destroy(emit);
}

static bool same_attempt(const struct km_batch_attempt *a,
                         const struct km_batch_attempt *b)
{
    return a->id == b->id && a->part == b->part && a->start_ns == b->start_ns &&
           a->restart_step == b->restart_step;
}

static void compare(const struct committed *whole, const struct committed *cut)
{
    CHECK_INT(cut->series_count, whole->series_count);
    CHECK_INT(cut->attempt_count, whole->attempt_count);
    for (size_t i = 0; i < whole->series_count; i++) {
        size_t at = 0;
        while (at < cut->series_count &&
               cut->series[at].id != whole->series[i].id) {
            at++;
        }
        size_t count = whole->series[i].count;
        CHECK(at < cut->series_count && cut->series[at].count == count);
        CHECK(memcmp(cut->series[at].points, whole->series[i].points,
                     count * sizeof(struct km_point)) == 0);
        CHECK(memcmp(cut->series[at].parts, whole->series[i].parts,
                     count * sizeof(uint32_t)) == 0);
    }
    for (size_t i = 0; i < whole->attempt_count; i++) {
        size_t at = 0;
        while (at < cut->attempt_count &&
               !same_attempt(&cut->attempts[at], &whole->attempts[i])) {
            at++;
        }
        CHECK(at < cut->attempt_count);
        CHECK_TEXT(cut->reasons[at], whole->reasons[i]);
    }
}

static void any_cut_and_resume_gives_the_records_of_one_pass(void)
{
    struct committed *whole = malloc(sizeof *whole);
    struct committed *cut = malloc(sizeof *cut);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        memset(whole, 0, sizeof *whole);
        memset(cut, 0, sizeof *cut);
        play(seed, UINT64_MAX, whole);
        play(seed, 1 + seed % 50, cut);
        CHECK(whole->attempt_count > 1 && whole->attempt_count < ATTEMPTS);
        compare(whole, cut);
    }
    free(whole);
    free(cut);
}

static void a_damaged_state_is_refused(void)
{
    struct km_emit_options options = plain_options();
    struct km_emit *emit = km_emit_create(&options, NULL);
    for (int64_t i = 0; i < 20; i++) {
        km_emit_value(emit, KM_STR("a"), i % 7, NONE, 1);
        km_emit_value(emit, KM_STR("b"), i, i, 1);
    }
    struct km_buf saved;
    km_buf_init(&saved, KM_EMIT_STATE_BYTES_MAX);
    km_emit_save(emit, &saved);
    km_emit_destroy(emit);
    for (size_t len = 1; len < saved.len; len++) {
        struct km_err err = {.code = KM_OK};
        options.saved = (struct km_str){saved.bytes, len};
        CHECK(km_emit_create(&options, &err) == NULL);
        CHECK_INT(err.code, KM_ECORRUPT);
    }
    options.saved = (struct km_str){saved.bytes, saved.len};
    for (size_t at = 0; at < saved.len; at++) {
        saved.bytes[at] = (char)(saved.bytes[at] ^ 0x41);
        km_emit_destroy(km_emit_create(&options, NULL)); /* no crash */
        saved.bytes[at] = (char)(saved.bytes[at] ^ 0x41);
    }
    km_buf_finish(&saved);
}

static enum km_code refuse(void *user, struct km_batch *batch,
                           struct km_err *err)
{
    (void)user;
    (void)batch;
    return km_fail(err, KM_ENOSPACE, "no room for it");
}

static void the_first_failure_stays(void)
{
    struct km_emit_options options = plain_options();
    options.flush = refuse;
    struct km_emit *emit = km_emit_create(&options, NULL);
    uint32_t s = km_emit_series(emit, KM_STR("a"), KM_STR(""), 0);
    km_emit_point(emit, s, 1, NONE, 1);
    struct km_err err;
    CHECK_INT(km_emit_checkpoint(emit, &err), KM_ENOSPACE);
    CHECK_TEXT(err.message, "no room for it");
    CHECK(km_emit_failed(emit) && km_emit_full(emit));
    km_emit_point(emit, s, 2, NONE, 1);
    CHECK_INT(km_emit_batch(emit)->point_count, 1);
    CHECK_INT(km_emit_checkpoint(emit, NULL), KM_ENOSPACE);
    km_emit_destroy(emit);
}

int main(void)
{
    RUN(a_step_that_goes_back_opens_an_attempt_unless_it_is_late);
    RUN(a_restart_takes_all_series_of_the_run_along);
    RUN(attempts_before_the_first_time_learn_the_start);
    RUN(series_of_a_store_restart_one_by_one);
    RUN(an_explicit_restart_of_an_empty_attempt_only_names_it);
    RUN(labels_of_the_place_are_merged_in_order);
    RUN(bad_names_are_left_out_visibly);
    RUN(a_file_that_knows_its_run_overrides_the_place);
    RUN(too_many_restarts_stay_in_the_last_attempt);
    RUN(any_cut_and_resume_gives_the_records_of_one_pass);
    RUN(a_damaged_state_is_refused);
    RUN(the_first_failure_stays);
    return tap_end();
}
