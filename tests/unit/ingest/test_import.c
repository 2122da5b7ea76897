/* test_import.c - importing twice, in another order, renamed, grown, rewritten
 * or cut anywhere leaves the store as one import of the final files would. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "ingest/ingest.h"
#include "tap.h"

static char root[64];

static void path_to(char out[512], const char *name)
{
    (void)snprintf(out, 512, "%s/%s", root, name);
}

static void write_at(const char *name, const char *text, size_t len,
                     const char *mode)
{
    char path[512];
    path_to(path, name);
    FILE *file = fopen(path, mode);
    CHECK(file && fwrite(text, 1, len, file) == len);
    CHECK(file && fclose(file) == 0);
}

static void put(const char *name, const char *text)
{
    write_at(name, text, strlen(text), "w");
}

static void append(const char *name, const char *text)
{
    write_at(name, text, strlen(text), "a");
}

static void make_folder(const char *name)
{
    char path[512];
    path_to(path, name);
    CHECK(mkdir(path, 0700) == 0);
}

static void move(const char *from, const char *to)
{
    char a[512], b[512];
    path_to(a, from);
    path_to(b, to);
    CHECK(rename(from[0] == '/' ? from : a, b) == 0);
}

static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char below[1024];
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        (void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (unlink(below) < 0) {
            remove_tree(below);
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

static void begin_folder(void)
{
    (void)snprintf(root, sizeof root, "/tmp/km-ingest-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
}

/* ---- what a store holds, as text ---- */

struct dump {
    struct km_store *store;
    struct km_buf out;
};

static bool dump_columns(void *user, const struct km_columns *columns)
{
    struct dump *dump = user;
    for (size_t i = 0; i < columns->count; i++) {
        km_buf_printf(&dump->out, " %u:%lld:%lld:%.17g", columns->attempt,
                      (long long)columns->steps[i],
                      (long long)columns->times_ns[i], columns->values[i]);
    }
    return true;
}

static bool dump_series(void *user, const struct km_series_row *series)
{
    struct dump *dump = user;
    km_buf_printf(&dump->out, "  %.*s{%.*s}", (int)series->metric.len,
                  series->metric.ptr, (int)series->labels.len,
                  series->labels.ptr);
    const struct km_point_range all = {INT64_MIN, INT64_MAX};
    CHECK(km_store_read_points(dump->store, series->id, &all, dump_columns,
                               dump, NULL) == KM_OK);
    km_buf_append_char(&dump->out, '\n');
    return true;
}

static bool dump_run(void *user, const struct km_run_row *run)
{
    struct dump *dump = user;
    /* the folder is new for each test: its name is left out */
    km_buf_printf(&dump->out, "%.*s\n", (int)run->meta.external_id.len,
                  run->meta.external_id.ptr);
    CHECK(km_store_list_series(dump->store, run->id, dump_series, dump, NULL) ==
          KM_OK);
    return true;
}

static char *text_of(struct km_store *store)
{
    struct dump dump = {.store = store};
    km_buf_init(&dump.out, (size_t)1 << 28);
    km_buf_append_text(&dump.out, "");
    const struct km_run_filter every = {.order = KM_ORDER_NAME};
    CHECK(km_store_list_runs(store, &every, dump_run, &dump, NULL) == KM_OK);
    CHECK(!dump.out.failed);
    return dump.out.bytes;
}

/* ---- importing ---- */

struct seen {
    unsigned items, unchanged, renamed, failed;
    uint64_t points;
    char last_message[256];
};

static void see(void *user, const struct km_import_item *item)
{
    struct seen *seen = user;
    seen->items += item->format != NULL;
    seen->unchanged += item->unchanged;
    seen->renamed += item->renamed;
    seen->failed += item->code != KM_OK;
    seen->points += item->points;
    if (item->message && *item->message) {
        (void)snprintf(seen->last_message, sizeof seen->last_message, "%s",
                       item->message);
    }
}

static struct km_store *new_store(void)
{
    const struct km_store_options options = {.create = true};
    struct km_store *store = km_store_open_memory(&options, NULL);
    CHECK(store != NULL);
    return store;
}

static struct seen import_path(struct km_store *store, const char *name)
{
    char path[512];
    path_to(path, name);
    const char *const paths[] = {path};
    struct seen seen = {0};
    const struct km_import_options options = {
        .store = store, .on_item = see, .user = &seen};
    struct km_import_report report;
    struct km_err err = {.code = KM_OK};
    CHECK(km_import(&options, paths, 1, &report, &err) == KM_OK);
    if (err.code) {
        printf("# %s\n", err.message);
    }
    CHECK_INT(report.points, seen.points);
    return seen;
}

static struct seen import_root(struct km_store *store)
{
    return import_path(store, "");
}

