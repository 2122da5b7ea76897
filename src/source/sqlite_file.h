/* sqlite_file.h - a database that someone else made, read and never written.
 *
 * A small file, or one with a log beside it, is copied with that log into a
 * private folder that is removed at once; a large one is opened as immutable.
 * Either way nothing is locked, no log is replayed into the original, no
 * trigger or view runs, and every statement has a budget of steps.
 * Ownership: close what was opened.   Threads: one at a time.
 * Errors: KM_EFORMAT for encrypted, locked or foreign files, KM_ECORRUPT,
 * KM_ELIMIT, KM_EIO. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_SQLITE_FILE_H
#define KM_SOURCE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdint.h>

#include "source/source.h"

struct km_sqlite {
    sqlite3 *db;
    bool owns_fd;
    bool is_held;        /* opening failed because a writer has it */
    int fd;              /* of the original, when it is read in place */
    uint64_t steps_left; /* of the statement that runs */
};

enum km_code km_sqlite_open(struct km_sqlite *file,
                            const struct km_place *place, struct km_err *err);
void km_sqlite_close(struct km_sqlite *file); /* accepts a zeroed one */

/* NULL with `err` when it cannot be prepared. Finalize it. */
sqlite3_stmt *km_sqlite_prepare(struct km_sqlite *file, const char *sql,
                                struct km_err *err);

/* True while there are rows; at the end or after a failure false, and `*code`
 * says which. */
bool km_sqlite_next(struct km_sqlite *file, sqlite3_stmt *statement,
                    enum km_code *code, struct km_err *err);

/* Whether there is a real table `table` with the column `column` (NULL: any).
 */
bool km_sqlite_has(struct km_sqlite *file, const char *table,
                   const char *column);

/* A column's text; lives until the next step. Empty for NULL. */
struct km_str km_sqlite_text(sqlite3_stmt *statement, int column);

enum km_code km_sqlite_fail(const struct km_sqlite *file, struct km_err *err);

#endif
