/* common.c - folders, dumps and random batches for the store tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"

void make_folder(char *path)
{
    const char *root = getenv("TMPDIR");
    if (!root) { /* memory is enough, and syncs of a busy disk are slow */
        root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    }
    (void)snprintf(path, 256, "%s/km-store-XXXXXX", root);
    if (!mkdtemp(path)) {
        perror("mkdtemp");
        exit(1);
    }
}

void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        char name[600];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.') {
            if (unlink(name) != 0) {
                remove_folder(name);
            }
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    (void)rmdir(path);
}

long amount_of(long some, long all)
{
    return getenv("KM_THOROUGH") ? all : some;
}

int64_t test_wall_ns = 1700000000000000000;

static int64_t read_wall(void *user)
{
    (void)user;
    return test_wall_ns;
}

static int64_t read_monotonic(void *user)
{
    (void)user;
    return km_clock_monotonic_ns(&km_clock_system);
}

const struct km_clock test_clock = {read_wall, read_monotonic, NULL};

struct km_store *open_store(enum backend backend, const char *path,
                            const struct km_store_options *options,
                            struct km_err *err)
{
    struct km_store_options chosen = {
        .create = true, .durability = KM_DURABILITY_FAST, .clock = &test_clock};
    if (options) {
        chosen = *options;
    }
    chosen.path = path;
    return backend == BACKEND_MEMORY ? km_store_open_memory(&chosen, err)
                                     : km_store_open_sqlite(&chosen, err);
}

struct dumping {
    struct km_store *store;
    struct km_buf *out;
    uint64_t runs[512];
    size_t run_count;
    uint64_t series[4096];
    struct km_series_summary summaries[4096];
    size_t series_count;
};

static void dump_text(struct km_buf *out, const char *name, struct km_str text)
{
    km_buf_printf(out, " %s=%.*s", name, (int)text.len,
                  text.len ? text.ptr : "");
}

static uint64_t bits(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}

static bool dump_run(void *user, const struct km_run_row *run)
{
    struct dumping *dumping = user;
    struct km_buf *out = dumping->out;
    km_buf_printf(out, "run %llx", (unsigned long long)run->id);
    dump_text(out, "project", run->meta.project);
    dump_text(out, "external", run->meta.external_id);
    dump_text(out, "name", run->meta.name);
    dump_text(out, "group", run->meta.group);
    dump_text(out, "parent", run->meta.parent);
    dump_text(out, "source", run->meta.source);
    dump_text(out, "notes", run->meta.notes);
    km_buf_printf(out, " %d %lld %lld %llu %llu %u %lld %lld %lld %lld\n",
                  (int)run->meta.state, (long long)run->meta.created_ns,
                  (long long)run->meta.ended_ns,
                  (unsigned long long)run->series_count,
                  (unsigned long long)run->point_count, run->attempt_count,
                  (long long)run->first_time_ns, (long long)run->last_time_ns,
                  (long long)run->max_step, (long long)run->added_ns);
    dumping->runs[dumping->run_count++] = run->id;
    return dumping->run_count < 512;
}

static bool dump_series(void *user, const struct km_series_row *row)
{
    struct dumping *dumping = user;
    struct km_buf *out = dumping->out;
    const struct km_series_summary *s = &row->summary;
    km_buf_printf(out, "series %llx of %llx", (unsigned long long)row->id,
                  (unsigned long long)row->run_id);
    dump_text(out, "metric", row->metric);
    dump_text(out, "labels", row->labels);
    km_buf_printf(out, " flags %u n %llu %llu %llu %llu", row->flags,
                  (unsigned long long)s->n, (unsigned long long)s->n_nan,
                  (unsigned long long)s->n_posinf,
                  (unsigned long long)s->n_neginf);
    km_buf_printf(out, " %llx %llx %a %a %a",
                  (unsigned long long)bits(s->first),
                  (unsigned long long)bits(s->last), fabs(s->min + 0.0),
                  fabs(s->max + 0.0), s->sum + 0.0);
    km_buf_printf(out, " %lld %lld %lld %lld %lld %lld\n",
                  (long long)s->first_step, (long long)s->last_step,
                  (long long)s->min_step, (long long)s->max_step,
                  (long long)s->first_time_ns, (long long)s->last_time_ns);
    dumping->summaries[dumping->series_count] = *s;
    dumping->series[dumping->series_count++] = row->id;
    return dumping->series_count < 4096;
}

