/* retain.c - figures of one arm of lineages. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/retain.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "score/card.h"
#include "score/retain_parts.h"
#include "score/tuning.h"

/* Which number of measure/retention.h stands in which row. */
static const struct retain_row {
    enum km_retention_kind kind;
    const char *id, *variant, *method;
    bool is_score; /* of the metric itself, not a change of it */
} retain_rows[] = {
    {KM_RETAIN_LAST, "retain.acc", "", "ACC: mean after the last stage", true},
    {KM_RETAIN_STAGES, "retain.acc", "over stages",
     "average incremental accuracy: tasks so far, over stages", true},
    {KM_RETAIN_CELLS, "retain.acc", "over cells",
     "A of Diaz-Rodriguez: all cells from the diagonal on", true},
    {KM_RETAIN_LEARNED, "retain.acc", "as learned",
     "learning accuracy: the diagonal", true},
    {KM_RETAIN_BWT, "retain.bwt", "", "BWT of GEM: last stage less diagonal",
     false},
    {KM_RETAIN_BWT_CELLS, "retain.bwt", "over cells",
     "BWT of Diaz-Rodriguez: all later stages less diagonal", false},
    {KM_RETAIN_FWT, "retain.fwt", "",
     "FWT of GEM: the stage before less before any training", false},
    {KM_RETAIN_FWT_CELLS, "retain.fwt", "over cells",
     "FWT of Diaz-Rodriguez: above the diagonal, nothing taken off", true},
    {KM_RETAIN_FORGET_MAX, "retain.forgetting", "",
     "F of Chaudhry: the highest before less the last", false},
    {KM_RETAIN_FORGET_FIRST, "retain.forgetting", "since learned",
     "as Avalanche: the first less the last", false},
};

/* Chains of runs that were never scored by task: curves alone. */
static bool is_bare(const struct km_task_matrix *a,
                    const struct km_task_matrix *b)
{
    return !a->problem && !b->problem && !a->metric && !b->metric &&
           a->run_count == b->run_count;
}

size_t km_retain_arms(const struct km_task_matrix *matrices,
                      const uint64_t *configuration, size_t count,
                      struct km_arena *arena, struct km_retain_arm *arms)
{
    size_t arm_count = 0;
    const struct km_task_matrix **seeds =
        km_new(arena, const struct km_task_matrix *, count + 1);
    bool *taken = km_new(arena, bool, count + 1);
    bool held = seeds && taken;
    for (size_t i = 0; i < count && held; i++) {
        if (taken[i]) {
            continue;
        }
        struct km_retain_arm *arm = &arms[arm_count++];
        *arm = (struct km_retain_arm){matrices[i].label, seeds, 0};
        for (size_t k = i; k < count; k++) {
            if (k == i ||
                (!taken[k] && configuration[k] == configuration[i] &&
                 (is_bare(&matrices[i], &matrices[k]) ||
                  km_retain_same_tasks(&matrices[i], &matrices[k], arena)))) {
                taken[k] = true;
                arm->seeds[arm->count++] = &matrices[k];
            }
        }
        seeds += arm->count;
        if (arm->count > 1) {
            arm->name =
                km_arena_printf(arena, "%s and %zu seed%s", matrices[i].label,
                                arm->count - 1, arm->count == 2 ? "" : "s");
            held = arm->name != NULL;
        }
    }
    return held ? arm_count : SIZE_MAX;
}

bool km_retain_same_tasks(const struct km_task_matrix *a,
                          const struct km_task_matrix *b,
                          struct km_arena *arena)
{
    bool same = !a->problem && !b->problem && a->metric && b->metric &&
                a->cells.stages == b->cells.stages &&
                strcmp(a->metric, b->metric) == 0 &&
                strcmp(a->subset, b->subset) == 0;
    for (size_t k = 0; same && k < a->cells.stages; k++) {
        struct km_task_test test = a->tests[k];
        same = strcmp(a->tasks[k], b->tasks[k]) == 0 &&
               !km_task_test_join(&test, &b->tests[k], arena);
    }
    return same;
}

