/* lever_rows.c - one metric, one target, one axis for a set of runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/lever_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double REACHED_SHARE = 0.9; /* of the runs, by a chosen target */

/* Where the curve got to `y`, as forecast.time_to_target says it; NaN: never.
 */
static double reach(const struct km_member_curve *curve, double y)
{
    struct km_crossing crossing =
        km_target_observed(curve->x, curve->y, curve->count, y);
    return crossing.reached ? crossing.x : (double)NAN;
}

/* The metric that most members have. */
static const char *choose_metric(const struct km_cohort *cohort)
{
    const char *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < cohort->count; i++) {
        const struct km_member_curve *curve =
            km_member_quality(&cohort->members[i]);
        size_t same = 0;
        for (size_t j = 0; curve && j < cohort->count; j++) {
            const struct km_member_curve *other =
                km_member_quality(&cohort->members[j]);
            same += other && strcmp(other->metric, curve->metric) == 0;
        }
        if (curve && same > most) {
            most = same;
            best = curve->metric;
            if (2 * most > cohort->count) {
                break; /* nothing can have more */
            }
        }
    }
    return best;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The lowest level that nine of ten runs reached. */
static double choose_target(const struct km_lever_rows *rows, double *scratch)
{
    for (size_t i = 0; i < rows->count; i++) {
        scratch[i] = km_member_quality(rows->members[i])->best;
    }
    qsort(scratch, rows->count, sizeof *scratch, compare_numbers);
    size_t at = (size_t)ceil(REACHED_SHARE * (double)rows->count);
    return scratch[at ? at - 1 : 0];
}

/* Money, else accelerator-hours, seconds, tokens, samples, steps: the first
 * that all runs have. */
static enum km_axis choose_axis(const struct km_lever_rows *rows, int asked,
                                bool *known)
{
    static const enum km_axis order[] = {KM_AXIS_ACTIVE, KM_AXIS_SECOND,
                                         KM_AXIS_TOKEN, KM_AXIS_SAMPLE,
                                         KM_AXIS_STEP};
    enum { ORDER = sizeof order / sizeof *order };
    for (size_t a = 0; a < (asked < 0 ? (size_t)ORDER : 1); a++) {
        enum km_axis axis = asked < 0 ? order[a] : (enum km_axis)asked;
        *known = true;
        for (size_t i = 0; i < rows->count; i++) {
            *known = *known && rows->members[i]->axes.rate[axis].known;
        }
        if (*known) {
            return axis;
        }
    }
    return asked < 0 ? KM_AXIS_STEP : (enum km_axis)asked;
}

static bool all_have(const struct km_lever_rows *rows, enum km_axis axis)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->members[i]->axes.rate[axis].known) {
            return false;
        }
    }
    return true;
}

static void take_members(const struct km_cohort *cohort,
                         struct km_lever_rows *rows)
{
    for (size_t i = 0; i < cohort->count; i++) {
        const struct km_member *member = &cohort->members[i];
        const struct km_member_curve *curve = km_member_quality(member);
        if (!curve) {
            rows->no_curve++;
        } else if (strcmp(curve->metric, rows->metric) != 0) {
            rows->other_metric++;
        } else {
            rows->members[rows->count++] = member;
            rows->unit = curve->unit;
            rows->sign = curve->sign;
        }
    }
}

/* Drops what did not reach the target or lacks the rate; fills y. */
static void fill_responses(struct km_lever_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct km_member *member = rows->members[i];
        const struct km_rate *rate = &member->axes.rate[rows->axis];
        double step =
            reach(km_member_quality(member), rows->sign * rows->target);
        if (!rate->known || !(rate->per_step > 0)) {
            rows->no_rate++;
        } else if (!(step > 0)) {
            rows->unreached++;
        } else {
            rows->members[kept] = member;
            rows->y[kept] = log(step * rate->per_step);
            rows->step_y[kept] =
                log(step * member->axes.rate[rows->data_axis].per_step);
            kept++;
        }
    }
    rows->count = kept;
}

enum km_code km_lever_rows_all(const struct km_cohort *cohort,
                               struct km_arena *arena,
                               struct km_lever_rows *rows, struct km_err *err)
{
    *rows = (struct km_lever_rows){.target = NAN, .sign = 1, .unit = "1"};
    size_t n = cohort->count;
    rows->members = km_new(arena, const struct km_member *, n + 1);
    rows->y = km_new(arena, double, n + 1);
    rows->step_y = km_new(arena, double, n + 1);
    if (!rows->members || !rows->y || !rows->step_y) {
        return km_fail(
            err, KM_ELIMIT,
            "the runs do not fit the memory allowed for one command");
    }
    rows->metric = choose_metric(cohort);
    rows->no_curve = rows->metric ? 0 : n;
    if (rows->metric) {
        take_members(cohort, rows);
    }
    return KM_OK;
}

enum km_code km_lever_rows_find(const struct km_cohort *cohort,
                                const struct km_lever_options *options,
                                struct km_arena *arena,
                                struct km_lever_rows *rows, struct km_err *err)
{
    enum km_code code = km_lever_rows_all(cohort, arena, rows, err);
    if (code || !rows->metric) {
        return code;
    }
    rows->target = isfinite(options->target)
                       ? options->target
                       : rows->sign * choose_target(rows, rows->y);
    bool known = false;
    rows->axis = choose_axis(rows, options->axis, &known);
    rows->data_axis = all_have(rows, KM_AXIS_TOKEN)    ? KM_AXIS_TOKEN
                      : all_have(rows, KM_AXIS_SAMPLE) ? KM_AXIS_SAMPLE
                                                       : KM_AXIS_STEP;
    rows->factored = rows->axis != rows->data_axis;
    fill_responses(rows);
    return KM_OK;
}