/* What is stored is what a fresh store gets from the files as they are. */
static void check_like_fresh(struct km_store *store)
{
    struct km_store *fresh = new_store();
    (void)import_root(fresh);
    char *expected = text_of(fresh);
    char *actual = text_of(store);
    CHECK(strlen(expected) > 0);
    size_t same = 0;
    while (actual[same] && actual[same] == expected[same]) {
        same++;
    }
    CHECK_INT(actual[same], expected[same]);
    if (actual[same] != expected[same]) {
        size_t from = same > 60 ? same - 60 : 0;
        printf("# stored: %.120s\n# fresh:  %.120s\n", actual + from,
               expected + from);
    }
    free(expected);
    free(actual);
    km_store_close(fresh);
}

static void twice_changes_nothing(void)
{
    begin_folder();
    put("a.csv", "step,loss\n1,3.5\n2,3.25\n3,3\n");
    put("b.csv", "step,loss\n1,4.5\n2,4.25\n");
    struct km_store *store = new_store();
    struct seen first = import_root(store);
    CHECK_INT(first.items, 2);
    CHECK_INT(first.points, 5);
    struct seen second = import_root(store);
    CHECK_INT(second.items, 2);
    CHECK_INT(second.unchanged, 2);
    CHECK_INT(second.points, 0);
    check_like_fresh(store);
    km_store_close(store);
    remove_tree(root);
}

static void a_grown_file_brings_only_what_is_new(void)
{
    begin_folder();
    put("a.csv", "step,loss\n1,3.5\n2,3.25\n");
    struct km_store *store = new_store();
    CHECK_INT(import_root(store).points, 2);
    append("a.csv", "3,3\n4,2.5\n");
    CHECK_INT(import_root(store).points, 2);
    check_like_fresh(store);
    km_store_close(store);
    remove_tree(root);
}

static void a_renamed_file_is_known(void)
{
    begin_folder();
    put("a.csv", "step,loss\n1,3.5\n2,3.25\n");
    struct km_store *store = new_store();
    (void)import_root(store);
    make_folder("old");
    move("a.csv", "old/b.csv");
    struct seen seen = import_root(store);
    CHECK_INT(seen.renamed, 1);
    CHECK_INT(seen.points, 0);
    append("old/b.csv", "3,3\n");
    seen = import_root(store);
    CHECK_INT(seen.points, 1);
    /* renamed and grown at once */
    move("old/b.csv", "c.csv");
    append("c.csv", "4,2\n");
    seen = import_root(store);
    CHECK_INT(seen.renamed, 1);
    CHECK_INT(seen.points, 1);
    /* a new file where the old one was is another source */
    put("a.csv", "step,loss\n1,9\n2,8\n");
    seen = import_root(store);
    CHECK_INT(seen.points, 2);
    CHECK_INT(seen.unchanged, 1);
    CHECK_INT(import_root(store).points, 0);
    km_store_close(store);
    remove_tree(root);
}

static void a_copy_adds_nothing_and_is_named(void)
{
    begin_folder();
    put("a.csv", "step,loss\n1,3.5\n2,3.25\n");
    put("b.csv", "step,loss\n1,3.5\n2,3.25\n");
    struct km_store *store = new_store();
    struct seen seen = import_root(store);
    CHECK_INT(seen.points, 2);
    CHECK_INT(seen.unchanged, 1);
    CHECK(strstr(seen.last_message, "the same content as") != NULL);
    /* it becomes its own once it differs */
    append("b.csv", "3,1\n");
    CHECK_INT(import_root(store).points, 3);
    km_store_close(store);
    remove_tree(root);
}

static void a_rewritten_file_replaces_what_it_brought(void)
{
    static const char *const versions[] = {
        "step,loss\n1,3.5\n2,3.25\n3,3\n",
        "step,loss\n1,3.5\n2,9.25\n3,3\n",               /* same length */
        "step,loss\n1,3.5\n",                            /* truncated */
        "step,loss,acc\n1,3.5,0.1\n2,3.25,0.2\n3,3,0\n", /* new header */
        "step,loss,acc\n1,3.5,0.1\n2,3.25,0.2\n3,3,0.",  /* open tail */
        "step,loss,acc\n1,3.5,0.1\n2,3.25,0.2\n3,3,0.75\n4,1,1\n",
    };
    begin_folder();
    struct km_store *store = new_store();
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        put("a.csv", versions[i]);
        (void)import_root(store);
        check_like_fresh(store);
    }
    CHECK_INT(import_root(store).points, 0);
    km_store_close(store);
    remove_tree(root);
}

static void a_last_line_that_goes_on_is_read_again(void)
{
    begin_folder();
    put("a.csv", "step,loss\n1,3.5\n2,3");
    struct km_store *store = new_store();
    CHECK_INT(import_root(store).points, 2);
    append("a.csv", ".25\n3,1\n");
    (void)import_root(store);
    check_like_fresh(store);
    /* only the line end was missing: nothing to read again */
    append("a.csv", "4,1");
    CHECK_INT(import_root(store).points, 1);
    append("a.csv", "\n5,1\n");
    CHECK_INT(import_root(store).points, 1);
    check_like_fresh(store);
    km_store_close(store);
    remove_tree(root);
}

