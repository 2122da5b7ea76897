/* test_number.c - text and bits agree, correctly rounded, in both directions.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <stdlib.h>

#include "tap.h"

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void parses_like_strtod_on_random_decimals(void)
{
    unsigned long long seed = 1;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned long long mantissa = seed >> (seed % 40);
        int exponent = (int)(seed >> 33) % 330;
        (void)snprintf(text, sizeof text, "%s%llu.%03de%d", seed & 1 ? "-" : "",
                       mantissa, (int)(seed % 1000),
                       seed & 2 ? exponent : -exponent);
        double value = 0;
        CHECK(km_number_parse(km_str_of(text), &value));
        if (!same_bits(value, strtod(text, NULL))) {
            printf("# %s\n", text);
            CHECK(false);
        }
    }
}

static void every_double_survives_a_round_trip(void)
{
    unsigned long long seed = 7;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        double value, back = 0;
        memcpy(&value, &seed, sizeof value);
        char text[KM_NUMBER_BYTES];
        size_t len = km_number_format(value, text);
        CHECK(km_number_parse((struct km_str){text, len}, &back));
        CHECK(same_bits(value, back) || (isnan(value) && isnan(back)));
    }
    char text[KM_NUMBER_BYTES];
    km_number_format(-0.0, text);
    CHECK_TEXT(text, "-0.0");
    km_number_format(0.1, text);
    CHECK_TEXT(text, "0.1");
}

static void reads_words_and_refuses_what_is_not_a_number(void)
{
    static const char *const bad[] = {"",     "-",    ".",   "e5", "1x",   "1 ",
                                      "0x10", "nano", "--1", "1e", "1.2.3"};
    double value = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(!km_number_parse(km_str_of(bad[i]), &value));
        CHECK(same_bits(value, 42));
    }
    CHECK(km_number_parse(KM_STR("-Infinity"), &value) && isinf(value));
    CHECK(km_number_parse(KM_STR("nan"), &value) && isnan(value));
    CHECK(km_number_parse(KM_STR("5."), &value) && same_bits(value, 5));
    CHECK(km_number_parse(KM_STR(".5"), &value) && same_bits(value, 0.5));
    CHECK_INT(km_number_scan(KM_STR("12.5ms"), &value), 4);
    CHECK_INT(km_number_scan(KM_STR("3 e5"), &value), 1);
}

static void integers_are_exact_to_the_last_bit(void)
{
    int64_t value = 0;
    CHECK(km_integer_parse(KM_STR("9223372036854775807"), &value));
    CHECK(value == INT64_MAX);
    CHECK(km_integer_parse(KM_STR("-9223372036854775808"), &value));
    CHECK(value == INT64_MIN);
    CHECK(!km_integer_parse(KM_STR("9223372036854775808"), &value));
    CHECK(!km_integer_parse(KM_STR("1.0"), &value));
    CHECK(!km_integer_parse(KM_STR("-"), &value));
}

int main(void)
{
    RUN(parses_like_strtod_on_random_decimals);
    RUN(every_double_survives_a_round_trip);
    RUN(reads_words_and_refuses_what_is_not_a_number);
    RUN(integers_are_exact_to_the_last_bit);
    return tap_end();
}
