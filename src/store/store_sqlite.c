/* store_sqlite.c - opening and closing a store that is a folder, leases. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define DATABASE_NAME "knotmeter.db"

_Static_assert(offsetof(struct km_sqlite_store, base) == 0,
               "a store is cast to its backend");

static void free_store(struct km_sqlite_store *store)
{
    while (store->pool) {
        struct km_sqlite_connection *next = store->pool->next;
        km_sqlite_disconnect(store->pool);
        store->pool = next;
    }
    km_sqlite_disconnect(store->watcher);
    km_sqlite_disconnect(store->writer); /* last: it may remove the log */
    (void)pthread_mutex_destroy(&store->pool_lock);
    free(store->db_path);
    free(store);
}

static void sqlite_close(struct km_store *base)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    if (store->writer) {
        (void)km_sqlite_checkpoint(store, 0, NULL);
    }
    free_store(store);
}

static enum km_code put_lease(struct km_sqlite_store *store, struct km_str name,
                              struct km_str owner, int64_t ttl_ns,
                              struct km_err *err)
{
    struct km_sqlite_connection *writer = store->writer;
    int64_t now = km_clock_wall_ns(store->clock);
    bool held = false;
    sqlite3_stmt *find = km_sql(writer, KM_SQL_LEASE_FIND, err);
    if (!find) {
        return err->code;
    }
    km_sql_bind_text(find, 1, name);
    enum km_code code = km_sql_row(writer, find, &held, err);
    if (code) {
        return code;
    }
    if (held && sqlite3_column_int64(find, 1) > now &&
        !km_str_equal(km_sql_text(find, 0), owner)) {
        struct km_str other = km_sql_text(find, 0);
        code = km_fail(err, KM_EBUSY, "%.*s is held by %.*s", (int)name.len,
                       name.ptr, (int)other.len, other.ptr);
        (void)sqlite3_reset(find);
        return code;
    }
    (void)sqlite3_reset(find);
    sqlite3_stmt *put = km_sql(writer, KM_SQL_LEASE_PUT, err);
    if (!put) {
        return err->code;
    }
    km_sql_bind_text(put, 1, name);
    km_sql_bind_text(put, 2, owner);
    (void)sqlite3_bind_int64(put, 3, now + ttl_ns);
    return km_sql_run(writer, put, err);
}

static enum km_code sqlite_lease(struct km_store *base, struct km_str name,
                                 struct km_str owner, int64_t ttl_ns,
                                 struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    enum km_code code = km_sqlite_begin(store, err);
    if (code) {
        return code;
    }
    code = put_lease(store, name, owner, ttl_ns, err);
    return km_sqlite_end(store, code, err);
}

static const struct km_store_ops sqlite_ops = {
    .name = "sqlite",
    .version = KM_STORE_OPS_VERSION,
    .append = km_sqlite_append,
    .group_begin = km_sqlite_group_begin,
    .group_end = km_sqlite_group_end,
    .list_runs = km_sqlite_list_runs,
    .list_series = km_sqlite_list_series,
    .list_attempts = km_sqlite_list_attempts,
    .list_attributes = km_sqlite_list_attributes,
    .read_points = km_sqlite_read_points,
    .reduce = km_sqlite_reduce,
    .read_events = km_sqlite_read_events,
    .read_evaluations = km_sqlite_read_evaluations,
    .find_cursors = km_sqlite_find_cursors,
    .delete_run = km_sqlite_delete_run,
    .maintain = km_sqlite_maintain,
    .lease = sqlite_lease,
    .put_notes = km_sqlite_put_notes,
    .read_notes = km_sqlite_read_notes,
    .check = km_sqlite_check,
    .usage = km_sqlite_usage,
    .generation = km_sqlite_generation,
    .close = sqlite_close,
};

/* What stands at the path that shall be a store. */
enum place { PLACE_NONE, PLACE_EMPTY, PLACE_STORE };

/* A folder with other people's files does not become a store. */
static enum km_code look_inside(const char *path, enum place *place,
                                struct km_err *err)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return km_fail_errno(err, errno, "%s: the store cannot be opened",
                             path);
    }
    bool other = false;
    const struct dirent *entry;
    *place = PLACE_EMPTY;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, DATABASE_NAME) == 0) {
            *place = PLACE_STORE;
        } else if (strcmp(entry->d_name, ".") != 0 &&
                   strcmp(entry->d_name, "..") != 0 &&
                   strncmp(entry->d_name, DATABASE_NAME,
                           sizeof DATABASE_NAME - 1) != 0) {
            other = true;
        }
    }
    (void)closedir(folder);
    if (*place == PLACE_EMPTY && other) {
        return km_fail(err, KM_EFORMAT,
                       "%s: a folder with other files, expected a store or an "
                       "empty folder",
                       path);
    }
    return KM_OK;
}

static enum km_code look(const char *path, enum place *place,
                         struct km_err *err)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        if (errno != ENOENT) {
            return km_fail_errno(err, errno, "%s: the store cannot be opened",
                                 path);
        }
        *place = PLACE_NONE;
        return KM_OK;
    }
    if (!S_ISDIR(found.st_mode)) {
        return km_fail(err, KM_EFORMAT, "%s: a file, expected a store's folder",
                       path);
    }
    return look_inside(path, place, err);
}

