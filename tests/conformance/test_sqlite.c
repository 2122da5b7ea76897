/* test_sqlite.c - the folder and the database: what opens, what is refused,
 * what a second process sees, what damage does. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "tap.h"

static char folder[256], name[600];
static struct km_batch batch;

static const char *in_folder(const char *file)
{
    (void)snprintf(name, sizeof name, "%s/%s", folder, file);
    return name;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(bytes, 1, len, file) == len);
    if (file) {
        (void)fclose(file);
    }
}

static unsigned char *read_whole(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 24);
    *len = file ? fread(bytes, 1, 1 << 24, file) : 0;
    if (file) {
        (void)fclose(file);
    }
    return bytes;
}

static void append_points(struct km_store *store, uint64_t origin, int count,
                          enum km_code expected)
{
    plain_batch(&batch, origin, "run", "loss");
    for (int i = 0; i < count; i++) {
        (void)km_batch_point(&batch, 0,
                             (struct km_point){i, i, (double)(i * 37 % 101)});
    }
    CHECK_INT(km_store_append(store, &batch, NULL), expected);
}

static enum km_code opening(const char *path, bool create, bool read_only,
                            struct km_err *err)
{
    const struct km_store_options options = {.create = create,
                                             .read_only = read_only};
    err->message[0] = '\0';
    struct km_store *store = open_store(BACKEND_SQLITE, path, &options, err);
    km_store_close(store);
    return store ? KM_OK : err->code;
}

static void a_path_that_is_no_store_is_refused_and_left_alone(void)
{
    struct km_err err;
    struct stat found;
    make_folder(folder);
    CHECK_INT(opening(folder, false, false, &err), KM_ENOTFOUND);
    CHECK_INT(opening(in_folder("none"), false, false, &err), KM_ENOTFOUND);
    CHECK_INT(opening(in_folder("none"), true, true, &err), KM_ENOTFOUND);
    CHECK(stat(in_folder("none"), &found) != 0);
    write_file(in_folder("notes.txt"), "hello", 5);
    CHECK_INT(opening(folder, true, false, &err), KM_EFORMAT);
    CHECK(strstr(err.message, "a folder with other files"));
    CHECK_INT(opening(in_folder("notes.txt"), true, false, &err), KM_EFORMAT);
    CHECK(strstr(err.message, "a file, expected a store's folder"));
    CHECK_INT(opening(in_folder("notes.txt/x"), true, false, &err), KM_EIO);
    write_file(in_folder("knotmeter.db"), "no database at all", 18);
    CHECK_INT(opening(folder, true, false, &err), KM_EFORMAT);
    write_file(in_folder("knotmeter.db"), "", 0);
    CHECK_INT(opening(folder, false, false, &err), KM_EFORMAT);
    CHECK_INT(opening(folder, true, false, &err), KM_OK);
    CHECK_INT(opening(in_folder("a/b/c"), true, false, &err), KM_OK);
    remove_folder(folder);
}

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    CHECK_INT(sqlite3_open(in_folder("knotmeter.db"), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static void databases_of_others_and_of_newer_versions_are_refused(void)
{
    struct km_err err;
    make_folder(folder);
    run_sql("CREATE TABLE experiments (a)");
    CHECK_INT(opening(folder, true, false, &err), KM_EFORMAT);
    CHECK(strstr(err.message, "a database of another program"));
    remove_folder(folder);
    make_folder(folder);
    CHECK_INT(opening(folder, true, false, &err), KM_OK);
    run_sql("PRAGMA user_version = 999");
    CHECK_INT(opening(folder, true, false, &err), KM_EFORMAT);
    CHECK(strstr(err.message, "a store of a newer version"));
    remove_folder(folder);
}

static bool count_note(void *user, const struct km_note *note)
{
    *(int *)user += note->json.len != 0;
    return true;
}

static void a_store_of_version_1_is_read_as_it_is_and_brought_up_to_date(void)
{
    const struct km_store_options to_read = {.read_only = true};
    const struct km_note goal = {0, KM_STR("goal"), KM_STR("a"), 1,
                                 KM_STR("{}")};
    int count = 0;
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    append_points(store, 1, 10, KM_OK);
    km_store_close(store);
    run_sql("DROP TABLE note; PRAGMA user_version = 1");
    store = open_store(BACKEND_SQLITE, folder, &to_read, NULL);
    CHECK_INT(
        km_store_read_notes(store, KM_STR("goal"), 0, count_note, &count, NULL),
        KM_OK);
    CHECK_INT(count, 0);
    km_store_close(store);
    store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    CHECK_INT(km_store_put_notes(store, &goal, 1, NULL), KM_OK);
    CHECK_INT(
        km_store_read_notes(store, KM_STR("goal"), 0, count_note, &count, NULL),
        KM_OK);
    CHECK_INT(count, 1);
    CHECK_INT(count_findings(store, true, false), 0);
    km_store_close(store);
    remove_folder(folder);
}

static void reading_only_changes_no_byte(void)
{
    const struct km_store_options to_read = {.read_only = true};
    struct km_buf before, after;
    size_t len_before, len_after;
    km_buf_init(&before, 1 << 24);
    km_buf_init(&after, 1 << 24);
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    append_points(store, 1, 5000, KM_OK);
    dump_store(store, &before);
    km_store_close(store);
    unsigned char *old = read_whole(in_folder("knotmeter.db"), &len_before);
    store = open_store(BACKEND_SQLITE, folder, &to_read, NULL);
    dump_store(store, &after);
    CHECK_TEXT(first_difference(&before, &after), "equal");
    append_points(store, 1, 1, KM_EIO);
    CHECK_INT(count_findings(store, true, false), 0);
    km_store_close(store);
    unsigned char *new = read_whole(in_folder("knotmeter.db"), &len_after);
    CHECK(len_before == len_after && memcmp(old, new, len_after) == 0);
    free(old);
    free(new);
    km_buf_finish(&before);
    km_buf_finish(&after);
    remove_folder(folder);
}

static void a_locked_store_says_so_and_works_again(void)
{
    sqlite3 *db = NULL;
    struct km_err err;
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    (void)sqlite3_open(in_folder("knotmeter.db"), &db);
    CHECK_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    plain_batch(&batch, 1, "run", "loss");
    CHECK_INT(km_store_append(store, &batch, &err), KM_EBUSY);
    CHECK_TEXT(err.message,
               "store: another process holds its lock, retry later");
    CHECK_INT(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    append_points(store, 1, 3, KM_OK);
    km_store_close(store);
    remove_folder(folder);
}

/* Every row that follows from others is spoilt, then mended. */
static void what_follows_from_the_points_is_mended(void)
{
    struct km_buf before, after;
    km_buf_init(&before, 1 << 24);
    km_buf_init(&after, 1 << 24);
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    append_points(store, 1, 9000, KM_OK);
    append_points(store, 2, 10, KM_OK);
    dump_store(store, &before);
    km_store_close(store);
    run_sql("UPDATE chunk SET max = 1e9 WHERE id % 2 = 0;"
            "UPDATE stream SET n = n + 1, last_bits = 0;"
            "UPDATE run SET point_count = 0, series_count = 9;"
            "UPDATE attempt SET ordinal = 1 - ordinal;"
            "INSERT INTO blob (id, bytes) VALUES (1600, x'00');"
            "INSERT INTO chunk SELECT id + (99 << 32), blob, size, n, n_nan,"
            " n_posinf, n_neginf, first_bits, last_bits, min, max, sum,"
            " first_step, last_step, min_step, max_step, first_time_ns,"
            " last_time_ns, min_time_ns, max_time_ns FROM chunk LIMIT 1;");
    store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    CHECK(count_findings(store, true, false) >= 5);
    CHECK(count_findings(store, true, true) >= 5);
    CHECK_INT(count_findings(store, true, false), 0);
    dump_store(store, &after);
    CHECK_TEXT(first_difference(&before, &after), "equal");
    km_store_close(store);
    km_buf_finish(&before);
    km_buf_finish(&after);
    remove_folder(folder);
}

