/* conformance.c - one suite, run for every backend: what store.h promises. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "common.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static enum backend backend;
static char folder[256];
static struct km_store *store;
static struct km_batch batch;

static void open_fresh(void)
{
    struct km_err err;
    make_folder(folder);
    store = open_store(backend, folder, NULL, &err);
    if (!store) {
        printf("# %s\n", err.message);
        exit(1);
    }
}

static void close_fresh(void)
{
    CHECK_INT(count_findings(store, true, false), 0);
    km_store_close(store);
    remove_folder(folder);
}

static void put(int64_t step, double value)
{
    CHECK(km_batch_point(&batch, 0,
                         (struct km_point){step, KM_TIME_ABSENT, value}));
}

static bool count_row(void *user)
{
    ++*(int *)user;
    return true;
}
static bool count_run(void *user, const struct km_run_row *row)
{
    return row && count_row(user);
}
static bool count_series(void *user, const struct km_series_row *row)
{
    return row && count_row(user);
}
static bool count_cursor(void *user, const struct km_cursor *row)
{
    return row && count_row(user);
}

static int runs_like(const char *contains)
{
    int count = 0;
    const struct km_run_filter filter = {.contains = km_str_of(contains)};
    CHECK_INT(km_store_list_runs(store, &filter, count_run, &count, NULL),
              KM_OK);
    return count;
}

static void an_empty_store_has_nothing_to_say(void)
{
    int count = 0;
    struct km_store_usage usage;
    struct km_bucket buckets[3];
    open_fresh();
    CHECK_INT(runs_like(""), 0);
    CHECK_INT(km_store_list_series(store, 1, count_series, &count, NULL),
              KM_OK);
    CHECK_INT(km_store_reduce(store, 1, &(struct km_point_range){0, 10},
                              buckets, 3, NULL),
              KM_OK);
    CHECK(buckets[2].n == 0 && isnan(buckets[2].first));
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK_INT(usage.runs + usage.series + usage.points + usage.sources, 0);
    CHECK_INT(km_store_delete_run(store, 1, NULL), KM_ENOTFOUND);
    CHECK_INT(count, 0);
    close_fresh();
}

struct expected {
    const struct km_point *points;
    size_t at, count;
    int wrong;
};

static bool compare_points(void *user, const struct km_columns *columns)
{
    struct expected *expected = user;
    for (size_t i = 0; i < columns->count; i++, expected->at++) {
        const struct km_point *want = &expected->points[expected->at];
        expected->wrong += expected->at >= expected->count ||
                           columns->steps[i] != want->step ||
                           columns->times_ns[i] != want->time_ns ||
                           memcmp(&columns->values[i], &want->value, 8) != 0;
    }
    return true;
}

static void points_come_back_bit_for_bit(void)
{
    static const double values[] = {
        0.0,    -0.0,    (double)NAN, (double)INFINITY, -(double)INFINITY,
        5e-324, 1.7e308, 0.1};
    uint64_t payload = 0xfff4000000001234u;
    double odd_nan;
    memcpy(&odd_nan, &payload, sizeof odd_nan);
    open_fresh();
    plain_batch(&batch, 9, "run", "loss");
    for (int i = 0; i < 10000; i++) {
        put(i % 7 == 0   ? INT64_MAX - i
            : i % 5 == 0 ? INT64_MIN + i
                         : i,
            i % 11 ? values[i % 8] : odd_nan);
        batch.series[0].points[i].time_ns = i % 3 ? KM_TIME_ABSENT : INT64_MAX;
    }
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    struct expected expected = {batch.series[0].points, 0, 10000, 0};
    CHECK_INT(km_store_read_points(store, batch.series[0].id, NULL,
                                   compare_points, &expected, NULL),
              KM_OK);
    CHECK_INT(expected.at, 10000);
    CHECK_INT(expected.wrong, 0);
    close_fresh();
}

static bool note_first_and_last(void *user, const struct km_series_row *row)
{
    double *ends = user;
    ends[0] = row->summary.first;
    ends[1] = row->summary.last;
    return true;
}

/* The second origin starts earlier: its points stand first. */
static void attempts_stand_in_their_order_not_in_that_of_arrival(void)
{
    double ends[2] = {0, 0};
    open_fresh();
    for (int i = 0; i < 3; i++) {
        plain_batch(&batch, (uint64_t)(30 - i), "run", "loss");
        batch.attempts[0].origin_start_ns =
            i == 2 ? KM_TIME_ABSENT : 1000 - i * 500;
        batch.attempts[0].order_key = KM_STR("file");
        put(i, i + 1);
        CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    }
    CHECK_INT(km_store_list_series(store, batch.runs[0].id, note_first_and_last,
                                   ends, NULL),
              KM_OK);
    CHECK_NEAR(ends[0], 2, 0);
    CHECK_NEAR(ends[1], 3, 0);
    const struct km_point order[] = {
        {1, KM_TIME_ABSENT, 2}, {0, KM_TIME_ABSENT, 1}, {2, KM_TIME_ABSENT, 3}};
    struct expected expected = {order, 0, 3, 0};
    (void)km_store_read_points(store, batch.series[0].id, NULL, compare_points,
                               &expected, NULL);
    CHECK(expected.at == 3 && expected.wrong == 0);
    close_fresh();
}

