/* cohort_build.h - cohorts made by hand, for figures over several runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_COHORT_BUILD_H
#define KM_TESTS_COHORT_BUILD_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "score/cohort.h"

enum { BUILD_RUNS_MAX = 64, BUILD_PLACES = 200, BUILD_SETTINGS_MAX = 8 };

struct cohort_build {
    struct km_arena arena;
    struct km_cohort cohort;
};

static inline void cohort_build_begin(struct cohort_build *build)
{
    km_arena_init(&build->arena, KM_ARENA_COMMAND_BYTES_MAX);
    build->cohort = (struct km_cohort){
        .members = km_new(&build->arena, struct km_member, BUILD_RUNS_MAX),
        .arena = &build->arena};
}

static inline void cohort_build_end(struct cohort_build *build)
{
    km_arena_finish(&build->arena);
}

/* A run whose validation loss is 4 (x/scale)^-0.5 at x = 10, 20 ... 2000: it
 * reaches 4 at step `scale`. */
static inline struct km_member *
cohort_build_run(struct cohort_build *build, const char *label, double scale)
{
    struct km_member *member = &build->cohort.members[build->cohort.count++];
    double *x = km_new(&build->arena, double, BUILD_PLACES);
    double *y = km_new(&build->arena, double, BUILD_PLACES);
    double *n = km_new(&build->arena, double, BUILD_PLACES);
    for (size_t i = 0; i < BUILD_PLACES; i++) {
        x[i] = 10 * (double)(i + 1);
        y[i] = 4 / sqrt(x[i] / scale);
        n[i] = 1;
    }
    member->run_id = km_hash(label, strlen(label), 1);
    member->label = member->name = label;
    member->project = member->group = member->parent = member->source = "";
    member->external_id = label;
    member->valid = (struct km_member_curve){.metric = "val/loss",
                                             .unit = "nat",
                                             .role = KM_ROLE_VALID_LOSS,
                                             .sign = 1,
                                             .count = BUILD_PLACES,
                                             .x = x,
                                             .y = y,
                                             .n = n,
                                             .points = BUILD_PLACES,
                                             .last = y[BUILD_PLACES - 1],
                                             .best = y[BUILD_PLACES - 1],
                                             .best_x = x[BUILD_PLACES - 1],
                                             .x_last = x[BUILD_PLACES - 1]};
    member->x_now = x[BUILD_PLACES - 1];
    member->active_s = NAN;
    member->settings =
        km_new(&build->arena, struct km_setting, BUILD_SETTINGS_MAX);
    for (int axis = 0; axis < KM_AXIS_COUNT; axis++) {
        member->axes.rate[axis].source = "";
        member->axes.rate[axis].per_step = NAN;
    }
    member->axes.rate[KM_AXIS_STEP] =
        (struct km_rate){.known = true, .per_step = 1, .source = ""};
    return member;
}

/* Settings in the order of their keys; a value that is a number is one. */
static inline void cohort_build_set(struct km_member *member, const char *key,
                                    const char *value)
{
    struct km_setting *settings =
        (struct km_setting *)(uintptr_t)member->settings;
    double number = NAN;
    if (sscanf(value, "%lf", &number) != 1) {
        number = NAN;
    }
    settings[member->setting_count++] =
        (struct km_setting){.key = key, .value = value, .number = number};
    /* the seed makes no other configuration */
    if (strcmp(key, "seed") != 0) {
        member->configuration =
            km_hash(value, strlen(value), member->configuration + 1);
    } else {
        member->seed = value;
    }
}

static inline void cohort_build_rate(struct km_member *member,
                                     enum km_axis axis, double per_step)
{
    member->axes.rate[axis] = (struct km_rate){
        .known = true, .per_step = per_step, .source = "given"};
}

#endif
