/* test_power.c - differences that are planted are found as often as is stated.
 *
 * The table of docs/metrics.md#power-of-the-verdict is computed anew: share of
 * pairs of arms in which the better one is said to be better at the end, beside
 * km_sequential_power(), which is what seeds are advised by. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "known_compare.h"
#include "measure/rng.h"
#include "measure/sequential.h"
#include "tap.h"

enum { TRIALS = 4000, EFFECTS = 6, COLUMNS = 6, SEEDS_MOST = 5 };
static const double ALPHA_AT_END = 0.05 * 0.70, SD = 0.01;

static const char *path;
static const double effects[EFFECTS] = {0, 0.5, 1, 2, 3, 4};
static const struct {
    size_t seeds;
    double history; /* degrees of freedom of other configurations */
} columns[COLUMNS] = {{2, 0}, {3, 0}, {5, 0}, {2, 8}, {3, 8}, {5, 8}};

static struct cohort_build build;
static struct km_arm arms[2];

static double normal(struct km_rng *rng)
{
    double u = 1 - km_rng_unit(rng), v = km_rng_unit(rng);
    return sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
}

static void build_arms(size_t seeds)
{
    static const char *const names[] = {"better", "other"};
    uint32_t group[BUILD_RUNS_MAX];
    struct km_arm_metric metric;
    cohort_build_begin(&build);
    known_compare_build(&build, seeds, group);
    CHECK_INT(km_arms_build(&build.cohort, group, names, 2, &build.arena, arms,
                            &metric, NULL),
              KM_OK);
}

/* The variance of seeds as other configurations know it: not exactly. */
static struct km_seed_spread history_of(double df, struct km_rng *rng)
{
    struct km_seed_spread spread = {.pooled = NAN};
    for (int i = 0; i < df; i++) {
        double z = normal(rng);
        spread.final.variance += SD * SD * z * z / df;
    }
    spread.final.df = df;
    return spread;
}

/* Shares of TRIALS in which the better arm, and in which the other, is said to
 * be better. */
static double found(size_t seeds, double history, double effect, double *wrong)
{
    struct km_compare_options options;
    struct km_arena scratch;
    struct km_rng rng;
    int right = 0, other = 0;
    km_compare_options_init(&options);
    km_rng_seed(&rng, 100 * seeds + (uint64_t)(10 * effect + history));
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    for (int trial = 0; trial < TRIALS; trial++) {
        struct km_seed_spread spread = history_of(history, &rng);
        struct km_verdict verdict;
        for (size_t i = 0; i < build.cohort.count; i++) {
            build.cohort.members[i].valid.last =
                3 + SD * (normal(&rng) - (i < seeds ? effect : 0));
        }
        km_arena_reset(&scratch);
        km_verdict_judge(&arms[0], &arms[1], &spread, &options, 1, NULL,
                         &scratch, &verdict);
        right += verdict.outcome == KM_OUTCOME_A;
        other += verdict.outcome == KM_OUTCOME_B;
    }
    km_arena_finish(&scratch);
    *wrong = (double)other / TRIALS;
    return (double)right / TRIALS;
}

/* In percent, both directions: at no difference either is wrong. */
static double stated(size_t seeds, double history, double effect)
{
    return 100 *
           km_sequential_power(ALPHA_AT_END, 2 * (double)seeds - 2 + history,
                               (double)seeds / 2, KM_SEQUENTIAL_SPREAD, effect);
}

/* Reads "| effect | stated / found | ..." after the heading; false: no more. */
static bool read_row(FILE *file, double *effect, double cells[COLUMNS][2])
{
    char line[400];
    while (fgets(line, sizeof line, file) && strncmp(line, "## ", 3) != 0) {
        if (sscanf(line,
                   "| %lf | %lf / %lf | %lf / %lf | %lf / %lf | %lf / %lf | "
                   "%lf / %lf | %lf / %lf |",
                   effect, &cells[0][0], &cells[0][1], &cells[1][0],
                   &cells[1][1], &cells[2][0], &cells[2][1], &cells[3][0],
                   &cells[3][1], &cells[4][0], &cells[4][1], &cells[5][0],
                   &cells[5][1]) == 1 + 2 * COLUMNS) {
            return true;
        }
    }
    return false;
}

static FILE *open_table(void)
{
    static const char heading[] = "## Power of the verdict";
    char line[400];
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, heading, sizeof heading - 1) == 0) {
            return file;
        }
    }
    CHECK(!"the table is there");
    return file;
}

static void planted_differences_are_found_as_the_table_says(void)
{
    double effect, cells[EFFECTS][COLUMNS][2], share[EFFECTS][COLUMNS];
    FILE *file = open_table();
    for (size_t e = 0; e < EFFECTS; e++) {
        CHECK(file && read_row(file, &effect, cells[e]));
        CHECK_NEAR(effect, effects[e], 0);
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        build_arms(columns[c].seeds);
        for (size_t e = 0; e < EFFECTS; e++) {
            double wrong,
                sure = stated(columns[c].seeds, columns[c].history, effects[e]);
            share[e][c] = 100 * found(columns[c].seeds, columns[c].history,
                                      effects[e], &wrong);
            share[e][c] += effects[e] > 0 ? 0 : 100 * wrong;
            CHECK(wrong <= 0.003);
            CHECK_NEAR(cells[e][c][0], sure, 0.5001); /* as it is written */
            CHECK_NEAR(cells[e][c][1], share[e][c], 0.5001);
            /* a tenth of histories are refuted though they are right, and
             * then left out */
            double p = sure / 100, least = columns[c].history > 0 ? 0.9 : 1;
            double slack = 300 * sqrt(p * (1 - p) / TRIALS) + 0.2;
            CHECK(share[e][c] >= least * sure - slack);
            CHECK(share[e][c] <= sure + slack);
        }
        cohort_build_end(&build);
    }
    for (size_t e = 0; e < EFFECTS; e++) {
        printf("# | %g |", effects[e]);
        for (size_t c = 0; c < COLUMNS; c++) {
            printf(" %.0f / %.0f |",
                   stated(columns[c].seeds, columns[c].history, effects[e]),
                   share[e][c]);
        }
        printf("\n");
    }
    if (file) {
        (void)fclose(file);
    }
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "docs/metrics.md";
    RUN(planted_differences_are_found_as_the_table_says);
    return tap_end();
}