static void replacing_removes_what_the_origin_brought_and_no_more(void)
{
    open_fresh();
    plain_batch(&batch, 1, "mine", "loss");
    put(1, 1);
    (void)km_store_append(store, &batch, NULL);
    plain_batch(&batch, 1, "shared", "loss");
    put(1, 1);
    (void)km_store_append(store, &batch, NULL);
    plain_batch(&batch, 2, "shared", "acc");
    put(1, 1);
    (void)km_store_append(store, &batch, NULL);
    CHECK_INT(runs_like(""), 2);
    uint64_t shared = batch.runs[0].id;
    plain_batch(&batch, 1, "new", "loss");
    batch.replace = true;
    put(5, 5);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    int count = 0;
    CHECK_INT(runs_like("mine"), 0);
    CHECK_INT(runs_like("new"), 1);
    (void)km_store_list_series(store, shared, count_series, &count, NULL);
    CHECK_INT(count, 1);
    close_fresh();
}

static bool note_added(void *user, const struct km_run_row *row)
{
    *(int64_t *)user = row->added_ns;
    return true;
}

static void a_run_that_is_replaced_keeps_when_it_was_added(void)
{
    int64_t before = 0, after = 0;
    open_fresh();
    for (int i = 0; i < 2; i++) {
        plain_batch(&batch, 1, "run", "loss");
        batch.replace = true;
        put(1, 1);
        CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
        (void)km_store_list_runs(store, NULL, note_added, i ? &after : &before,
                                 NULL);
        test_wall_ns += 1000000;
    }
    CHECK(before != 0 && before == after);
    close_fresh();
}

static void filters_search_in_names_and_groups(void)
{
    open_fresh();
    plain_batch(&batch, 1, "alpha-7", "loss");
    batch.runs[0].meta.group = KM_STR("seeds");
    (void)km_store_append(store, &batch, NULL);
    plain_batch(&batch, 2, "beta", "loss");
    batch.runs[0].meta.name = KM_STR("Shown");
    (void)km_store_append(store, &batch, NULL);
    CHECK_INT(runs_like("alpha"), 1);
    CHECK_INT(runs_like("p/alpha"), 1);
    CHECK_INT(runs_like("seed"), 1);
    CHECK_INT(runs_like("p/Sho"), 1);
    CHECK_INT(runs_like("beta"), 1);
    CHECK_INT(runs_like("p/beta"), 0);
    CHECK_INT(runs_like("gamma"), 0);
    int count = 0;
    const struct km_run_filter page = {.skip = 1, .limit = 5};
    (void)km_store_list_runs(store, &page, count_run, &count, NULL);
    CHECK_INT(count, 1);
    close_fresh();
}

static void cursors_are_found_by_source_head_and_path(void)
{
    const struct km_cursor likes[] = {
        {.source_id = 7},
        {.head_len = 10, .head_hash = UINT64_MAX},
        {.path = KM_STR("x\377y")},
        {.source_id = 0},
    };
    open_fresh();
    plain_batch(&batch, 7, "run", "loss");
    batch.has_cursor = true;
    batch.cursor = (struct km_cursor){.source_id = 7,
                                      .head_len = 10,
                                      .head_hash = UINT64_MAX,
                                      .path = KM_STR("x\377y")};
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    for (size_t i = 0; i < 4; i++) {
        int count = 0;
        (void)km_store_find_cursors(store, &likes[i], count_cursor, &count,
                                    NULL);
        CHECK_INT(count, 1);
    }
    int none = 0;
    const struct km_cursor other = {.source_id = 8, .path = KM_STR("x")};
    (void)km_store_find_cursors(store, &other, count_cursor, &none, NULL);
    CHECK_INT(none, 0);
    /* a deleted run may be brought again: its cursor goes with it */
    CHECK_INT(km_store_delete_run(store, batch.runs[0].id, NULL), KM_OK);
    (void)km_store_find_cursors(store, NULL, count_cursor, &none, NULL);
    CHECK_INT(none, 0);
    close_fresh();
}

