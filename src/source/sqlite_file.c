/* sqlite_file.c - opens a stranger's database without touching it. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "source/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

enum {
    COPY_BYTES_MAX = 64 * KM_MIB, /* beyond it only when a log is beside it */
    COPY_TRIES = 3,
    STEP_SLICE = 20000,     /* machine steps between two looks */
    LOCK_BYTE = 0x40000000, /* where SQLite's writers lock, see its format */
    LOCK_BYTES = 512,
    FOLDER_BYTES = 512,
};

static const char magic[16] = "SQLite format 3";

/* The logs that SQLite keeps beside a database. */
static const char *const log_ends[] = {"-wal", "-journal"};
enum { LOGS = 2 };

static int count_steps(void *user)
{
    struct km_sqlite *file = user;
    file->steps_left -=
        file->steps_left < STEP_SLICE ? file->steps_left : STEP_SLICE;
    return file->steps_left == 0;
}

enum km_code km_sqlite_fail(const struct km_sqlite *file, struct km_err *err)
{
    const char *why = sqlite3_errmsg(file->db);
    switch (sqlite3_errcode(file->db) & 0xff) {
    case SQLITE_NOTADB:
        return km_fail(err, KM_EFORMAT,
                       "an SQLite database that is encrypted or of another "
                       "kind (%s)",
                       why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return km_fail(err, KM_EFORMAT, "the database is locked by a writer");
    case SQLITE_CORRUPT:
        return km_fail(err, KM_ECORRUPT, "the database is damaged (%s)", why);
    case SQLITE_INTERRUPT:
        return km_fail(err, KM_ELIMIT,
                       "a query on the database needs more than %d steps",
                       KM_SQLITE_STEPS_MAX);
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
        return km_fail(err, KM_ELIMIT, "a value in the database is too big");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return km_fail(err, KM_EIO, "the database cannot be read (%s)", why);
    default:
        return km_fail(err, KM_EFORMAT, "the database cannot be read (%s)",
                       why);
    }
}

static enum km_code check_head(struct km_sqlite *file, int fd,
                               struct km_err *err)
{
    char head[sizeof magic];
    ssize_t got = pread(fd, head, sizeof head, 0);
    if (got == 0) {
        return km_fail(err, KM_EFORMAT, "an empty file, not a database");
    }
    if (got < (ssize_t)sizeof head || memcmp(head, magic, sizeof magic) != 0) {
        return km_fail(err, KM_EFORMAT,
                       "not an SQLite database: encrypted, or another kind of "
                       "file");
    }
    /* Does a writer hold it? Asking needs no lock of our own. */
    struct flock lock = {.l_type = F_RDLCK,
                         .l_whence = SEEK_SET,
                         .l_start = LOCK_BYTE,
                         .l_len = LOCK_BYTES};
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK) {
        file->is_held = true;
        return km_fail(err, KM_EFORMAT,
                       "the database is locked by a writer (process %ld); "
                       "try again when it is done",
                       (long)lock.l_pid);
    }
    return KM_OK;
}

static enum km_code copy_bytes(int from, int folder_fd, const char *name,
                               struct km_err *err)
{
    char bytes[65536];
    int to =
        openat(folder_fd, name,
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        return km_fail_errno(err, errno, "a private copy cannot be made");
    }
    off_t at = 0;
    enum km_code code = KM_OK;
    for (;;) {
        ssize_t got = pread(from, bytes, sizeof bytes, at);
        if (got <= 0) {
            code =
                got < 0 ? km_fail_errno(err, errno, "cannot read it") : KM_OK;
            break;
        }
        if (write(to, bytes, (size_t)got) != got) {
            code = km_fail_errno(err, errno ? errno : ENOSPC,
                                 "a private copy cannot be written");
            break;
        }
        at += got;
    }
    (void)close(to);
    return code;
}

