/* task_stages.c - stages of a lineage and their names. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/task_stages.h"

#include <stdlib.h>
#include <string.h>

/* While the stages are found. */
struct finding {
    struct km_arena *arena;
    struct km_task_rows *rows;
    size_t run_count;
    struct km_task_stages *stages;
    bool full;
};

static void refuse(struct finding *f, const char *sentence)
{
    f->stages->problem = f->stages->problem ? f->stages->problem : sentence;
    f->full = f->full || !sentence;
}

size_t km_task_stage_of(const struct km_task_stages *stages,
                        const struct km_task_row *row)
{
    if (row->stage_index >= 0) {
        return (size_t)row->stage_index + 1;
    }
    bool before = row->step == 0 || (row->run == 0 && stages->base_first);
    return before ? 0 : SIZE_MAX;
}

size_t km_task_name_find(const char *const *names, size_t count,
                         const char *name)
{
    size_t at = 0;
    while (at < count && !(names[at] && strcmp(names[at], name) == 0)) {
        at++;
    }
    return at;
}

/* The next stage; its index, or -1 when there are too many. */
static int64_t add_stage(struct finding *f, const char *name)
{
    if (f->stages->count == KM_TASK_STAGES_MAX) {
        refuse(f, "it has more stages than are looked at");
        return -1;
    }
    f->stages->names[f->stages->count] = name;
    return (int64_t)f->stages->count++;
}

/* Names of stages that carry an index; one index, one name. */
static void name_indexed(struct finding *f)
{
    struct km_task_stages *stages = f->stages;
    bool first_has = false;
    for (size_t i = 0; i < f->rows->count; i++) {
        const struct km_task_row *row = &f->rows->items[i];
        if (row->stage_index >= KM_TASK_STAGES_MAX) {
            refuse(f, "it has more stages than are looked at");
            return;
        }
        if (row->stage_index < 0) {
            continue;
        }
        size_t index = (size_t)row->stage_index;
        stages->count = index >= stages->count ? index + 1 : stages->count;
        first_has = first_has || row->run == 0;
        const char **name = &stages->names[index];
        if (*name && *row->stage && strcmp(*name, row->stage) != 0) {
            refuse(f, km_arena_printf(f->arena,
                                      "stage %zu is %s in one place and %s in "
                                      "another",
                                      index + 1, *name, row->stage));
        }
        *name = *name || !*row->stage ? *name : row->stage;
    }
    stages->base_first = f->run_count > 1 && !first_has;
}

/* By step, then time, then arrival. */
static int compare_rows(const void *a, const void *b)
{
    const struct km_task_row *x = *(struct km_task_row *const *)a;
    const struct km_task_row *y = *(struct km_task_row *const *)b;
    if (x->step != y->step) {
        return x->step < y->step ? -1 : 1;
    }
    if (x->time_ns != y->time_ns) {
        return x->time_ns < y->time_ns ? -1 : 1;
    }
    return (x > y) - (x < y);
}

/* The stage that came last is trained on by the next run. */
static bool goes_on(const struct finding *f, const char *name)
{
    size_t count = f->stages->count;
    return count > 0 && strcmp(f->stages->names[count - 1], name) == 0;
}

/* Stages of one run that its evaluations name. A stage whose name comes back
 * at a later step than another's first was trained again. False: none named. */
static bool name_by_rows(struct finding *f, struct km_task_row **sorted,
                         size_t count)
{
    struct km_task_stages *stages = f->stages;
    size_t first = SIZE_MAX;        /* of the run */
    int64_t since = KM_STEP_ABSENT; /* step at which its last stage began */
    for (size_t i = 0; i < count; i++) {
        struct km_task_row *row = sorted[i];
        if (!*row->stage) {
            continue;
        }
        if (first == SIZE_MAX) {
            first = stages->count - goes_on(f, row->stage);
        }
        size_t at =
            first + km_task_name_find(stages->names + first,
                                      stages->count - first, row->stage);
        if (at == stages->count) {
            row->stage_index = add_stage(f, row->stage);
            since = row->step;
            continue;
        }
        row->stage_index = (int64_t)at;
        if (at + 1 < stages->count && row->step > since) {
            refuse(f, km_arena_printf(
                          f->arena,
                          "%s was trained, then %s, then %s again: the figures "
                          "are of tasks that are trained once",
                          row->stage, stages->names[stages->count - 1],
                          row->stage));
        }
    }
    return first != SIZE_MAX;
}

