/* test_retention.c - what is left of old tasks, against tests/oracle, and laws
 * that hold whatever the numbers are. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "measure/distribution.h"
#include "measure/retention.h"
#include "measure/rng.h"
#define ORACLE_ROWS_MAX 12
#include "oracle_file.h"
#include "tap.h"

enum { T_MAX = ORACLE_ROWS_MAX, CELLS_MAX = (T_MAX + 1) * T_MAX };

static const char *path;
static double score[CELLS_MAX], error[CELLS_MAX], other[CELLS_MAX];

static struct km_retention read_matrix(bool with_error)
{
    size_t t = size(), cells = (t + 1) * t;
    for (size_t i = 0; i < cells; i++) {
        score[i] = number();
    }
    for (size_t i = 0; with_error && i < cells; i++) {
        error[i] = number();
    }
    return (struct km_retention){t, score, with_error ? error : NULL};
}

static void check_kinds(void)
{
    struct km_retention r = read_matrix(false);
    struct km_retained out;
    equals();
    for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
        km_retention_measure(&r, (enum km_retention_kind)kind, &out);
        check_within(out.value, number(), 1e-7);
        CHECK(out.known == isfinite(out.value) && isnan(out.se));
    }
}

/* To the accuracy of a difference quotient. */
static void check_errors(void)
{
    struct km_retention r = read_matrix(true);
    struct km_retained out;
    equals();
    for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
        km_retention_measure(&r, (enum km_retention_kind)kind, &out);
        CHECK_NEAR(out.se, number(), 1e-9);
    }
}

static void check_intransigence(void)
{
    struct km_retention r = read_matrix(true);
    double best[T_MAX], best_se[T_MAX];
    struct km_retained out;
    for (size_t i = 0; i < r.stages; i++) {
        best[i] = number();
    }
    for (size_t i = 0; i < r.stages; i++) {
        best_se[i] = number();
    }
    equals();
    km_retention_intransigence(&r, best, best_se, &out);
    check_next(out.value);
    check_next(out.se);
}

static void check_proportion(void)
{
    double proportion = number(), n = number();
    equals();
    check_next(km_proportion_error(proportion, n));
}

static void check_decay(void)
{
    struct km_retention r = read_matrix(false);
    struct km_retention_decay out;
    equals();
    CHECK(km_retention_decay(&r, &out));
    check_next(out.rate);
    check_next(out.se);
    check_next(out.df);
    check_next(out.half_life);
    check_next((double)out.cells);
    check_next((double)out.tasks);
    check_next(out.lag_max);
}

static void check_trade(void)
{
    struct km_retention r = read_matrix(false);
    struct km_retention_trade trades[T_MAX];
    double rate, se;
    equals();
    for (size_t stage = 2; stage <= r.stages; stage++) {
        CHECK(km_retention_trade(&r, stage, &trades[stage - 2]));
        check_next(trades[stage - 2].gain);
        check_next(trades[stage - 2].loss);
    }
    CHECK(km_exchange_rate(trades, r.stages - 1, &rate, &se));
    check_next(rate);
    check_next(se);
}

static void every_value_is_that_of_the_oracle(void)
{
    static const struct oracle_check checks[] = {
        {"kinds", check_kinds},
        {"errors", check_errors},
        {"intransigence", check_intransigence},
        {"proportion", check_proportion},
        {"decay", check_decay},
        {"trade", check_trade}};
    oracle_run(path, checks, sizeof checks / sizeof *checks, 41);
}

static struct km_retention random_matrix(struct km_rng *rng, size_t t)
{
    for (size_t i = 0; i < (t + 1) * t; i++) {
        score[i] = 0.1 + 0.8 * (double)km_rng_below(rng, 1000) / 1000;
        error[i] = 0.01;
    }
    return (struct km_retention){t, score, error};
}

/* A cell matters to a figure exactly when leaving it out takes the figure away
 * (or makes the maximum a bound), and then it is the hole that is named. */