static void a_commit_changes_the_generation(void)
{
    struct random_state random = {77};
    uint64_t first, same, second, third;
    open_fresh();
    CHECK_INT(km_store_generation(store, &first, NULL), KM_OK);
    CHECK_INT(km_store_generation(store, &same, NULL), KM_OK);
    CHECK(first == same);
    random_batch(&random, 1, &batch);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    CHECK_INT(km_store_generation(store, &second, NULL), KM_OK);
    CHECK(first != second);
    CHECK_INT(km_store_delete_run(store, batch.runs[0].id, NULL), KM_OK);
    CHECK_INT(km_store_generation(store, &third, NULL), KM_OK);
    CHECK(second != third);
    close_fresh();
}

static void what_another_importer_brought_is_not_added_again(void)
{
    struct random_state random = {77};
    struct km_store_usage usage = {0}, after = {0};
    struct km_err err;
    open_fresh();
    random_batch(&random, 1, &batch);
    batch.has_cursor = batch.is_guarded = true;
    batch.replace = false;
    batch.cursor = (struct km_cursor){.source_id = batch.origin_id,
                                      .format = KM_STR("csv"),
                                      .path = KM_STR("/a"),
                                      .consumed_bytes = 5,
                                      .state = KM_STR("s")};
    batch.cursor_before = 1;
    CHECK_INT(km_store_append(store, &batch, &err), KM_ECONFLICT);
    batch.cursor_before = 0;
    CHECK_INT(km_store_append(store, &batch, &err), KM_OK);
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK_INT(km_store_append(store, &batch, &err), KM_ECONFLICT);
    CHECK_TEXT(err.message,
               "store: this source was read by another import meanwhile");
    batch.replace = true;
    CHECK_INT(km_store_append(store, &batch, &err), KM_ECONFLICT);
    CHECK_INT(km_store_usage(store, &after, NULL), KM_OK);
    CHECK(usage.points > 0 && usage.points == after.points);
    batch.cursor_before = km_cursor_mark(&batch.cursor);
    CHECK_INT(km_store_append(store, &batch, &err), KM_OK);
    close_fresh();
}

static void a_lease_has_one_owner_until_it_ends(void)
{
    struct km_str name = KM_STR("import"), a = KM_STR("a"), b = KM_STR("b");
    struct km_err err;
    open_fresh();
    CHECK_INT(km_store_lease(store, name, a, 1000, NULL), KM_OK);
    CHECK_INT(km_store_lease(store, name, b, 1000, &err), KM_EBUSY);
    CHECK_TEXT(err.message, "import is held by a");
    CHECK_INT(km_store_lease(store, name, a, 1000, NULL), KM_OK);
    test_wall_ns += 1000;
    CHECK_INT(km_store_lease(store, name, b, 1000, NULL), KM_OK);
    CHECK_INT(km_store_lease(store, name, b, 0, NULL), KM_OK);
    CHECK_INT(km_store_lease(store, name, a, 0, NULL), KM_OK);
    close_fresh();
}

struct note_texts {
    char text[400];
};

static bool collect_note(void *user, const struct km_note *note)
{
    struct note_texts *seen = user;
    size_t at = strlen(seen->text);
    (void)snprintf(seen->text + at, sizeof seen->text - at, "%d%.*s=%.*s@%d ",
                   note->run_id != 0, (int)note->key.len, note->key.ptr,
                   (int)note->json.len, note->json.ptr,
                   note->time_ns == KM_TIME_ABSENT ? -1 : (int)note->time_ns);
    return true;
}

static const char *notes_of(const char *kind, uint64_t run_id)
{
    static struct note_texts seen;
    seen.text[0] = '\0';
    CHECK_INT(km_store_read_notes(store, km_str_of(kind), run_id, collect_note,
                                  &seen, NULL),
              KM_OK);
    return seen.text;
}

static struct km_note note_of(uint64_t run_id, const char *kind,
                              const char *key, int64_t time_ns,
                              const char *json)
{
    return (struct km_note){run_id, km_str_of(kind), km_str_of(key), time_ns,
                            km_str_of(json)};
}

