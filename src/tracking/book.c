/* book.c - the tables of the book, and texts that belong to it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tracking/book.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

static int compare(struct km_str a, const char *b)
{
    size_t len = strlen(b);
    int order = memcmp(a.ptr, b, a.len < len ? a.len : len);
    return order ? order : (a.len > len) - (a.len < len);
}

bool km_book_text(char **text, struct km_str value)
{
    char *copy = malloc(value.len + 1);
    if (!copy) {
        return false;
    }
    if (value.len) {
        memcpy(copy, value.ptr, value.len);
    }
    copy[value.len] = '\0';
    free(*text);
    *text = copy;
    return true;
}

/* Room for one more; NULL: no memory, and `items` stays. */
static void *widen(void *items, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    uint32_t wider = *cap ? *cap * 2 : 4;
    void *moved = realloc(items, wider * size);
    if (moved) {
        *cap = wider;
    }
    return moved;
}

/* ---- pairs ---- */

static uint32_t place(const struct km_pairs *pairs, struct km_str key,
                      bool *there)
{
    uint32_t low = 0, high = pairs->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(key, pairs->list[middle].key);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = false;
    return low;
}

const char *km_pairs_find(const struct km_pairs *pairs, struct km_str key)
{
    bool there;
    uint32_t at = place(pairs, key, &there);
    return there ? pairs->list[at].value : NULL;
}

bool km_pairs_put(struct km_pairs *pairs, struct km_str key,
                  struct km_str value)
{
    bool there;
    uint32_t at = place(pairs, key, &there);
    if (there) {
        return km_book_text(&pairs->list[at].value, value);
    }
    struct km_pair made = {NULL, NULL};
    struct km_pair *list =
        widen(pairs->list, pairs->count, &pairs->cap, sizeof *pairs->list);
    pairs->list = list ? list : pairs->list;
    if (!list || !km_book_text(&made.key, key) ||
        !km_book_text(&made.value, value)) {
        free(made.key);
        return false;
    }
    memmove(list + at + 1, list + at, (pairs->count - at) * sizeof *list);
    list[at] = made;
    pairs->count++;
    return true;
}

void km_pairs_remove(struct km_pairs *pairs, struct km_str key)
{
    bool there;
    uint32_t at = place(pairs, key, &there);
    if (there) {
        free(pairs->list[at].key);
        free(pairs->list[at].value);
        pairs->count--;
        memmove(pairs->list + at, pairs->list + at + 1,
                (pairs->count - at) * sizeof *pairs->list);
    }
}

static void free_pairs(struct km_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        free(pairs->list[i].key);
        free(pairs->list[i].value);
    }
    free(pairs->list);
}

/* ---- metrics, sorted as pairs are ---- */

static uint32_t metric_place(const struct km_tracked_run *run,
                             struct km_str key, bool *there)
{
    uint32_t low = 0, high = run->metric_count;
    *there = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(key, run->metrics[middle].key);
        if (order == 0) {
            *there = true;
            return middle;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return low;
}

struct km_tracked_metric *km_tracked_metric(const struct km_tracked_run *run,
                                            struct km_str key)
{
    bool there;
    uint32_t at = metric_place(run, key, &there);
    return there ? &run->metrics[at] : NULL;
}

struct km_tracked_metric *km_tracked_metric_add(struct km_tracked_run *run,
                                                struct km_str key)
{
    bool there;
    uint32_t at = metric_place(run, key, &there);
    if (there) {
        return &run->metrics[at];
    }
    struct km_tracked_metric made = {.key = NULL};
    struct km_tracked_metric *list =
        widen(run->metrics, run->metric_count, &run->metric_cap, sizeof *list);
    run->metrics = list ? list : run->metrics;
    if (!list || !km_book_text(&made.key, key)) {
        return NULL;
    }
    memmove(list + at + 1, list + at, (run->metric_count - at) * sizeof *list);
    list[at] = made;
    run->metric_count++;
    return &list[at];
}

/* ---- the three tables ---- */

static void free_experiment(struct km_experiment *one)
{
    free(one->name);
    free_pairs(&one->tags);
    free(one);
}

static void free_run(struct km_tracked_run *one)
{
    for (uint32_t i = 0; i < one->metric_count; i++) {
        free(one->metrics[i].key);
    }
    free(one->metrics);
    free(one->project);
    free(one->name);
    free(one->user);
    free_pairs(&one->params);
    free_pairs(&one->tags);
    free_pairs(&one->inputs);
    free_pairs(&one->outputs);
    free(one);
}

static void free_model(struct km_tracked_model *one)
{
    free(one->name);
    free(one->type);
    free(one->source_run);
    free(one->status);
    free(one->status_message);
    free_pairs(&one->params);
    free_pairs(&one->tags);
    free_pairs(&one->metrics);
    free(one);
}

void km_book_finish(struct km_book *book)
{
    for (uint32_t i = 0; i < book->experiment_count; i++) {
        free_experiment(book->experiments[i]);
    }
    for (uint32_t i = 0; i < book->run_count; i++) {
        free_run(book->runs[i]);
    }
    for (uint32_t i = 0; i < book->model_count; i++) {
        free_model(book->models[i]);
    }
    free(book->experiments);
    free(book->runs);
    free(book->models);
    free(book->run_slots);
    *book = (struct km_book){.runs = NULL};
}

static void copy_id(char *to, struct km_str id)
{
    (void)snprintf(to, KM_TRACKED_ID_BYTES, "%.*s", (int)id.len, id.ptr);
}

struct km_experiment *km_book_experiment(struct km_book *book, struct km_str id)
{
    struct km_experiment **list =
        widen(book->experiments, book->experiment_count, &book->experiment_cap,
              sizeof *list);
    book->experiments = list ? list : book->experiments;
    struct km_experiment *one = list ? calloc(1, sizeof *one) : NULL;
    if (one) {
        copy_id(one->id, id);
        list[book->experiment_count++] = one;
    }
    return one;
}

static uint32_t slot_of(const struct km_book *book, struct km_str id)
{
    uint32_t mask = book->run_slot_count - 1;
    uint32_t at = (uint32_t)km_hash(id.ptr, id.len, 0) & mask;
    while (book->run_slots[at] &&
           !km_str_is(id, book->runs[book->run_slots[at] - 1]->id)) {
        at = (at + 1) & mask;
    }
    return at;
}

/* At most half of the slots are used. */
static bool widen_slots(struct km_book *book)
{
    if (book->run_count * 2 < book->run_slot_count) {
        return true;
    }
    uint32_t count = book->run_slot_count ? book->run_slot_count * 2 : 64;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots) {
        return false;
    }
    free(book->run_slots);
    book->run_slots = slots;
    book->run_slot_count = count;
    for (uint32_t i = 0; i < book->run_count; i++) {
        slots[slot_of(book, km_str_of(book->runs[i]->id))] = i + 1;
    }
    return true;
}

