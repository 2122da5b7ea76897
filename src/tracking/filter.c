/* filter.c - reads and applies the language of searches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tracking/filter.h"

#include <math.h>
#include <strings.h>

#include "base/number.h"

struct reading {
    struct km_str text;
    size_t at;
    struct km_arena *arena;
    struct km_err *err;
};

static enum km_code expected(const struct reading *r, const char *what)
{
    size_t left = r->text.len - r->at;
    return km_fail(r->err, KM_EINPUT,
                   "byte %zu of the filter: expected %s, found '%.*s'", r->at,
                   what, (int)(left < 40 ? left : 40), r->text.ptr + r->at);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct reading *r)
{
    while (r->at < r->text.len && is_blank(r->text.ptr[r->at])) {
        r->at++;
    }
}

static bool is_bare(char c)
{
    return !is_blank(c) && !strchr("=!<>()'\"`,", c) && c != '\0';
}

/* A word in any case, whole. */
static bool take_word(struct reading *r, const char *word)
{
    size_t len = strlen(word);
    skip_blanks(r);
    if (r->text.len - r->at < len ||
        strncasecmp(r->text.ptr + r->at, word, len) != 0 ||
        (r->at + len < r->text.len && is_bare(r->text.ptr[r->at + len]))) {
        return false;
    }
    r->at += len;
    return true;
}

static bool take_char(struct reading *r, char c)
{
    skip_blanks(r);
    if (r->at < r->text.len && r->text.ptr[r->at] == c) {
        r->at++;
        return true;
    }
    return false;
}

/* Between two of the same quote, which doubled stands for itself. */
static bool take_quoted(struct reading *r, const char *quotes,
                        struct km_str *out)
{
    if (r->at >= r->text.len || !r->text.ptr[r->at] ||
        !strchr(quotes, r->text.ptr[r->at])) {
        return false;
    }
    char quote = r->text.ptr[r->at];
    char *copy = km_arena_alloc(r->arena, r->text.len - r->at);
    size_t len = 0, i = r->at + 1;
    for (; copy && i < r->text.len; i++) {
        if (r->text.ptr[i] == quote) {
            if (i + 1 >= r->text.len || r->text.ptr[i + 1] != quote) {
                r->at = i + 1;
                *out = (struct km_str){copy, len};
                return true;
            }
            i++;
        }
        copy[len++] = r->text.ptr[i];
    }
    return false;
}

static struct km_str take_bare(struct reading *r, bool until_dot)
{
    size_t from = r->at;
    while (r->at < r->text.len && is_bare(r->text.ptr[r->at]) &&
           !(until_dot && r->text.ptr[r->at] == '.')) {
        r->at++;
    }
    return (struct km_str){r->text.ptr + from, r->at - from};
}

static const struct {
    const char *word;
    enum km_entity entity;
} entities[] = {
    {"metric", KM_ENTITY_METRIC},
    {"metrics", KM_ENTITY_METRIC},
    {"param", KM_ENTITY_PARAM},
    {"params", KM_ENTITY_PARAM},
    {"parameter", KM_ENTITY_PARAM},
    {"parameters", KM_ENTITY_PARAM},
    {"tag", KM_ENTITY_TAG},
    {"tags", KM_ENTITY_TAG},
    {"attribute", KM_ENTITY_ATTRIBUTE},
    {"attributes", KM_ENTITY_ATTRIBUTE},
    {"attr", KM_ENTITY_ATTRIBUTE},
    {"run", KM_ENTITY_ATTRIBUTE},
    {"dataset", KM_ENTITY_DATASET},
    {"datasets", KM_ENTITY_DATASET},
};

/* entity.key, or a key alone: an attribute. */
static enum km_code take_identifier(struct reading *r, enum km_entity *entity,
                                    struct km_str *key)
{
    struct km_str first;
    skip_blanks(r);
    if (!take_quoted(r, "`\"", &first)) {
        first = take_bare(r, true);
    }
    if (first.len == 0) {
        return expected(r, "metrics.KEY, params.KEY, tags.KEY or an attribute");
    }
    *entity = KM_ENTITY_ATTRIBUTE;
    *key = first;
    if (r->at >= r->text.len || r->text.ptr[r->at] != '.') {
        return KM_OK;
    }
    size_t i = 0, count = sizeof entities / sizeof *entities;
    while (i < count && !km_str_is(first, entities[i].word)) {
        i++;
    }
    if (i == count) {
        r->at -= first.len < r->at ? first.len : r->at;
        return expected(r, "metrics, params, tags, attributes or datasets");
    }
    *entity = entities[i].entity;
    r->at++;
    if (!take_quoted(r, "`\"'", key)) {
        *key = take_bare(r, false);
    }
    return key->len ? KM_OK : expected(r, "a key");
}