/* An index that lost a row is found, and made again from its table. */
static void an_index_that_lost_rows_is_made_again(void)
{
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    append_points(store, 1, 10, KM_OK);
    km_store_close(store);
    run_sql("PRAGMA writable_schema = ON;"
            "CREATE TABLE kept (root INTEGER);"
            "INSERT INTO kept SELECT rootpage FROM sqlite_schema"
            " WHERE name = 'series_by_run';"
            "DELETE FROM sqlite_schema WHERE name = 'series_by_run';");
    run_sql("PRAGMA writable_schema = ON;"
            "INSERT INTO series (id, run, metric, labels) "
            "VALUES (77, 1, 'lost', '');"
            "INSERT INTO sqlite_schema SELECT 'index', 'series_by_run',"
            " 'series', root, 'CREATE INDEX series_by_run ON series "
            "(run, metric, labels)' FROM kept; DROP TABLE kept;");
    store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    CHECK(count_findings(store, false, false) > 0);
    CHECK(count_findings(store, false, true) > 0);
    CHECK_INT(count_findings(store, true, false), 0);
    km_store_close(store);
    remove_folder(folder);
}

static void a_chunk_that_does_not_decode_is_named_and_dropped(void)
{
    struct km_store_usage usage;
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    append_points(store, 1, 9000, KM_OK);
    km_store_close(store);
    run_sql("UPDATE blob SET bytes = CAST(substr(bytes, 1, length(bytes) - 3) "
            "|| x'010203' AS BLOB) WHERE id = 32");
    store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    struct km_buf text;
    km_buf_init(&text, 1 << 24);
    dump_store(store, &text);
    CHECK(text.bytes && strstr(text.bytes, "failed: ECORRUPT"));
    CHECK_INT(count_findings(store, false, false), 0);
    CHECK_INT(count_findings(store, true, false), 2); /* and the summary */
    CHECK(count_findings(store, true, true) >= 2);
    CHECK_INT(count_findings(store, true, false), 0);
    CHECK_INT(km_store_usage(store, &usage, NULL), KM_OK);
    CHECK_INT(usage.points, 9000 - 4096);
    append_points(store, 1, 10, KM_OK);
    km_buf_finish(&text);
    km_store_close(store);
    remove_folder(folder);
}

