/* store_sqlite_sql.h - every statement of the SQLite backend, and its use.
 *
 * Statements are prepared once a connection, by their row in this table.
 *
 *     sqlite3_stmt *find = km_sql(connection, KM_SQL_RUN_FIND, err);
 *     if (!find) return err code; km_sql_bind_id(find, 1, id);
 *     int rc = sqlite3_step(find); ...; (void)sqlite3_reset(find);
 *
 * Absent times and steps are NULL; ids are positive; the bits of first and last
 * values are integers, because SQLite does not keep NaN and -0.0.
 * Threads: as the connection. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_STORE_SQLITE_SQL_H
#define KM_STORE_STORE_SQLITE_SQL_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"
#include "model/record.h"

#define KM_SQL_SUMMARY                                                         \
    "n, n_nan, n_posinf, n_neginf, first_bits, last_bits, min, max, sum, "     \
    "first_step, last_step, min_step, max_step, first_time_ns, "               \
    "last_time_ns, min_time_ns, max_time_ns"
#define KM_SQL_SUMMARY_MARKS "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
enum { KM_SQL_SUMMARY_COLUMNS = 17 };

#define KM_SQL_META                                                            \
    "name, grp, parent, source, notes, state, created_ns, ended_ns"

#define KM_SQL_RUN_ROW                                                         \
    "SELECT id, project, external_id, " KM_SQL_META                            \
    ", series_count, point_count, attempt_count, first_time_ns, "              \
    "last_time_ns, max_step, added_ns FROM run "

#define KM_SQL_EVALUATION                                                      \
    "task, version, metric, filter, subset, model, task_hash, stage, "         \
    "value_bits, stderr_bits, n, n_shot, stage_index, step, time_ns, "         \
    "cost_bits, higher_is_better"

#define KM_SQL_CURSOR                                                          \
    "source_id, format, path, head_hash, head_len, consumed_bytes, "           \
    "consumed_hash, size_bytes, mtime_ns, status, damage_offset, "             \
    "skipped_bytes, points, tail_open, state"

/* id, text. Grouped by the file that uses them. */
#define KM_SQLS(X)                                                             \
    /* transactions */                                                         \
    X(BEGIN_READ, "BEGIN")                                                     \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                          \
    X(COMMIT, "COMMIT")                                                        \
    X(ROLLBACK, "ROLLBACK")                                                    \
    X(SAVEPOINT, "SAVEPOINT merging")                                          \
    X(SAVEPOINT_UNDO, "ROLLBACK TO merging")                                   \
    X(SAVEPOINT_RELEASE, "RELEASE merging")                                    \
    X(PAGES, "SELECT (SELECT page_count FROM pragma_page_count), "             \
             "(SELECT freelist_count FROM pragma_freelist_count)")             \
    /* append */                                                               \
    X(RUN_FIND, "SELECT key FROM run WHERE id = ?")                            \
    X(RUN_INSERT, "INSERT INTO run (id, project, external_id, added_ns) "      \
                  "VALUES (?, ?, ?, ?)")                                       \
    X(ORIGIN_FIND, "SELECT " KM_SQL_META " FROM origin "                       \
                   "WHERE run = ? AND id = ?")                                 \
    X(ORIGIN_PUT, "INSERT OR REPLACE INTO origin (run, id, " KM_SQL_META       \
                  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                   \
    X(ATTRIBUTE_PUT, "INSERT OR REPLACE INTO attribute "                       \
                     "(run, kind, key, origin, value) "                        \
                     "VALUES (?, ?, ?, ?, ?)")                                 \
    X(ATTEMPT_FIND, "SELECT key, run, origin_start_ns, start_ns, "             \
                    "restart_step, order_key, reason "                         \
                    "FROM attempt WHERE id = ?")                               \
    X(ATTEMPT_INSERT, "INSERT INTO attempt (run, origin, part, "               \
                      "origin_start_ns, start_ns, restart_step, "              \
                      "order_key, reason, id, ordinal) "                       \
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "                    \
                      "(SELECT count(*) FROM attempt WHERE run = ?1))")        \
    X(ATTEMPT_UPDATE, "UPDATE attempt SET origin_start_ns = ?, "               \
                      "start_ns = ?, restart_step = ?, order_key = ?, "        \
                      "reason = ? WHERE key = ?")                              \
    X(SERIES_FIND, "SELECT key, run FROM series WHERE id = ?")                 \
    X(SERIES_INSERT, "INSERT INTO series (id, run, metric, labels) "           \
                     "VALUES (?, ?, ?, ?)")                                    \
    X(STREAM_FIND, "SELECT key, flags, small, " KM_SQL_SUMMARY                 \
                   " FROM stream WHERE series = ? AND attempt = ?")            \
    X(STREAM_INSERT, "INSERT INTO stream (key, series, attempt, flags, "       \
                     "small, " KM_SQL_SUMMARY                                  \
                     ") VALUES (?, ?, ?, ?, ?, " KM_SQL_SUMMARY_MARKS ")")     \
    X(STREAM_NEXT, "SELECT coalesce(max(key), 0) + 1 FROM stream")             \
    X(STREAM_UPDATE, "UPDATE stream SET (flags, small, " KM_SQL_SUMMARY        \
                     ") = (?, ?, " KM_SQL_SUMMARY_MARKS ") WHERE key = ?")     \
    X(CHUNK_LAST, "SELECT max(id) FROM chunk WHERE id BETWEEN ? AND ?")        \
    X(CHUNK_PUT,                                                               \
      "INSERT OR REPLACE INTO chunk (id, blob, size, " KM_SQL_SUMMARY          \
      ") VALUES (?, ?, ?, " KM_SQL_SUMMARY_MARKS ")")                          \
    X(BLOB_NEXT, "SELECT (coalesce(max(id), 0) | 15) + 1 FROM blob")           \
    X(BLOB_INSERT, "INSERT INTO blob (id, bytes) VALUES (?, ?)")               \
    X(EVENT_INSERT, "INSERT INTO event (attempt, time_ns, step, kind, "        \
                    "name, detail) VALUES (?, ?, ?, ?, ?, ?)")                 \
    X(EVALUATION_INSERT, "INSERT INTO evaluation (attempt, " KM_SQL_EVALUATION \
                         ") VALUES (?, ?, ?, ?, ?, ?, ?, "                     \
                         "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                   \
    X(CURSOR_PUT, "INSERT OR REPLACE INTO cursor (" KM_SQL_CURSOR              \
                  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")    \
    X(CURSOR_FIND, "SELECT " KM_SQL_CURSOR " FROM cursor WHERE source_id = ?") \
    X(RUN_ADD, "UPDATE run SET series_count = series_count + ?2, "             \
               "point_count = point_count + ?3, "                              \
               "attempt_count = attempt_count + ?4, "                          \
               "first_time_ns = min(coalesce(first_time_ns, ?5), "             \
               "coalesce(?5, first_time_ns)), "                                \
               "last_time_ns = max(coalesce(last_time_ns, ?6), "               \
               "coalesce(?6, last_time_ns)), "                                 \
               "max_step = max(coalesce(max_step, ?7), "                       \
               "coalesce(?7, max_step)) WHERE key = ?1")                       \
    /* row */                                                                  \
    X(ORIGIN_FOLD, "SELECT " KM_SQL_META " FROM origin WHERE run = ? "         \
                   "ORDER BY created_ns, id")                                  \
    X(RUN_META, "UPDATE run SET (" KM_SQL_META                                 \
                ") = (?, ?, ?, ?, ?, ?, ?, ?) WHERE key = ?")                  \
    X(ATTEMPT_RANKS, "SELECT key, ordinal FROM attempt WHERE run = ? "         \
                     "ORDER BY origin_start_ns IS NULL, origin_start_ns, "     \
                     "order_key, origin, part")                                \
    X(ATTEMPT_RANK, "UPDATE attempt SET ordinal = ? WHERE key = ?")            \
    X(RUN_COUNTS,                                                              \
      "SELECT (SELECT count(*) FROM series WHERE run = ?1), "                  \
      "(SELECT count(*) FROM attempt WHERE run = ?1), "                        \
      "total.n, total.max_step, "                                              \
      "min(coalesce(total.low, seen.low), coalesce(seen.low, total.low)), "    \
      "max(coalesce(total.high, seen.high), "                                  \
      "coalesce(seen.high, total.high)) "                                      \
      "FROM (SELECT coalesce(sum(n), 0) AS n, max(max_step) AS max_step, "     \
      "min(min_time_ns) AS low, max(max_time_ns) AS high FROM stream "         \
      "WHERE series IN (SELECT key FROM series WHERE run = ?1)) AS total, "    \
      "(SELECT min(time_ns) AS low, max(time_ns) AS high FROM event "          \
      "WHERE attempt IN (SELECT key FROM attempt WHERE run = ?1)) AS seen")    \
    X(RUN_COUNTS_NOW, "SELECT series_count, attempt_count, point_count, "      \
                      "max_step, first_time_ns, last_time_ns "                 \
                      "FROM run WHERE key = ?")                                \
    X(RUN_COUNTS_SET, "UPDATE run SET series_count = ?, attempt_count = ?, "   \
                      "point_count = ?, max_step = ?, first_time_ns = ?, "     \
                      "last_time_ns = ? WHERE key = ?")                        \
    X(RUN_KEYS, "SELECT key, id FROM run ORDER BY key")                        \
    /* remove */                                                               \
    X(ORIGIN_RUNS, "SELECT run FROM origin WHERE id = ?")                      \
    X(ORIGIN_DELETE, "DELETE FROM origin WHERE run = ? AND id = ?")            \
    X(ORIGIN_ATTRIBUTES_DELETE, "DELETE FROM attribute "                       \
                                "WHERE run = ? AND origin = ?")                \
    X(ORIGIN_ATTEMPTS, "SELECT key FROM attempt WHERE run = ? AND origin = ?") \
    X(RUN_ATTEMPTS, "SELECT key FROM attempt WHERE run = ?")                   \
    X(ATTEMPT_STREAMS, "SELECT key FROM stream WHERE attempt = ?")             \
    X(STREAM_BLOBS_DELETE,                                                     \
      "WITH RECURSIVE part (place) AS (VALUES (0) UNION ALL "                  \
      "SELECT place + 1 FROM part WHERE place < 15) "                          \
      "DELETE FROM blob WHERE id IN (SELECT blob + place FROM chunk, part "    \
      "WHERE chunk.id BETWEEN ? AND ?)")                                       \
    X(STREAM_CHUNKS_DELETE, "DELETE FROM chunk WHERE id BETWEEN ? AND ?")      \
    X(ATTEMPT_STREAMS_DELETE, "DELETE FROM stream WHERE attempt = ?")          \
    X(ATTEMPT_EVENTS_DELETE, "DELETE FROM event WHERE attempt = ?")            \
    X(ATTEMPT_EVALUATIONS_DELETE, "DELETE FROM evaluation WHERE attempt = ?")  \
    X(ATTEMPT_DELETE, "DELETE FROM attempt WHERE key = ?")                     \
    X(RUN_SERIES_DELETE, "DELETE FROM series WHERE run = ? AND NOT EXISTS "    \
                         "(SELECT 1 FROM stream WHERE series = series.key)")   \
    X(RUN_UNKNOWN_DELETE, "DELETE FROM run WHERE key = ?1 AND NOT EXISTS "     \
                          "(SELECT 1 FROM origin WHERE run = ?1)")             \
    X(RUN_ORPHAN_CURSORS_DELETE,                                               \
      "DELETE FROM cursor WHERE source_id IN (SELECT id FROM origin AS mine "  \
      "WHERE run = ?1 AND NOT EXISTS (SELECT 1 FROM origin AS other "          \
      "WHERE other.id = mine.id AND other.run <> ?1))")                        \
    X(RUN_ORIGINS_DELETE, "DELETE FROM origin WHERE run = ?")                  \
    X(RUN_ATTRIBUTES_DELETE, "DELETE FROM attribute WHERE run = ?")            \
    X(RUN_DELETE, "DELETE FROM run WHERE key = ?")                             \
    X(RUN_NOTES_DELETE, "DELETE FROM note WHERE run_id <> 0 AND run_id = "     \
                        "(SELECT id FROM run WHERE key = ?)")                  \
    X(RUN_UNKNOWN_NOTES_DELETE,                                                \
      "DELETE FROM note WHERE run_id <> 0 AND run_id = (SELECT id FROM run "   \
      "WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM origin WHERE run = ?1))")  \
    /* read */                                                                 \
    X(RUNS_BY_NAME, KM_SQL_RUN_ROW "ORDER BY project, label, external_id")     \
    X(RUNS_OF_PROJECT, KM_SQL_RUN_ROW "WHERE project = ? "                     \
                                      "ORDER BY project, label, external_id")  \
    X(RUNS_BY_NEWEST, KM_SQL_RUN_ROW "ORDER BY newest_ns DESC, id")            \
    X(RUN_BY_ID, KM_SQL_RUN_ROW "WHERE id = ?")                                \
    X(SERIES_OF_RUN,                                                           \
      "SELECT series.key, series.id, metric, labels, flags, " KM_SQL_SUMMARY   \
      " FROM series "                                                          \
      "CROSS JOIN stream ON stream.series = series.key "                       \
      "CROSS JOIN attempt ON attempt.key = stream.attempt "                    \
      "WHERE series.run = ? "                                                  \
      "ORDER BY metric, labels, series.key, ordinal")                          \
    X(ATTEMPTS_OF_RUN, "SELECT id, origin, ordinal, part, origin_start_ns, "   \
                       "start_ns, restart_step, order_key, reason "            \
                       "FROM attempt WHERE run = ? ORDER BY ordinal")          \
    X(ATTRIBUTES_OF_RUN,                                                       \
      "SELECT kind, key, value FROM attribute "                                \
      "CROSS JOIN origin ON origin.run = attribute.run "                       \
      "AND origin.id = attribute.origin "                                      \
      "WHERE attribute.run = ? "                                               \
      "ORDER BY kind, key, created_ns DESC, origin.id DESC")                   \
    X(EVENTS_OF_RUN, "SELECT ordinal, time_ns, step, kind, name, detail "      \
                     "FROM attempt CROSS JOIN event "                          \
                     "ON event.attempt = attempt.key "                         \
                     "WHERE run = ? ORDER BY ordinal, event.key")              \
    X(EVALUATIONS_OF_RUN,                                                      \
      "SELECT run.id, " KM_SQL_EVALUATION " FROM run CROSS JOIN attempt "      \
      "ON attempt.run = run.key "                                              \
      "CROSS JOIN evaluation "                                                 \
      "ON evaluation.attempt = attempt.key "                                   \
      "WHERE run.id = ? ORDER BY ordinal, evaluation.key")                     \
    X(EVALUATIONS_OF_ALL, "SELECT run.id, " KM_SQL_EVALUATION                  \
                          " FROM evaluation CROSS JOIN attempt "               \
                          "ON attempt.key = evaluation.attempt "               \
                          "CROSS JOIN run ON run.key = attempt.run "           \
                          "ORDER BY run.id, ordinal, evaluation.key")          \
    X(CURSORS_ALL, "SELECT " KM_SQL_CURSOR " FROM cursor ORDER BY source_id")  \
    X(CURSORS_LIKE, "SELECT " KM_SQL_CURSOR " FROM cursor "                    \
                    "WHERE (?1 AND source_id = ?1) OR "                        \
                    "(?2 AND head_len = ?2 AND head_hash = ?3) OR "            \
                    "(length(?4) AND path = ?4) ORDER BY source_id")           \
    /* points */                                                               \
    X(STREAMS_OF_SERIES, "SELECT stream.key, ordinal FROM series "             \
                         "CROSS JOIN stream ON stream.series = series.key "    \
                         "CROSS JOIN attempt ON attempt.key = stream.attempt " \
                         "WHERE series.id = ? ORDER BY ordinal, stream.key")   \
    X(CHUNKS_OF_STREAM, "SELECT id, blob, " KM_SQL_SUMMARY " FROM chunk "      \
                        "WHERE id BETWEEN ? AND ? ORDER BY id")                \
    X(BLOB_READ, "SELECT bytes FROM blob WHERE id BETWEEN ?1 AND ?1 + 15 "     \
                 "ORDER BY id")                                                \
    /* maintain, merge, check, usage */                                        \
    X(STREAM_SMALL, "SELECT key FROM stream WHERE small >= 4 "                 \
                    "ORDER BY small DESC LIMIT 1")                             \
    X(STREAM_SMALL_SET, "UPDATE stream SET small = ? WHERE key = ?")           \
    X(CHUNK_DELETE, "DELETE FROM chunk WHERE id = ?")                          \
    X(BLOB_DELETE, "DELETE FROM blob WHERE id BETWEEN ?1 AND ?1 + 15")         \
    X(VACUUM, "PRAGMA incremental_vacuum(2000)")                               \
    X(INTEGRITY, "PRAGMA integrity_check(20)")                                 \
    X(REINDEX, "REINDEX")                                                      \
    X(FOREIGN_KEYS, "PRAGMA foreign_key_check")                                \
    X(STREAM_KEYS, "SELECT key, series, attempt, " KM_SQL_SUMMARY              \
                   " FROM stream WHERE key > ? ORDER BY key LIMIT 1")          \
    X(STREAM_SUMMARY_SET, "UPDATE stream SET (" KM_SQL_SUMMARY                 \
                          ") = (" KM_SQL_SUMMARY_MARKS ") WHERE key = ?")      \
    X(CURSOR_FORGET,                                                           \
      "UPDATE cursor SET status = 3, state = x'' WHERE source_id = "           \
      "(SELECT origin FROM stream JOIN attempt ON attempt.key = attempt "      \
      "WHERE stream.key = ?)")                                                 \
    X(CHUNK_SUMMARY_SET, "UPDATE chunk SET (" KM_SQL_SUMMARY                   \
                         ") = (" KM_SQL_SUMMARY_MARKS ") WHERE id = ?")        \
    X(STREAM_DELETE, "DELETE FROM stream WHERE key = ?")                       \
    X(CHUNKS_STRAY, "SELECT count(*) FROM chunk WHERE NOT EXISTS "             \
                    "(SELECT 1 FROM stream WHERE key = chunk.id >> 32)")       \
    X(BLOBS_STRAY, "SELECT count(*) FROM blob "                                \
                   "WHERE id & ~15 NOT IN (SELECT blob FROM chunk)")           \
    X(CHUNKS_STRAY_DELETE,                                                     \
      "DELETE FROM chunk WHERE NOT EXISTS "                                    \
      "(SELECT 1 FROM stream WHERE key = chunk.id >> 32)")                     \
    X(BLOBS_STRAY_DELETE, "DELETE FROM blob "                                  \
                          "WHERE id & ~15 NOT IN (SELECT blob FROM chunk)")    \
    X(USAGE, "SELECT (SELECT count(*) FROM run), "                             \
             "(SELECT count(*) FROM series), "                                 \
             "(SELECT coalesce(sum(point_count), 0) FROM run), "               \
             "(SELECT count(*) FROM chunk), (SELECT count(*) FROM cursor), "   \
             "(SELECT coalesce(sum(size), 0) FROM chunk)")                     \
    X(DATA_VERSION, "PRAGMA data_version")                                     \
    X(LEASE_FIND, "SELECT owner, until_ns FROM lease WHERE name = ?")          \
    X(LEASE_PUT, "INSERT OR REPLACE INTO lease (name, owner, until_ns) "       \
                 "VALUES (?, ?, ?)")                                           \
    /* notes */                                                                \
    X(NOTE_PUT, "INSERT OR REPLACE INTO note (kind, run_id, key, time_ns, "    \
                "json) SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?2 = 0 OR EXISTS "      \
                "(SELECT 1 FROM run WHERE id = ?2)")                           \
    X(NOTE_DELETE, "DELETE FROM note WHERE kind = ? AND run_id = ? AND "       \
                   "key = ?")                                                  \
    X(NOTE_TABLE, "SELECT 1 FROM sqlite_schema WHERE name = 'note'")           \
    X(NOTES, "SELECT run_id, key, time_ns, json FROM note WHERE kind = ? "     \
             "ORDER BY run_id, time_ns, key")                                  \
    X(NOTES_OF_RUN, "SELECT run_id, key, time_ns, json FROM note WHERE "       \
                    "kind = ? AND run_id = ? ORDER BY time_ns, key")

enum km_sql {
#define KM_SQL_ENUM(id, text) KM_SQL_##id,
    KM_SQLS(KM_SQL_ENUM)
#undef KM_SQL_ENUM
        KM_SQL_COUNT
};

struct km_sqlite_connection;
struct km_sqlite_summary;

/* The statement, reset and unbound; NULL with `err` when it fails. */
sqlite3_stmt *km_sql(struct km_sqlite_connection *connection, enum km_sql which,
                     struct km_err *err);

/* Steps a statement that gives no row, and resets it. */
enum km_code km_sql_run(struct km_sqlite_connection *connection,
                        sqlite3_stmt *statement, struct km_err *err);

/* Steps; *row says whether there is one. Resets it at the end or on failure. */
enum km_code km_sql_row(struct km_sqlite_connection *connection,
                        sqlite3_stmt *statement, bool *row, struct km_err *err);

/* Runs a statement without parameters and without rows. */
enum km_code km_sql_do(struct km_sqlite_connection *connection,
                       enum km_sql which, struct km_err *err);

/* The same with one or two integer parameters. */
enum km_code km_sql_do1(struct km_sqlite_connection *connection,
                        enum km_sql which, int64_t first, struct km_err *err);
enum km_code km_sql_do2(struct km_sqlite_connection *connection,
                        enum km_sql which, int64_t first, int64_t second,
                        struct km_err *err);

/* Turns the connection's last failure into a code and a sentence. */
enum km_code km_sql_fail(sqlite3 *db, int rc, struct km_err *err);

void km_sql_bind_text(sqlite3_stmt *statement, int at, struct km_str text);
void km_sql_bind_blob(sqlite3_stmt *statement, int at, struct km_str bytes);
void km_sql_bind_id(sqlite3_stmt *statement, int at, uint64_t id);
void km_sql_bind_absent(sqlite3_stmt *statement, int at, int64_t value);
void km_sql_bind_bits(sqlite3_stmt *statement, int at, double value);
void km_sql_bind_meta(sqlite3_stmt *statement, int at,
                      const struct km_run_meta *meta);
void km_sql_bind_summary(sqlite3_stmt *statement, int at,
                         const struct km_sqlite_summary *summary);

struct km_str km_sql_text(sqlite3_stmt *statement, int column);
uint64_t km_sql_id(sqlite3_stmt *statement, int column);
int64_t km_sql_absent(sqlite3_stmt *statement, int column);
double km_sql_bits(sqlite3_stmt *statement, int column);
void km_sql_meta(sqlite3_stmt *statement, int column, struct km_run_meta *meta);

/* Fails with KM_ECORRUPT when the columns contradict each other. */
enum km_code km_sql_summary(sqlite3_stmt *statement, int column,
                            struct km_sqlite_summary *summary,
                            struct km_err *err);

#endif