static bool take_comparison(struct reading *r, enum km_comparison *out)
{
    static const struct {
        const char *sign;
        enum km_comparison comparison;
    } signs[] = {{"!=", KM_COMPARE_NE}, {"<>", KM_COMPARE_NE},
                 {"<=", KM_COMPARE_LE}, {">=", KM_COMPARE_GE},
                 {"=", KM_COMPARE_EQ},  {"<", KM_COMPARE_LT},
                 {">", KM_COMPARE_GT}};
    skip_blanks(r);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const struct km_str rest = {r->text.ptr + r->at, r->text.len - r->at};
        if (km_str_starts(rest, km_str_of(signs[i].sign))) {
            r->at += strlen(signs[i].sign);
            *out = signs[i].comparison;
            return true;
        }
    }
    if (take_word(r, "ILIKE")) {
        *out = KM_COMPARE_ILIKE;
    } else if (take_word(r, "LIKE")) {
        *out = KM_COMPARE_LIKE;
    } else if (take_word(r, "IN")) {
        *out = KM_COMPARE_IN;
    } else if (take_word(r, "IS")) {
        *out = take_word(r, "NOT") ? KM_COMPARE_NOT_NULL : KM_COMPARE_NULL;
        return take_word(r, "NULL");
    } else if (take_word(r, "NOT")) {
        *out = KM_COMPARE_NOT_IN;
        return take_word(r, "IN");
    } else {
        return false;
    }
    return true;
}

static enum km_code take_value(struct reading *r, struct km_value *value)
{
    skip_blanks(r);
    *value = (struct km_value){.is_number = false};
    if (take_quoted(r, "'\"", &value->text)) {
        return KM_OK;
    }
    size_t from = r->at;
    value->text = take_bare(r, false);
    value->is_number = km_number_parse(value->text, &value->number);
    if (!value->is_number) {
        r->at = from;
        return expected(r, "a number, or a text in quotes");
    }
    return KM_OK;
}

static enum km_code take_list(struct reading *r, struct km_clause *clause)
{
    if (!take_char(r, '(')) {
        return expected(r, "'('");
    }
    size_t cap = 0;
    do {
        struct km_str *list =
            km_arena_widen(r->arena, clause->list, clause->list_count, &cap,
                           clause->list_count + 1, sizeof *list);
        struct km_value value;
        if (!list) {
            return km_fail(r->err, KM_EMEMORY, "no memory for a filter");
        }
        clause->list = list;
        enum km_code code = take_value(r, &value);
        if (code) {
            return code;
        }
        list[clause->list_count++] = value.text;
    } while (take_char(r, ','));
    return take_char(r, ')') ? KM_OK : expected(r, "',' or ')'");
}

static enum km_code take_clause(struct reading *r, struct km_clause *clause)
{
    *clause = (struct km_clause){.list = NULL};
    enum km_code code = take_identifier(r, &clause->entity, &clause->key);
    if (code) {
        return code;
    }
    if (!take_comparison(r, &clause->comparison)) {
        return expected(r, "=, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS "
                           "NULL or IS NOT NULL");
    }
    switch (clause->comparison) {
    case KM_COMPARE_NULL:
    case KM_COMPARE_NOT_NULL:
        return KM_OK;
    case KM_COMPARE_IN:
    case KM_COMPARE_NOT_IN:
        return take_list(r, clause);
    case KM_COMPARE_EQ:
    case KM_COMPARE_NE:
    case KM_COMPARE_LT:
    case KM_COMPARE_LE:
    case KM_COMPARE_GT:
    case KM_COMPARE_GE:
    case KM_COMPARE_LIKE:
    case KM_COMPARE_ILIKE:
        break;
    }
    skip_blanks(r);
    size_t from = r->at;
    code = take_value(r, &clause->value);
    bool number = clause->entity == KM_ENTITY_METRIC;
    bool text = clause->entity == KM_ENTITY_PARAM ||
                clause->entity == KM_ENTITY_TAG ||
                clause->entity == KM_ENTITY_DATASET;
    if (code == KM_OK && ((number && !clause->value.is_number) ||
                          (text && clause->value.is_number))) {
        r->at = from;
        return expected(r, number ? "a number" : "a text in quotes");
    }
    return code;
}

enum km_code km_filter_parse(struct km_str text, struct km_arena *arena,
                             struct km_filter *filter, struct km_err *err)
{
    struct reading r = {.text = text, .arena = arena, .err = err};
    filter->count = 0;
    filter->wants_metrics = false;
    if (text.len > KM_FILTER_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "the filter has %zu bytes, expected at most %d",
                       text.len, KM_FILTER_BYTES_MAX);
    }
    skip_blanks(&r);
    while (r.at < text.len) {
        if (filter->count == KM_FILTER_CLAUSES_MAX) {
            return km_fail(err, KM_ELIMIT,
                           "the filter has more than %d comparisons",
                           KM_FILTER_CLAUSES_MAX);
        }
        struct km_clause *clause = &filter->clauses[filter->count];
        enum km_code code = take_clause(&r, clause);
        if (code) {
            return code;
        }
        filter->count++;
        filter->wants_metrics |= clause->entity == KM_ENTITY_METRIC;
        skip_blanks(&r);
        if (r.at < text.len && !take_word(&r, "AND")) {
            return expected(&r, "AND");
        }
        skip_blanks(&r);
    }
    return KM_OK;
}

