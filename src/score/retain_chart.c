/* retain_chart.c - the matrix of stages and tasks, and each task over stages.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/moments.h"
#include "score/card.h"
#include "score/retain_parts.h"

enum { LINES_MAX = 12 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Mean over the seeds that have the cell, as people say it; NaN: none. */
static double cell_of(const struct km_retain_arm *arm, size_t stage,
                      size_t task)
{
    struct km_moments over = {0, 0, 0};
    for (size_t s = 0; s < arm->count; s++) {
        const struct km_retention *r = &arm->seeds[s]->cells;
        double value = r->score[stage * r->stages + task];
        if (!isnan(value)) {
            km_moments_add(&over, value);
        }
    }
    return over.n > 0 ? arm->seeds[0]->sign * over.mean : (double)NAN;
}

static enum km_code add_line(const struct km_retain_arm *arm, size_t task,
                             struct km_scorecard *card, struct km_err *err)
{
    const struct km_task_matrix *first = arm->seeds[0];
    size_t stages = first->cells.stages, count = 0;
    double *x = km_new(card->arena, double, stages + 1);
    double *y = km_new(card->arena, double, stages + 1);
    for (size_t i = task + 1; x && y && i <= stages; i++) {
        double value = cell_of(arm, i, task);
        if (!isnan(value)) {
            x[count] = (double)i;
            y[count++] = value;
        }
    }
    const struct km_curve curve = {
        .id = "retention",
        .title = first->metric,
        .unit = "score",
        .axis = KM_AXIS_STEP,
        .kind = count > 1 ? "line" : "points",
        .name = first->tasks[task],
        .x_unit = "stage",
        .x_title = "stages trained",
        .count = count,
        .x = x,
        .y = y,
    };
    return count && x && y ? km_card_add_curve(card, curve, err)
           : x && y        ? KM_OK
                           : fail_full(err);
}

enum km_code km_retain_draw(const struct km_retain_arm *arm,
                            struct km_scorecard *card, struct km_err *err)
{
    const struct km_task_matrix *first = arm->seeds[0];
    size_t stages = first->cells.stages, from = 1;
    for (size_t s = 0; s < arm->count; s++) {
        from = arm->seeds[s]->has_base ? 0 : from;
    }
    size_t rows = stages + 1 - from;
    const char **names = km_new(card->arena, const char *, rows + 1);
    double *value = km_new(card->arena, double, rows *stages + 1);
    if (!names || !value) {
        return fail_full(err);
    }
    for (size_t i = from; i <= stages; i++) {
        names[i - from] =
            i ? km_arena_printf(card->arena, "%zu %s", i, first->tasks[i - 1])
              : "before";
        if (!names[i - from]) {
            return fail_full(err);
        }
        for (size_t j = 0; j < stages; j++) {
            value[(i - from) * stages + j] = cell_of(arm, i, j);
        }
    }
    const struct km_matrix matrix = {
        .id = "tasks",
        .title =
            km_arena_printf(card->arena, "%s after each stage", first->metric),
        .unit = "score",
        .row_title = "trained on",
        .column_title = "evaluated on",
        .better = first->sign < 0 ? KM_BETTER_LOWER : KM_BETTER_HIGHER,
        .row_count = rows,
        .column_count = stages,
        .rows = names,
        .columns = first->tasks,
        .value = value,
    };
    enum km_code code = km_card_add_matrix(card, matrix, err);
    for (size_t j = 0; j < stages && j < LINES_MAX && code == KM_OK; j++) {
        code = add_line(arm, j, card, err);
    }
    return code;
}
