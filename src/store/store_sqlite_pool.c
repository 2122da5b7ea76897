/* store_sqlite_pool.c - reading connections, transactions, the WAL. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "store/store_sqlite.h"

static struct km_sqlite_connection *take_idle(struct km_sqlite_store *store)
{
    (void)pthread_mutex_lock(&store->pool_lock);
    struct km_sqlite_connection *reader = store->pool;
    if (reader) {
        store->pool = reader->next;
        store->pool_count--;
        reader->next = NULL;
    }
    (void)pthread_mutex_unlock(&store->pool_lock);
    return reader;
}

struct km_sqlite_connection *km_sqlite_reader_get(struct km_sqlite_store *store,
                                                  struct km_err *err)
{
    struct km_sqlite_connection *reader = take_idle(store);
    if (!reader && km_sqlite_connect(store, false, false, &reader, err)) {
        return NULL;
    }
    if (km_sql_do(reader, KM_SQL_BEGIN_READ, err)) {
        km_sqlite_disconnect(reader);
        return NULL;
    }
    return reader;
}

void km_sqlite_reader_put(struct km_sqlite_store *store,
                          struct km_sqlite_connection *reader)
{
    for (int i = 0; i < KM_SQL_COUNT; i++) {
        if (reader->statements[i]) {
            (void)sqlite3_reset(reader->statements[i]);
        }
    }
    bool usable = km_sql_do(reader, KM_SQL_ROLLBACK, NULL) == KM_OK;
    (void)pthread_mutex_lock(&store->pool_lock);
    if (usable && store->pool_count < KM_STORE_READERS_MAX) {
        reader->next = store->pool;
        store->pool = reader;
        store->pool_count++;
        reader = NULL;
    }
    (void)pthread_mutex_unlock(&store->pool_lock);
    km_sqlite_disconnect(reader);
}

enum km_code km_sqlite_generation(struct km_store *base, uint64_t *generation,
                                  struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    enum km_code code = KM_OK;
    (void)pthread_mutex_lock(&store->pool_lock);
    if (!store->watcher) {
        code = km_sqlite_connect(store, false, false, &store->watcher, err);
    }
    sqlite3_stmt *get =
        code ? NULL : km_sql(store->watcher, KM_SQL_DATA_VERSION, err);
    bool found = false;
    if (code == KM_OK) {
        code = get ? km_sql_row(store->watcher, get, &found, err) : err->code;
    }
    if (code == KM_OK && found) {
        *generation = (uint64_t)sqlite3_column_int64(get, 0);
    }
    if (get) {
        (void)sqlite3_reset(get);
    }
    (void)pthread_mutex_unlock(&store->pool_lock);
    return code;
}

enum km_code km_sqlite_begin(struct km_sqlite_store *store, struct km_err *err)
{
    if (!store->writer) {
        return km_fail(err, KM_EIO, "store: it was opened to read only");
    }
    return store->grouped ? KM_OK
                          : km_sql_do(store->writer, KM_SQL_BEGIN_WRITE, err);
}

/* In durability FAST a commit does not sync. What was committed more than a
 * second ago is synced by the next verb that writes, or by maintain(). */
static enum km_code sync_late(struct km_sqlite_store *store, struct km_err *err)
{
    int64_t now = km_clock_monotonic_ns(store->clock);
    if (store->durability != KM_DURABILITY_FAST ||
        now - store->synced_ns < 1000000000) {
        return KM_OK;
    }
    sqlite3_file *wal = NULL;
    int rc = sqlite3_file_control(store->writer->db, "main",
                                  SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (rc == SQLITE_OK && wal && wal->pMethods) {
        rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    }
    if (rc != SQLITE_OK) {
        return km_fail(err, KM_EIO, "store: its log could not be synced");
    }
    store->synced_ns = now;
    return KM_OK;
}

enum km_code km_sqlite_end(struct km_sqlite_store *store, enum km_code code,
                           struct km_err *err)
{
    if (store->grouped) {
        return code; /* whoever began the group ends it */
    }
    if (code == KM_OK) {
        code = km_sql_do(store->writer, KM_SQL_COMMIT, err);
    }
    if (code != KM_OK) {
        /* SQLite may have rolled back by itself; then this fails harmlessly */
        (void)km_sql_do(store->writer, KM_SQL_ROLLBACK, NULL);
        return code;
    }
    code = sync_late(store, err);
    if (code == KM_OK && store->wal_bytes > store->wal_bytes_next) {
        /* the records are safe already; a checkpoint may wait for readers */
        (void)km_sqlite_checkpoint(store, KM_STORE_WAL_BYTES_MAX, NULL);
        store->wal_bytes_next =
            store->wal_bytes > KM_STORE_WAL_BYTES_MAX
                ? store->wal_bytes + KM_STORE_WAL_BYTES_MAX / 4
                : KM_STORE_WAL_BYTES_MAX;
    }
    return code;
}

enum km_code km_sqlite_group_begin(struct km_store *base, struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    assert(!store->grouped);
    enum km_code code = km_sqlite_begin(store, err);
    store->grouped = code == KM_OK;
    return code;
}

enum km_code km_sqlite_group_end(struct km_store *base, enum km_code code,
                                 struct km_err *err)
{
    struct km_sqlite_store *store = km_sqlite_of(base);
    assert(store->grouped);
    store->grouped = false;
    return km_sqlite_end(store, code, err);
}

enum km_code km_sqlite_checkpoint(struct km_sqlite_store *store, uint64_t above,
                                  struct km_err *err)
{
    if (store->wal_bytes <= above) {
        return KM_OK;
    }
    sqlite3 *db = store->writer->db;
    (void)sqlite3_busy_timeout(db, KM_STORE_BUSY_MS_MAX / 20);
    /* a log that keeps its length is synced faster: no size to record */
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART,
                                       NULL, NULL);
    (void)sqlite3_busy_timeout(db, KM_STORE_BUSY_MS_MAX);
    if (rc == SQLITE_OK) {
        store->wal_bytes = 0;
        store->wal_bytes_next = KM_STORE_WAL_BYTES_MAX;
    }
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) {
        return KM_OK; /* readers hold it: it is done another time */
    }
    return km_sql_fail(db, rc, err);
}
