/* test_spell.c - what printf() wrote with an exponent, written out. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spell.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

static void numbers_are_written_out_and_names_are_not(void)
{
    static const struct {
        const char *text, *spelt;
    } rows[] = {
        {"ahead with 1.76e+04 reward", "ahead with 17 600 reward"},
        {"1e+12", "1 000 000 000 000"},
        {"may be 1.5e+05 or 1e+08 steps",
         "may be 150 000 or 100 000 000 steps"},
        {"1.5e+02 % worse", "150 % worse"},
        {"[1.203e+04, 2e+03]", "[12 030, 2000]"},
        {"MAD 1e-06 ms", "MAD 0.000001 ms"},
        {"-2.5e-03.", "-0.0025."},
        {"1.23456e+02", "123.456"},
        {"below 5.93e-136 is", "below 5.93e-136 is"},
        {"1e+13", "1e+13"},
        {"lr=1e-05 wins", "lr=1e-05 wins"},
        {"run 10e8f7c6", "run 10e8f7c6"},
        {"run 1e-07abc", "run 1e-07abc"},
        {"a1e+04", "a1e+04"},
        {"1e+04.5", "1e+04.5"},
        {"1e-3", "1e-3"},
        {"e+04 1. 1.e", "e+04 1. 1.e"},
        {"", ""},
        {"no number", "no number"},
    };
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_TEXT(km_spell_numbers(rows[i].text, &arena), rows[i].spelt);
    }
    CHECK(km_spell_numbers(NULL, &arena) == NULL);
    km_arena_finish(&arena);
}

static void what_is_long_has_room(void)
{
    char text[4001] = "";
    struct km_arena arena;
    km_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 500; i++) {
        memcpy(text + 8 * i, "1.e+12  ", 8);
        memcpy(text + 8 * i, "1e+12   ", 8);
    }
    const char *spelt = km_spell_numbers(text, &arena);
    CHECK(spelt && strlen(spelt) == 500 * (17 + 3));
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(numbers_are_written_out_and_names_are_not);
    RUN(what_is_long_has_room);
    return tap_end();
}