static bool is_task(const struct finding *f, const char *name)
{
    for (size_t i = 0; i < f->rows->count; i++) {
        if (strcmp(f->rows->items[i].task, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Without indices: what a run's evaluations name, else the run is a stage. */
static void name_runs(struct finding *f, const char *const *said)
{
    struct km_task_row **sorted =
        km_new(f->arena, struct km_task_row *, f->rows->count + 1);
    f->full = f->full || !sorted;
    for (size_t r = 0; r < f->run_count && sorted; r++) {
        size_t count = 0;
        for (size_t i = 0; i < f->rows->count; i++) {
            if (f->rows->items[i].run == r) {
                sorted[count++] = &f->rows->items[i];
            }
        }
        if (count > 1) {
            qsort(sorted, count, sizeof *sorted, compare_rows);
        }
        if (name_by_rows(f, sorted, count) || f->run_count == 1) {
            continue;
        }
        if (r == 0 && !is_task(f, said[0])) {
            f->stages->base_first = true;
            continue;
        }
        int64_t index = goes_on(f, said[r]) ? (int64_t)f->stages->count - 1
                                            : add_stage(f, said[r]);
        for (size_t i = 0; i < count; i++) {
            sorted[i]->stage_index = index;
        }
    }
}

/* A task and the first stage that it was scored after. */
struct debut {
    const char *task;
    size_t stage; /* SIZE_MAX: none */
};

/* Every task once; NULL: no memory. */
static struct debut *find_debuts(const struct finding *f, size_t *count)
{
    struct debut *debuts = km_new(f->arena, struct debut, f->rows->count + 1);
    for (size_t i = 0; debuts && i < f->rows->count; i++) {
        const struct km_task_row *row = &f->rows->items[i];
        size_t at = 0, stage = km_task_stage_of(f->stages, row);
        while (at < *count && strcmp(debuts[at].task, row->task) != 0) {
            at++;
        }
        if (at == *count) {
            debuts[(*count)++] = (struct debut){row->task, SIZE_MAX};
        }
        debuts[at].stage = stage < debuts[at].stage ? stage : debuts[at].stage;
    }
    return debuts;
}

/* A stage that was never scored has no name of its own: it is the one task that
 * is no stage and was scored for the first time after it. */
static void name_gap(struct finding *f, const struct debut *debuts,
                     size_t count, size_t gap)
{
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t first = debuts[i].stage;
        if (first == SIZE_MAX || first <= gap + 1 ||
            km_task_name_find(f->stages->names, f->stages->count,
                              debuts[i].task) < f->stages->count) {
            continue;
        }
        if (found) {
            return; /* two could be it */
        }
        found = debuts[i].task;
    }
    f->stages->names[gap] = found;
}

/* Every stage has a name of its own, else there are no columns. */
static bool finish_names(struct finding *f)
{
    struct debut *debuts = NULL;
    size_t count = 0;
    for (size_t i = 0; i < f->stages->count; i++) {
        if (!f->stages->names[i]) {
            debuts = debuts ? debuts : find_debuts(f, &count);
            if (!debuts) {
                return false;
            }
            name_gap(f, debuts, count, i);
        }
        f->stages->names[i] =
            f->stages->names[i]
                ? f->stages->names[i]
                : km_arena_printf(f->arena, "(stage %zu)", i + 1);
        if (!f->stages->names[i]) {
            return false;
        }
        size_t twin =
            km_task_name_find(f->stages->names, i, f->stages->names[i]);
        if (twin < i) {
            refuse(f, km_arena_printf(
                          f->arena,
                          "%s was trained at stages %zu and %zu: the figures "
                          "are of tasks that are trained once",
                          f->stages->names[i], twin + 1, i + 1));
        }
    }
    return true;
}

bool km_task_stages_find(struct km_task_rows *rows, const char *const *said,
                         size_t run_count, struct km_arena *arena,
                         struct km_task_stages *stages)
{
    struct finding f = {arena, rows, run_count, stages, false};
    bool indexed = false;
    *stages = (struct km_task_stages){.count = 0};
    stages->names = km_new(arena, const char *, KM_TASK_STAGES_MAX + 1);
    if (!stages->names) {
        return false;
    }
    for (size_t i = 0; i < rows->count; i++) {
        indexed = indexed || rows->items[i].stage_index >= 0;
    }
    if (indexed) {
        name_indexed(&f);
    } else {
        name_runs(&f, said);
    }
    return !f.full && finish_names(&f) && !f.full;
}
