/* mlruns.c - one run folder of MLflow's file store.
 *
 *     3/meta.yaml                the experiment: name
 *     3/0a1b.../meta.yaml        the run: id, status, times     <- this folder
 *               metrics/loss     "1665614669299 0.25 10", one line per point
 *               metrics/a/b      the metric "a/b"
 *               params/lr        text
 *               tags/...         text
 * Files are read in the order of their names; of each metric file the bytes
 * that were taken are remembered, so that a growing run is read on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mlruns.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/attribute_text.h"
#include "source/mlflow_terms.h"
#include "source/yaml_flat.h"

struct metric_file {
    struct km_str name;
    uint64_t taken; /* bytes */
    bool seen;      /* in this scan */
};

struct mlruns_state {
    struct metric_file *files; /* known ones first, sorted by name */
    size_t count, cap, known;
    struct km_run_meta meta;
    struct km_str experiment_id;
    bool deleted;
    char path[KM_PATH_BYTES_MAX]; /* being visited */
    char *bytes;                  /* KM_FEED_BYTES, for reading */
};

/* What a visit to a folder does with each file found. */
typedef enum km_code visit_fn(struct km_source *source, struct km_str name,
                              int fd, struct km_err *err);

/* The whole of a small file, in the arena; empty when it cannot be read. */
static struct km_str read_small(struct km_source *source, int fd, size_t max)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        return KM_STR("");
    }
    size_t size = (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
    char *bytes = km_arena_alloc(&source->arena, size + 1);
    size_t len = 0;
    while (bytes && len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    source->read_bytes += len;
    return bytes ? (struct km_str){bytes, len} : KM_STR("");
}

static struct km_str read_path(struct km_source *source, const char *path,
                               size_t max)
{
    int fd = km_place_open(source->place, path, NULL);
    struct km_str text = read_small(source, fd, max);
    if (fd >= 0) {
        (void)close(fd);
    }
    return text;
}

static bool has_key(struct km_str yaml, const char *key)
{
    struct km_str word = km_str_of(key);
    for (size_t at = 0; at < yaml.len;) {
        struct km_str line = {yaml.ptr + at, yaml.len - at};
        if (km_str_starts(line, word)) {
            return true;
        }
        at = km_str_find(yaml, '\n', at) + 1;
    }
    return false;
}

static int sniff(const struct km_sniff *sniff)
{
    char path[KM_PATH_BYTES_MAX], head[KM_SNIFF_BYTES];
    const struct km_str folder = sniff->place->path;
    if (!sniff->is_folder || folder.len == 0 ||
        folder.len + sizeof "/meta.yaml" > sizeof path) {
        return 0;
    }
    memcpy(path, folder.ptr, folder.len);
    memcpy(path + folder.len, "/meta.yaml", sizeof "/meta.yaml");
    int fd = km_place_open(sniff->place, path, NULL);
    if (fd < 0) {
        return 0;
    }
    struct stat st;
    ssize_t got = fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
                      ? read(fd, head, sizeof head)
                      : -1;
    (void)close(fd);
    struct km_str yaml = {head, got > 0 ? (size_t)got : 0};
    return has_key(yaml, "experiment_id:") &&
                   (has_key(yaml, "run_uuid:") || has_key(yaml, "run_id:"))
               ? 95
               : 0;
}

static int compare_files(const void *a, const void *b)
{
    const struct km_str *x = &((const struct metric_file *)a)->name;
    const struct km_str *y = &((const struct metric_file *)b)->name;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static struct metric_file *add_file(struct km_source *source,
                                    struct km_str name)
{
    struct mlruns_state *run = source->state;
    if (run->count == run->cap) {
        size_t cap = run->cap ? run->cap * 2 : 64;
        struct metric_file *grown =
            km_new(&source->arena, struct metric_file, cap);
        if (!grown) {
            return NULL;
        }
        if (run->count) {
            memcpy(grown, run->files, run->count * sizeof *grown);
        }
        run->files = grown;
        run->cap = cap;
    }
    char *copy = km_arena_copy(&source->arena, name.ptr, name.len);
    if (!copy) {
        return NULL;
    }
    run->files[run->count] = (struct metric_file){.name = {copy, name.len}};
    return &run->files[run->count++];
}

/* The saved state is a line "bytes name" per metric file, sorted by name. */
static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct mlruns_state *run = source->state;
    run->bytes = km_arena_alloc(&source->arena, KM_FEED_BYTES);
    bool good = run->bytes != NULL;
    for (size_t at = 0; at < saved.len && good;) {
        size_t end = km_str_find(saved, '\n', at);
        size_t blank = km_str_find(saved, ' ', at);
        int64_t taken;
        good = blank < end &&
               km_integer_parse((struct km_str){saved.ptr + at, blank - at},
                                &taken) &&
               taken >= 0;
        struct metric_file *file =
            good ? add_file(source, (struct km_str){saved.ptr + blank + 1,
                                                    end - blank - 1})
                 : NULL;
        if (file) {
            file->taken = (uint64_t)taken;
        }
        good = file != NULL;
        at = end + 1;
    }
    run->known = run->count;
    if (run->count) {
        qsort(run->files, run->count, sizeof *run->files, compare_files);
    }
    return good ? KM_OK
                : km_fail(err, KM_ECORRUPT,
                          "the saved place of an MLflow run is damaged");
}

static void save(const struct km_source *source, struct km_buf *out)
{
    const struct mlruns_state *run = source->state;
    for (size_t i = 0; i < run->count; i++) {
        const struct metric_file *file = &run->files[i];
        km_buf_printf(out, "%" PRIu64 " ", file->taken);
        km_buf_append(out, file->name.ptr, file->name.len);
        km_buf_append_char(out, '\n');
    }
}

static struct metric_file *find_file(struct km_source *source,
                                     struct km_str name)
{
    struct mlruns_state *run = source->state;
    const struct metric_file key = {.name = name};
    struct metric_file *file = run->known
                                   ? bsearch(&key, run->files, run->known,
                                             sizeof *run->files, compare_files)
                                   : NULL;
    return file ? file : add_file(source, name);
}

bool km_mlruns_line_parse(struct km_str line, struct km_point *point)
{
    int64_t words[2] = {0, 0};
    double value = 0;
    size_t at = 0;
    int count = 0;
    line = km_str_trim(line);
    while (at < line.len && count < 3) {
        size_t end = km_str_find(line, ' ', at);
        struct km_str word = {line.ptr + at, end - at};
        bool good = count == 1 ? km_number_parse(word, &value)
                               : km_integer_parse(word, &words[count / 2]);
        if (!good) {
            return false;
        }
        count++;
        at = end + 1;
    }
    *point = (struct km_point){words[1], km_mlflow_time(words[0]), value};
    return count >= 2 && point->step != KM_STEP_ABSENT;
}

/* Takes the whole lines of `text`; returns their bytes. */
static size_t take_lines(struct km_source *source, struct km_str text,
                         uint32_t series, uint64_t offset)
{
    size_t at = 0;
    while (at < text.len) {
        size_t end = km_str_find(text, '\n', at);
        if (end == text.len) {
            break;
        }
        struct km_str line = {text.ptr + at, end - at};
        struct km_point point;
        if (km_mlruns_line_parse(line, &point)) {
            km_emit_point(source->emit, series, point.step, point.time_ns,
                          point.value);
        } else if (km_str_trim(line).len) {
            km_emit_warn(source->emit, offset + at,
                         "expected \"timestamp value step\", found \"%.*s\"",
                         (int)(line.len > 60 ? 60 : line.len), line.ptr);
        }
        at = end + 1;
    }
    return at;
}

static enum km_code visit_metric(struct km_source *source, struct km_str name,
                                 int fd, struct km_err *err)
{
    struct mlruns_state *run = source->state;
    struct stat st;
    if (!km_utf8_is_name(name)) { /* the saved state is made of lines */
        (void)km_emit_series(source->emit, name, KM_STR(""), 0);
        return KM_OK;
    }
    struct metric_file *file = find_file(source, name);
    if (!file || fstat(fd, &st) < 0) {
        return km_fail(err, KM_ELIMIT, "too many metrics in one run");
    }
    size_t index = (size_t)(file - run->files);
    file->seen = true;
    if ((uint64_t)st.st_size < file->taken) {
        km_emit_warn(source->emit, file->taken,
                     "metrics/%.*s became shorter; nothing is read from it",
                     (int)(name.len > 200 ? 200 : name.len), name.ptr);
        return KM_OK;
    }
    uint32_t series = UINT32_MAX;
    for (;;) {
        file = &run->files[index];
        ssize_t got = pread(fd, run->bytes, KM_FEED_BYTES, (off_t)file->taken);
        if (got <= 0) {
            return got < 0 ? km_fail(err, KM_EIO, "metrics/%.*s: read failed",
                                     (int)name.len, name.ptr)
                           : KM_OK;
        }
        if (series == UINT32_MAX) {
            series = km_emit_series(source->emit, name, KM_STR(""), 0);
        }
        size_t used =
            take_lines(source, (struct km_str){run->bytes, (size_t)got}, series,
                       file->taken);
        file->taken += used;
        source->read_bytes += used;
        if (used == 0) {
            source->status = KM_SOURCE_PARTIAL; /* a line without its end */
            return KM_OK;
        }
        enum km_code code = km_emit_full(source->emit)
                                ? km_emit_checkpoint(source->emit, err)
                                : KM_OK;
        if (code) {
            return code;
        }
    }
}

static enum km_code visit_param(struct km_source *source, struct km_str name,
                                int fd, struct km_err *err)
{
    (void)err;
    km_attribute_emit(source->emit, KM_ATTRIBUTE_CONFIG, name,
                      read_small(source, fd, KM_CONFIG_VALUE_BYTES_MAX));
    return KM_OK;
}

static enum km_code visit_tag(struct km_source *source, struct km_str name,
                              int fd, struct km_err *err)
{
    struct mlruns_state *run = source->state;
    (void)err;
    km_mlflow_tag(source->emit, &run->meta, name,
                  read_small(source, fd, KM_CONFIG_VALUE_BYTES_MAX));
    return KM_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in an open folder, sorted, in the arena. Takes over `fd`. */
static size_t list_folder(struct km_source *source, int fd, char ***names)
{
    DIR *dir = fdopendir(fd);
    size_t count = 0, cap = 0;
    *names = NULL;
    if (!dir) {
        (void)close(fd);
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' &&
            (entry->d_name[1] == '\0' || entry->d_name[1] == '.')) {
            continue;
        }
        if (count == cap) {
            char **grown = km_new(&source->arena, char *, cap ? cap * 2 : 64);
            if (!grown) {
                break;
            }
            if (count) {
                memcpy(grown, *names, count * sizeof *grown);
            }
            *names = grown;
            cap = cap ? cap * 2 : 64;
        }
        char *copy =
            km_arena_copy(&source->arena, entry->d_name, strlen(entry->d_name));
        if (!copy) {
            break;
        }
        (*names)[count++] = copy;
    }
    (void)closedir(dir);
    if (count) {
        qsort(*names, count, sizeof **names, compare_texts);
    }
    return count;
}

/* Visits every file below `path` (in the state); `base` is where names start.
 */
static enum km_code visit_folder(struct km_source *source, size_t len,
                                 size_t base, int depth, visit_fn *visit,
                                 struct km_err *err)
{
    struct mlruns_state *run = source->state;
    int fd = km_place_open(source->place, run->path, NULL);
    if (fd < 0 || depth > KM_FOLDER_DEPTH_MAX) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return KM_OK; /* a run without metrics has no such folder */
    }
    char **names;
    size_t count = list_folder(source, fd, &names);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        size_t name_len = strlen(names[i]);
        if (len + name_len + 2 > sizeof run->path) {
            continue;
        }
        run->path[len] = '/';
        memcpy(run->path + len + 1, names[i], name_len + 1);
        size_t end = len + 1 + name_len;
        int file = km_place_open(source->place, run->path, NULL);
        struct stat st;
        if (file >= 0 && fstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            code = visit(source, (struct km_str){run->path + base, end - base},
                         file, err);
        } else if (file >= 0 && S_ISDIR(st.st_mode)) {
            code = visit_folder(source, end, base, depth + 1, visit, err);
        }
        if (file >= 0) {
            (void)close(file);
        }
    }
    run->path[len] = '\0';
    return code;
}