/* Makes the folder and those above it. */
static enum km_code make_folders(const char *path, struct km_err *err)
{
    size_t len = strlen(path);
    char *part = strdup(path);
    enum km_code code = KM_OK;
    if (!part) {
        return km_fail(err, KM_EMEMORY, "store: no memory for a path");
    }
    for (size_t i = 1; i <= len && code == KM_OK; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            code = km_fail_errno(err, errno, "%s: the folder cannot be made",
                                 part);
        }
        part[i] = path[i];
    }
    free(part);
    return code;
}

/* A store that could not be made leaves nothing behind. */
static void unmake(const struct km_sqlite_store *store, const char *path,
                   bool with_folder)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    struct km_buf name;
    km_buf_init(&name, KM_PATH_BYTES_MAX);
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        km_buf_reset(&name);
        km_buf_printf(&name, "%s%s", store->db_path, tails[i]);
        if (!name.failed) {
            (void)unlink(name.bytes);
        }
    }
    km_buf_finish(&name);
    if (with_folder) {
        (void)rmdir(path);
    }
}

/* The database's path; as a URI, with what is special in one escaped, when
 * nothing can be written beside it and no log waits to be read. */
static enum km_code name_database(struct km_sqlite_store *store,
                                  const char *path, struct km_err *err)
{
    struct km_buf name;
    km_buf_init(&name, 4 * KM_PATH_BYTES_MAX);
    km_buf_printf(&name, "%s/%s-wal", path, DATABASE_NAME);
    store->immutable = store->read_only && !name.failed &&
                       access(path, W_OK) != 0 && access(name.bytes, F_OK) != 0;
    km_buf_reset(&name);
    if (store->immutable) {
        km_buf_append_text(&name, "file:");
        for (const char *at = path; *at; at++) {
            if (*at == '%' || *at == '?' || *at == '#') {
                km_buf_printf(&name, "%%%02x", (unsigned)*at);
            } else {
                km_buf_append_char(&name, *at);
            }
        }
        km_buf_append_text(&name, "/" DATABASE_NAME "?immutable=1");
    } else {
        km_buf_printf(&name, "%s%s/%s", path[0] == '/' ? "" : "./", path,
                      DATABASE_NAME);
    }
    if (name.failed) {
        km_buf_finish(&name);
        return km_fail(err, KM_ELIMIT, "store: its path is too long");
    }
    store->db_path = name.bytes;
    return KM_OK;
}

/* SQLite tells after each commit how many pages the log has. */
static int note_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    struct km_sqlite_store *store = user;
    (void)db, (void)name;
    store->wal_bytes = (uint64_t)pages * KM_SQLITE_PAGE_BYTES;
    return SQLITE_OK;
}

/* Two programs that make one store take turns: what one of them has half done
 * looks to the other like somebody else's database. -1 where the file system
 * has no such locks; then they do not take turns. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
    return fd;
}

static enum km_code open_database(struct km_sqlite_store *store,
                                  const char *path, bool create,
                                  struct km_err *err)
{
    struct km_sqlite_connection *first = NULL;
    bool to_write = !store->read_only;
    int turn = to_write ? lock_folder(path) : -1;
    enum km_code code = km_sqlite_connect(store, to_write, create, &first, err);
    if (code == KM_OK) {
        code = km_sqlite_schema_prepare(first, path, to_write, create, err);
    }
    if (turn >= 0) {
        (void)close(turn); /* and with it the lock */
    }
    if (code) {
        km_sqlite_disconnect(first);
        return code;
    }
    if (to_write) {
        store->writer = first;
        (void)sqlite3_wal_hook(first->db, note_wal, store);
        store->wal_bytes = KM_STORE_WAL_BYTES_MAX; /* unknown: look once */
    } else {
        store->pool = first;
        store->pool_count = 1;
    }
    return KM_OK;
}

static enum km_code open_place(struct km_sqlite_store *store,
                               const struct km_store_options *options,
                               struct km_err *err)
{
    const char *path = options->path;
    enum place place = PLACE_NONE;
    bool create = options->create && !store->read_only;
    enum km_code code = look(path, &place, err);
    if (code == KM_OK && place != PLACE_STORE && !create) {
        code = km_fail(err, KM_ENOTFOUND, "%s: no store is there", path);
    }
    if (code == KM_OK && place == PLACE_NONE) {
        code = make_folders(path, err);
    }
    if (code == KM_OK) {
        code = name_database(store, path, err);
    }
    if (code) {
        return code;
    }
    code = open_database(store, path, create, err);
    if (code && place != PLACE_STORE) {
        unmake(store, path, place == PLACE_NONE);
    }
    return code;
}

struct km_store *km_store_open_sqlite(const struct km_store_options *options,
                                      struct km_err *err)
{
    struct km_err local;
    err = err ? err : &local;
    assert(options && options->path);
    if (options->path[0] == '\0') {
        (void)km_fail(err, KM_EUSAGE, "store: its path is empty");
        return NULL;
    }
    struct km_sqlite_store *store = calloc(1, sizeof *store);
    if (!store) {
        (void)km_fail(err, KM_EMEMORY, "store: no memory to open it");
        return NULL;
    }
    store->base.ops = &sqlite_ops;
    store->clock = options->clock ? options->clock : &km_clock_system;
    store->quota_bytes = options->quota_bytes;
    store->durability = options->durability;
    store->read_only = options->read_only;
    store->wal_bytes_next = KM_STORE_WAL_BYTES_MAX;
    (void)pthread_mutex_init(&store->pool_lock, NULL);
    if (open_place(store, options, err) != KM_OK) {
        free_store(store);
        return NULL;
    }
    return &store->base;
}