enum km_code km_order_parse(struct km_str text, struct km_arena *arena,
                            struct km_order_key *key, struct km_err *err)
{
    struct reading r = {.text = text, .arena = arena, .err = err};
    if (text.len > KM_FILTER_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT, "a key of an order has %zu bytes",
                       text.len);
    }
    enum km_code code = take_identifier(&r, &key->entity, &key->key);
    key->descending = false;
    if (code == KM_OK && !take_word(&r, "ASC")) {
        key->descending = take_word(&r, "DESC");
    }
    skip_blanks(&r);
    return code               ? code
           : r.at == text.len ? KM_OK
                              : expected(&r, "ASC, DESC or nothing");
}

/* ---- use ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* % any run, _ any one byte; goes back to the last % only: no blow-up. */
bool km_like(struct km_str text, struct km_str pattern, bool either_case)
{
    size_t t = 0, p = 0, star = SIZE_MAX, from = 0;
    while (t < text.len) {
        char have = text.ptr[t];
        if (p < pattern.len && pattern.ptr[p] == '%') {
            star = p++;
            from = t;
            continue;
        }
        char want = p < pattern.len ? pattern.ptr[p] : '\0';
        bool same =
            p < pattern.len && (want == '_' || want == have ||
                                (either_case && lower(want) == lower(have)));
        if (same) {
            t++;
            p++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '%') {
        p++;
    }
    return p == pattern.len;
}

static int compare_texts(struct km_str a, struct km_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_in(const struct km_clause *clause, struct km_str text)
{
    for (size_t i = 0; i < clause->list_count; i++) {
        if (km_str_equal(clause->list[i], text)) {
            return true;
        }
    }
    return false;
}

/* By sign of the comparison; NaN is unequal to all and in no order. */
static bool holds(enum km_comparison comparison, int order, bool comparable)
{
    switch (comparison) {
    case KM_COMPARE_EQ:
        return comparable && order == 0;
    case KM_COMPARE_NE:
        return !comparable || order != 0;
    case KM_COMPARE_LT:
        return comparable && order < 0;
    case KM_COMPARE_LE:
        return comparable && order <= 0;
    case KM_COMPARE_GT:
        return comparable && order > 0;
    case KM_COMPARE_GE:
        return comparable && order >= 0;
    case KM_COMPARE_LIKE:
    case KM_COMPARE_ILIKE:
    case KM_COMPARE_IN:
    case KM_COMPARE_NOT_IN:
    case KM_COMPARE_NULL:
    case KM_COMPARE_NOT_NULL:
        break;
    }
    return false;
}

static bool clause_holds(const struct km_clause *clause,
                         const struct km_value *value)
{
    switch (clause->comparison) {
    case KM_COMPARE_LIKE:
    case KM_COMPARE_ILIKE:
        return km_like(value->text, clause->value.text,
                       clause->comparison == KM_COMPARE_ILIKE);
    case KM_COMPARE_IN:
        return is_in(clause, value->text);
    case KM_COMPARE_NOT_IN:
        return !is_in(clause, value->text);
    case KM_COMPARE_NULL:
        return false;
    case KM_COMPARE_NOT_NULL:
        return true;
    case KM_COMPARE_EQ:
    case KM_COMPARE_NE:
    case KM_COMPARE_LT:
    case KM_COMPARE_LE:
    case KM_COMPARE_GT:
    case KM_COMPARE_GE:
        break;
    }
    double have = value->number, want = clause->value.number;
    if (value->is_number) {
        return clause->value.is_number &&
               holds(clause->comparison, (have > want) - (have < want),
                     !isnan(have) && !isnan(want));
    }
    return holds(clause->comparison,
                 compare_texts(value->text, clause->value.text), true);
}

bool km_filter_matches(const struct km_filter *filter, const void *subject,
                       km_value_fn get)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct km_clause *clause = &filter->clauses[i];
        struct km_value value = {.is_number = false};
        bool any = false, there = false;
        for (size_t k = 0;
             !any && get(subject, clause->entity, clause->key, k, &value);
             k++) {
            there = true;
            any = clause_holds(clause, &value);
        }
        if (!any && !(clause->comparison == KM_COMPARE_NULL && !there)) {
            return false;
        }
    }
    return true;
}

int km_order_compare(const struct km_order_key *key, bool a_there,
                     const struct km_value *a, bool b_there,
                     const struct km_value *b)
{
    int a_rank = !a_there ? 2 : a->is_number && isnan(a->number) ? 1 : 0;
    int b_rank = !b_there ? 2 : b->is_number && isnan(b->number) ? 1 : 0;
    if (a_rank || b_rank) {
        return a_rank - b_rank;
    }
    int order = a->is_number ? (a->number > b->number) - (a->number < b->number)
                             : compare_texts(a->text, b->text);
    return key->descending ? -order : order;
}
