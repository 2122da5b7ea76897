/* test_sqlite.c - databases of trackers: read whole, read on, never written;
 * and what cannot be read gets a sentence. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tap.h"

#include <sqlite3.h>

#include "base/hash.h"
#include "scan.h"
#include "source/sqlite_source.h"

static struct scanned scanned;

static const char mlflow_schema[] =
    "CREATE TABLE experiments(experiment_id INTEGER PRIMARY KEY, name TEXT,"
    " lifecycle_stage TEXT);"
    "CREATE TABLE runs(run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT,"
    " start_time BIGINT, end_time BIGINT, lifecycle_stage TEXT,"
    " experiment_id INTEGER);"
    "CREATE TABLE metrics(key TEXT, value FLOAT NOT NULL, timestamp BIGINT,"
    " run_uuid TEXT, step BIGINT, is_nan BOOLEAN,"
    " PRIMARY KEY(key, timestamp, step, run_uuid, value, is_nan));"
    "CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT);"
    "CREATE TABLE tags(key TEXT, value TEXT, run_uuid TEXT);"
    "CREATE TABLE logged_model_metrics(metric_name TEXT, value FLOAT);";

static const char mlflow_rows[] =
    "INSERT INTO experiments VALUES(1, 'pretrain', 'active'),"
    " (2, 'tune', 'active');"
    "INSERT INTO runs VALUES('b', 'beta', 'FAILED', 1665615288000, NULL,"
    " 'active', 2), ('a', 'alpha', 'FINISHED', 1665615288000, 1665615299000,"
    " 'active', 1), ('c', 'gone', 'FINISHED', 1, 2, 'deleted', 1);"
    "INSERT INTO params VALUES('lr', '0.5', 'a'), ('opt', 'adam', 'b'),"
    " ('x', '1', 'zz');"
    "INSERT INTO tags VALUES('mlflow.source.git.commit', 'abc', 'b');"
    "INSERT INTO metrics VALUES('loss', 2.5, 1665615288265, 'a', 0, 0),"
    " ('loss', 9.5, 1665615288266, 'b', 0, 0),"
    " ('loss', 0, 1665615288267, 'a', 1, 1),"
    " ('loss', 1.7976931348623157e308, 1665615288268, 'a', 2, 0),"
    " ('loss', -1.7976931348623157e308, 1665615288269, 'a', 3, 0),"
    " ('loss', 1, 1665615288269, 'c', 3, 0),"
    " ('loss', 1, 1665615288269, 'nobody', 3, 0);";

/* Opens for the test itself, which plays the tracker. */
static sqlite3 *tracker(const char *name)
{
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", scanned.root, name);
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        abort();
    }
    return db;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        printf("# %s\n", why);
        abort();
    }
}

static void make(const char *name, const char *schema, const char *rows)
{
    sqlite3 *db = tracker(name);
    run_sql(db, schema);
    run_sql(db, rows);
    (void)sqlite3_close(db);
}

static uint64_t file_hash(const char *name)
{
    char path[128];
    static char bytes[1 << 20];
    (void)snprintf(path, sizeof path, "%s/%s", scanned.root, name);
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file) {
        (void)fclose(file);
    }
    return km_hash(bytes, len, 0);
}

static void experiments_become_projects_and_infinities_come_back(void)
{
    scan_begin(&scanned);
    make("mlflow.db", mlflow_schema, mlflow_rows);
    uint64_t before = file_hash("mlflow.db");
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_OK);
    CHECK_TEXT(scanned.fed.runs,
               "pretrain/a alpha finished;tune/b beta failed;");
    const struct fed *fed = &scanned.fed;
    CHECK_INT(fed->count, 5);
    CHECK_NEAR(fed_at(fed, "loss", 0)->point.value, 2.5, 0);
    CHECK_INT(fed_at(fed, "loss", 0)->point.time_ns, 1665615288265000000);
    CHECK(isnan(fed_at(fed, "loss", 1)->point.value));
    CHECK(isinf(fed_at(fed, "loss", 2)->point.value));
    CHECK(fed_at(fed, "loss", 3)->point.value < 0);
    CHECK_TEXT(fed->attributes, "lr=0.5;opt=\"adam\";git_commit=\"abc\";");
    CHECK_TEXT(fed->warning,
               "2 metric rows of deleted or missing runs are left out");
    CHECK(file_hash("mlflow.db") == before);
    scan_end(&scanned);
}

