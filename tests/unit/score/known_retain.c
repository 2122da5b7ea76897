/* known_retain.c - the lineages of docs/metrics.md: tasks a, b and c.
 *
 *     plain       a      b      c        Each task keeps 0.7 of its score a
 *     before    0.250  0.250  0.250      stage. A run that was trained on all
 *     1 a       0.800  0.300  0.200      tasks at once scores 0.9 on each.
 *     2 b       0.560  0.900  0.350
 *     3 c       0.392  0.630  0.850      "replay" forgets 0.05 and learns
 *                                        0.05 less of b and c. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_retain.h"

#include "lineage_build.h"

static const double plain[] = {0.25, 0.25, 0.25, 0.8,   0.3,  0.2,
                               0.56, 0.9,  0.35, 0.392, 0.63, 0.85};
static const double replay[] = {NAN,  NAN,  NAN, 0.8,  NAN, NAN,
                                0.77, 0.85, NAN, 0.75, 0.8, 0.8};

void known_retain_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct lineage_build b;
    struct km_task_matrix matrices[2];
    struct km_retain_arm arms[2];
    double reference[3], error[3];
    lineage_begin(&b);
    const uint64_t ids[] = {lineage_staged(&b, "plain", 3, plain, 400),
                            lineage_staged(&b, "replay", 3, replay, 400)};
    uint64_t joint = lineage_run(&b, "lab", "joint", "");
    for (int j = 0; j < 3; j++) {
        static const char *const tasks[] = {"a", "b", "c"};
        const struct km_evaluation row = lineage_row(tasks[j], 0.9);
        lineage_put(&b, &row);
    }
    lineage_store(&b);
    (void)lineage_matrix(&b, ids[0], NULL, &matrices[0]);
    (void)lineage_matrix(&b, ids[1], NULL, &matrices[1]);
    *arena = b.arena;
    *card = (struct km_scorecard){.arena = arena, .level = 0.8};
    (void)km_task_reference_load(b.store, joint, &matrices[0], arena, reference,
                                 error, NULL);
    if (km_retain_arms(matrices, ids, 2, arena, arms) == 2) {
        (void)km_retain_add(&arms[0], reference, error, card, NULL);
        (void)km_retain_frontier_add(arms, 2, card, NULL);
    }
    lineage_end(&b);
}
