/* search.c - filters and orders over the book. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tracking/search.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_tree.h"

static bool give_text(struct km_value *out, const char *text)
{
    *out = (struct km_value){.text = km_str_of(text)};
    return text != NULL;
}

static bool give_number(struct km_value *out, double number)
{
    *out = (struct km_value){.is_number = true, .number = number};
    return true;
}

/* ---- runs ---- */

/* {"tags": [{"key": "mlflow.data.context", ...}], "dataset": {"name": ...}} */
static bool dataset_value(const struct km_tracked_run *run, struct km_str key,
                          size_t index, struct km_value *out)
{
    if (index >= run->inputs.count) {
        return false;
    }
    static _Thread_local char held[1024];
    struct km_arena arena;
    km_arena_init(&arena, 8 * KM_MIB);
    const struct km_json_node *json = km_json_tree_parse(
        km_str_of(run->inputs.list[index].value), &arena, NULL);
    const struct km_json_node *set = km_json_tree_find(json, "dataset");
    struct km_str found = KM_STR("");
    if (km_str_is(key, "context")) {
        const struct km_json_node *tags = km_json_tree_find(json, "tags");
        for (tags = tags ? tags->first : NULL; tags; tags = tags->next) {
            const struct km_json_node *name = km_json_tree_find(tags, "key");
            const struct km_json_node *value = km_json_tree_find(tags, "value");
            if (name && value && km_str_is(name->text, "mlflow.data.context")) {
                found = value->text;
            }
        }
    } else {
        char name[16] = "";
        memcpy(name, key.ptr, key.len < 15 ? key.len : 15);
        const struct km_json_node *value = km_json_tree_find(set, name);
        found = value ? value->text : found;
    }
    size_t len = found.len < sizeof held ? found.len : sizeof held;
    if (len) {
        memcpy(held, found.ptr, len);
    }
    km_arena_finish(&arena);
    *out = (struct km_value){.text = {held, len}};
    return true;
}

static bool run_attribute(const struct km_tracked_run *run, struct km_str key,
                          struct km_value *out)
{
    static _Thread_local char uri[128];
    if (km_str_is(key, "start_time") || km_str_is(key, "created") ||
        km_str_is(key, "Created")) {
        return give_number(out, (double)run->start_ms);
    }
    if (km_str_is(key, "end_time")) {
        return run->end_ms && give_number(out, (double)run->end_ms);
    }
    if (km_str_is(key, "status")) {
        return give_text(out, km_tracked_status_name(run->status));
    }
    if (km_str_is(key, "run_id")) {
        return give_text(out, run->id);
    }
    if (km_str_is(key, "user_id")) {
        return give_text(out, run->user);
    }
    if (km_str_is(key, "artifact_uri")) {
        *out = (struct km_value){.text = {uri, 0}};
        int len = snprintf(uri, sizeof uri, "mlflow-artifacts:/%s/%s/artifacts",
                           run->experiment->id, run->id);
        out->text.len = len > 0 ? (size_t)len : 0;
        return true;
    }
    return give_text(out, run->name); /* run_name and its other spellings */
}

static bool run_value(const void *subject, enum km_entity entity,
                      struct km_str key, size_t index, struct km_value *out)
{
    const struct km_tracked_run *run = subject;
    const struct km_tracked_metric *metric = NULL;
    if (entity == KM_ENTITY_DATASET) {
        return dataset_value(run, key, index, out);
    }
    if (index > 0) {
        return false;
    }
    switch (entity) {
    case KM_ENTITY_METRIC:
        metric = km_tracked_metric(run, key);
        return metric && give_number(out, metric->value);
    case KM_ENTITY_PARAM:
        return give_text(out, km_pairs_find(&run->params, key));
    case KM_ENTITY_TAG:
        return give_text(out, km_pairs_find(&run->tags, key));
    case KM_ENTITY_ATTRIBUTE:
    case KM_ENTITY_DATASET:
        break;
    }
    return run_attribute(run, key, out);
}

/* ---- experiments, models ---- */

static bool experiment_value(const void *subject, enum km_entity entity,
                             struct km_str key, size_t index,
                             struct km_value *out)
{
    const struct km_experiment *one = subject;
    if (index > 0) {
        return false;
    }
    if (entity == KM_ENTITY_TAG) {
        return give_text(out, km_pairs_find(&one->tags, key));
    }
    if (km_str_is(key, "creation_time")) {
        return give_number(out, (double)one->created_ms);
    }
    if (km_str_is(key, "last_update_time")) {
        return give_number(out, (double)one->updated_ms);
    }
    return give_text(out, km_str_is(key, "name") ? one->name : one->id);
}