static void new_rows_alone_are_read_next_time(void)
{
    scan_begin(&scanned);
    make("mlflow.db", mlflow_schema, mlflow_rows);
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_OK);
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_OK);
    CHECK_INT(scanned.fed.count, 0);
    make("mlflow.db", "",
         "INSERT INTO metrics VALUES('loss', 7.5, 1665615288300, 'b', 1, 0)");
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_OK);
    CHECK_INT(scanned.fed.count, 1);
    CHECK_NEAR(fed_at(&scanned.fed, "loss", 0)->point.value, 7.5, 0);
    make("mlflow.db", "", "DELETE FROM metrics WHERE run_uuid = 'c'");
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_ECONFLICT);
    scan_end(&scanned);
}

static void a_write_ahead_log_beside_it_is_read_too(void)
{
    scan_begin(&scanned);
    sqlite3 *db = tracker("mlflow.db");
    run_sql(db, "PRAGMA journal_mode=WAL");
    run_sql(db, mlflow_schema);
    run_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    run_sql(db, mlflow_rows); /* only in the log */
    uint64_t before = file_hash("mlflow.db");
    uint64_t log_before = file_hash("mlflow.db-wal");
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_OK);
    CHECK_INT(scanned.fed.count, 5);
    CHECK(file_hash("mlflow.db") == before);
    CHECK(file_hash("mlflow.db-wal") == log_before);
    (void)sqlite3_close(db);
    scan_end(&scanned);
}

static void a_locked_database_gets_a_sentence(void)
{
    scan_begin(&scanned);
    make("mlflow.db", mlflow_schema, mlflow_rows);
    int ready[2], done[2];
    if (pipe(ready) || pipe(done)) {
        abort();
    }
    pid_t writer = fork();
    if (writer == 0) {
        char c;
        sqlite3 *db = tracker("mlflow.db");
        run_sql(db, "BEGIN EXCLUSIVE; DELETE FROM tags");
        (void)!write(ready[1], "x", 1);
        (void)!read(done[0], &c, 1);
        _exit(0);
    }
    char c;
    (void)!read(ready[0], &c, 1);
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_EFORMAT);
    CHECK(strstr(scanned.fed.err.message,
                 "the database is locked by a writer") != NULL);
    CHECK_INT(scanned.fed.warnings, 1);
    (void)!write(done[1], "x", 1);
    scan_end(&scanned);
}

static void other_files_get_a_sentence(void)
{
    scan_begin(&scanned);
    make("other.db", "CREATE TABLE cats(name TEXT)", "");
    CHECK(scan_run(&scanned, &km_source_sqlite, "other.db") == KM_EFORMAT);
    CHECK_TEXT(scanned.fed.err.message,
               "an SQLite database of no tracker that is known (tables: "
               "cats)");
    scan_write(&scanned, "secret.db", "0123456789abcdef0123456789", false);
    CHECK(scan_run(&scanned, &km_source_sqlite, "secret.db") == KM_EFORMAT);
    CHECK_TEXT(scanned.fed.err.message,
               "not an SQLite database: encrypted, or another kind of file");
    scan_write(&scanned, "torn.db", "SQLite format 3", false);
    CHECK(scan_run(&scanned, &km_source_sqlite, "torn.db") == KM_EFORMAT);
    CHECK(scan_run(&scanned, &km_source_sqlite, "none.db") == KM_ENOTFOUND);
    scan_end(&scanned);
}

static void a_damaged_database_does_not_crash(void)
{
    scan_begin(&scanned);
    make("mlflow.db", mlflow_schema, mlflow_rows);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/mlflow.db", scanned.root);
    struct stat st;
    CHECK(stat(path, &st) == 0);
    for (off_t at = 20; at < st.st_size; at += 97) {
        unsigned char old, new;
        int fd = open(path, O_RDWR);
        CHECK(pread(fd, &old, 1, at) == 1);
        new = (unsigned char)(old ^ 0x5a);
        CHECK(pwrite(fd, &new, 1, at) == 1);
        km_buf_reset(&scanned.state);
        km_buf_reset(&scanned.emit_state);
        (void)scan_run(&scanned, &km_source_sqlite, "mlflow.db");
        CHECK(pwrite(fd, &old, 1, at) == 1);
        (void)close(fd);
    }
    scan_end(&scanned);
}

static void views_and_triggers_of_a_stranger_do_not_run(void)
{
    scan_begin(&scanned);
    make("mlflow.db",
         "CREATE VIEW metrics(key, value, timestamp, run_uuid, step, is_nan) AS"
         " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
         " SELECT 'x', i, 1, 'a', i, 0 FROM n;"
         "CREATE TABLE experiments(experiment_id, name);"
         "CREATE TABLE runs(run_uuid, name)",
         "");
    CHECK(scan_run(&scanned, &km_source_sqlite, "mlflow.db") == KM_EFORMAT);
    scan_end(&scanned);
}

