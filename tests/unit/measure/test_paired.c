/* test_paired.c - equal runs looked at after every block, and thin input. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/paired.h"

#include <math.h>
#include <string.h>

#include "measure/rng.h"
#include "tap.h"

enum { STEPS = 5000, TRIALS = 1000 };

static double difference[STEPS];
static const double ALPHA = 0.05, TWO_PI = 6.283185307179586;

static double normal(struct km_rng *rng)
{
    double u = 1 - km_rng_unit(rng), v = km_rng_unit(rng);
    return sqrt(-2 * log(u)) * cos(TWO_PI * v);
}

enum noise { NORMAL, HEAVY, WANDERING, SHRINKING };

static void draw(struct km_rng *rng, enum noise noise)
{
    double before = 0;
    for (int i = 0; i < STEPS; i++) {
        double value = normal(rng);
        if (noise == HEAVY) {
            double a = normal(rng), b = normal(rng), c = normal(rng);
            value /= sqrt((a * a + b * b + c * c) / 3);
        } else if (noise == WANDERING) {
            value += 0.8 * before;
            before = value;
        } else if (noise == SHRINKING) {
            value /= sqrt(i + 1.0);
        }
        difference[i] = value;
    }
}

static void equal_runs_are_decided_in_at_most_one_of_twenty(void)
{
    static const char *const names[] = {"normal", "heavy", "wandering",
                                        "shrinking"};
    struct km_rng rng;
    km_rng_seed(&rng, 21);
    for (int noise = NORMAL; noise <= SHRINKING; noise++) {
        int decided = 0;
        for (int t = 0; t < TRIALS; t++) {
            bool ever = false;
            draw(&rng, (enum noise)noise);
            for (size_t n = KM_PAIRED_MIN; n <= STEPS && !ever;
                 n += KM_PAIRED_BLOCK) {
                struct km_paired paired;
                ever = km_paired_sequence(difference, n, ALPHA, &paired) &&
                       (paired.lo > 0 || paired.hi < 0);
            }
            decided += ever;
        }
        printf("# %s: %d of %d pairs of equal runs decided\n", names[noise],
               decided, TRIALS);
        CHECK(decided <= 0.05 * TRIALS);
    }
}

static void a_lead_is_found_and_turns_with_its_sign(void)
{
    struct km_rng rng;
    struct km_paired paired, turned;
    km_rng_seed(&rng, 22);
    draw(&rng, NORMAL);
    for (int i = 0; i < STEPS; i++) {
        difference[i] += 0.2;
    }
    CHECK(km_paired_sequence(difference, STEPS, ALPHA, &paired));
    CHECK(paired.lo > 0 && paired.lo < 0.2 && paired.hi > 0.2);
    CHECK_INT(paired.from, 64 * KM_PAIRED_BLOCK); /* 250 blocks */
    CHECK_INT(paired.to, STEPS);
    CHECK_INT(paired.blocks, 250 - 64);
    for (int i = 0; i < STEPS; i++) {
        difference[i] *= -1000;
    }
    CHECK(km_paired_sequence(difference, STEPS, ALPHA, &turned));
    CHECK_NEAR(turned.lo, -1000 * paired.hi, 1e-9);
    CHECK_NEAR(turned.hi, -1000 * paired.lo, 1e-9);
}

static void thin_or_broken_input_gives_no_number(void)
{
    struct km_rng rng;
    struct km_paired paired;
    memset(difference, 0, sizeof difference);
    CHECK(!km_paired_sequence(difference, STEPS, ALPHA, &paired)); /* copies */
    km_rng_seed(&rng, 23);
    draw(&rng, NORMAL);
    CHECK(!km_paired_sequence(difference, 0, ALPHA, &paired));
    CHECK(!km_paired_sequence(difference, KM_PAIRED_MIN - 1, ALPHA, &paired));
    CHECK(km_paired_sequence(difference, KM_PAIRED_MIN, ALPHA, &paired));
    difference[STEPS - 1] = NAN;
    CHECK(!km_paired_sequence(difference, STEPS, ALPHA, &paired));
}

int main(void)
{
    RUN(equal_runs_are_decided_in_at_most_one_of_twenty);
    RUN(a_lead_is_found_and_turns_with_its_sign);
    RUN(thin_or_broken_input_gives_no_number);
    return tap_end();
}
