/* frontier.c - levers.frontier: quality at the end against its cost. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/lever.h"
#include "measure/moments.h"
#include "score/card.h"
#include "score/lever_rows.h"

enum { GROUPS_SHOWN = 24 };

/* A configuration: means over its seeds. */
struct group {
    const char *name;
    struct km_moments cost, loss; /* loss: the curve's y */
};

struct plane {
    const struct km_cohort *cohort;
    struct km_scorecard *card;
    struct km_err *err;
    struct group *groups;
    size_t count;
    const char *metric, *unit;
    double sign;
    enum km_axis axis;
};

static double cost_of(const struct km_member *member, enum km_axis axis)
{
    const struct km_rate *rate = &member->axes.rate[axis];
    return rate->known ? rate->per_step * member->x_now : (double)NAN;
}

/* The first axis on which every run has a cost. */
static enum km_axis choose_axis(const struct km_lever_rows *rows)
{
    static const enum km_axis order[] = {KM_AXIS_CURRENCY, KM_AXIS_ACCELERATOR,
                                         KM_AXIS_ACTIVE, KM_AXIS_SECOND,
                                         KM_AXIS_TOKEN};
    for (size_t a = 0; a < sizeof order / sizeof *order; a++) {
        size_t known = 0;
        for (size_t i = 0; i < rows->count; i++) {
            known += (size_t) !!isfinite(cost_of(rows->members[i], order[a]));
        }
        if (known == rows->count) {
            return order[a];
        }
    }
    return KM_AXIS_STEP;
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    double cost[2] = {x->cost.mean, y->cost.mean};
    if (cost[0] < cost[1] || cost[0] > cost[1]) {
        return cost[0] < cost[1] ? -1 : 1;
    }
    return (x->loss.mean > y->loss.mean) - (x->loss.mean < y->loss.mean);
}

static bool gather(struct plane *plane, const struct km_lever_rows *rows)
{
    struct km_arena *arena = plane->card->arena;
    const struct km_cohort *cohort = plane->cohort;
    uint32_t *group = km_new(arena, uint32_t, cohort->count + 1);
    size_t *place = km_new(arena, size_t, cohort->count + 1);
    plane->groups = km_new(arena, struct group, rows->count + 1);
    if (!group || !place || !plane->groups) {
        return false;
    }
    (void)km_cohort_group(cohort, group);
    for (size_t i = 0; i < rows->count; i++) {
        const struct km_member *member = rows->members[i];
        size_t *at = &place[group[member - cohort->members]];
        if (*at == 0) {
            *at = ++plane->count;
            plane->groups[*at - 1] = (struct group){.name = member->label};
        }
        struct group *g = &plane->groups[*at - 1];
        km_moments_add(&g->cost, cost_of(member, plane->axis));
        km_moments_add(&g->loss, km_member_quality(member)->last);
    }
    qsort(plane->groups, plane->count, sizeof *plane->groups, compare_groups);
    return true;
}

static enum km_code add_place(const struct plane *plane, size_t index,
                              size_t by)
{
    struct km_arena *arena = plane->card->arena;
    const struct group *g = &plane->groups[index];
    struct km_figure_result result =
        km_result_new("levers.frontier", g->name, plane->unit);
    double size = km_axis_unit_size(plane->axis);
    result.value = plane->sign * g->loss.mean;
    result.n = (uint64_t)g->loss.n;
    result.method = "mean over seeds at the end";
    if (g->loss.n > 1) {
        double half = km_moments_half_width(&g->loss, plane->card->level);
        result.lo = result.value - half;
        result.hi = result.value + half;
        result.level = plane->card->level;
        result.rung = "Student's t over seeds";
    }
    const char *cost = km_arena_printf(
        arena, "for %.4g %s", g->cost.mean / size, km_axis_unit(plane->axis));
    bool beaten = by < plane->count;
    result.reason = beaten
                        ? km_arena_printf(arena, "%s; dominated by %s", cost,
                                          plane->groups[by].name)
                        : km_arena_printf(arena, "%s; on the frontier", cost);
    /* one seed each: the order may be chance */
    result.state = g->loss.n > 1 ? KM_FIGURE_OK : KM_FIGURE_WEAK;
    return km_card_add(plane->card, result, NULL, plane->err);
}