static bool dump_attempt(void *user, const struct km_attempt_row *row)
{
    struct dumping *dumping = user;
    km_buf_printf(dumping->out, "attempt %llx %llx %u %u %lld %lld %lld",
                  (unsigned long long)row->id,
                  (unsigned long long)row->origin_id, row->ordinal, row->part,
                  (long long)row->origin_start_ns, (long long)row->start_ns,
                  (long long)row->restart_step);
    dump_text(dumping->out, "key", row->order_key);
    dump_text(dumping->out, "reason", row->reason);
    km_buf_append_char(dumping->out, '\n');
    return true;
}

static bool dump_attribute(void *user, const struct km_attribute *row)
{
    struct dumping *dumping = user;
    km_buf_printf(dumping->out, "attribute %d", (int)row->kind);
    dump_text(dumping->out, "key", row->key);
    dump_text(dumping->out, "value", row->value_json);
    km_buf_append_char(dumping->out, '\n');
    return true;
}

static bool dump_event(void *user, uint32_t attempt,
                       const struct km_event *event)
{
    struct dumping *dumping = user;
    km_buf_printf(dumping->out, "event %u %lld %lld", attempt,
                  (long long)event->time_ns, (long long)event->step);
    dump_text(dumping->out, "kind", event->kind);
    dump_text(dumping->out, "name", event->name);
    dump_text(dumping->out, "detail", event->detail_json);
    km_buf_append_char(dumping->out, '\n');
    return true;
}

static bool dump_evaluation(void *user, uint64_t run_id,
                            const struct km_evaluation *row)
{
    struct dumping *dumping = user;
    km_buf_printf(dumping->out, "evaluation of %llx",
                  (unsigned long long)run_id);
    dump_text(dumping->out, "task", row->task);
    dump_text(dumping->out, "version", row->version);
    dump_text(dumping->out, "metric", row->metric);
    dump_text(dumping->out, "filter", row->filter);
    dump_text(dumping->out, "subset", row->subset);
    dump_text(dumping->out, "model", row->model);
    dump_text(dumping->out, "hash", row->task_hash);
    dump_text(dumping->out, "stage", row->stage);
    km_buf_printf(dumping->out, " %llx %llx %llx %lld %lld %lld %lld %lld %d\n",
                  (unsigned long long)bits(row->value),
                  (unsigned long long)bits(row->stderr_),
                  (unsigned long long)bits(row->cost_seconds),
                  (long long)row->n, (long long)row->n_shot,
                  (long long)row->stage_index, (long long)row->step,
                  (long long)row->time_ns, row->higher_is_better);
    return true;
}

/* Chunks may be cut differently: a line per point. */
static bool dump_points(void *user, const struct km_columns *columns)
{
    struct dumping *dumping = user;
    for (size_t i = 0; i < columns->count; i++) {
        km_buf_printf(dumping->out, "%u %lld %lld %llx\n", columns->attempt,
                      (long long)columns->steps[i],
                      (long long)columns->times_ns[i],
                      (unsigned long long)bits(columns->values[i]));
    }
    return true;
}

static bool dump_cursor(void *user, const struct km_cursor *cursor)
{
    struct dumping *dumping = user;
    km_buf_printf(dumping->out, "cursor %llx",
                  (unsigned long long)cursor->source_id);
    dump_text(dumping->out, "format", cursor->format);
    dump_text(dumping->out, "path", cursor->path);
    dump_text(dumping->out, "state", cursor->state);
    km_buf_printf(
        dumping->out, " %llx %u %llu %llx %llu %lld %d %llu %llu %llu %d\n",
        (unsigned long long)cursor->head_hash, cursor->head_len,
        (unsigned long long)cursor->consumed_bytes,
        (unsigned long long)cursor->consumed_hash,
        (unsigned long long)cursor->size_bytes, (long long)cursor->mtime_ns,
        (int)cursor->status, (unsigned long long)cursor->damage_offset,
        (unsigned long long)cursor->skipped_bytes,
        (unsigned long long)cursor->points, cursor->tail_open);
    return true;
}