static bool model_metric(const struct km_tracked_model *model,
                         struct km_str key, struct km_value *out)
{
    bool found = false;
    for (uint32_t i = 0; i < model->metrics.count; i++) {
        struct km_arena arena;
        km_arena_init(&arena, KM_MIB);
        const struct km_json_node *json = km_json_tree_parse(
            km_str_of(model->metrics.list[i].value), &arena, NULL);
        const struct km_json_node *name = km_json_tree_find(json, "key");
        const struct km_json_node *value = km_json_tree_find(json, "value");
        if (name && value && km_str_equal(name->text, key)) {
            found = give_number(out, value->number);
        }
        km_arena_finish(&arena);
    }
    return found;
}

static bool model_value(const void *subject, enum km_entity entity,
                        struct km_str key, size_t index, struct km_value *out)
{
    const struct km_tracked_model *one = subject;
    const struct {
        const char *key, *text;
    } texts[] = {{"name", one->name},
                 {"model_name", one->name},
                 {"model_id", one->id},
                 {"model_type", one->type},
                 {"status", one->status},
                 {"source_run_id", one->source_run},
                 {"experiment_id", one->experiment->id}};
    if (index > 0) {
        return false;
    }
    if (entity == KM_ENTITY_METRIC) {
        return model_metric(one, key, out);
    }
    if (entity == KM_ENTITY_TAG || entity == KM_ENTITY_PARAM) {
        return give_text(
            out, km_pairs_find(
                     entity == KM_ENTITY_TAG ? &one->tags : &one->params, key));
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (km_str_is(key, texts[i].key)) {
            return give_text(out, texts[i].text);
        }
    }
    return give_number(out, (double)(km_str_starts(key, KM_STR("last"))
                                         ? one->updated_ms
                                         : one->created_ms));
}

/* ---- the search ---- */

static const struct subject {
    const char *attributes; /* words between blanks */
    unsigned entities;      /* bits of enum km_entity */
    km_value_fn get;
} subjects[] = {
    [KM_SEARCH_RUNS] = {" run_id run_name status start_time end_time user_id "
                        "artifact_uri created Created Run\tname run\tname "
                        "Run\tName ",
                        31, run_value},
    [KM_SEARCH_EXPERIMENTS] = {" name experiment_id creation_time "
                               "last_update_time ",
                               1u << KM_ENTITY_ATTRIBUTE | 1u << KM_ENTITY_TAG,
                               experiment_value},
    [KM_SEARCH_MODELS] = {" name model_name model_id model_type status "
                          "source_run_id experiment_id creation_timestamp "
                          "creation_time last_updated_timestamp "
                          "last_update_timestamp ",
                          31 & ~(1u << KM_ENTITY_DATASET), model_value},
};

static enum km_code check_key(const struct subject *subject,
                              enum km_entity entity, struct km_str key,
                              struct km_err *err)
{
    char word[64] = " ";
    for (size_t i = 0; i < key.len && i < 60; i++) {
        word[i + 1] = key.ptr[i] == ' ' ? '\t' : key.ptr[i];
        word[i + 2] = ' ';
    }
    bool is_set = km_str_is(key, "name") || km_str_is(key, "digest") ||
                  km_str_is(key, "context");
    bool known = subject->entities >> entity & 1;
    known = known && (entity != KM_ENTITY_ATTRIBUTE ||
                      (key.len < 60 && strstr(subject->attributes, word)));
    if (known && (entity != KM_ENTITY_DATASET || is_set)) {
        return KM_OK;
    }
    return km_fail(err, KM_EINPUT,
                   "Invalid attribute key '%.*s' specified. Valid keys are%s",
                   (int)(key.len < 60 ? key.len : 60), key.ptr,
                   subject->attributes);
}

struct found {
    const void *subject;
    const char *id;
    int64_t start_ms;
    const struct km_value *values; /* of the keys of the order */
    const bool *there;
};

struct sorting {
    const struct km_order_key *keys;
    size_t count;
};

/* Then the youngest first, then by id, as MLflow's own server. */
static int compare_found(const void *left, const void *right, void *user)
{
    const struct found *a = left, *b = right;
    const struct sorting *sorting = user;
    for (size_t i = 0; i < sorting->count; i++) {
        int order = km_order_compare(&sorting->keys[i], a->there[i],
                                     &a->values[i], b->there[i], &b->values[i]);
        if (order) {
            return order;
        }
    }
    return a->start_ms != b->start_ms ? (a->start_ms < b->start_ms ? 1 : -1)
                                      : strcmp(a->id, b->id);
}

static bool is_of(const struct km_search *search,
                  const struct km_experiment *experiment)
{
    for (size_t i = 0; i < search->experiment_count; i++) {
        if (search->experiments[i] == experiment) {
            return true;
        }
    }
    return false;
}

