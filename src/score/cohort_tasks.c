/* cohort_tasks.c - runs that were trained on different things. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "score/cohort.h"

enum { TOLD_MAX = 3 };

/* Settings that say what a run learns; a data mix is a choice, a task is not.
 */
static const char *const keys[] = {
    "task",     "task_name", "env",      "env_id",    "env_name",
    "env_type", "game",      "workload", "benchmark",
};

static const char *task_of(const struct km_member *member, const char *key)
{
    const struct km_setting *setting = km_member_setting(member, key);
    return setting ? setting->value : NULL;
}

/* Different values of the key, and the first of them as words. */
static size_t count_tasks(const struct km_cohort *cohort, const uint32_t *group,
                          const char *key, struct km_arena *arena,
                          const char **some)
{
    size_t tasks = 0;
    *some = "";
    for (size_t i = 0; i < cohort->count && *some; i++) {
        const char *task = task_of(&cohort->members[i], key);
        bool told = !task || (group && group[i] == UINT32_MAX);
        for (size_t k = 0; k < i && !told; k++) {
            const char *other = task_of(&cohort->members[k], key);
            told = other && strcmp(other, task) == 0 &&
                   !(group && group[k] == UINT32_MAX);
        }
        if (told) {
            continue;
        }
        if (tasks < TOLD_MAX) {
            *some = km_arena_printf(arena, "%s%s%s", *some, tasks ? ", " : "",
                                    task);
        }
        tasks++;
    }
    return tasks;
}

bool km_members_share_task(const struct km_member *a, const struct km_member *b)
{
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *of_a = task_of(a, keys[k]), *of_b = task_of(b, keys[k]);
        if (of_a && of_b && strcmp(of_a, of_b) != 0) {
            return false;
        }
    }
    return true;
}

bool km_cohort_mixes_tasks(const struct km_cohort *cohort,
                           const uint32_t *group, const char *but,
                           struct km_arena *arena, struct km_task_mix *mix)
{
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const char *some;
        if (but && strcmp(but, keys[k]) == 0) {
            continue;
        }
        size_t tasks = count_tasks(cohort, group, keys[k], arena, &some);
        if (tasks > 1) {
            const char *words =
                some ? km_arena_printf(arena, "%zu tasks (%s: %s%s)", tasks,
                                       keys[k], some,
                                       tasks > TOLD_MAX ? ", ..." : "")
                     : NULL;
            *mix = (struct km_task_mix){keys[k], words ? words : "some tasks",
                                        tasks};
            return true;
        }
    }
    return false;
}