static void dump_buckets(struct dumping *dumping, uint64_t series_id,
                         const struct km_series_summary *summary)
{
    struct km_bucket buckets[7];
    struct km_point_range range = {summary->min_step, summary->max_step};
    if (range.step_high < INT64_MAX) {
        range.step_high++;
    }
    if (range.step_low >= range.step_high) {
        return;
    }
    enum km_code code =
        km_store_reduce(dumping->store, series_id, &range, buckets, 7, NULL);
    km_buf_printf(dumping->out, "reduced %d\n", (int)code);
    for (int i = 0; i < 7 && code == KM_OK; i++) {
        const struct km_bucket *b = &buckets[i];
        km_buf_printf(
            dumping->out, " %llu %llu %lld %lld %lld %lld %llx %llx %a %a %a\n",
            (unsigned long long)b->n, (unsigned long long)b->n_nonfinite,
            (long long)b->first_step, (long long)b->last_step,
            (long long)b->min_step, (long long)b->max_step,
            (unsigned long long)bits(b->first),
            (unsigned long long)bits(b->last), fabs(b->min), fabs(b->max),
            b->sum + 0.0);
    }
}

static void dump_code(struct dumping *dumping, enum km_code code)
{
    if (code) {
        km_buf_printf(dumping->out, "failed: %s\n", km_code_name(code));
    }
}

static void dump_of_series(struct dumping *dumping, uint64_t id,
                           const struct km_series_summary *summary)
{
    struct km_store *store = dumping->store;
    dump_code(dumping, km_store_read_points(store, id, NULL, dump_points,
                                            dumping, NULL));
    int64_t middle = summary->min_step / 2 + summary->max_step / 2;
    if (middle < INT64_MAX - 40) {
        const struct km_point_range range = {middle, middle + 40};
        km_buf_printf(dumping->out, "from %lld\n", (long long)middle);
        dump_code(dumping, km_store_read_points(store, id, &range, dump_points,
                                                dumping, NULL));
    }
    dump_buckets(dumping, id, summary);
}

void dump_store(struct km_store *store, struct km_buf *out)
{
    struct dumping *dumping = calloc(1, sizeof *dumping);
    struct km_run_filter newest = {.order = KM_ORDER_NEWEST};
    dumping->store = store;
    dumping->out = out;
    dump_code(dumping,
              km_store_list_runs(store, &newest, dump_run, dumping, NULL));
    dumping->run_count = 0;
    dump_code(dumping,
              km_store_list_runs(store, NULL, dump_run, dumping, NULL));
    for (size_t i = 0; i < dumping->run_count; i++) {
        uint64_t id = dumping->runs[i];
        dump_code(dumping, km_store_list_attempts(store, id, dump_attempt,
                                                  dumping, NULL));
        dump_code(dumping, km_store_list_attributes(store, id, dump_attribute,
                                                    dumping, NULL));
        dump_code(dumping,
                  km_store_list_series(store, id, dump_series, dumping, NULL));
        dump_code(dumping,
                  km_store_read_events(store, id, dump_event, dumping, NULL));
        dump_code(dumping, km_store_read_evaluations(store, id, dump_evaluation,
                                                     dumping, NULL));
    }
    for (size_t i = 0; i < dumping->series_count; i++) {
        dump_of_series(dumping, dumping->series[i], &dumping->summaries[i]);
    }
    dump_code(dumping, km_store_read_evaluations(store, 0, dump_evaluation,
                                                 dumping, NULL));
    dump_code(dumping,
              km_store_find_cursors(store, NULL, dump_cursor, dumping, NULL));
    free(dumping);
}