static void ignore_finding(void *user, enum km_code code, const char *text)
{
    (void)user, (void)code, (void)text;
}

/* Whatever bytes a database has: answers or refusals, never a crash. */
static void changed_bytes_of_the_database_never_crash_it(void)
{
    long flips = amount_of(250, 2000);
    struct random_state random = {12345};
    size_t len;
    struct km_buf text;
    struct km_err err;
    int opened = 0, whole = 0;
    km_buf_init(&text, 1 << 26);
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    for (int i = 0; i < 12; i++) {
        random_batch(&random, 3, &batch);
        (void)km_store_append(store, &batch, NULL);
    }
    plain_batch(&batch, 9, "noise", "loss");
    for (int i = 0; i < 9000; i++) {
        (void)km_batch_point(
            &batch, 0, (struct km_point){i, i, (double)random_next(&random)});
    }
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    km_store_close(store);
    unsigned char *good = read_whole(in_folder("knotmeter.db"), &len);
    unsigned char *bad = malloc(len);
    CHECK(len > 50000);
    for (long i = 0; i < flips; i++) {
        memcpy(bad, good, len);
        size_t spread = i % 4 ? len : 8192; /* headers and schema more often */
        for (uint64_t j = random_below(&random, 8) + 1; j > 0; j--) {
            bad[random_below(&random, spread)] =
                (unsigned char)random_next(&random);
        }
        (void)unlink(in_folder("knotmeter.db-wal"));
        (void)unlink(in_folder("knotmeter.db-shm"));
        write_file(in_folder("knotmeter.db"), bad, len);
        store = open_store(BACKEND_SQLITE, folder, NULL, &err);
        if (!store) {
            continue;
        }
        opened++;
        km_buf_reset(&text);
        dump_store(store, &text);
        whole += text.bytes && !strstr(text.bytes, "failed:");
        plain_batch(&batch, 1, "run", "loss");
        (void)km_batch_point(&batch, 0, (struct km_point){1, 1, 1});
        (void)km_store_append(store, &batch, NULL);
        if (i % 8 == 0) {
            (void)km_store_check(store, true, i % 16 == 0, ignore_finding, NULL,
                                 NULL);
            (void)km_store_maintain(store, 1000000, NULL, NULL);
        }
        km_store_close(store);
    }
    printf("# %ld changed databases, %d opened, %d answered everything\n",
           flips, opened, whole);
    CHECK(opened > 0 && whole < flips);
    free(good);
    free(bad);
    km_buf_finish(&text);
    remove_folder(folder);
}