const char *km_retain_hole(const struct km_task_matrix *matrix, size_t stage,
                           size_t task, struct km_arena *arena)
{
    if (task == 0) {
        return "two stages are needed, there is one";
    }
    const char *name = matrix->tasks[task - 1];
    return stage == 0
               ? km_arena_printf(arena,
                                 "R[0][%zu] is missing: %s before any training",
                                 task, name)
           : stage == task
               ? km_arena_printf(arena,
                                 "R[%zu][%zu] is missing: %s after its own "
                                 "stage",
                                 stage, task, name)
               : km_arena_printf(arena,
                                 "R[%zu][%zu] is missing: %s after stage %zu, "
                                 "%s",
                                 stage, task, name, stage,
                                 matrix->tasks[stage - 1]);
}

/* What the seeds of an arm say of one number. */
struct summary {
    struct km_moments over;
    struct km_retained first; /* of the first seed that knows it */
    struct km_retained hole;  /* of the first that does not */
    const struct km_task_matrix *holed;
    bool bound, chosen;
};

static void summarise(struct summary *s, const struct km_task_matrix *matrix,
                      const struct km_retained *one)
{
    if (one->known) {
        s->first = s->over.n > 0 ? s->first : *one;
        s->bound = s->bound || one->bound;
        s->chosen = s->chosen || one->chosen;
        km_moments_add(&s->over, one->value);
    } else if (!s->holed) {
        s->hole = *one;
        s->holed = matrix;
    }
}

/* Over seeds where there are two, else by the errors of the cells. */
static void put_interval(const struct summary *s, double level,
                         struct km_figure_result *result)
{
    double half = NAN;
    if (s->over.n > 1) {
        half = km_moments_half_width(&s->over, level);
        result->rung = "Student's t over seeds";
    } else if (s->first.se > 0) {
        half = s->first.se * km_normal_quantile(0.5 + level / 2);
        result->rung = "errors of the scores, tasks fixed";
    }
    if (half > 0) {
        result->lo = result->value - half;
        result->hi = result->value + half;
        result->level = level;
    } else {
        result->rung = "";
    }
}

static void judge(const struct summary *s, bool is_score,
                  struct km_figure_result *result, struct km_arena *arena)
{
    if (s->bound) {
        result->state = KM_FIGURE_CENSORED;
        result->reason = "a cell of the maximum is missing: at least this";
        result->lo = result->hi = NAN;
    } else if (isnan(result->lo)) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "no interval: the scores have no error and there is "
                         "no second seed";
    } else if (s->chosen) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "a peak is the highest of scores that their errors do "
                         "not tell apart: too high by chance";
    } else if (!is_score && result->lo <= 0 && result->hi >= 0) {
        result->state = KM_FIGURE_WEAK;
        result->reason = "the interval spans 0";
    } else if (s->holed) {
        result->reason = km_arena_printf(arena,
                                         "over %.0f seeds, others lack "
                                         "a cell",
                                         s->over.n);
    }
}