static bool is_viewed(const struct km_search *search, bool deleted,
                      const char *project)
{
    return (search->view == KM_VIEW_ALL ||
            deleted == (search->view == KM_VIEW_DELETED)) &&
           (search->project.len == 0 || km_str_is(search->project, project));
}

/* What stands at `index` of the book, when it is to be looked at. */
static bool candidate(const struct km_book *book,
                      const struct km_search *search, uint32_t index,
                      struct found *found)
{
    if (search->subject == KM_SEARCH_RUNS) {
        const struct km_tracked_run *run = book->runs[index];
        *found = (struct found){run, run->id, run->start_ms, NULL, NULL};
        return is_viewed(search, run->deleted, run->project) &&
               is_of(search, run->experiment);
    }
    if (search->subject == KM_SEARCH_EXPERIMENTS) {
        const struct km_experiment *one = book->experiments[index];
        *found = (struct found){one, one->id, one->created_ms, NULL, NULL};
        return is_viewed(search, one->deleted, one->name);
    }
    const struct km_tracked_model *model = book->models[index];
    *found = (struct found){model, model->id, model->created_ms, NULL, NULL};
    return is_viewed(search, model->deleted, model->experiment->name) &&
           is_of(search, model->experiment);
}

static bool take_values(const struct subject *subject,
                        const struct sorting *sorting, struct km_arena *arena,
                        struct found *found)
{
    struct km_value *values =
        km_new(arena, struct km_value, sorting->count + 1);
    bool *there = km_new(arena, bool, sorting->count + 1);
    for (size_t i = 0; values && there && i < sorting->count; i++) {
        const struct km_order_key *key = &sorting->keys[i];
        there[i] =
            subject->get(found->subject, key->entity, key->key, 0, &values[i]);
        if (km_str_is(key->key, "artifact_uri")) { /* the text is the next's */
            values[i].text.ptr =
                km_arena_copy(arena, values[i].text.ptr, values[i].text.len);
            there[i] = there[i] && values[i].text.ptr;
        }
        if (key->entity == KM_ENTITY_DATASET) {
            there[i] = false; /* several: in no order */
        }
    }
    found->values = values;
    found->there = there;
    return values && there;
}

static enum km_code parse(const struct km_search *search,
                          struct km_arena *arena, struct km_filter *filter,
                          struct km_order_key *keys, struct km_err *err)
{
    const struct subject *subject = &subjects[search->subject];
    enum km_code code = km_filter_parse(search->filter, arena, filter, err);
    for (size_t i = 0; i < filter->count && code == KM_OK; i++) {
        code = check_key(subject, filter->clauses[i].entity,
                         filter->clauses[i].key, err);
    }
    for (size_t i = 0; i < search->order_count && code == KM_OK; i++) {
        code = km_order_parse(search->order[i], arena, &keys[i], err);
        code =
            code ? code : check_key(subject, keys[i].entity, keys[i].key, err);
        filter->wants_metrics |= keys[i].entity == KM_ENTITY_METRIC;
    }
    return code;
}

enum km_code km_search(struct km_tracker *tracker,
                       const struct km_search *search, struct km_arena *arena,
                       const void ***list, size_t *count, struct km_err *err)
{
    const struct km_book *book = km_tracker_book(tracker);
    const uint32_t counts[] = {book->run_count, book->experiment_count,
                               book->model_count};
    uint32_t all = counts[search->subject];
    const struct subject *subject = &subjects[search->subject];
    struct km_filter *filter = km_new(arena, struct km_filter, 1);
    struct km_order_key *keys =
        km_new(arena, struct km_order_key, KM_FILTER_CLAUSES_MAX);
    struct found *found = km_new(arena, struct found, all + 1);
    const void **out = km_new(arena, const void *, all + 1);
    if (!filter || !keys || !found || !out) {
        return km_fail(err, KM_EMEMORY, "no memory for a search");
    }
    enum km_code code = parse(search, arena, filter, keys, err);
    struct sorting sorting = {keys, search->order_count};
    size_t n = 0;
    for (uint32_t i = 0; i < all && code == KM_OK; i++) {
        if (!candidate(book, search, i, &found[n])) {
            continue;
        }
        if (search->subject == KM_SEARCH_RUNS && filter->wants_metrics) {
            code = km_tracker_know(tracker, book->runs[i], err);
        }
        if (km_filter_matches(filter, found[n].subject, subject->get)) {
            if (!take_values(subject, &sorting, arena, &found[n])) {
                code = km_fail(err, KM_EMEMORY, "no memory for a search");
            }
            n++;
        }
    }
    if (code) {
        return code;
    }
    qsort_r(found, n, sizeof *found, compare_found, &sorting);
    for (size_t i = 0; i < n; i++) {
        out[i] = found[i].subject;
    }
    *list = out;
    *count = n;
    return KM_OK;
}
