/* lm_eval_table.c - joins the sections of a results file by task. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/lm_eval_table.h"

#include <assert.h>
#include <math.h>

#include "base/hash.h"
#include "base/number.h"

struct lm_eval_task {
    struct km_str name, version, hash;
    int64_t n, n_shot; /* -1 unknown */
};

struct lm_eval_row {
    uint32_t task;
    bool has_value;
    struct km_str metric, filter;
    double value, stderr_;
};

enum { TABLE_BYTES_MAX = 64 * KM_MIB };

void km_lm_eval_table_init(struct km_lm_eval_table *table,
                           struct km_arena *arena)
{
    *table = (struct km_lm_eval_table){.arena = arena};
    km_id_map_init(&table->task_of, arena);
    km_id_map_init(&table->row_of, arena);
    km_id_map_init(&table->better_of, arena);
    km_buf_init(&table->tasks, TABLE_BYTES_MAX);
    km_buf_init(&table->rows, TABLE_BYTES_MAX);
}

void km_lm_eval_table_finish(struct km_lm_eval_table *table)
{
    km_buf_finish(&table->tasks);
    km_buf_finish(&table->rows);
}

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the tasks and metrics of one results file need too much "
                   "memory");
}

static bool keep(struct km_lm_eval_table *table, struct km_str *text)
{
    text->ptr = km_arena_copy(table->arena, text->ptr, text->len);
    return text->ptr != NULL;
}

static struct lm_eval_task *task_at(const struct km_lm_eval_table *table,
                                    size_t index)
{
    return (struct lm_eval_task *)(void *)table->tasks.bytes + index;
}

static struct lm_eval_row *row_at(const struct km_lm_eval_table *table,
                                  size_t index)
{
    return (struct lm_eval_row *)(void *)table->rows.bytes + index;
}

/* Finds or adds; KM_ID_ABSENT when full. */
static uint32_t find_task(struct km_lm_eval_table *table, struct km_str name)
{
    uint64_t id = km_id(&name, 1);
    uint32_t at = km_id_map_find(&table->task_of, id);
    if (at != KM_ID_ABSENT) {
        return at;
    }
    struct lm_eval_task task = {.name = name, .n = -1, .n_shot = -1};
    at = (uint32_t)(table->tasks.len / sizeof task);
    if (!keep(table, &task.name)) {
        return KM_ID_ABSENT;
    }
    km_buf_append(&table->tasks, &task, sizeof task);
    bool kept = !table->tasks.failed && km_id_map_put(&table->task_of, id, at);
    return kept ? at : KM_ID_ABSENT;
}

static uint32_t find_row(struct km_lm_eval_table *table, uint32_t task,
                         struct km_str metric, struct km_str filter)
{
    const struct km_str names[] = {task_at(table, task)->name, metric, filter};
    uint64_t id = km_id(names, 3);
    uint32_t at = km_id_map_find(&table->row_of, id);
    if (at != KM_ID_ABSENT) {
        return at;
    }
    struct lm_eval_row row = {.task = task,
                              .metric = metric,
                              .filter = filter,
                              .stderr_ = (double)NAN};
    at = (uint32_t)(table->rows.len / sizeof row);
    if (!keep(table, &row.metric) || !keep(table, &row.filter)) {
        return KM_ID_ABSENT;
    }
    km_buf_append(&table->rows, &row, sizeof row);
    bool kept = !table->rows.failed && km_id_map_put(&table->row_of, id, at);
    return kept ? at : KM_ID_ABSENT;
}

/* "acc_stderr,none" is the error of "acc" under the filter "none". */
static enum km_code take_result(struct km_lm_eval_table *table, uint32_t task,
                                struct km_str key,
                                const struct km_json_token *token,
                                struct km_err *err)
{
    double value;
    if (token->kind == KM_JSON_BOOL || !km_json_token_number(token, &value)) {
        return KM_OK; /* "alias", "N/A" */
    }
    size_t comma = km_str_find(key, ',', 0);
    struct km_str metric = {key.ptr, comma};
    struct km_str filter = KM_STR("");
    if (comma < key.len) {
        filter = (struct km_str){key.ptr + comma + 1, key.len - comma - 1};
    }
    static const struct km_str suffix = {"_stderr", 7};
    bool is_error = metric.len > suffix.len && km_str_ends(metric, suffix);
    if (is_error) {
        metric.len -= suffix.len;
    }
    uint32_t at = find_row(table, task, metric, filter);
    if (at == KM_ID_ABSENT) {
        return fail_full(err);
    }
    struct lm_eval_row *row = row_at(table, at);
    if (is_error) {
        row->stderr_ = value;
    } else {
        row->value = value;
        row->has_value = true;
    }
    return KM_OK;
}