static void notes_are_replaced_deleted_and_go_with_their_run(void)
{
    open_fresh();
    plain_batch(&batch, 1, "run", "loss");
    put(1, 2);
    uint64_t run = batch.runs[0].id;
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    const struct km_note notes[] = {
        note_of(0, "goal", "b", KM_TIME_ABSENT, "{}"),
        note_of(0, "goal", "a", 7, "[1]"),
        note_of(run, "goal", "a", 5, "2"),
        note_of(run, "forecast", "a", 9, "3"),
    };
    CHECK_INT(km_store_put_notes(store, notes, 4, NULL), KM_OK);
    CHECK_TEXT(notes_of("goal", 0), "0b={}@-1 0a=[1]@7 1a=2@5 ");
    CHECK_TEXT(notes_of("goal", run), "1a=2@5 ");
    const struct km_note changes[] = {
        note_of(0, "goal", "a", 1, "[4]"),
        note_of(0, "goal", "b", 0, ""),
        note_of(0, "goal", "never", 0, ""),
    };
    CHECK_INT(km_store_put_notes(store, changes, 3, NULL), KM_OK);
    CHECK_TEXT(notes_of("goal", 0), "0a=[4]@1 1a=2@5 ");
    /* all or none: the second names a run that is not there */
    const struct km_note half[] = {note_of(0, "goal", "c", 0, "1"),
                                   note_of(12345, "goal", "c", 0, "1")};
    CHECK_INT(km_store_put_notes(store, half, 2, NULL), KM_ENOTFOUND);
    CHECK_TEXT(notes_of("goal", 0), "0a=[4]@1 1a=2@5 ");
    const struct km_note nameless = note_of(0, "goal", "", 0, "1");
    CHECK_INT(km_store_put_notes(store, &nameless, 1, NULL), KM_EINPUT);
    /* an origin that is brought anew keeps the run and its notes */
    plain_batch(&batch, 1, "run", "loss");
    batch.replace = true;
    put(1, 3);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    CHECK_TEXT(notes_of("forecast", run), "1a=3@9 ");
    CHECK_INT(km_store_delete_run(store, run, NULL), KM_OK);
    CHECK_TEXT(notes_of("goal", 0), "0a=[4]@1 ");
    CHECK_TEXT(notes_of("forecast", 0), "");
    close_fresh();
}

static void a_group_is_kept_or_undone_as_one(void)
{
    open_fresh();
    CHECK_INT(km_store_group_begin(store, NULL), KM_OK);
    plain_batch(&batch, 1, "run", "loss");
    put(1, 3);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    const uint64_t run = batch.runs[0].id;
    const struct km_note kept = note_of(run, "goal", "a", 5, "1");
    CHECK_INT(km_store_put_notes(store, &kept, 1, NULL), KM_OK);
    CHECK_INT(km_store_group_end(store, KM_OK, NULL), KM_OK);
    CHECK_TEXT(notes_of("goal", 0), "1a=1@5 ");
    if (backend == BACKEND_MEMORY) { /* it has no groups: each stands alone */
        close_fresh();
        return;
    }
    CHECK_INT(km_store_group_begin(store, NULL), KM_OK);
    const struct km_note lost = note_of(0, "goal", "b", 5, "2");
    CHECK_INT(km_store_put_notes(store, &lost, 1, NULL), KM_OK);
    plain_batch(&batch, 2, "other", "loss");
    put(1, 3);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    const struct km_note bad = note_of(12345, "goal", "c", 5, "3");
    CHECK_INT(km_store_put_notes(store, &bad, 1, NULL), KM_ENOTFOUND);
    CHECK_INT(km_store_group_end(store, KM_ENOTFOUND, NULL), KM_ENOTFOUND);
    CHECK_TEXT(notes_of("goal", 0), "1a=1@5 ");
    struct km_store_usage usage;
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK_INT(usage.runs, 1);
    /* and what comes next stands for itself again */
    plain_batch(&batch, 2, "other", "loss");
    put(1, 3);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK_INT(usage.runs, 2);
    close_fresh();
}

static void beyond_its_quota_a_store_takes_nothing(void)
{
    const struct km_store_options options = {
        .create = true, .clock = &test_clock, .quota_bytes = 400000};
    enum km_code code = KM_OK;
    struct km_err err = {.message = ""};
    make_folder(folder);
    store = open_store(backend, folder, &options, NULL);
    CHECK(store != NULL);
    int accepted = 0;
    for (; accepted < 100 && code == KM_OK; accepted++) {
        struct random_state random = {(uint64_t)accepted + 1};
        plain_batch(&batch, 1, "run", "loss");
        for (int j = 0; j < 4096; j++) {
            put(j, (double)random_next(&random));
        }
        code = km_store_append(store, &batch, &err);
    }
    CHECK_INT(code, KM_ENOSPACE);
    CHECK(accepted > 2 && accepted < 50);
    CHECK_INT(runs_like(""), 1);
    close_fresh();
}

