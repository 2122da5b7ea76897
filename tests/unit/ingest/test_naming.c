/* test_naming.c - what a person would expect a file's run to be called. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/ingest_private.h"
#include "tap.h"

static const struct {
    const char *root, *path;
    enum km_source_scope scope;
    const char *project, *run, *labels;
} rows[] = {
    {"/home/a/thesis", "base/events.out.tfevents.1", KM_SCOPE_FOLDER, "thesis",
     "base", ""},
    {"/home/a/thesis/runs", "base/events.out.tfevents.1", KM_SCOPE_FOLDER,
     "thesis", "base", ""},
    {"/home/a/thesis/runs/base", "events.out.tfevents.1", KM_SCOPE_FOLDER,
     "base", "base", ""},
    {"/home/a/thesis/output", "trainer_state.json", KM_SCOPE_PARENT, "thesis",
     "thesis", ""},
    {"/x/kws", "kwt1/logs/validation/events.out.tfevents.1", KM_SCOPE_FOLDER,
     "kws", "kwt1/logs", "subset=validation"},
    {"/x/kws", "train/events.out.tfevents.1", KM_SCOPE_FOLDER, "kws", "kws",
     "subset=train"},
    {"/x/p", "a/2-amazon/all_results.json", KM_SCOPE_STAGES, "p", "a", ""},
    {"/x/p", "a/2-amazon/trainer_state.json", KM_SCOPE_PARENT, "p",
     "a/2-amazon", ""},
    {"/x/p", "a/checkpoint-500/trainer_state.json", KM_SCOPE_PARENT, "p", "a",
     ""},
    {"/x/p", "a/trainer_state.json", KM_SCOPE_PARENT, "p", "a", ""},
    {"/x/p", "curves/cosine_24000.csv", KM_SCOPE_FILE, "p",
     "curves/cosine_24000", ""},
    {"/x/p", "a/0.monitor.csv", KM_SCOPE_FOLDER, "p", "a", "env=0"},
    {"/x/p", "a/12.monitor.csv", KM_SCOPE_FILE, "p", "a", "env=12"},
    {"/x/p", "a/train_rank3.log", KM_SCOPE_FILE, "p", "a/train", "rank=3"},
    {"/x/p", "frank1.log", KM_SCOPE_FILE, "p", "frank1", ""},
    {"/x/p", "v1.5.log", KM_SCOPE_FILE, "p", "v1.5", ""},
    {"/x/p", "outputs/metrics.jsonl", KM_SCOPE_FOLDER, "p", "p", ""},
    {"/x/p", "runs/logs/metrics.jsonl", KM_SCOPE_FOLDER, "p", "p", ""},
    {"/x/p", "logs/validation/events.out.tfevents.1", KM_SCOPE_FOLDER, "p", "p",
     "subset=validation"},
    {"/x/p", "logs/train.log", KM_SCOPE_FILE, "p", "logs/train", ""},
    {"/", "log", KM_SCOPE_FILE, "root", "log", ""},
};

static struct ingest_found found_at(const struct ingest_root *root,
                                    const char *path)
{
    const char *slash = strrchr(path, '/');
    return (struct ingest_found){
        .root = root,
        .place = {.path = km_str_of(path),
                  .folder = {path, slash ? (size_t)(slash - path) : 0},
                  .name = km_str_of(slash ? slash + 1 : path)},
    };
}

static void names_follow_the_place(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    const struct km_import_options options = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ingest_root root = {km_str_of(rows[i].root), -1};
        const struct ingest_found found = found_at(&root, rows[i].path);
        struct ingest_name name;
        CHECK(km_ingest_name(&found, rows[i].scope, &options, &arena, &name));
        CHECK_TEXT(name.project.ptr, rows[i].project);
        CHECK_TEXT(name.external_id.ptr, rows[i].run);
        CHECK_TEXT(name.labels.ptr, rows[i].labels);
    }
    km_arena_finish(&arena);
}

static void the_users_choice_wins(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    const struct km_import_options options = {.project = KM_STR("mine"),
                                              .run = KM_STR("this")};
    const struct ingest_root root = {KM_STR("/x/p"), -1};
    const struct ingest_found found = found_at(&root, "a/b.csv");
    struct ingest_name name;
    CHECK(km_ingest_name(&found, KM_SCOPE_FILE, &options, &arena, &name));
    CHECK_TEXT(name.project.ptr, "mine");
    CHECK_TEXT(name.external_id.ptr, "this");
    km_arena_finish(&arena);
}

static void hostile_names_become_harmless_and_stay_apart(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    const struct km_import_options options = {0};
    const struct ingest_root root = {KM_STR("/x/p"), -1};
    const char *const paths[] = {"a\nb.csv", "a\tb.csv", "\xff\xfe.csv"};
    const char *const runs[] = {"a%0Ab", "a%09b", "%FF%FE"};
    for (size_t i = 0; i < 3; i++) {
        const struct ingest_found found = found_at(&root, paths[i]);
        struct ingest_name name;
        CHECK(km_ingest_name(&found, KM_SCOPE_FILE, &options, &arena, &name));
        CHECK_TEXT(name.external_id.ptr, runs[i]);
    }
    char deep[3000];
    memset(deep, 'a', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    const struct ingest_found found = found_at(&root, deep);
    struct ingest_name name;
    CHECK(km_ingest_name(&found, KM_SCOPE_FILE, &options, &arena, &name));
    CHECK(km_name_check(name.external_id, "it", NULL) == KM_OK);
    CHECK(km_name_check(name.order_key, "it", NULL) == KM_OK);
    km_arena_finish(&arena);
}

static void numbers_in_places_are_ordered_as_numbers(void)
{
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    const struct km_import_options options = {0};
    const struct ingest_root root = {KM_STR("/x/p"), -1};
    const char *const paths[] = {"checkpoint-500/trainer_state.json",
                                 "checkpoint-1000/trainer_state.json",
                                 "trainer_state.json"};
    struct ingest_name before = {.order_key = KM_STR("")};
    for (size_t i = 0; i < 3; i++) {
        const struct ingest_found found = found_at(&root, paths[i]);
        struct ingest_name name;
        CHECK(km_ingest_name(&found, KM_SCOPE_PARENT, &options, &arena, &name));
        CHECK(strcmp(before.order_key.ptr, name.order_key.ptr) < 0);
        before = name;
    }
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(names_follow_the_place);
    RUN(the_users_choice_wins);
    RUN(hostile_names_become_harmless_and_stay_apart);
    RUN(numbers_in_places_are_ordered_as_numbers);
    return tap_end();
}