const char *first_difference(const struct km_buf *a, const struct km_buf *b)
{
    static char text[1500];
    size_t at = 0, line = 0;
    while (at < a->len && at < b->len && a->bytes[at] == b->bytes[at]) {
        at++;
        line = a->bytes[at - 1] == '\n' ? at : line;
    }
    if (at == a->len && at == b->len && !a->failed && !b->failed) {
        return "equal";
    }
    struct km_str left = {a->bytes + line, a->len - line};
    struct km_str right = {b->bytes + line, b->len - line};
    (void)snprintf(text, sizeof text, "\"%.*s\" is not \"%.*s\"",
                   (int)km_str_find(left, '\n', 0), left.ptr,
                   (int)km_str_find(right, '\n', 0), right.ptr);
    return text;
}

uint64_t random_next(struct random_state *random)
{
    random->word ^= random->word << 13;
    random->word ^= random->word >> 7;
    random->word ^= random->word << 17;
    return random->word;
}

uint64_t random_below(struct random_state *random, uint64_t end)
{
    return (random_next(random) >> 11) % end;
}

static double random_value(struct random_state *random)
{
    static const double specials[] = {(double)NAN, (double)INFINITY,
                                      -(double)INFINITY, -0.0};
    uint64_t draw = random_below(random, 40);
    return draw < 4 ? specials[draw]
                    : ((double)random_below(random, 1 << 20) - 5e5) / 8;
}

static void random_points(struct random_state *random, struct km_batch *batch,
                          uint32_t series)
{
    size_t count = random_below(random, 12) == 0 ? random_below(random, 9000)
                                                 : random_below(random, 40);
    int64_t step = (int64_t)random_below(random, 1000) - 100;
    int64_t time_ns = test_wall_ns + (int64_t)random_below(random, 1000) * 1000;
    bool timed = random_below(random, 3) > 0;
    for (size_t i = 0; i < count; i++) {
        struct km_point point = {step, timed ? time_ns : KM_TIME_ABSENT,
                                 random_value(random)};
        if (random_below(random, 300) == 0) {
            point.step = (int64_t)random_next(random);
        }
        if (random_below(random, 50) == 0) {
            point.time_ns = KM_TIME_ABSENT;
        }
        (void)km_batch_point(batch, series, point);
        step += random_below(random, 20) ? 1 : -(int64_t)(count / 4);
        time_ns += (int64_t)random_below(random, 1000000);
    }
}

static const char *pick(struct random_state *random, const char *const *words,
                        size_t count)
{
    return words[random_below(random, count)];
}
#define PICK(random, words)                                                    \
    km_str_of(pick((random), (words), sizeof(words) / sizeof *(words)))

static void random_records(struct random_state *random, struct km_batch *batch,
                           uint32_t run, uint32_t attempt)
{
    static const char *const kinds[] = {"start", "checkpoint", "text"};
    static const char *const tasks[] = {"arc", "mmlu", "hellaswag"};
    if (random_below(random, 2)) {
        const struct km_event event = {
            .time_ns = random_below(random, 2)
                           ? KM_TIME_ABSENT
                           : test_wall_ns - (int64_t)random_below(random, 900),
            .step = random_below(random, 2) ? KM_STEP_ABSENT : 7,
            .kind = PICK(random, kinds),
            .name = KM_STR("caf\303\251"),
            .detail_json = KM_STR("{}"),
        };
        (void)km_batch_event(batch, run, attempt, &event);
    }
    if (random_below(random, 2)) {
        const struct km_evaluation row = {
            .task = PICK(random, tasks),
            .metric = KM_STR("acc"),
            .value = random_value(random),
            .stderr_ = (double)NAN,
            .cost_seconds = (double)NAN,
            .n = -1,
            .n_shot = 5,
            .stage_index = -1,
            .step = KM_STEP_ABSENT,
            .time_ns = KM_TIME_ABSENT,
            .higher_is_better = 1,
        };
        (void)km_batch_evaluation(batch, run, attempt, &row);
    }
}

