/* known_scaling.c - the weak scaling of docs/metrics.md: 512 tokens a step and
 * accelerator, 1000 N / (1 + 0.02 (N - 1) + 0.001 N (N - 1)) tokens a second.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_scaling.h"

#include "score/compare_scaling.h"

void known_scaling_build(struct cohort_build *build, size_t numbers,
                         size_t each, uint32_t *group)
{
    struct km_arena *arena = &build->arena;
    for (size_t k = 0; k < numbers; k++) {
        double n = (double)(1u << k);
        double speed = 1000 * n / (1 + 0.02 * (n - 1) + 0.001 * n * (n - 1));
        for (size_t i = 0; i < each; i++) {
            struct km_member *member = cohort_build_run(
                build, km_arena_printf(arena, "lab/n%g-%zu", n, i), 500);
            cohort_build_set(member, "batch",
                             km_arena_printf(arena, "%g", 512 * n));
            cohort_build_set(member, "world_size",
                             km_arena_printf(arena, "%g", n));
            cohort_build_rate(member, KM_AXIS_TOKEN, 512 * n);
            cohort_build_rate(member, KM_AXIS_ACTIVE, 512 * n / speed);
            member->facts.accelerators = n;
            member->facts.accelerators_key = "world_size";
            group[build->cohort.count - 1] = 0;
        }
    }
}

void known_scaling_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct cohort_build build;
    uint32_t group[BUILD_RUNS_MAX];
    cohort_build_begin(&build);
    known_scaling_build(&build, 6, 1, group);
    km_arena_init(arena, KM_ARENA_COMMAND_BYTES_MAX);
    *card = (struct km_scorecard){.arena = arena, .level = 0.8};
    (void)km_compare_scaling_add(&build.cohort, group, card, NULL);
    cohort_build_end(&build);
}