static void a_trackio_file_is_a_project_of_named_runs(void)
{
    scan_begin(&scanned);
    make("my-project.db",
         "CREATE TABLE metrics(id INTEGER PRIMARY KEY, timestamp TEXT,"
         " run_name TEXT, step INTEGER, metrics TEXT);"
         "CREATE TABLE system_metrics(id INTEGER PRIMARY KEY, timestamp TEXT,"
         " run_name TEXT, metrics TEXT);"
         "CREATE TABLE configs(id INTEGER PRIMARY KEY, run_name TEXT,"
         " config TEXT, created_at TEXT);",
         "INSERT INTO metrics VALUES"
         "(1, '2024-05-01T10:00:00.5', 'r1', 0, '{\"loss\": 2.5, \"v\": "
         "{\"acc\": 0.5}, \"note\": \"hi\"}'),"
         "(2, '2024-05-01T10:00:01', 'r2', 0, '{\"loss\": \"NaN\"}'),"
         "(3, '2024-05-01T10:00:02', 'r1', 1, 'not json');"
         "INSERT INTO system_metrics VALUES(1, '2024-05-01T10:00:00', 'r1',"
         " '{\"gpu\": 90}');"
         "INSERT INTO configs VALUES(1, 'r1', '{\"lr\": 0.1, \"o\": "
         "{\"name\": \"adam\"}}', '');");
    CHECK(scan_run(&scanned, &km_source_sqlite, "my-project.db") == KM_OK);
    const struct fed *fed = &scanned.fed;
    CHECK_INT(fed->count, 4);
    CHECK_NEAR(fed_at(fed, "v.acc", 0)->point.value, 0.5, 0);
    CHECK(isnan(fed_at(fed, "loss", 1)->point.value));
    CHECK_TEXT(fed->attributes, "lr=0.1;o.name=\"adam\";");
    CHECK_INT(fed_at(fed, "gpu", 0)->flags,
              KM_SERIES_SYSTEM | KM_SERIES_STEP_IS_INDEX);
    CHECK(fed->warnings >= 1);
    make("my-project.db", "",
         "INSERT INTO metrics VALUES(4, '2024-05-01T10:00:03', 'r1', 2,"
         " '{\"loss\": 1.5}')");
    CHECK(scan_run(&scanned, &km_source_sqlite, "my-project.db") == KM_OK);
    CHECK_INT(fed_count(fed, "loss") + fed_count(fed, "gpu"), 1);
    scan_end(&scanned);
}

static void a_goodseed_file_is_a_run(void)
{
    scan_begin(&scanned);
    make("run-7.sqlite",
         "CREATE TABLE run_meta(key TEXT, value TEXT);"
         "CREATE TABLE configs(path TEXT, type_tag TEXT, value TEXT,"
         " updated_at INTEGER);"
         "CREATE TABLE metric_series(id INTEGER PRIMARY KEY, path TEXT);"
         "CREATE TABLE metric_points(series_id INTEGER, step REAL, y REAL,"
         " ts INTEGER, PRIMARY KEY(series_id, step));",
         "INSERT INTO run_meta VALUES('name', 'lucky');"
         "INSERT INTO configs VALUES('train/lr', 'float', '0.01', 0);"
         "INSERT INTO metric_series VALUES(1, 'train/loss'), (2, 'val/loss');"
         "INSERT INTO metric_points VALUES(1, 0.0, 2.5, 1714557600500),"
         " (1, 1.0, NULL, 1714557601000), (2, 1.0, 3.5, 1714557601000);");
    CHECK(scan_run(&scanned, &km_source_sqlite, "run-7.sqlite") == KM_OK);
    const struct fed *fed = &scanned.fed;
    CHECK_INT(fed->count, 3);
    CHECK_INT(fed_at(fed, "train/loss", 0)->point.time_ns, 1714557600500000000);
    CHECK(isnan(fed_at(fed, "train/loss", 1)->point.value));
    CHECK_TEXT(fed->attributes, "train/lr=0.01;");
    CHECK_TEXT(fed->runs, "p/r lucky unknown;");
    scan_end(&scanned);
}

int main(void)
{
    RUN(experiments_become_projects_and_infinities_come_back);
    RUN(new_rows_alone_are_read_next_time);
    RUN(a_write_ahead_log_beside_it_is_read_too);
    RUN(a_locked_database_gets_a_sentence);
    RUN(other_files_get_a_sentence);
    RUN(a_damaged_database_does_not_crash);
    RUN(views_and_triggers_of_a_stranger_do_not_run);
    RUN(a_trackio_file_is_a_project_of_named_runs);
    RUN(a_goodseed_file_is_a_run);
    return tap_end();
}
