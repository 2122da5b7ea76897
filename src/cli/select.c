/* select.c - words to runs, by ever looser ways of matching. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/select.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "cli/suggest.h"
#include "model/role.h"
#include "report/text.h"

enum { LISTED_MAX = 6 };

static struct km_str shown_name(const struct km_run_row *row)
{
    return row->meta.name.len ? row->meta.name : row->meta.external_id;
}

struct listing {
    struct km_arena *arena;
    struct km_run_list *list;
    bool failed;
};

static bool list_grow(struct km_arena *arena, struct km_run_list *list)
{
    size_t cap = list->cap ? list->cap * 2 : 64;
    struct km_run_row *rows = km_new(arena, struct km_run_row, cap);
    if (!rows) {
        return false;
    }
    if (list->count) {
        memcpy(rows, list->rows, list->count * sizeof *rows);
    }
    list->rows = rows;
    list->cap = cap;
    return true;
}

static bool list_add(struct km_arena *arena, struct km_run_list *list,
                     const struct km_run_row *row)
{
    if (list->count == list->cap && !list_grow(arena, list)) {
        return false;
    }
    list->rows[list->count++] = *row;
    return true;
}

static void keep(struct km_arena *arena, struct km_str *text, bool *failed)
{
    char *copy = km_arena_copy(arena, text->ptr ? text->ptr : "", text->len);
    *failed = *failed || !copy;
    text->ptr = copy;
    text->len = copy ? text->len : 0;
}

static bool visit_run(void *user, const struct km_run_row *row)
{
    struct listing *listing = user;
    struct km_run_row own = *row;
    struct km_str *texts[] = {&own.meta.project, &own.meta.external_id,
                              &own.meta.name,    &own.meta.group,
                              &own.meta.parent,  &own.meta.source,
                              &own.meta.notes};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        keep(listing->arena, texts[i], &listing->failed);
    }
    listing->failed =
        listing->failed || !list_add(listing->arena, listing->list, &own);
    return !listing->failed;
}

/* From loose to strict; the strictest way that finds anything decides. */
enum match {
    MATCH_NONE,
    MATCH_INSIDE, /* stands anywhere: "embed" of lab/value-embed */
    MATCH_PART,   /* begins a part of the path: "val" of lab/value-embed */
    MATCH_PREFIX, /* begins the name */
    MATCH_TAIL,   /* is the end of the path: "value-embed" */
    MATCH_EXACT,
    MATCH_COUNT
};

static bool same_bytes(const char *a, const char *b, size_t len, bool fold)
{
    return fold ? strncasecmp(a, b, len) == 0 : memcmp(a, b, len) == 0;
}

static enum match match_text(struct km_str word, struct km_str text, bool fold)
{
    if (word.len == 0 || word.len > text.len) {
        return MATCH_NONE;
    }
    size_t before = text.len - word.len;
    if (before == 0) {
        return same_bytes(word.ptr, text.ptr, word.len, fold) ? MATCH_EXACT
                                                              : MATCH_NONE;
    }
    if (text.ptr[before - 1] == '/' &&
        same_bytes(text.ptr + before, word.ptr, word.len, fold)) {
        return MATCH_TAIL;
    }
    if (same_bytes(text.ptr, word.ptr, word.len, fold)) {
        return MATCH_PREFIX;
    }
    enum match match = MATCH_NONE;
    for (size_t at = 1; at <= before && match != MATCH_PART; at++) {
        if (same_bytes(text.ptr + at, word.ptr, word.len, fold)) {
            match = text.ptr[at - 1] == '/' ? MATCH_PART : MATCH_INSIDE;
        }
    }
    return match;
}

/* A name as tables shorten it, "lab/.../seed_1": the mark stands for
 * anything. NULL: the word has no such mark. */
static const char *glob_of_short(struct km_arena *arena, const char *word)
{
    static const char mark[] = "\xe2\x80\xa6";
    const char *at = strstr(word, mark);
    if (!at) {
        return NULL;
    }
    char *glob = km_arena_copy(arena, word, strlen(word));
    size_t used = (size_t)(at - word);
    for (; glob && *at; at++) {
        bool here = strncmp(at, mark, sizeof mark - 1) == 0;
        glob[used++] = here ? '*' : *at;
        at += here ? sizeof mark - 2 : 0;
    }
    if (glob) {
        glob[used] = '\0';
    }
    return glob;
}

/* The best of the ways in which a run can be named. */
static enum match match_run(struct km_cli *cli, struct km_str word,
                            const struct km_run_row *row, bool is_glob,
                            bool fold)
{
    struct km_str label = km_str_of(km_run_label(&cli->arena, row));
    struct km_str unique = km_str_of(km_run_unique(&cli->arena, row));
    const struct km_str texts[] = {label, shown_name(row),
                                   row->meta.external_id, unique};
    enum match best = MATCH_NONE;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum match match =
            is_glob ? (km_glob_match(word, texts[i]) ? MATCH_EXACT : MATCH_NONE)
                    : match_text(word, texts[i], fold);
        best = match > best ? match : best;
    }
    return best;
}

