/* store_faults.c - every write, sync and truncate of a scripted workload fails
 * once, for a moment or for good; every allocation of SQLite fails once.
 *
 * A shim below SQLite counts the calls and fails the N-th, for all N. What was
 * reported as stored must be there afterwards, and what was refused must be
 * there wholly or not at all. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "tap.h"

static char folder[256];
static struct km_batch batch;

/* The N-th call fails, and the ones after it when `for_good`. */
static struct {
    long countdown; /* 0: nothing fails */
    long calls;
    bool for_good;
    int with;
} fault;

static bool fails(void)
{
    fault.calls++;
    if (fault.countdown == 0 || fault.countdown > fault.calls) {
        return false;
    }
    return fault.calls == fault.countdown || fault.for_good;
}

/* A file of the real VFS, behind methods that may fail. */
struct shim_file {
    sqlite3_file base; /* the real file stands behind it */
};
static sqlite3_vfs shim_vfs, *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)((struct shim_file *)file + 1);
}

static int shim_write(sqlite3_file *file, const void *bytes, int len,
                      sqlite3_int64 at)
{
    if (fails()) {
        return fault.with;
    }
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, len, at);
}
static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE
                   : real_of(file)->pMethods->xTruncate(real_of(file), size);
}
static int shim_sync(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC
                   : real_of(file)->pMethods->xSync(real_of(file), flags);
}
static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}
static int shim_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), out, len, at);
}
static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
static int shim_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}
static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
static int shim_reserved(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int shim_control(sqlite3_file *file, int op, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}
static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int shim_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
static int shim_shm_map(sqlite3_file *file, int page, int size, int extend,
                        void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend,
                                            out);
}
static int shim_shm_lock(sqlite3_file *file, int from, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), from, count, flags);
}
static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int shim_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file,
                     int flags, int *out_flags)
{
    (void)vfs;
    file->pMethods = NULL;
    int rc = real_vfs->xOpen(real_vfs, path, real_of(file), flags, out_flags);
    if (real_of(file)->pMethods) {
        file->pMethods = &shim_methods;
    }
    return rc;
}

static void install_shim(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim_vfs = *real_vfs;
    shim_vfs.zName = "shim";
    shim_vfs.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
    shim_vfs.xOpen = shim_open;
    CHECK_INT(sqlite3_vfs_register(&shim_vfs, 1), SQLITE_OK);
}

enum { BATCHES = 6 };

/* Batch i of the workload; the fourth replaces what the second brought. */
static void make_batch(int i)
{
    struct random_state random = {(uint64_t)i + 77};
    plain_batch(&batch, (uint64_t)(i == 3 ? 2 : i + 1), "run", "loss");
    batch.replace = i == 3;
    for (int j = 0; j < 200 + i * 1500; j++) {
        (void)km_batch_point(
            &batch, 0,
            (struct km_point){j, KM_TIME_ABSENT,
                              (double)random_below(&random, 1 << 20)});
    }
    batch.has_cursor = true;
    batch.cursor = (struct km_cursor){.source_id = batch.origin_id,
                                      .consumed_bytes = (uint64_t)(i + 1)};
}

/* Opens, appends, maintains, closes; bit i of the result: batch i was
 * acknowledged. */
static unsigned run_workload(void)
{
    const struct km_store_options options = {.create = true,
                                             .clock = &test_clock};
    unsigned stored = 0;
    struct km_store *store = open_store(BACKEND_SQLITE, folder, &options, NULL);
    for (int i = 0; store && i < BATCHES; i++) {
        make_batch(i);
        stored |= (unsigned)(km_store_append(store, &batch, NULL) == KM_OK)
                  << i;
    }
    if (store) {
        (void)km_store_maintain(store, 1000000000, NULL, NULL);
    }
    km_store_close(store);
    return stored;
}

static void dump_folder(struct km_buf *out, bool *clean)
{
    struct km_err err = {.message = ""};
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, &err);
    km_buf_reset(out);
    *clean = store != NULL && count_findings(store, true, false) == 0;
    if (store) {
        dump_store(store, out);
    }
    km_store_close(store);
}

/* What the batches in `which` leave in the oracle. */
static void dump_oracle(struct km_buf *out, unsigned which)
{
    struct km_store *oracle = open_store(BACKEND_MEMORY, "", NULL, NULL);
    for (int i = 0; i < BATCHES; i++) {
        if (which >> i & 1) {
            make_batch(i);
            (void)km_store_append(oracle, &batch, NULL);
        }
    }
    km_buf_reset(out);
    dump_store(oracle, out);
    km_store_close(oracle);
}

/* Acknowledged batches are there; one that failed may be there too, because a
 * sync that fails leaves that open. */
