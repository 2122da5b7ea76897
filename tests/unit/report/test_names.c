/* test_names.c - many names in one narrow column. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/names.h"

#include "report/text.h"
#include "tap.h"

#define MARK "\xe2\x80\xa6"
enum { MANY = 1000 };

static struct km_arena arena;

static void check_all(const char *const *names, const char *const *expected,
                      size_t count, size_t width)
{
    struct km_str given[8], shown[8];
    for (size_t i = 0; i < count; i++) {
        given[i] = km_str_of(names[i]);
    }
    CHECK(km_names_fit(&arena, given, count, width, MARK, shown));
    for (size_t i = 0; i < count; i++) {
        CHECK_TEXT(shown[i].ptr, expected[i]);
        CHECK(km_text_width(shown[i]) <= width);
    }
}

static void names_that_fit_stay_whole(void)
{
    const char *const names[] = {"lab/a", "lab/b", "lab/a"};
    check_all(names, names, 3, 5);
}

static void the_part_that_differs_stays(void)
{
    const char *const names[] = {"data/scores/acrobot/dreamerv2/seed-0",
                                 "data/scores/walker/dreamerv2/seed-0"};
    const char *const expected[] = {"data/" MARK "/acrobot/" MARK "/seed-0",
                                    "data/" MARK "/walker/" MARK "/seed-0"};
    check_all(names, expected, 2, 24);
}

static void long_parts_are_cut_when_they_must(void)
{
    const char *const names[] = {
        "data/acrobot_swingup_sparse/dreamerv2/version/seed-0",
        "data/cartpole_balance_twice/dreamerv2/version/seed-0"};
    const char *const expected[] = {MARK "/a" MARK "arse/" MARK "/seed-0",
                                    MARK "/c" MARK "wice/" MARK "/seed-0"};
    check_all(names, expected, 2, 17);
}

static void paths_of_other_depths_are_cut_where_they_differ(void)
{
    const char *const names[] = {"a/one/very_long_common_part/x/seed-0",
                                 "a/very_long_common_part/x/seed-0"};
    struct km_str given[2], shown[2];
    for (size_t i = 0; i < 2; i++) {
        given[i] = km_str_of(names[i]);
    }
    CHECK(km_names_fit(&arena, given, 2, 12, MARK, shown));
    CHECK(!km_str_equal(shown[0], shown[1]));
    CHECK(km_text_width(shown[0]) <= 12 && km_text_width(shown[1]) <= 12);
}

static void a_thousand_seeds_stay_apart(void)
{
    static struct km_str given[MANY], shown[MANY];
    for (int i = 0; i < MANY; i++) {
        given[i] = km_str_of(km_arena_printf(
            &arena, "project/benchmark_%d/method/with/a/long/way/seed-%d",
            i / 10, i % 10));
    }
    CHECK(km_names_fit(&arena, given, MANY, 28, MARK, shown));
    size_t same = 0;
    for (size_t i = 0; i < MANY; i++) {
        for (size_t k = 0; k < i; k++) {
            same += km_str_equal(shown[i], shown[k]);
        }
        CHECK(km_text_width(shown[i]) <= 28);
    }
    CHECK_INT(same, 0);
}

int main(void)
{
    km_arena_init(&arena, (size_t)64 << 20);
    RUN(names_that_fit_stay_whole);
    RUN(the_part_that_differs_stays);
    RUN(long_parts_are_cut_when_they_must);
    RUN(paths_of_other_depths_are_cut_where_they_differ);
    RUN(a_thousand_seeds_stay_apart);
    km_arena_finish(&arena);
    return tap_end();
}
