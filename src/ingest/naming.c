/* naming.c - the project, run and labels that a file's place suggests.
 *
 * Only the place decides, never what else lies beside it at the moment: a
 * folder imported while it fills gets the same names as when it is complete. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <ctype.h>
#include <strings.h>

#include "base/limits.h"
#include "ingest/ingest_private.h"
#include "ingest/unpack.h"

/* Folder names that say nothing about whose runs are inside. */
static const char *const generic_names[] = {
    "runs",        "logs",     "log",         "output",  "outputs",
    "result",      "results",  "checkpoints", "wandb",   "lightning_logs",
    "tensorboard", "tb_logs",  "mlruns",      "logdir",  "train_logs",
    "tb",          "training", "saved",       "results",
};

/* Folders of the event files of one run, as Keras and Estimator make them. */
static const struct {
    const char *name, *label;
} subset_names[] = {
    {"train", "subset=train"},           {"training", "subset=train"},
    {"validation", "subset=validation"}, {"valid", "subset=validation"},
    {"val", "subset=validation"},        {"eval", "subset=eval"},
    {"evaluation", "subset=eval"},       {"test", "subset=test"},
};

/* Endings that belong to the format and not to the name. */
static const char *const endings[] = {
    ".log", ".txt", ".csv", ".tsv",    ".json", ".jsonl", ".ndjson",
    ".out", ".err", ".npz", ".sqlite", ".db",   ".wandb", ".sqlite3"};

static bool is_same_word(struct km_str text, const char *word)
{
    return text.len == strlen(word) &&
           strncasecmp(text.ptr, word, text.len) == 0;
}

static bool is_generic(struct km_str name)
{
    for (size_t i = 0; i < sizeof generic_names / sizeof generic_names[0];
         i++) {
        if (is_same_word(name, generic_names[i])) {
            return true;
        }
    }
    return name.len == 0;
}

static struct km_str last_part(struct km_str path)
{
    size_t start = path.len;
    while (start > 0 && path.ptr[start - 1] != '/') {
        start--;
    }
    return (struct km_str){path.ptr + start, path.len - start};
}

static struct km_str without_last_part(struct km_str path)
{
    size_t end = path.len - last_part(path).len;
    return (struct km_str){path.ptr, end ? end - 1 : 0};
}

/* The nearest folder name, upwards, that says something. */
static struct km_str project_of(struct km_str path)
{
    struct km_str nearest = last_part(path);
    while (path.len) {
        struct km_str name = last_part(path);
        if (!is_generic(name)) {
            return name;
        }
        path = without_last_part(path);
    }
    return nearest.len ? nearest : KM_STR("root");
}

static struct km_str without_ending(struct km_str name)
{
    name = km_gzip_inner_name(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t len = strlen(endings[i]);
        if (name.len > len &&
            strncasecmp(name.ptr + name.len - len, endings[i], len) == 0) {
            return (struct km_str){name.ptr, name.len - len};
        }
    }
    return name;
}

static size_t count_digits(struct km_str text, size_t from)
{
    size_t n = 0;
    while (from + n < text.len && isdigit((unsigned char)text.ptr[from + n])) {
        n++;
    }
    return n;
}

/* "checkpoint-500", "step_1000": a snapshot inside a run's folder. */
static bool is_checkpoint(struct km_str folder)
{
    static const char *const words[] = {"checkpoint",  "ckpt",  "step",
                                        "global_step", "epoch", "iter"};
    size_t digits = 0;
    while (digits < folder.len &&
           isdigit((unsigned char)folder.ptr[folder.len - 1 - digits])) {
        digits++;
    }
    struct km_str word = {folder.ptr, folder.len - digits};
    if (digits == 0 || word.len == 0) {
        return false;
    }
    if (word.ptr[word.len - 1] == '-' || word.ptr[word.len - 1] == '_') {
        word.len--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_same_word(word, words[i])) {
            return true;
        }
    }
    return false;
}

/* "2-amazon": the second stage of a continual training. */
static bool is_stage(struct km_str folder)
{
    size_t digits = count_digits(folder, 0);
    return digits > 0 && digits + 1 < folder.len &&
           strchr("-_.", folder.ptr[digits]) != NULL;
}

static const char *subset_label(struct km_str folder)
{
    for (size_t i = 0; i < sizeof subset_names / sizeof subset_names[0]; i++) {
        if (is_same_word(folder, subset_names[i].name)) {
            return subset_names[i].label;
        }
    }
    return NULL;
}

/* "0.monitor.csv" is environment 0 of its folder's run; "train_rank3.log" is
 * rank 3 of "train". Returns the stem that is left of the name. */
static struct km_str take_rank(struct km_str name, struct km_arena *arena,
                               struct km_str *labels)
{
    struct km_str stem = without_ending(name);
    size_t digits = count_digits(name, 0);
    struct km_str rest = {name.ptr + digits, name.len - digits};
    if (digits > 0 && digits < 10 && km_str_is(rest, ".monitor.csv")) {
        char *label = km_arena_printf(arena, "env=%.*s", (int)digits, name.ptr);
        *labels = km_str_of(label);
        return KM_STR("");
    }
    size_t at = km_str_search(stem, KM_STR("rank"));
    if (at == stem.len ||
        (at > 0 && isalpha((unsigned char)stem.ptr[at - 1]))) {
        return stem;
    }
    size_t from = at + 4;
    if (from < stem.len && (stem.ptr[from] == '_' || stem.ptr[from] == '-')) {
        from++;
    }
    digits = count_digits(stem, from);
    if (digits == 0 || digits > 9 || from + digits != stem.len) {
        return stem;
    }
    char *label =
        km_arena_printf(arena, "rank=%.*s", (int)digits, stem.ptr + from);
    *labels = km_str_of(label);
    while (at > 0 && strchr("._-", stem.ptr[at - 1])) {
        at--;
    }
    return (struct km_str){stem.ptr, at};
}