static uint64_t random_below(uint64_t *seed, uint64_t limit)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    return (*seed >> 33) % limit;
}

enum { FILES = 5, ROUNDS = 12, SEEDS = 25 };

static size_t make_text(uint64_t *seed, struct km_buf *out)
{
    km_buf_reset(out);
    km_buf_append_text(out, "step,loss,acc\n");
    int64_t step = 0;
    uint64_t lines = 20 + random_below(seed, 200);
    for (uint64_t i = 0; i < lines; i++) {
        step += (int64_t)random_below(seed, 4);
        if (random_below(seed, 40) == 0) {
            step -= (int64_t)random_below(seed, 30);
        }
        km_buf_printf(out, "%lld,%u.%u,0.%u\n", (long long)step,
                      (unsigned)random_below(seed, 9),
                      (unsigned)random_below(seed, 999),
                      (unsigned)random_below(seed, 999));
    }
    return out->len;
}

/* Files that grow by random pieces between imports, in random order of
 * arguments, renamed now and then. */
static void growing_files_end_as_if_read_once(void)
{
    struct km_buf text[FILES];
    for (size_t i = 0; i < FILES; i++) {
        km_buf_init(&text[i], 1 << 20);
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t dice = seed;
        size_t at[FILES] = {0};
        begin_folder();
        struct km_store *store = new_store();
        for (size_t i = 0; i < FILES; i++) {
            (void)make_text(&dice, &text[i]);
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < FILES; i++) {
                size_t left = text[i].len - at[i];
                size_t n =
                    round == ROUNDS - 1 ? left : random_below(&dice, left + 1);
                char name[16];
                (void)snprintf(name, sizeof name, "f%zu.csv", i);
                if (n || at[i]) {
                    write_at(name, text[i].bytes + at[i], n, "a");
                }
                at[i] += n;
                if (random_below(&dice, 3) == 0 && at[i]) {
                    (void)import_path(store, name);
                }
            }
            (void)import_root(store);
        }
        CHECK_INT(import_root(store).points, 0);
        check_like_fresh(store);
        km_store_close(store);
        remove_tree(root);
    }
    for (size_t i = 0; i < FILES; i++) {
        km_buf_finish(&text[i]);
    }
}

static void nothing_outside_the_folder_is_read(void)
{
    begin_folder();
    make_folder("in");
    put("secret.csv", "step,loss\n1,1\n2,2\n");
    put("in/a.csv", "step,loss\n1,3.5\n");
    char path[512];
    path_to(path, "in/leak.csv");
    CHECK(symlink("../secret.csv", path) == 0);
    path_to(path, "in/up");
    CHECK(symlink("..", path) == 0);
    path_to(path, "in/fifo.csv");
    CHECK(mkfifo(path, 0600) == 0);
    make_folder("in/.git");
    put("in/.git/b.csv", "step,loss\n1,3\n");
    make_folder("in/node_modules");
    put("in/node_modules/b.csv", "step,loss\n1,4\n");
    struct km_store *store = new_store();
    struct seen seen = import_path(store, "in");
    CHECK_INT(seen.items, 1);
    CHECK_INT(seen.points, 1);
    CHECK_INT(seen.failed, 0);
    km_store_close(store);
    remove_tree(root);
}

static void what_is_not_a_log_is_counted_or_refused(void)
{
    begin_folder();
    put("notes.bin", "\x01\x02\x03 nothing that anybody logs");
    put("model.bin", "version https://git-lfs.github.com/spec/v1\n"
                     "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258d"
                     "aaa5e2ca24d17e2393\nsize 12345\n");
    struct km_store *store = new_store();
    char path[512];
    const char *const paths[] = {path};
    path_to(path, "");
    const struct km_import_options options = {.store = store};
    struct km_import_report report;
    CHECK(km_import(&options, paths, 1, &report, NULL) == KM_OK);
    CHECK_INT(report.unrecognised, 1);
    CHECK_INT(report.lfs_pointers, 1);
    CHECK_INT(report.worst, KM_OK);
    path_to(path, "model.bin"); /* named alone it is an error */
    CHECK(km_import(&options, paths, 1, &report, NULL) == KM_OK);
    CHECK_INT(report.worst, KM_EFORMAT);
    path_to(path, "absent");
    struct km_err err;
    CHECK(km_import(&options, paths, 1, &report, &err) == KM_ENOTFOUND);
    CHECK(strstr(err.message, "absent") != NULL);
    km_store_close(store);
    remove_tree(root);
}

int main(void)
{
    RUN(twice_changes_nothing);
    RUN(a_grown_file_brings_only_what_is_new);
    RUN(a_renamed_file_is_known);
    RUN(a_copy_adds_nothing_and_is_named);
    RUN(a_rewritten_file_replaces_what_it_brought);
    RUN(a_last_line_that_goes_on_is_read_again);
    RUN(growing_files_end_as_if_read_once);
    RUN(nothing_outside_the_folder_is_read);
    RUN(what_is_not_a_log_is_counted_or_refused);
    return tap_end();
}