static enum km_code add_summary(const struct summary *s,
                                struct km_figure_result result, double sign,
                                bool is_score, struct km_scorecard *card,
                                struct km_err *err)
{
    result.better = is_score && sign < 0 ? KM_BETTER_LOWER : result.better;
    if (s->over.n > 0) {
        result.value = (is_score ? sign : 1) * s->over.mean;
        result.n = s->first.cells;
        put_interval(s, card->level, &result);
        judge(s, is_score, &result, card->arena);
    } else {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = s->hole.hole_task
                            ? km_retain_hole(s->holed, s->hole.hole_stage,
                                             s->hole.hole_task, card->arena)
                            : "two stages are needed, there is one";
    }
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_row(const struct km_retain_arm *arm,
                            const struct retain_row *row,
                            struct km_scorecard *card, struct km_err *err)
{
    struct summary s = {.over = {0, 0, 0}};
    for (size_t i = 0; i < arm->count; i++) {
        struct km_retained one;
        km_retention_measure(&arm->seeds[i]->cells, row->kind, &one);
        summarise(&s, arm->seeds[i], &one);
    }
    struct km_figure_result result =
        km_result_new(row->id, row->variant, "score");
    result.method = row->method;
    return add_summary(&s, result, arm->seeds[0]->sign, row->is_score, card,
                       err);
}

static enum km_code add_intransigence(const struct km_retain_arm *arm,
                                      const double *reference,
                                      const double *error,
                                      struct km_scorecard *card,
                                      struct km_err *err)
{
    struct summary s = {.over = {0, 0, 0}};
    struct km_figure_result result =
        km_result_new("retain.intransigence", "", "score");
    result.method = "I of Chaudhry: the reference less the diagonal, mean";
    if (!reference) {
        result.state = KM_FIGURE_NOT_APPLICABLE;
        result.reason = "no run that was trained on all tasks is named";
        return km_card_add(card, result, NULL, err);
    }
    for (size_t i = 0; i < arm->count; i++) {
        struct km_retained one;
        km_retention_intransigence(&arm->seeds[i]->cells, reference, error,
                                   &one);
        if (!one.known && one.hole_stage == 0) {
            result.state = KM_FIGURE_INSUFFICIENT;
            result.reason =
                km_arena_printf(card->arena,
                                "the reference has no score on %s by the same "
                                "test",
                                arm->seeds[i]->tasks[one.hole_task - 1]);
            return km_card_add(card, result, NULL, err);
        }
        summarise(&s, arm->seeds[i], &one);
    }
    return add_summary(&s, result, 1, false, card, err);
}

/* What the fits of the seeds say: one rate with its error. */
struct decay {
    struct km_moments over;
    struct km_retention_decay first;
    double lag_max;
};

static double half_width(const struct decay *d, double level)
{
    if (d->over.n > 1) {
        return km_moments_half_width(&d->over, level);
    }
    return d->first.df > 0
               ? d->first.se * km_t_quantile(0.5 + level / 2, d->first.df)
               : (double)NAN;
}

/* Beyond what was seen a half-life is a bound, not a number. */
static void judge_decay(const struct decay *d, struct km_figure_result *result,
                        double level, struct km_arena *arena)
{
    double rate = d->over.mean, half = half_width(d, level);
    double life = rate > 0 ? log(2) / rate : (double)INFINITY;
    result->n = d->first.cells;
    if (life > d->lag_max || life < 1) {
        bool beyond = life > d->lag_max;
        result->state = KM_FIGURE_CENSORED;
        result->value = beyond ? d->lag_max : 1;
        result->at_most = !beyond;
        result->reason =
            !beyond ? "halved before the next stage was scored: at most this"
            : isinf(life)
                ? "scores did not fall while they were watched: at least this"
                : km_arena_printf(arena,
                                  "not halved while it was watched: at least "
                                  "this; %.3g if it goes on so",
                                  life);
        return;
    }
    result->value = life;
    if (half > 0 && rate - half > 0) {
        result->lo = log(2) / (rate + half);
        result->hi = log(2) / (rate - half);
        result->level = level;
        result->rung = d->over.n > 1 ? "Student's t over seeds"
                                     : "leaving out tasks, Student's t";
    } else {
        result->state = KM_FIGURE_WEAK;
        result->reason = half > 0 ? "the interval of the rate spans 0: it may "
                                    "never halve"
                                  : "no interval: one task, one seed";
    }
}

static enum km_code add_half_life(const struct km_retain_arm *arm,
                                  struct km_scorecard *card, struct km_err *err)
{
    struct decay d = {.over = {0, 0, 0}};
    struct km_figure_result result =
        km_result_new("retain.half_life", "", "stage");
    result.method = "exp(-rate t) of the share that is left, least squares";
    for (size_t i = 0; i < arm->count; i++) {
        struct km_retention_decay one;
        if (km_retention_decay(&arm->seeds[i]->cells, &one)) {
            d.first = d.over.n > 0 ? d.first : one;
            d.lag_max = fmax(d.lag_max, one.lag_max);
            km_moments_add(&d.over, one.rate);
        }
    }
    if (arm->seeds[0]->sign < 0) {
        result.state = KM_FIGURE_NOT_APPLICABLE;
        result.reason = "lower is better: a share of it does not fade";
    } else if (!(d.over.n > 0)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = arm->seeds[0]->cells.stages < 2
                            ? "two stages are needed, there is one"
                            : "no task has a positive score as learned and a "
                              "later one";
    } else {
        judge_decay(&d, &result, card->level, card->arena);
    }
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_problem(const struct km_task_matrix *matrix,
                                struct km_scorecard *card, struct km_err *err)
{
    const char *why = matrix->problem ? matrix->problem
                      : matrix->cells.stages
                          ? "no task that was trained was scored by that metric"
                          : "no evaluation says after which stage it was made";
    card->headline = km_arena_printf(card->arena, "No figures: %s.", why);
    return card->headline
               ? km_card_add_absent(card, "retain.acc", "", "score",
                                    KM_FIGURE_INSUFFICIENT, why, err)
               : km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Whether tasks are learned less and less well: the diagonal over stages. */
static enum km_code add_plasticity(const struct km_retain_arm *arm,
                                   struct km_scorecard *card,
                                   struct km_err *err)
{
    size_t stages = arm->seeds[0]->cells.stages;
    double sign = arm->seeds[0]->sign;
    double *y = km_new(card->arena, double, stages + 1);
    if (!y) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    for (size_t k = 1; k <= stages; k++) {
        struct km_moments over = {0, 0, 0};
        for (size_t s = 0; s < arm->count; s++) {
            double value = arm->seeds[s]->cells.score[k * stages + k - 1];
            if (!isnan(value)) {
                km_moments_add(&over, value);
            }
        }
        y[k - 1] = over.n > 0 ? sign * over.mean : (double)NAN;
    }
    return km_plasticity_add("score as learned", y, stages, false,
                             sign < 0 ? KM_BETTER_LOWER : KM_BETTER_HIGHER,
                             card, err);
}

static const char *headline_of(const struct km_retain_arm *arm,
                               const struct km_scorecard *card)
{
    const struct km_task_matrix *first = arm->seeds[0];
    const struct km_figure_result *acc = km_card_find(card, "retain.acc", "");
    const struct km_figure_result *bwt = km_card_find(card, "retain.bwt", "");
    assert(acc && bwt);
    if (isnan(acc->value)) {
        return km_arena_printf(card->arena, "Not scored to the end: %s.",
                               acc->reason);
    }
    const char *text =
        km_arena_printf(card->arena, "%s %.4g on average after %zu tasks",
                        first->metric, acc->value, first->cells.stages);
    return !text ? NULL
           : isnan(bwt->value)
               ? km_arena_printf(card->arena, "%s.", text)
               : km_arena_printf(card->arena,
                                 "%s; the earlier ones %s %.3g since they were "
                                 "learned.",
                                 text, bwt->value < 0 ? "lost" : "gained",
                                 fabs(bwt->value));
}

static const char *context_of(const struct km_retain_arm *arm,
                              struct km_arena *arena)
{
    const struct km_task_matrix *first = arm->seeds[0];
    const char *text =
        km_arena_printf(arena, "%zu stage%s of %s%s%s", first->cells.stages,
                        first->cells.stages == 1 ? "" : "s", first->metric,
                        *first->subset ? ", " : "", first->subset);
    if (text && first->run_count > 1) {
        text = km_arena_printf(arena, "%s; %zu runs from %s", text,
                               first->run_count, first->runs[0]->label);
    }
    return text;
}

enum km_code km_retain_add(const struct km_retain_arm *arm,
                           const double *reference, const double *error,
                           struct km_scorecard *card, struct km_err *err)
{
    assert(arm->count > 0);
    const struct km_task_matrix *first = arm->seeds[0];
    if (first->problem || !first->metric) {
        return add_problem(first, card, err);
    }
    enum km_code code = KM_OK;
    size_t rows = sizeof retain_rows / sizeof *retain_rows;
    for (size_t i = 0; i < rows && code == KM_OK; i++) {
        code = add_row(arm, &retain_rows[i], card, err);
    }
    if (code == KM_OK) {
        code = add_intransigence(arm, reference, error, card, err);
    }
    if (code == KM_OK) {
        code = add_half_life(arm, card, err);
    }
    if (code == KM_OK) {
        code = km_retain_exchange_add(arm, card, err);
    }
    if (code == KM_OK) {
        code = add_plasticity(arm, card, err);
    }
    if (code == KM_OK) {
        code = km_retain_draw(arm, card, err);
    }
    if (code == KM_OK) {
        card->headline = headline_of(arm, card);
        card->context = context_of(arm, card->arena);
        code = card->headline && card->context
                   ? KM_OK
                   : km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    return code;
}