static enum km_code visit_kind(struct km_source *source, const char *kind,
                               visit_fn *visit, struct km_err *err)
{
    struct mlruns_state *run = source->state;
    struct km_str folder = source->place->path;
    size_t kind_len = strlen(kind);
    if (folder.len + kind_len + 2 > sizeof run->path) {
        return km_fail(err, KM_ELIMIT, "the path of the run is too long");
    }
    memcpy(run->path, folder.ptr, folder.len);
    run->path[folder.len] = '/';
    memcpy(run->path + folder.len + 1, kind, kind_len + 1);
    size_t len = folder.len + 1 + kind_len;
    return visit_folder(source, len, len + 1, 0, visit, err);
}

static struct km_str keep(struct km_source *source, struct km_str text)
{
    char *copy = km_arena_copy(&source->arena, text.ptr, text.len);
    return copy ? (struct km_str){copy, text.len} : KM_STR("");
}

static void take_run_pair(void *user, struct km_str key, struct km_str value)
{
    struct km_source *source = user;
    struct mlruns_state *run = source->state;
    int64_t ms;
    if (km_str_is(key, "run_uuid") || km_str_is(key, "run_id")) {
        run->meta.external_id = keep(source, value);
    } else if (km_str_is(key, "run_name") || km_str_is(key, "name")) {
        if (value.len) {
            run->meta.name = keep(source, value);
        }
    } else if (km_str_is(key, "status")) {
        run->meta.state = km_mlflow_state(value);
    } else if (km_str_is(key, "experiment_id")) {
        run->experiment_id = keep(source, value);
    } else if (km_str_is(key, "lifecycle_stage")) {
        run->deleted = km_str_is(value, "deleted");
    } else if (km_str_is(key, "start_time") && km_integer_parse(value, &ms)) {
        run->meta.created_ns = km_mlflow_time(ms);
    } else if (km_str_is(key, "end_time") && km_integer_parse(value, &ms)) {
        run->meta.ended_ns = km_mlflow_time(ms);
    }
}

