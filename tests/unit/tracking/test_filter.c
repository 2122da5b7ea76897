/* test_filter.c - filters of searches: each row is what a client wrote, and
 * which of three runs it lets through; then what is refused, and at which byte.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tracking/filter.h"

#include "tap.h"

struct run {
    const char *name, *opt, *best; /* NULL: it has none */
    double loss;                   /* NaN is a value */
};

static const struct run runs[] = {{"a", "adam", "yes", 0.5},
                                  {"b", "sgd", NULL, 1.5},
                                  {"c", "it's", "no", NAN}};

static bool get(const void *subject, enum km_entity entity, struct km_str key,
                size_t index, struct km_value *out)
{
    const struct run *run = subject;
    *out = (struct km_value){.is_number = entity == KM_ENTITY_METRIC,
                             .number = run->loss};
    const char *text = entity == KM_ENTITY_PARAM ? run->opt
                       : entity == KM_ENTITY_TAG ? run->best
                                                 : run->name;
    if (index || (out->is_number && !km_str_is(key, "loss"))) {
        return false;
    }
    out->text = km_str_of(text);
    return out->is_number || text;
}

static const struct {
    const char *filter, *through;
} rows[] = {
    {"", "abc"},
    {"metrics.loss < 1", "a"},
    {"metric.loss >= -1e3 and metrics.`loss` != 0.5", "b"},
    {"metrics.loss != 0.5", "bc"},
    {"metrics.other = 0", ""},
    {"metrics.other IS NULL", "abc"},
    {"params.opt = 'adam'", "a"},
    {"params.opt = 'it''s'", "c"},
    {"parameters.opt != \"adam\"", "bc"},
    {"param.opt LIKE 'a%' OR", NULL},
    {"params.opt LIKE '%a%'", "a"},
    {"params.opt ILIKE 'SG_'", "b"},
    {"params.opt LIKE 'SG_'", ""},
    {"tags.best IS NULL", "b"},
    {"tags.best IS NOT NULL AND name IN ('a','b')", "a"},
    {"tags.\"best\" is not null and name not in ( 'a' )", "c"},
    {"name = 'a'and name='a'", "a"},
    {"tags.best != 'yes'", "c"},
};

static void lets_through_what_a_client_means(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct km_filter filter;
        struct km_arena arena;
        struct km_err err;
        char through[4] = "";
        size_t n = 0;
        km_arena_init(&arena, KM_MIB);
        enum km_code code =
            km_filter_parse(km_str_of(rows[i].filter), &arena, &filter, &err);
        CHECK_INT(code == KM_OK, rows[i].through != NULL);
        for (size_t k = 0; k < 3 && code == KM_OK; k++) {
            if (km_filter_matches(&filter, &runs[k], get)) {
                through[n++] = runs[k].name[0];
            }
        }
        if (rows[i].through) {
            CHECK_TEXT(through, rows[i].through);
        }
        km_arena_finish(&arena);
    }
}

static const struct {
    const char *filter, *words;
} refused[] = {
    {"metrics.loss <", "byte 14 of the filter: expected a number, or a text in "
                       "quotes, found ''"},
    {"metrics.loss = '1'", "byte 15 of the filter: expected a number, found "
                           "''1''"},
    {"params.a = 1", "byte 11 of the filter: expected a text in quotes, found "
                     "'1'"},
    {"things.a = '1'", "byte 0 of the filter: expected metrics, params, tags, "
                       "attributes or datasets, found 'things.a = '1''"},
    {"a = 'b' or c = 'd'", "byte 8 of the filter: expected AND, found 'or c = "
                           "'d''"},
    {"a = 'b", "byte 4 of the filter: expected a number, or a text in quotes, "
               "found ''b'"},
    {"a IN ('b'", "byte 9 of the filter: expected ',' or ')', found ''"},
    {"a ~ 'b'", "byte 2 of the filter: expected =, !=, <, <=, >, >=, LIKE, "
                "ILIKE, IN, NOT IN, IS NULL or IS NOT NULL, found '~ 'b''"},
};

static void says_where_it_stops_to_understand(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        static struct km_filter filter;
        struct km_arena arena;
        struct km_err err = {.code = KM_OK};
        km_arena_init(&arena, KM_MIB);
        CHECK_INT(km_filter_parse(km_str_of(refused[i].filter), &arena, &filter,
                                  &err),
                  KM_EINPUT);
        CHECK_TEXT(err.message, refused[i].words);
        km_arena_finish(&arena);
    }
}

static void puts_what_is_missing_last_in_either_order(void)
{
    struct km_order_key key;
    struct km_arena arena;
    km_arena_init(&arena, KM_MIB);
    CHECK_INT(km_order_parse(KM_STR("metrics.`a b` desc"), &arena, &key, NULL),
              KM_OK);
    CHECK(key.descending && km_str_is(key.key, "a b"));
    const struct km_value one = {.is_number = true, .number = 1};
    const struct km_value two = {.is_number = true, .number = 2};
    const struct km_value nan = {.is_number = true, .number = NAN};
    CHECK(km_order_compare(&key, true, &two, true, &one) < 0);
    CHECK(km_order_compare(&key, true, &one, false, &two) < 0);
    CHECK(km_order_compare(&key, true, &nan, false, &two) < 0);
    CHECK(km_order_compare(&key, true, &one, true, &nan) < 0);
    CHECK(km_order_parse(KM_STR("a b"), &arena, &key, NULL) == KM_EINPUT);
    km_arena_finish(&arena);
}

static void matches_patterns_without_blowing_up(void)
{
    char text[4096], pattern[2048];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = i % 2 ? '%' : 'a';
    }
    pattern[sizeof pattern - 1] = 'b';
    CHECK(!km_like((struct km_str){text, sizeof text},
                   (struct km_str){pattern, sizeof pattern}, false));
    CHECK(km_like(KM_STR("abc"), KM_STR("%"), false));
    CHECK(km_like(KM_STR(""), KM_STR(""), false));
    CHECK(!km_like(KM_STR("x"), KM_STR(""), false));
    CHECK(km_like(KM_STR("100%"), KM_STR("1__%"), false));
}

int main(void)
{
    RUN(lets_through_what_a_client_means);
    RUN(says_where_it_stops_to_understand);
    RUN(puts_what_is_missing_last_in_either_order);
    RUN(matches_patterns_without_blowing_up);
    return tap_end();
}