static bool nest(void *user, const struct km_run_row *row)
{
    CHECK_INT(km_store_list_series(store, row->id, count_series, user, NULL),
              KM_OK);
    CHECK_INT(runs_like(""), 3);
    return true;
}

static void a_visitor_may_read_on(void)
{
    static const char *const names[] = {"a", "b", "c"};
    int count = 0;
    open_fresh();
    for (int i = 0; i < 3; i++) {
        plain_batch(&batch, (uint64_t)(i + 1), names[i], "loss");
        put(1, 1);
        (void)km_store_append(store, &batch, NULL);
    }
    CHECK_INT(km_store_list_runs(store, NULL, nest, &count, NULL), KM_OK);
    CHECK_INT(count, 3);
    close_fresh();
}

/* A step of a differential test, for the store under test only. */
static void disturb(struct random_state *random)
{
    struct km_err err = {.message = ""};
    bool more;
    if (random_below(random, 6) == 0) {
        CHECK_INT(km_store_maintain(store, 1000000000, &more, &err), KM_OK);
    }
    if (random_below(random, 8) == 0 && backend != BACKEND_MEMORY) {
        km_store_close(store);
        store = open_store(backend, folder, NULL, &err);
        CHECK(store != NULL);
    }
}

static bool delete_this(void *user, const struct km_run_row *row)
{
    *(uint64_t *)user = row->id;
    return false;
}

static void random_batches_leave_it_equal_to_the_oracle(void)
{
    uint64_t seeds = (uint64_t)amount_of(4, 40);
    struct km_buf mine, theirs;
    km_buf_init(&mine, (size_t)1 << 30);
    km_buf_init(&theirs, (size_t)1 << 30);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct random_state random = {seed * 0x9e3779b97f4a7c15u};
        open_fresh();
        struct km_store *oracle = open_store(BACKEND_MEMORY, "", NULL, NULL);
        for (int i = 0; i < 40; i++) {
            random_batch(&random, 6, &batch);
            CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
            CHECK_INT(km_store_append(oracle, &batch, NULL), KM_OK);
            uint64_t run = 0;
            if (random_below(&random, 20) == 0) {
                (void)km_store_list_runs(store, NULL, delete_this, &run, NULL);
                CHECK_INT(km_store_delete_run(store, run, NULL),
                          km_store_delete_run(oracle, run, NULL));
            }
            test_wall_ns += 1000;
            disturb(&random);
            if (i % 10 == 9) {
                km_buf_reset(&mine);
                km_buf_reset(&theirs);
                dump_store(store, &mine);
                dump_store(oracle, &theirs);
                CHECK_TEXT(first_difference(&mine, &theirs), "equal");
            }
        }
        km_store_close(oracle);
        close_fresh();
    }
    km_buf_finish(&mine);
    km_buf_finish(&theirs);
}

static void a_growing_series_stays_in_few_chunks(void)
{
    struct km_store_usage usage;
    bool more = true;
    open_fresh();
    for (int i = 0; i < 3000; i++) {
        plain_batch(&batch, 1, "run", "loss");
        put(i, i);
        CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    }
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK(usage.chunks < 120);
    while (more && km_store_maintain(store, 1000000000, &more, NULL) == KM_OK) {
    }
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK(usage.points == 3000 && usage.chunks <= 60);
    close_fresh();
}

int main(int argc, char **argv)
{
    backend = argc > 1 && strcmp(argv[1], "memory") == 0 ? BACKEND_MEMORY
                                                         : BACKEND_SQLITE;
    km_batch_init(&batch);
    RUN(an_empty_store_has_nothing_to_say);
    RUN(points_come_back_bit_for_bit);
    RUN(attempts_stand_in_their_order_not_in_that_of_arrival);
    RUN(replacing_removes_what_the_origin_brought_and_no_more);
    RUN(a_run_that_is_replaced_keeps_when_it_was_added);
    RUN(filters_search_in_names_and_groups);
    RUN(cursors_are_found_by_source_head_and_path);
    RUN(a_commit_changes_the_generation);
    RUN(what_another_importer_brought_is_not_added_again);
    RUN(a_lease_has_one_owner_until_it_ends);
    RUN(notes_are_replaced_deleted_and_go_with_their_run);
    RUN(a_group_is_kept_or_undone_as_one);
    RUN(beyond_its_quota_a_store_takes_nothing);
    RUN(a_visitor_may_read_on);
    RUN(random_batches_leave_it_equal_to_the_oracle);
    RUN(a_growing_series_stays_in_few_chunks);
    km_batch_finish(&batch);
    return tap_end();
}