static void take_experiment_pair(void *user, struct km_str key,
                                 struct km_str value)
{
    struct km_source *source = user;
    struct mlruns_state *run = source->state;
    if (km_str_is(key, "name")) {
        run->meta.project = keep(source, value);
    }
}

/* Who it is: its own meta.yaml, and its experiment's one folder up. */
static enum km_code read_meta(struct km_source *source, struct km_err *err)
{
    struct mlruns_state *run = source->state;
    struct km_str folder = source->place->path;
    run->meta = (struct km_run_meta){.created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    char *path = km_arena_printf(&source->arena, "%.*s/meta.yaml",
                                 (int)folder.len, folder.ptr);
    if (!path) {
        return km_fail(err, KM_ELIMIT, "the path of the run is too long");
    }
    enum km_code code = km_yaml_flat(read_path(source, path, KM_YAML_BYTES_MAX),
                                     take_run_pair, source, err);
    if (code) {
        return code;
    }
    struct km_str up = source->place->folder;
    path = up.len ? km_arena_printf(&source->arena, "%.*s/meta.yaml",
                                    (int)up.len, up.ptr)
                  : km_arena_copy(&source->arena, "meta.yaml", 9);
    struct km_str text =
        path ? read_path(source, path, KM_YAML_BYTES_MAX) : KM_STR("");
    /* a damaged experiment costs its name, not its runs */
    (void)km_yaml_flat(text, take_experiment_pair, source, NULL);
    if (run->meta.project.len == 0) {
        run->meta.project = run->experiment_id;
    }
    return KM_OK;
}

static enum km_code scan(struct km_source *source, struct km_err *err)
{
    struct mlruns_state *run = source->state;
    enum km_code code = read_meta(source, err);
    if (code) {
        return code;
    }
    if (run->deleted) {
        km_emit_warn(source->emit, 0,
                     "the run was deleted in MLflow; it is not imported");
        return KM_OK;
    }
    km_emit_mode_set(source->emit, KM_EMIT_BY_SERIES);
    code = km_emit_run(source->emit, &run->meta);
    struct km_run_meta named = run->meta;
    if (code == KM_OK) {
        code = visit_kind(source, "tags", visit_tag, err);
    }
    if (code == KM_OK && memcmp(&named, &run->meta, sizeof named) != 0) {
        code = km_emit_run(source->emit, &run->meta);
    }
    if (code == KM_OK) {
        code = visit_kind(source, "params", visit_param, err);
    }
    if (code == KM_OK) {
        code = visit_kind(source, "metrics", visit_metric, err);
    }
    return code ? code : km_emit_error(source->emit, err);
}

const struct km_source_ops km_source_mlruns = {
    .name = "mlruns",
    .title = "MLflow file store",
    .shape = KM_SHAPE_STORE,
    .scope = KM_SCOPE_INNER,
    .state_bytes = sizeof(struct mlruns_state),
    .sniff = sniff,
    .begin = begin,
    .save = save,
    .scan = scan,
};
