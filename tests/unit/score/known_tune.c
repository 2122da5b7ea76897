/* known_tune.c - the tuned runs of docs/metrics.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_tune.h"

#include "score/card.h"

static const char *tasks[] = {"a", "b", "c"};

static struct km_member *add(struct cohort_build *build, const char *label,
                             double scale)
{
    struct km_member *member = cohort_build_run(build, label, scale);
    cohort_build_rate(member, KM_AXIS_TOKEN, 1000);
    member->facts.target = (double)NAN;
    return member;
}

void known_tune_build(struct cohort_build *build, struct km_tuning *tuning)
{
    struct km_member *a = add(build, "lab/a", 600);
    struct km_member *b = add(build, "lab/b", 200);
    struct km_member *scratch = add(build, "lab/b-scratch", 600);
    struct km_member *baseline = add(build, "lab/b-other", 400);
    *tuning = (struct km_tuning){.tuned = {"lab/b", b, 1},
                                 .scratch = {"scratch", scratch, 1},
                                 .baseline = {"lab/b-other", baseline, 1},
                                 .chain = a,
                                 .tasks = tasks,
                                 .chain_count = 2,
                                 .cohort = build->cohort,
                                 .target = 4};
}

void known_stages_build(struct cohort_build *build, struct km_tuning *tuning)
{
    size_t first = build->cohort.count;
    for (int k = 0; k < 3; k++) {
        struct km_member *member = add(build, tasks[k], 1);
        double *y = km_new(&build->arena, double, BUILD_PLACES);
        for (size_t i = 0; i < BUILD_PLACES; i++) {
            y[i] = 1 + 3 * exp(-member->valid.x[i] / (100 << k));
        }
        member->valid.y = y;
    }
    *tuning = (struct km_tuning){.chain = &build->cohort.members[first],
                                 .tasks = tasks,
                                 .chain_count = 3,
                                 .cohort = build->cohort,
                                 .target = (double)NAN};
}

void known_tune_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct cohort_build build;
    struct km_tuning tuned, stages;
    double log_x[3];
    cohort_build_begin(&build);
    known_tune_build(&build, &tuned);
    known_stages_build(&build, &stages);
    *card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
    (void)km_tune_add(&tuned, card, NULL);
    (void)km_transfer_add(&tuned, card, NULL);
    (void)km_transition_add(&stages, log_x, card, NULL);
    (void)km_plasticity_add("transition time", log_x, 3, true, KM_BETTER_LOWER,
                            card, NULL);
    *arena = build.arena;
    card->arena = arena;
}