static void a_figure_names_the_first_cell_that_it_lacks(void)
{
    struct km_rng rng;
    km_rng_seed(&rng, 7);
    for (size_t t = 2; t <= 6; t++) {
        struct km_retention r = random_matrix(&rng, t);
        for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
            struct km_retained whole, holed, moved;
            km_retention_measure(&r, (enum km_retention_kind)kind, &whole);
            for (size_t at = 0; at < (t + 1) * t; at++) {
                double kept = score[at];
                score[at] = kept + 0.01;
                km_retention_measure(&r, (enum km_retention_kind)kind, &moved);
                score[at] = NAN;
                km_retention_measure(&r, (enum km_retention_kind)kind, &holed);
                score[at] = kept;
                bool matters = fabs(moved.value - whole.value) > 1e-12;
                if (kind == KM_RETAIN_FORGET_MAX && holed.known) {
                    CHECK(holed.value <= whole.value + 1e-12);
                    CHECK(!matters || holed.bound);
                    continue;
                }
                CHECK(holed.known != matters);
                CHECK(!matters || (holed.hole_stage == at / t &&
                                   holed.hole_task == at % t + 1));
            }
        }
    }
}

static void a_shift_moves_scores_and_leaves_changes(void)
{
    static const bool moves[KM_RETAIN_KIND_COUNT] = {
        [KM_RETAIN_LAST] = true,      [KM_RETAIN_STAGES] = true,
        [KM_RETAIN_CELLS] = true,     [KM_RETAIN_LEARNED] = true,
        [KM_RETAIN_FWT_CELLS] = true,
    };
    struct km_rng rng;
    km_rng_seed(&rng, 8);
    struct km_retention r = random_matrix(&rng, 5), shifted = r, scaled = r;
    double twice[CELLS_MAX];
    for (size_t i = 0; i < 30; i++) {
        other[i] = score[i] + 3;
        twice[i] = 1e9 * score[i];
    }
    shifted.score = other;
    scaled.score = twice;
    for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
        struct km_retained a, b, c;
        km_retention_measure(&r, (enum km_retention_kind)kind, &a);
        km_retention_measure(&shifted, (enum km_retention_kind)kind, &b);
        km_retention_measure(&scaled, (enum km_retention_kind)kind, &c);
        CHECK_NEAR(b.value - a.value, moves[kind] ? 3 : 0, 1e-12);
        CHECK_NEAR(c.value, 1e9 * a.value, 1e-3);
        CHECK(a.se > 0);
    }
    struct km_retention_decay one, many;
    CHECK(km_retention_decay(&r, &one) && km_retention_decay(&scaled, &many));
    CHECK_NEAR(many.rate, one.rate, 1e-9);
}

static double gauss(struct km_rng *rng)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (double)km_rng_below(rng, 1u << 30) / (double)(1u << 30) - 0.5;
    }
    return sum;
}

/* Scores of n right or wrong answers: the 80 % interval of each figure holds
 * the true value as often as it says. A maximum of noisy cells is biased. */
static void intervals_hold_the_truth_as_often_as_they_say(void)
{
    enum { T = 4, N = 250, ALL = 3000 };
    struct km_rng rng;
    km_rng_seed(&rng, 11);
    struct km_retention r = random_matrix(&rng, T);
    double truth[CELLS_MAX];
    struct km_retained out;
    int held[KM_RETAIN_KIND_COUNT] = {0};
    memcpy(truth, score, sizeof truth);
    for (int turn = 0; turn < ALL; turn++) {
        for (size_t i = 0; i < (T + 1) * T; i++) {
            int right = 0;
            for (int k = 0; k < N; k++) {
                right += (double)km_rng_below(&rng, 1000000) < 1e6 * truth[i];
            }
            score[i] = (double)right / N;
            error[i] = km_proportion_error(score[i], N);
        }
        for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
            struct km_retention exact = {T, truth, NULL};
            struct km_retained is;
            km_retention_measure(&r, (enum km_retention_kind)kind, &out);
            km_retention_measure(&exact, (enum km_retention_kind)kind, &is);
            held[kind] += fabs(out.value - is.value) <= 1.2815515655 * out.se;
        }
    }
    for (int kind = 0; kind < KM_RETAIN_KIND_COUNT; kind++) {
        double share = (double)held[kind] / ALL;
        printf("# kind %d: %.3f\n", kind, share);
        CHECK(kind == KM_RETAIN_FORGET_MAX || fabs(share - 0.8) < 0.03);
    }
}

