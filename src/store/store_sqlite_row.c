/* store_sqlite_row.c - what a run's row says about its parts, kept true. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_rules.h"
#include "store/store_sqlite.h"

void km_sqlite_summary_init(struct km_sqlite_summary *summary)
{
    km_series_summary_init(&summary->of);
    summary->min_time_ns = summary->max_time_ns = KM_TIME_ABSENT;
}

static void widen_times(struct km_sqlite_summary *summary, int64_t low_ns,
                        int64_t high_ns)
{
    if (low_ns != KM_TIME_ABSENT && (summary->min_time_ns == KM_TIME_ABSENT ||
                                     low_ns < summary->min_time_ns)) {
        summary->min_time_ns = low_ns;
    }
    if (high_ns > summary->max_time_ns) { /* absent is the least */
        summary->max_time_ns = high_ns;
    }
}

void km_sqlite_summary_add(struct km_sqlite_summary *summary,
                           const struct km_point *points, size_t count)
{
    km_series_summary_add(&summary->of, points, count);
    for (size_t i = 0; i < count; i++) {
        widen_times(summary, points[i].time_ns, points[i].time_ns);
    }
}

void km_sqlite_summary_merge(struct km_sqlite_summary *summary,
                             const struct km_sqlite_summary *later)
{
    km_series_summary_merge(&summary->of, &later->of);
    widen_times(summary, later->min_time_ns, later->max_time_ns);
}

enum km_code km_sqlite_run_fold(struct km_sqlite_connection *connection,
                                int64_t run, struct km_err *err)
{
    struct km_arena texts; /* rows live until the next step only */
    struct km_run_meta shown = {.created_ns = KM_TIME_ABSENT,
                                .ended_ns = KM_TIME_ABSENT};
    bool row = false;
    enum km_code code = KM_OK;
    sqlite3_stmt *origins = km_sql(connection, KM_SQL_ORIGIN_FOLD, err);
    sqlite3_stmt *put = km_sql(connection, KM_SQL_RUN_META, err);
    if (!origins || !put) {
        return err->code;
    }
    km_arena_init(&texts, KM_BATCH_ARENA_BYTES_MAX);
    (void)sqlite3_bind_int64(origins, 1, run);
    while ((code = km_sql_row(connection, origins, &row, err)) == KM_OK &&
           row) {
        struct km_run_meta said = {.project = {"", 0}, .external_id = {"", 0}};
        km_sql_meta(origins, 0, &said);
        struct km_str *words[] = {&said.name, &said.group, &said.parent,
                                  &said.source, &said.notes};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            words[i]->ptr = km_arena_copy(&texts, words[i]->ptr, words[i]->len);
            if (!words[i]->ptr) {
                code = km_fail(err, KM_EMEMORY, "store: no memory for a run");
            }
        }
        if (code) {
            (void)sqlite3_reset(origins);
            break;
        }
        km_run_meta_fold(&shown, &said);
    }
    if (code == KM_OK) {
        km_sql_bind_meta(put, 1, &shown);
        (void)sqlite3_bind_int64(put, 9, run);
        code = km_sql_run(connection, put, err);
    }
    km_arena_finish(&texts);
    return code;
}

/* Ranks are changed while the statement that reads them is open: it sorts, so
 * that it has read everything before its first row. */
enum km_code km_sqlite_run_rank(struct km_sqlite_connection *connection,
                                int64_t run, bool write, bool *changed,
                                struct km_err *err)
{
    bool row = false;
    enum km_code code = KM_OK;
    int64_t ordinal = 0;
    sqlite3_stmt *ranks = km_sql(connection, KM_SQL_ATTEMPT_RANKS, err);
    if (!ranks) {
        return err->code;
    }
    (void)sqlite3_bind_int64(ranks, 1, run);
    while ((code = km_sql_row(connection, ranks, &row, err)) == KM_OK && row) {
        if (sqlite3_column_int64(ranks, 1) != ordinal) {
            *changed = true;
            code = write ? km_sql_do2(connection, KM_SQL_ATTEMPT_RANK, ordinal,
                                      sqlite3_column_int64(ranks, 0), err)
                         : KM_OK;
        }
        if (code) {
            (void)sqlite3_reset(ranks);
            break;
        }
        ordinal++;
    }
    return code;
}

enum km_code km_sqlite_run_recount(struct km_sqlite_connection *connection,
                                   int64_t run, bool write, bool *changed,
                                   struct km_err *err)
{
    /* series, attempts, points, max step, first and last time */
    int64_t counted[6], known[6];
    bool row = false;
    sqlite3_stmt *count = km_sql(connection, KM_SQL_RUN_COUNTS, err);
    sqlite3_stmt *now = km_sql(connection, KM_SQL_RUN_COUNTS_NOW, err);
    sqlite3_stmt *set = km_sql(connection, KM_SQL_RUN_COUNTS_SET, err);
    if (!count || !now || !set) {
        return err->code;
    }
    (void)sqlite3_bind_int64(count, 1, run);
    enum km_code code = km_sql_row(connection, count, &row, err);
    for (int i = 0; row && i < 6; i++) {
        counted[i] = km_sql_absent(count, i);
    }
    (void)sqlite3_reset(count);
    (void)sqlite3_bind_int64(now, 1, run);
    if (code == KM_OK) {
        code = km_sql_row(connection, now, &row, err);
    }
    for (int i = 0; row && i < 6; i++) {
        known[i] = km_sql_absent(now, i);
    }
    (void)sqlite3_reset(now);
    if (code || !row || memcmp(counted, known, sizeof known) == 0) {
        return code;
    }
    *changed = true;
    if (!write) {
        return KM_OK;
    }
    for (int i = 0; i < 6; i++) {
        km_sql_bind_absent(set, i + 1, counted[i]);
    }
    (void)sqlite3_bind_int64(set, 7, run);
    return km_sql_run(connection, set, err);
}