/* Bytes that a name must not have become %XX; what is too long ends in a hash
 * of the whole. */
static bool make_name(struct km_str text, struct km_arena *arena,
                      struct km_str *name)
{
    bool valid = km_utf8_is_valid(text);
    struct km_buf out;
    km_buf_init(&out, 4 * KM_PATH_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte == 0x7f || (!valid && byte >= 0x80)) {
            km_buf_printf(&out, "%%%02X", byte);
        } else {
            km_buf_append_char(&out, text.ptr[i]);
        }
    }
    if (out.len > KM_NAME_BYTES_MAX) {
        size_t keep = KM_NAME_BYTES_MAX - 20;
        while (keep > 0 && ((unsigned char)out.bytes[keep] & 0xc0) == 0x80) {
            keep--;
        }
        out.len = keep;
        km_buf_printf(&out, "~%016llx",
                      (unsigned long long)km_hash(text.ptr, text.len, 0));
    }
    char *copy = out.failed ? NULL : km_arena_copy(arena, out.bytes, out.len);
    *name = (struct km_str){copy, out.len};
    km_buf_finish(&out);
    return copy != NULL;
}

/* Orders "checkpoint-500" before "checkpoint-1000": numbers are padded. */
static bool make_order_key(struct km_str path, struct km_arena *arena,
                           struct km_str *key)
{
    struct km_buf out;
    km_buf_init(&out, 16 * KM_PATH_BYTES_MAX);
    for (size_t i = 0; i < path.len;) {
        size_t digits = count_digits(path, i);
        for (size_t pad = digits; digits && pad < 12; pad++) {
            km_buf_append_char(&out, '0');
        }
        size_t len = digits ? digits : 1;
        km_buf_append(&out, path.ptr + i, len);
        i += len;
    }
    struct km_str raw = {out.bytes, out.len};
    bool made = !out.failed && make_name(raw, arena, key);
    km_buf_finish(&out);
    return made;
}

static struct km_str join(struct km_arena *arena, struct km_str folder,
                          struct km_str name)
{
    if (folder.len == 0 || name.len == 0) {
        return folder.len ? folder : name;
    }
    return km_str_of(km_arena_printf(arena, "%.*s/%.*s", (int)folder.len,
                                     folder.ptr, (int)name.len, name.ptr));
}

/* The run's path below the root; empty: the root is the run. */
static struct km_str run_path(const struct km_place *place,
                              enum km_source_scope scope, bool is_folder,
                              struct km_arena *arena, struct km_str *labels)
{
    struct km_str folder = place->folder;
    if (is_folder) {
        return place->path;
    }
    const char *label = NULL;
    switch (scope) {
    case KM_SCOPE_FOLDER:
        label = km_str_search(place->name, KM_STR("tfevents")) < place->name.len
                    ? subset_label(last_part(folder))
                    : NULL;
        if (label) {
            *labels = km_str_of(label);
            folder = without_last_part(folder);
        } else {
            (void)take_rank(place->name, arena, labels);
        }
        return folder;
    case KM_SCOPE_STAGES:
        return is_stage(last_part(folder)) || is_checkpoint(last_part(folder))
                   ? without_last_part(folder)
                   : folder;
    case KM_SCOPE_PARENT:
        return is_checkpoint(last_part(folder)) ? without_last_part(folder)
                                                : folder;
    case KM_SCOPE_FILE:
    case KM_SCOPE_INNER:
        return join(arena, folder, take_rank(place->name, arena, labels));
    }
    return folder;
}

/* A run of a folder like "outputs" or "runs/logs" is called after the folder
 * that was named: the path says nothing. */
static bool says_nothing(struct km_str path)
{
    while (path.len) {
        if (!is_generic(last_part(path))) {
            return false;
        }
        path = without_last_part(path);
    }
    return true;
}

bool km_ingest_name(const struct ingest_found *found,
                    enum km_source_scope scope,
                    const struct km_import_options *options,
                    struct km_arena *arena, struct ingest_name *name)
{
    *name = (struct ingest_name){.labels = KM_STR("")};
    struct km_str project = options->project;
    if (project.len == 0) {
        project = project_of(found->root->path);
    }
    struct km_str run =
        run_path(&found->place, scope, found->is_folder, arena, &name->labels);
    bool nameless = !found->is_folder && scope != KM_SCOPE_FILE &&
                    scope != KM_SCOPE_INNER && says_nothing(run);
    if (options->run.len) {
        run = options->run;
    } else if (run.len == 0 || nameless) {
        run = last_part(found->root->path);
        run = is_generic(run) ? project_of(found->root->path) : run;
    }
    assert(project.len && run.len);
    return make_name(project, arena, &name->project) &&
           make_name(run, arena, &name->external_id) &&
           make_order_key(found->place.path, arena, &name->order_key);
}