/* Opens the log beside the database; -1 when there is none or it is empty. */
static int open_log(const struct km_place *place, const char *end)
{
    char path[KM_PATH_BYTES_MAX];
    struct stat st;
    int len = snprintf(path, sizeof path, "%.*s%s", (int)place->path.len,
                       place->path.ptr, end);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -1;
    }
    int fd = km_place_open(place, path, NULL);
    if (fd >= 0 &&
        (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool has_log(const struct km_place *place)
{
    bool found = false;
    for (int i = 0; i < LOGS; i++) {
        int fd = open_log(place, log_ends[i]);
        found |= fd >= 0;
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    return found;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Database and logs as of one moment: again when a writer came between. */
static enum km_code copy_all(struct km_sqlite *file,
                             const struct km_place *place, int fd,
                             int folder_fd, struct km_err *err)
{
    for (int tries = 0; tries < COPY_TRIES; tries++) {
        struct stat before, after;
        if (fstat(fd, &before) < 0) {
            return km_fail_errno(err, errno, "cannot read it");
        }
        enum km_code code = copy_bytes(fd, folder_fd, "db", err);
        for (int i = 0; i < LOGS && !code; i++) {
            const char *name = i ? "db-journal" : "db-wal";
            int log_fd = open_log(place, log_ends[i]);
            (void)unlinkat(folder_fd, name, 0);
            if (log_fd >= 0) {
                code = copy_bytes(log_fd, folder_fd, name, err);
                (void)close(log_fd);
            }
        }
        if (code) {
            return code;
        }
        if (fstat(fd, &after) == 0 && same_stat(&before, &after)) {
            return KM_OK;
        }
    }
    file->is_held = true;
    return km_fail(err, KM_EFORMAT,
                   "a writer is changing the database; try again when it is "
                   "done");
}

static void set_limits(struct km_sqlite *file)
{
    sqlite3 *db = file->db;
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 64 * KM_MIB);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
    file->steps_left = KM_SQLITE_STEPS_MAX;
    sqlite3_progress_handler(db, STEP_SLICE, count_steps, file);
}

static enum km_code open_path(struct km_sqlite *file, const char *path,
                              int flags, struct km_err *err)
{
    int result = sqlite3_open_v2(
        path, &file->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
        NULL);
    if (result != SQLITE_OK || !file->db) {
        return file->db ? km_sqlite_fail(file, err)
                        : km_fail(err, KM_EMEMORY, "memory is short");
    }
    set_limits(file);
    /* exclusive: the write-ahead index stays in memory. The first read opens
     * every file that is needed. */
    if (sqlite3_exec(file->db,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cell_size_check=ON;"
                     "PRAGMA mmap_size=0; SELECT count(*) FROM sqlite_master;"
                     "PRAGMA query_only=ON;",
                     NULL, NULL, NULL) != SQLITE_OK) {
        return km_sqlite_fail(file, err);
    }
    return KM_OK;
}

static enum km_code open_copy(struct km_sqlite *file,
                              const struct km_place *place, int fd,
                              struct km_err *err)
{
    char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
    const char *base = getenv("TMPDIR");
    int len = snprintf(folder, sizeof folder, "%s/km-XXXXXX",
                       base && *base ? base : "/tmp");
    if (len < 0 || (size_t)len >= sizeof folder || !mkdtemp(folder)) {
        return km_fail_errno(err, errno, "a private folder cannot be made");
    }
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum km_code code =
        folder_fd < 0 ? km_fail_errno(err, errno, "cannot open %s", folder)
                      : copy_all(file, place, fd, folder_fd, err);
    if (code == KM_OK) {
        (void)snprintf(path, sizeof path, "%s/db", folder);
        code = open_path(file, path, SQLITE_OPEN_READWRITE, err);
    }
    if (folder_fd >= 0) {
        static const char *const names[] = {"db", "db-wal", "db-journal",
                                            "db-shm"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            (void)unlinkat(folder_fd, names[i], 0);
        }
        (void)close(folder_fd);
    }
    (void)rmdir(folder);
    return code;
}

enum km_code km_sqlite_open(struct km_sqlite *file,
                            const struct km_place *place, struct km_err *err)
{
    *file = (struct km_sqlite){0};
    char path[KM_PATH_BYTES_MAX];
    if (place->path.len >= sizeof path) {
        return km_fail(err, KM_ELIMIT, "the path is too long");
    }
    memcpy(path, place->path.ptr, place->path.len);
    path[place->path.len] = '\0';
    int fd = km_place_open(place, path, err);
    if (fd < 0) {
        return err && err->code ? err->code : KM_EIO;
    }
    struct stat st;
    enum km_code code = check_head(file, fd, err);
    if (code == KM_OK && fstat(fd, &st) < 0) {
        code = km_fail_errno(err, errno, "cannot read it");
    }
    if (code == KM_OK && st.st_size > COPY_BYTES_MAX && !has_log(place)) {
        (void)snprintf(path, sizeof path, "file:/proc/self/fd/%d?immutable=1",
                       fd);
        file->fd = fd;
        file->owns_fd = true;
        code =
            open_path(file, path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    } else {
        code = code ? code : open_copy(file, place, fd, err);
        (void)close(fd);
    }
    if (code) {
        km_sqlite_close(file);
    }
    return code;
}

void km_sqlite_close(struct km_sqlite *file)
{
    (void)sqlite3_close_v2(file->db);
    if (file->owns_fd) {
        (void)close(file->fd);
    }
    *file = (struct km_sqlite){.is_held = file->is_held};
}

sqlite3_stmt *km_sqlite_prepare(struct km_sqlite *file, const char *sql,
                                struct km_err *err)
{
    sqlite3_stmt *statement = NULL;
    file->steps_left = KM_SQLITE_STEPS_MAX;
    if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        (void)km_sqlite_fail(file, err);
        return NULL;
    }
    return statement;
}

bool km_sqlite_next(struct km_sqlite *file, sqlite3_stmt *statement,
                    enum km_code *code, struct km_err *err)
{
    int result = sqlite3_step(statement);
    *code = result == SQLITE_ROW || result == SQLITE_DONE
                ? KM_OK
                : km_sqlite_fail(file, err);
    return result == SQLITE_ROW;
}

bool km_sqlite_has(struct km_sqlite *file, const char *table,
                   const char *column)
{
    sqlite3_stmt *statement = km_sqlite_prepare(
        file,
        "SELECT 1 FROM sqlite_master m, pragma_table_info(m.name) c WHERE "
        "m.type = 'table' AND m.name = ?1 AND (?2 IS NULL OR c.name = ?2)",
        NULL);
    if (!statement) {
        return false;
    }
    (void)sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    if (column) {
        (void)sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
    }
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    (void)sqlite3_finalize(statement);
    return found;
}

struct km_str km_sqlite_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    int len = sqlite3_column_bytes(statement, column);
    return text && len > 0 ? (struct km_str){(const char *)text, (size_t)len}
                           : KM_STR("");
}