static uint64_t better_id(struct km_str task, struct km_str metric)
{
    const struct km_str names[] = {task, metric};
    return km_id(names, 2);
}

static bool take_text(struct km_lm_eval_table *table, struct km_str *text,
                      const struct km_json_token *token)
{
    if (token->kind == KM_JSON_NULL || token->kind == KM_JSON_BOOL) {
        return true;
    }
    *text = token->text; /* of numbers: as written */
    return keep(table, text);
}

enum km_code km_lm_eval_table_take(struct km_lm_eval_table *table,
                                   struct km_str section, struct km_str task,
                                   struct km_str key,
                                   const struct km_json_token *token,
                                   struct km_err *err)
{
    static const char *const known[] = {
        "results",   "groups",      "versions",        "n-shot",
        "n-samples", "task_hashes", "higher_is_better"};
    bool ours = false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        ours |= km_str_is(section, known[i]);
    }
    if (!ours) {
        return KM_OK;
    }
    uint32_t at = find_task(table, task);
    if (at == KM_ID_ABSENT) {
        return fail_full(err);
    }
    struct lm_eval_task *row = task_at(table, at);
    bool kept = true;
    if (km_str_is(section, "results") || km_str_is(section, "groups")) {
        return take_result(table, at, key, token, err);
    } else if (km_str_is(section, "versions")) {
        kept = take_text(table, &row->version, token);
    } else if (km_str_is(section, "task_hashes")) {
        kept = take_text(table, &row->hash, token);
    } else if (km_str_is(section, "n-shot")) {
        (void)km_json_token_integer(token, &row->n_shot);
    } else if (km_str_is(section, "n-samples")) {
        if (km_str_is(key, "effective")) {
            (void)km_json_token_integer(token, &row->n);
        }
    } else if (token->kind == KM_JSON_BOOL) {
        kept = km_id_map_put(&table->better_of, better_id(task, key),
                             token->integer != 0);
    }
    return kept ? KM_OK : fail_full(err);
}

size_t km_lm_eval_table_count(const struct km_lm_eval_table *table)
{
    return table->rows.len / sizeof(struct lm_eval_row);
}

bool km_lm_eval_table_get(const struct km_lm_eval_table *table, size_t index,
                          struct km_evaluation *evaluation)
{
    assert(index < km_lm_eval_table_count(table));
    const struct lm_eval_row *row = row_at(table, index);
    const struct lm_eval_task *task = task_at(table, row->task);
    uint32_t better =
        km_id_map_find(&table->better_of, better_id(task->name, row->metric));
    evaluation->task = task->name;
    evaluation->version = task->version;
    evaluation->task_hash = task->hash;
    evaluation->metric = row->metric;
    evaluation->filter = row->filter;
    evaluation->value = row->value;
    evaluation->stderr_ = row->stderr_;
    evaluation->n = task->n;
    evaluation->higher_is_better = better == KM_ID_ABSENT ? -1 : (int)better;
    if (task->n_shot >= 0) {
        evaluation->n_shot = task->n_shot;
    }
    return row->has_value;
}

static size_t digits_at(struct km_str text, size_t at)
{
    size_t end = at;
    while (end < text.len && text.ptr[end] >= '0' && text.ptr[end] <= '9') {
        end++;
    }
    return end - at;
}

bool km_lm_eval_step(struct km_str text, int64_t *step)
{
    static const char *const words[] = {"step", "checkpoint", "ckpt", "iter"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct km_str word = km_str_of(words[i]);
        for (size_t at = 0; at < text.len;) {
            struct km_str rest = {text.ptr + at, text.len - at};
            size_t hit = km_str_search(rest, word);
            if (hit == rest.len) {
                break;
            }
            at += hit + word.len;
            size_t from = at;
            if (from < text.len && strchr("-_=", text.ptr[from]) &&
                text.ptr[from]) {
                from++;
            }
            size_t len = digits_at(text, from);
            if (len &&
                km_integer_parse((struct km_str){text.ptr + from, len}, step)) {
                return true;
            }
        }
    }
    return false;
}