static bool equals_some_allowed(struct km_buf *mine, struct km_buf *theirs,
                                unsigned stored)
{
    dump_oracle(theirs, stored);
    if (strcmp(first_difference(mine, theirs), "equal") == 0) {
        return true;
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        if (!(stored >> i & 1)) {
            dump_oracle(theirs, stored | 1u << i);
            if (strcmp(first_difference(mine, theirs), "equal") == 0) {
                return true;
            }
        }
    }
    return false;
}

static void fail_each(long from, bool for_good, int with)
{
    struct km_buf mine, theirs;
    long wrong = 0, runs = 0;
    km_buf_init(&mine, (size_t)1 << 28);
    km_buf_init(&theirs, (size_t)1 << 28);
    for (long n = from;; n += 1 + n / amount_of(8, 100000)) {
        make_folder(folder);
        fault.countdown = n;
        fault.calls = 0;
        fault.for_good = for_good;
        fault.with = with;
        unsigned stored = run_workload();
        bool reached = fault.calls >= n, clean = false;
        fault.countdown = 0;
        dump_folder(&mine, &clean);
        if (!clean || !equals_some_allowed(&mine, &theirs, stored)) {
            wrong++;
            printf("# call %ld, acknowledged %x: %s\n", n, stored,
                   clean ? first_difference(&mine, &theirs) : "not clean");
        }
        remove_folder(folder);
        runs++;
        if (!reached) {
            CHECK_INT(stored, (1 << BATCHES) - 1);
            break;
        }
    }
    printf("# %ld faults\n", runs);
    CHECK_INT(wrong, 0);
    CHECK(runs > 20);
    km_buf_finish(&mine);
    km_buf_finish(&theirs);
}

static void a_write_that_fails_once_loses_nothing_acknowledged(void)
{
    fail_each(1, false, SQLITE_IOERR_WRITE);
}

static void a_disk_that_stays_full_loses_nothing_acknowledged(void)
{
    fail_each(1, true, SQLITE_FULL);
}

static void space_that_comes_back_is_used_again(void)
{
    struct km_err err;
    make_folder(folder);
    struct km_store *store = open_store(BACKEND_SQLITE, folder, NULL, NULL);
    make_batch(0);
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    fault.countdown = 1;
    fault.calls = 0;
    fault.for_good = true;
    fault.with = SQLITE_FULL;
    make_batch(1);
    CHECK_INT(km_store_append(store, &batch, &err), KM_ENOSPACE);
    CHECK_TEXT(err.message, "store: the disk is full");
    fault.countdown = 0;
    CHECK_INT(km_store_append(store, &batch, NULL), KM_OK);
    CHECK_INT(count_findings(store, true, false), 0);
    km_store_close(store);
    remove_folder(folder);
}

static sqlite3_mem_methods real_memory;
static long memory_left = -1; /* allocations until one fails; -1: none does */

static void *failing_malloc(int size)
{
    if (memory_left > 0 && --memory_left == 0) {
        return NULL;
    }
    return real_memory.xMalloc(size);
}
static void *failing_realloc(void *old, int size)
{
    if (memory_left > 0 && --memory_left == 0) {
        return NULL;
    }
    return real_memory.xRealloc(old, size);
}

static void install_memory(void)
{
    sqlite3_mem_methods failing;
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    failing = real_memory;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
}

static void an_allocation_that_fails_loses_nothing_acknowledged(void)
{
    struct km_buf mine, theirs;
    long wrong = 0, runs = 0;
    km_buf_init(&mine, (size_t)1 << 28);
    km_buf_init(&theirs, (size_t)1 << 28);
    for (long n = 1;; n += 1 + n / amount_of(8, 100)) {
        bool clean = false;
        make_folder(folder);
        memory_left = n;
        unsigned stored = run_workload();
        bool reached = memory_left == 0;
        memory_left = -1;
        dump_folder(&mine, &clean);
        if (!clean || !equals_some_allowed(&mine, &theirs, stored)) {
            wrong++;
            printf("# allocation %ld, acknowledged %x: %s\n", n, stored,
                   clean ? first_difference(&mine, &theirs) : "not clean");
        }
        remove_folder(folder);
        runs++;
        if (!reached) {
            break;
        }
    }
    printf("# %ld allocations\n", runs);
    CHECK_INT(wrong, 0);
    CHECK(runs > 20);
    km_buf_finish(&mine);
    km_buf_finish(&theirs);
}

int main(void)
{
    km_batch_init(&batch);
    install_memory();
    install_shim();
    RUN(a_write_that_fails_once_loses_nothing_acknowledged);
    RUN(a_disk_that_stays_full_loses_nothing_acknowledged);
    RUN(space_that_comes_back_is_used_again);
    RUN(an_allocation_that_fails_loses_nothing_acknowledged);
    km_batch_finish(&batch);
    return tap_end();
}