struct shared {
    struct km_store *store;
    atomic_bool stop;
    atomic_int wrong;
    uint64_t series_id;
};

struct seen {
    int64_t next;
    bool torn;
};

/* The series is 0, 1, 2, ... in whole batches of 100. */
static bool see(void *user, const struct km_columns *columns)
{
    struct seen *seen = user;
    for (size_t i = 0; i < columns->count; i++) {
        seen->torn |= columns->steps[i] != seen->next++;
    }
    return true;
}

static bool note_points(void *user, const struct km_run_row *row)
{
    *(int64_t *)user = (int64_t)row->point_count;
    return true;
}

static void *read_on(void *user)
{
    struct shared *shared = user;
    int64_t before = 0;
    while (!shared->stop) {
        struct seen seen = {0};
        struct km_run_filter filter = {.limit = 1};
        int64_t ignored = 0;
        if (km_store_read_points(shared->store, shared->series_id, NULL, see,
                                 &seen, NULL) ||
            seen.torn || seen.next < before || seen.next % 100 != 0 ||
            km_store_list_runs(shared->store, &filter, note_points, &ignored,
                               NULL)) {
            shared->wrong++;
        }
        before = seen.next;
    }
    return NULL;
}

static void readers_see_whole_batches_while_a_writer_appends(void)
{
    pthread_t readers[3];
    make_folder(folder);
    struct shared shared = {.store =
                                open_store(BACKEND_SQLITE, folder, NULL, NULL)};
    plain_batch(&batch, 1, "run", "loss");
    shared.series_id = batch.series[0].id;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(pthread_create(&readers[i], NULL, read_on, &shared), 0);
    }
    for (int64_t i = 0; i < 150; i++) {
        plain_batch(&batch, 1, "run", "loss");
        for (int64_t j = 0; j < 100; j++) {
            (void)km_batch_point(
                &batch, 0, (struct km_point){i * 100 + j, KM_TIME_ABSENT, 1});
        }
        CHECK_INT(km_store_append(shared.store, &batch, NULL), KM_OK);
        if (i % 40 == 39) {
            CHECK_INT(km_store_maintain(shared.store, 100000000, NULL, NULL),
                      KM_OK);
        }
    }
    shared.stop = true;
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(readers[i], NULL);
    }
    CHECK_INT(shared.wrong, 0);
    CHECK_INT(count_findings(shared.store, true, false), 0);
    km_store_close(shared.store);
    remove_folder(folder);
}

int main(void)
{
    km_batch_init(&batch);
    RUN(a_path_that_is_no_store_is_refused_and_left_alone);
    RUN(databases_of_others_and_of_newer_versions_are_refused);
    RUN(a_store_of_version_1_is_read_as_it_is_and_brought_up_to_date);
    RUN(reading_only_changes_no_byte);
    RUN(a_locked_store_says_so_and_works_again);
    RUN(what_follows_from_the_points_is_mended);
    RUN(an_index_that_lost_rows_is_made_again);
    RUN(a_chunk_that_does_not_decode_is_named_and_dropped);
    RUN(readers_see_whole_batches_while_a_writer_appends);
    RUN(changed_bytes_of_the_database_never_crash_it);
    km_batch_finish(&batch);
    return tap_end();
}