static void random_run(struct random_state *random, struct km_batch *batch)
{
    static const char *const projects[] = {"p", "q/r"};
    static const char *const runs[] = {"a", "b", "c", "d"};
    static const char *const names[] = {"", "best", "worst"};
    static const char *const metrics[] = {"loss", "acc", "lr", "x/y"};
    static const char *const labels[] = {"", "rank=1"};
    static const char *const keys[] = {"1.log", "2.log", ""};
    static const char *const values[] = {"1", "\"x\"", "null"};
    const struct km_run_meta meta = {
        .project = PICK(random, projects),
        .external_id = PICK(random, runs),
        .name = PICK(random, names),
        .group = PICK(random, names),
        .source = KM_STR("test"),
        .state = (enum km_run_state)random_below(random, 5),
        .created_ns = random_below(random, 2)
                          ? KM_TIME_ABSENT
                          : (int64_t)random_below(random, 1000),
        .ended_ns = KM_TIME_ABSENT,
    };
    uint32_t run = km_batch_run(batch, &meta);
    const struct km_attribute attribute = {
        .kind = (enum km_attribute_kind)random_below(random, 3),
        .key = PICK(random, metrics),
        .value_json = PICK(random, values),
    };
    (void)km_batch_attribute(batch, run, &attribute);
    for (uint64_t i = random_below(random, 3) + 1; i > 0; i--) {
        uint32_t attempt =
            km_batch_attempt(batch, run, (uint32_t)random_below(random, 3));
        struct km_batch_attempt *row = &batch->attempts[attempt];
        row->origin_start_ns = batch->origin_id % 3
                                   ? (int64_t)(batch->origin_id % 5)
                                   : KM_TIME_ABSENT;
        row->order_key = PICK(random, keys);
        row->reason = KM_STR("first");
        row->start_ns = (int64_t)random_below(random, 50);
        row->restart_step = random_below(random, 2) ? KM_STEP_ABSENT : 10;
        for (uint64_t j = random_below(random, 4); j > 0; j--) {
            uint32_t series =
                km_batch_series(batch, run, attempt, PICK(random, metrics),
                                PICK(random, labels));
            batch->series[series].flags = (uint32_t)random_below(random, 4);
            random_points(random, batch, series);
        }
        random_records(random, batch, run, attempt);
    }
}

void random_batch(struct random_state *random, uint64_t origins,
                  struct km_batch *batch)
{
    km_batch_reset(batch, 1 + random_below(random, origins));
    batch->replace = random_below(random, 6) == 0;
    for (uint64_t i = random_below(random, 3); i > 0; i--) {
        random_run(random, batch);
    }
    batch->has_cursor = random_below(random, 2) == 0;
    batch->cursor = (struct km_cursor){
        .source_id = batch->origin_id,
        .format = KM_STR("test"),
        .path = KM_STR("a/b\377.log"),
        .head_hash = random_next(random),
        .head_len = (uint32_t)random_below(random, 3),
        .consumed_bytes = random_below(random, 1000),
        .consumed_hash = random_next(random) >> 1,
        .status = (enum km_source_status)random_below(random, 4),
        .tail_open = random_below(random, 2) == 0,
        .state = KM_STR("some\0bytes"),
    };
}

void plain_batch(struct km_batch *batch, uint64_t origin_id, const char *run,
                 const char *metric)
{
    const struct km_run_meta meta = {.project = KM_STR("p"),
                                     .external_id = km_str_of(run),
                                     .created_ns = KM_TIME_ABSENT,
                                     .ended_ns = KM_TIME_ABSENT};
    km_batch_reset(batch, origin_id);
    uint32_t index = km_batch_run(batch, &meta);
    uint32_t attempt = km_batch_attempt(batch, index, 0);
    (void)km_batch_series(batch, index, attempt, km_str_of(metric),
                          km_str_of(""));
}

static void count_finding(void *user, enum km_code code, const char *text)
{
    int *count = user;
    printf("# finding: %s: %s\n", km_code_name(code), text);
    (*count)++;
}

int count_findings(struct km_store *store, bool deep, bool repair)
{
    int count = 0;
    struct km_err err = {.message = ""};
    if (km_store_check(store, deep, repair, count_finding, &count, &err)) {
        printf("# the check failed: %s\n", err.message);
        return -1;
    }
    return count;
}