struct km_tracked_run *km_book_run(struct km_book *book, struct km_str id)
{
    struct km_tracked_run **list =
        widen(book->runs, book->run_count, &book->run_cap, sizeof *list);
    book->runs = list ? list : book->runs;
    struct km_tracked_run *one =
        list && widen_slots(book) ? calloc(1, sizeof *one) : NULL;
    if (one) {
        copy_id(one->id, id);
        one->status = KM_TRACKED_RUNNING;
        uint32_t at = slot_of(book, id);
        list[book->run_count++] = one;
        book->run_slots[at] = book->run_count;
    }
    return one;
}

struct km_tracked_model *km_book_model(struct km_book *book, struct km_str id)
{
    struct km_tracked_model **list =
        widen(book->models, book->model_count, &book->model_cap, sizeof *list);
    book->models = list ? list : book->models;
    struct km_tracked_model *one = list ? calloc(1, sizeof *one) : NULL;
    if (one) {
        copy_id(one->id, id);
        list[book->model_count++] = one;
    }
    return one;
}

struct km_experiment *km_book_find_experiment(const struct km_book *book,
                                              struct km_str id)
{
    for (uint32_t i = 0; i < book->experiment_count; i++) {
        if (km_str_is(id, book->experiments[i]->id)) {
            return book->experiments[i];
        }
    }
    return NULL;
}

struct km_experiment *km_book_find_named(const struct km_book *book,
                                         struct km_str name)
{
    for (uint32_t i = 0; i < book->experiment_count; i++) {
        if (km_str_is(name, book->experiments[i]->name)) {
            return book->experiments[i];
        }
    }
    return NULL;
}

struct km_tracked_run *km_book_find_run(const struct km_book *book,
                                        struct km_str id)
{
    if (book->run_slot_count == 0) {
        return NULL;
    }
    uint32_t found = book->run_slots[slot_of(book, id)];
    return found ? book->runs[found - 1] : NULL;
}

struct km_tracked_model *km_book_find_model(const struct km_book *book,
                                            struct km_str id)
{
    for (uint32_t i = 0; i < book->model_count; i++) {
        if (km_str_is(id, book->models[i]->id)) {
            return book->models[i];
        }
    }
    return NULL;
}

/* ---- words ---- */

static const char *const statuses[] = {
    [KM_TRACKED_RUNNING] = "RUNNING",   [KM_TRACKED_SCHEDULED] = "SCHEDULED",
    [KM_TRACKED_FINISHED] = "FINISHED", [KM_TRACKED_FAILED] = "FAILED",
    [KM_TRACKED_KILLED] = "KILLED",
};

const char *km_tracked_status_name(enum km_tracked_status status)
{
    return statuses[status];
}

enum km_tracked_status km_tracked_status_of(struct km_str word)
{
    for (int i = KM_TRACKED_RUNNING; i <= KM_TRACKED_KILLED; i++) {
        char number[2] = {(char)('0' + i), '\0'}; /* of the protocol */
        if (km_str_is(word, statuses[i]) || km_str_is(word, number)) {
            return (enum km_tracked_status)i;
        }
    }
    return (enum km_tracked_status)0;
}
