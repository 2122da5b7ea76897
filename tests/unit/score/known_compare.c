/* known_compare.c - muon against adamw of docs/metrics.md: four seeds each.
 *
 * Loss 4 (x/s)^-0.5 over 2,000 planned steps; s = 600 for adamw and 500 for
 * muon, seeds at -1.5, -0.5, 0.5 and 1.5 %. A step of adamw takes 1000 tokens,
 * 0.1 s and 0.01 EUR, one of muon 800 tokens, 0.1 s and 0.012 EUR. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_compare.h"

#include "score/card.h"
#include "score/compare_pair.h"
#include "score/seeds.h"
#include "score/target_group.h"

void known_compare_build(struct cohort_build *build, size_t seeds,
                         uint32_t *group)
{
    static const char *const names[] = {"muon", "adamw"};
    static const double scale[] = {500, 600}, tokens[] = {800, 1000};
    static const double money[] = {0.012, 0.01};
    for (int arm = 0; arm < 2; arm++) {
        for (size_t s = 0; s < seeds; s++) {
            char *label =
                km_arena_printf(&build->arena, "lab/%s-%zu", names[arm], s + 1);
            double off = (double)s - (double)(seeds - 1) / 2;
            struct km_member *member =
                cohort_build_run(build, label, scale[arm] * (1 + 0.01 * off));
            cohort_build_set(member, "optimizer", names[arm]);
            cohort_build_set(member, "seed",
                             km_arena_printf(&build->arena, "%zu", s));
            cohort_build_rate(member, KM_AXIS_TOKEN, tokens[arm]);
            cohort_build_rate(member, KM_AXIS_ACTIVE, 0.1);
            cohort_build_rate(member, KM_AXIS_CURRENCY, money[arm]);
            member->facts.max_steps = 2000;
            member->state = KM_RUN_FINISHED;
            group[build->cohort.count - 1] = (uint32_t)arm;
        }
    }
}

enum km_code known_compare_run(struct cohort_build *build,
                               const uint32_t *group,
                               const struct km_compare_options *options,
                               struct km_scorecard *card)
{
    static const char *const names[] = {"muon", "adamw"};
    struct km_arm arms[2];
    struct km_arm_metric metric;
    struct km_seed_spread history;
    enum km_code code = km_arms_build(&build->cohort, group, names, 2,
                                      &build->arena, arms, &metric, NULL);
    if (code == KM_OK) {
        code = km_seed_spread_of(&build->cohort, arms, 2, &metric,
                                 &build->arena, &history, NULL);
    }
    return code ? code
                : km_compare_add(&arms[0], &arms[1], &metric, &history, options,
                                 card, NULL);
}

/* Of two runs that saw the same batches, one is ahead by 0.05, every other
 * block of 20 steps by 0.03 or 0.07. */
static void known_pair_add(struct cohort_build *build,
                           struct km_scorecard *card)
{
    enum { STEPS = 2000 };
    double *step = km_new(&build->arena, double, STEPS);
    double *difference = km_new(&build->arena, double, STEPS);
    struct km_member a = build->cohort.members[0];
    a.learn = a.valid;
    for (int i = 0; i < STEPS; i++) {
        step[i] = i + 1;
        difference[i] = -0.05 + (i / 20 % 2 ? 0.02 : -0.02);
    }
    (void)km_compare_pair_of(&a, &build->cohort.members[KNOWN_SEEDS], step,
                             difference, STEPS, card, NULL);
}

void known_compare_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct cohort_build build;
    struct km_compare_options options;
    const struct km_seeds_options seeds = {.delta = 0.1, .power = 0.8};
    uint32_t group[BUILD_RUNS_MAX];
    km_compare_options_init(&options);
    cohort_build_begin(&build);
    known_compare_build(&build, KNOWN_SEEDS, group);
    *card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
    (void)known_compare_run(&build, group, &options, card);
    (void)km_seeds_add(&build.cohort, &seeds, card, NULL);
    known_pair_add(&build, card);
    static const char *const names[] = {"muon", "adamw"};
    (void)km_target_group_add(&build.cohort, group, 2, names, "val/loss", 4,
                              card, NULL);
    *arena = build.arena;
    card->arena = arena;
}