/* Tasks whose shares scatter about one rate: the unit is the task. */
static void the_interval_of_a_rate_holds_it(void)
{
    struct km_rng rng;
    km_rng_seed(&rng, 12);
    for (size_t t = 4; t <= 8; t += 2) {
        int held = 0, all = 1500;
        struct km_retention r = {t, score, NULL};
        for (int turn = 0; turn < all; turn++) {
            for (size_t j = 1; j <= t; j++) {
                double rate = 0.25 + 0.05 * gauss(&rng);
                for (size_t i = 0; i <= t; i++) {
                    double lag = i > j ? (double)(i - j) : 0;
                    score[i * t + j - 1] =
                        exp(-rate * lag) + (lag > 0 ? 0.02 * gauss(&rng) : 0);
                }
            }
            struct km_retention_decay out;
            CHECK(km_retention_decay(&r, &out));
            held +=
                fabs(out.rate - 0.25) <= km_t_quantile(0.9, out.df) * out.se;
        }
        printf("# %zu stages: %.3f\n", t, (double)held / all);
        CHECK(fabs((double)held / all - 0.81) < 0.05);
    }
}

static void what_is_not_there_gives_no_number(void)
{
    struct km_retained out;
    struct km_retention_decay decay;
    struct km_retention_trade trade;
    double rate, se;
    /* no stage at all, and one stage */
    struct km_retention none = {0, score, NULL};
    km_retention_measure(&none, KM_RETAIN_LAST, &out);
    CHECK(!out.known && isnan(out.value));
    const double one[] = {0.1, 0.7};
    struct km_retention single = {1, one, NULL};
    km_retention_measure(&single, KM_RETAIN_BWT, &out);
    CHECK(!out.known && out.hole_task == 0);
    km_retention_measure(&single, KM_RETAIN_LAST, &out);
    CHECK_NEAR(out.value, 0.7, 1e-15);
    CHECK(!km_retention_decay(&single, &decay));
    /* nothing but holes */
    for (size_t i = 0; i < 12; i++) {
        other[i] = NAN;
    }
    struct km_retention holes = {3, other, NULL};
    km_retention_measure(&holes, KM_RETAIN_FORGET_MAX, &out);
    CHECK(!out.known && out.hole_stage == 1 && out.hole_task == 1);
    CHECK(!km_retention_decay(&holes, &decay));
    CHECK(!km_retention_trade(&holes, 2, &trade));
    CHECK(trade.hole_stage == 1 && trade.hole_task == 2);
    /* a score of 0 has no share left; nothing gained has no rate */
    const double zero[] = {0, 0, 0, 0.2, 0.5, 0.5};
    struct km_retention flat = {2, zero, NULL};
    CHECK(!km_retention_decay(&flat, &decay));
    trade = (struct km_retention_trade){.gain = -0.1, .loss = 0.2};
    CHECK(!km_exchange_rate(&trade, 1, &rate, &se) && isnan(rate));
    /* all forgotten at once: the fastest rate that is tried */
    const double gone[] = {0, 0, 0.9, 0, 0, 0.8};
    struct km_retention lost = {2, gone, NULL};
    CHECK(km_retention_decay(&lost, &decay) && decay.half_life < 0.06);
    CHECK(isnan(km_proportion_error(1.2, 10)) &&
          isnan(km_proportion_error(0.5, 0)));
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/retention.txt";
    RUN(every_value_is_that_of_the_oracle);
    RUN(a_figure_names_the_first_cell_that_it_lacks);
    RUN(a_shift_moves_scores_and_leaves_changes);
    RUN(intervals_hold_the_truth_as_often_as_they_say);
    RUN(the_interval_of_a_rate_holds_it);
    RUN(what_is_not_there_gives_no_number);
    return tap_end();
}
