/* test_elementary.c - exp and ln(1 + x) of many, against the library's. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/elementary.h"
#include "tap.h"

enum { COUNT = 1000, ROUNDS = 200 };

static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

static double relative(double found, long double expected)
{
    return (double)fabsl((long double)found / expected - 1);
}

static void exp_is_exact_to_a_bit(void)
{
    static double in[COUNT], out[COUNT];
    uint64_t state = 1;
    double worst = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double reach = round % 2 ? 700 : 1;
        for (int i = 0; i < COUNT; i++) {
            in[i] = reach * (2 * next(&state) - 1);
        }
        km_exp_many(in, COUNT, out);
        for (int i = 0; i < COUNT; i++) {
            worst = fmax(worst, relative(out[i], expl(in[i])));
        }
    }
    printf("# worst relative error %.3g\n", worst);
    CHECK(worst < 4e-16);
}

static void log1p_is_exact_to_a_bit(void)
{
    static double in[COUNT], out[COUNT];
    uint64_t state = 2;
    double worst = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++) {
            in[i] = pow(10, -20 + 40 * next(&state));
        }
        km_log1p_many(in, COUNT, out);
        for (int i = 0; i < COUNT; i++) {
            worst = fmax(worst, relative(out[i], log1pl(in[i])));
        }
    }
    printf("# worst relative error %.3g\n", worst);
    CHECK(worst < 4e-16);
}

static void ends_are_kept(void)
{
    double at[] = {0, -1e9, 1e9, -INFINITY, INFINITY};
    km_exp_many(at, 5, at);
    CHECK_NEAR(at[0], 1, 0);
    CHECK_NEAR(at[1] / exp(-700), 1, 1e-12);
    CHECK_NEAR(at[2] / exp(700), 1, 1e-12);
    CHECK_NEAR(at[3], at[1], 0);
    CHECK_NEAR(at[4], at[2], 0);
    double of[] = {0, 1e300, 0x1p-1074};
    km_log1p_many(of, 3, of);
    CHECK_NEAR(of[0], 0, 0);
    CHECK_NEAR(of[1], log1p(1e300), 1e-12);
    CHECK_NEAR(of[2], 0x1p-1074, 0);
}

/* Any count and place: vector code and what is left over agree. */
static void every_place_gives_the_same(void)
{
    double in[67], all[67], one[1];
    for (int i = 0; i < 67; i++) {
        in[i] = 0.37 * i - 11;
    }
    km_exp_many(in, 67, all);
    for (int i = 0; i < 67; i++) {
        km_exp_many(in + i, 1, one);
        CHECK_NEAR(one[0], all[i], 0);
    }
}

int main(void)
{
    RUN(exp_is_exact_to_a_bit);
    RUN(log1p_is_exact_to_a_bit);
    RUN(ends_are_kept);
    RUN(every_place_gives_the_same);
    return tap_end();
}