static enum km_code refuse_ambiguous(struct km_cli *cli, const char *word,
                                     const struct km_run_list *hits,
                                     struct km_err *err)
{
    struct km_buf names;
    km_buf_init(&names, 400);
    for (size_t i = 0; i < hits->count && i < LISTED_MAX; i++) {
        const char *label = km_run_label(&cli->arena, &hits->rows[i]);
        km_buf_append_text(&names, i ? ", " : "");
        km_buf_append_text(&names, label);
        if (hits->count > 1 &&
            strcmp(label, km_run_label(&cli->arena, &hits->rows[!i])) == 0) {
            km_buf_printf(&names, " (%.*s)",
                          (int)hits->rows[i].meta.external_id.len,
                          hits->rows[i].meta.external_id.ptr);
        }
    }
    (void)km_fail(err, KM_EUSAGE, "\"%.100s\" could be %zu runs: %s%s", word,
                  hits->count, names.bytes ? names.bytes : "",
                  hits->count > LISTED_MAX ? ", ..." : "");
    km_buf_finish(&names);
    return KM_EUSAGE;
}

static enum km_code refuse_unknown(struct km_cli *cli, const char *word,
                                   const struct km_run_list *all,
                                   struct km_err *err)
{
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, word);
    for (size_t i = 0; i < all->count; i++) {
        km_suggest_offer(&suggestion, km_run_label(&cli->arena, &all->rows[i]));
        struct km_str name = shown_name(&all->rows[i]);
        const char *text = km_arena_copy(&cli->arena, name.ptr, name.len);
        const char *slash = text ? strrchr(text, '/') : NULL;
        km_suggest_offer(&suggestion, text ? text : "");
        km_suggest_offer(&suggestion, slash ? slash + 1 : "");
    }
    if (suggestion.nearest) {
        return km_fail(err, KM_ENOTFOUND,
                       "no run is called \"%.100s\"; the nearest is %.200s",
                       word, suggestion.nearest);
    }
    return km_fail(err, KM_ENOTFOUND,
                   "no run is called \"%.100s\"; `km runs` lists them", word);
}

static enum km_code add_new(struct km_cli *cli, struct km_run_list *list,
                            const struct km_run_list *hits, struct km_err *err)
{
    for (size_t i = 0; i < hits->count; i++) {
        bool known = false;
        for (size_t k = 0; k < list->count && !known; k++) {
            known = list->rows[k].id == hits->rows[i].id;
        }
        if (!known && !list_add(&cli->arena, list, &hits->rows[i])) {
            return km_fail(err, KM_EMEMORY, "no memory for the list of runs");
        }
    }
    return KM_OK;
}

/* The runs that the word means in the strictest way that finds any; `fold`:
 * upper and lower case are the same. */
static enum km_code find_best(struct km_cli *cli, struct km_str pattern,
                              const struct km_run_list *all, bool is_glob,
                              bool fold, struct km_run_list *hits,
                              struct km_err *err)
{
    struct km_run_list found[MATCH_COUNT] = {0};
    for (size_t i = 0; i < all->count; i++) {
        const struct km_run_row *row = &all->rows[i];
        enum match match = match_run(cli, pattern, row, is_glob, fold);
        if (match != MATCH_NONE && !list_add(&cli->arena, &found[match], row)) {
            return km_fail(err, KM_EMEMORY, "no memory for the list of runs");
        }
    }
    size_t best = MATCH_EXACT;
    while (best > MATCH_NONE && found[best].count == 0) {
        best--;
    }
    *hits = found[best];
    return KM_OK;
}

static enum km_code select_word(struct km_cli *cli, const char *word,
                                const struct km_run_list *all,
                                struct km_run_list *list, struct km_err *err)
{
    const char *shortened = glob_of_short(&cli->arena, word);
    const char *pattern = shortened ? shortened : word;
    bool is_glob = strpbrk(pattern, "*?") != NULL;
    struct km_run_list hits = {0};
    enum km_code code =
        find_best(cli, km_str_of(pattern), all, is_glob, false, &hits, err);
    if (code == KM_OK && hits.count == 0 && !is_glob) {
        code = find_best(cli, km_str_of(pattern), all, false, true, &hits, err);
    }
    if (code) {
        return code;
    }
    if (hits.count == 0) {
        return refuse_unknown(cli, word, all, err);
    }
    if (hits.count > 1 && (shortened || !is_glob)) {
        return refuse_ambiguous(cli, word, &hits, err);
    }
    return add_new(cli, list, &hits, err);
}

enum km_code km_select_runs(struct km_cli *cli, struct km_store *store,
                            const struct km_run_filter *filter,
                            const char *const *words, size_t word_count,
                            struct km_run_list *list, struct km_err *err)
{
    struct km_run_list all = {0};
    struct listing listing = {&cli->arena, &all, false};
    enum km_code code =
        km_store_list_runs(store, filter, visit_run, &listing, err);
    if (code) {
        return code;
    }
    if (listing.failed) {
        return km_fail(err, KM_EMEMORY, "no memory for the list of runs");
    }
    *list = (struct km_run_list){0};
    if (word_count == 0) {
        *list = all;
        return KM_OK;
    }
    for (size_t i = 0; i < word_count && !code; i++) {
        code = select_word(cli, words[i], &all, list, err);
    }
    return code;
}

enum km_code km_select_named(struct km_cli *cli, struct km_store **store,
                             struct km_run_list *list, struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    *list = (struct km_run_list){0};
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, store, err);
    return code ? code
                : km_select_runs(cli, *store, &filter, cli->args->words,
                                 cli->args->word_count, list, err);
}
