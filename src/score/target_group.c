/* target_group.c - survival curves of groups of runs towards a target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/target_group.h"

#include <math.h>

#include "measure/survival.h"
#include "score/card.h"

struct workspace {
    double *x, *scratch;
    bool *reached;
    struct km_survival_step *steps;
    size_t count;
};

/* When the member got there, or where it is censored; false: it has no curve.
 */
static bool place_of(const struct km_member *member, double target, double *x,
                     bool *reached)
{
    const struct km_member_curve *curve = km_member_quality(member);
    if (!curve || !curve->count) {
        return false;
    }
    struct km_crossing crossing = km_target_observed(
        curve->x, curve->y, curve->count, curve->sign * target);
    bool broken = member->diverged || member->state == KM_RUN_FAILED ||
                  member->state == KM_RUN_KILLED;
    *reached = crossing.reached && crossing.confirmed;
    *x = *reached ? crossing.x : broken ? (double)INFINITY : member->x_now;
    return *x > 0;
}

/* Stairs from 1 at step 0 to the last step that anybody has seen. */
static enum km_code add_stairs(const struct workspace *work, size_t steps,
                               const char *name, struct km_scorecard *card,
                               struct km_err *err)
{
    double last = steps ? work->steps[steps - 1].x : 0;
    for (size_t i = 0; i < work->count; i++) {
        last = isfinite(work->x[i]) ? fmax(last, work->x[i]) : last;
    }
    size_t n = steps + 2;
    double *x = km_arena_alloc(card->arena, 4 * n * sizeof *x);
    if (!x) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    double *y = x + n, *lo = y + n, *hi = lo + n;
    x[0] = 0;
    y[0] = lo[0] = hi[0] = 1;
    for (size_t i = 0; i < steps; i++) {
        const struct km_survival_step *step = &work->steps[i];
        x[i + 1] = step->x;
        y[i + 1] = step->s;
        lo[i + 1] = step->lo;
        hi[i + 1] = step->hi;
    }
    x[n - 1] = last;
    y[n - 1] = y[n - 2];
    lo[n - 1] = lo[n - 2];
    hi[n - 1] = hi[n - 2];
    return km_card_add_curve(
        card,
        (struct km_curve){.id = "survival",
                          .title = "share of runs not at the target yet",
                          .unit = "1",
                          .axis = KM_AXIS_STEP,
                          .kind = "step",
                          .name = name,
                          .count = n,
                          .x = x,
                          .y = y,
                          .lo = lo,
                          .hi = hi},
        err);
}

enum km_code km_target_group_add(const struct km_cohort *cohort,
                                 const uint32_t *group, size_t group_count,
                                 const char *const *names, double target,
                                 struct km_scorecard *card, struct km_err *err)
{
    size_t n = cohort->count + 1;
    struct workspace work = {
        .x = km_new(card->arena, double, n),
        .scratch = km_new(card->arena, double, 2 * n),
        .reached = km_new(card->arena, bool, n),
        .steps = km_new(card->arena, struct km_survival_step, n)};
    if (!work.x || !work.scratch || !work.reached || !work.steps) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    enum km_code code = KM_OK;
    for (size_t g = 0; g < group_count && code == KM_OK; g++) {
        const char *name = names ? names[g] : NULL;
        work.count = 0;
        for (size_t i = 0; i < cohort->count; i++) {
            const struct km_member *member = &cohort->members[i];
            if (group[i] == g && place_of(member, target, &work.x[work.count],
                                          &work.reached[work.count])) {
                name = name ? name : member->label;
                work.count++;
            }
        }
        if (work.count) {
            size_t steps =
                km_survival_fit(work.x, work.reached, work.count, card->level,
                                work.scratch, work.steps);
            code = add_stairs(&work, steps, name, card, err);
        }
    }
    return code;
}