static enum km_code add_curve(const struct plane *plane, const char *kind,
                              const char *name, const size_t *index,
                              size_t count)
{
    double *x = km_new(plane->card->arena, double, count + 1);
    double *y = km_new(plane->card->arena, double, 3 * (count + 1));
    double *lo = y ? y + count : NULL, *hi = y ? lo + count : NULL;
    double size = km_axis_unit_size(plane->axis);
    bool seeds = strcmp(kind, "points") == 0;
    for (size_t i = 0; x && y && i < count; i++) {
        const struct group *g = &plane->groups[index[i]];
        double half = km_moments_half_width(&g->loss, plane->card->level);
        x[i] = g->cost.mean / size;
        y[i] = plane->sign * g->loss.mean;
        lo[i] = y[i] - half; /* NaN for one seed */
        hi[i] = y[i] + half;
        seeds = seeds && g->loss.n > 1;
    }
    const struct km_curve curve = {
        .id = "frontier",
        .title = km_arena_printf(plane->card->arena, "%s against cost",
                                 plane->metric),
        .unit = plane->unit,
        .axis = plane->axis,
        .kind = kind,
        .name = name,
        .x_unit = km_axis_unit(plane->axis),
        .x_title = "cost",
        .count = count,
        .x = x,
        .y = y,
        .lo = seeds ? lo : NULL,
        .hi = seeds ? hi : NULL,
    };
    return km_card_add_curve(plane->card, curve, plane->err);
}

/* The line first, then what is on it, then the rest: a chart that cannot show
 * all leaves out what is dominated. */
static enum km_code draw(const struct plane *plane, const size_t *by)
{
    size_t *line = km_new(plane->card->arena, size_t, plane->count + 1);
    size_t kept = 0;
    if (!line) {
        return km_fail(plane->err, KM_ELIMIT, "no memory left for a scorecard");
    }
    for (size_t i = 0; i < plane->count; i++) {
        if (by[i] == plane->count) {
            line[kept++] = i;
        }
    }
    enum km_code code =
        kept > 1 ? add_curve(plane, "line", "frontier", line, kept) : KM_OK;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < plane->count && code == KM_OK; i++) {
            if ((by[i] == plane->count) == (pass == 0)) {
                code = add_curve(plane, "points", plane->groups[i].name, &i, 1);
            }
        }
    }
    return code;
}

enum km_code km_frontier_add(const struct km_cohort *cohort,
                             struct km_scorecard *card, struct km_err *err)
{
    struct km_lever_rows rows;
    enum km_code code = km_lever_rows_all(cohort, card->arena, &rows, err);
    if (code) {
        return code;
    }
    struct plane plane = {.cohort = cohort,
                          .card = card,
                          .err = err,
                          .metric = rows.metric,
                          .unit = rows.unit,
                          .sign = rows.sign};
    plane.axis = choose_axis(&rows);
    size_t *by = km_new(card->arena, size_t, rows.count + 1);
    double *cost = km_new(card->arena, double, rows.count + 1);
    double *loss = km_new(card->arena, double, rows.count + 1);
    if (!by || !cost || !loss || !gather(&plane, &rows)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    if (plane.count < 2) {
        return km_card_add_absent(card, "levers.frontier", "", "nat",
                                  KM_FIGURE_INSUFFICIENT,
                                  "at least two configurations with the same "
                                  "metric are needed",
                                  err);
    }
    for (size_t i = 0; i < plane.count; i++) {
        cost[i] = plane.groups[i].cost.mean;
        loss[i] = plane.groups[i].loss.mean;
    }
    km_frontier_mark(cost, loss, plane.count, by);
    for (size_t i = 0; i < plane.count && i < GROUPS_SHOWN && !code; i++) {
        code = add_place(&plane, i, by[i]);
    }
    return code == KM_OK ? draw(&plane, by) : code;
}
