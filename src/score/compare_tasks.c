/* compare_tasks.c - scores of arms over tasks, from evaluations in the store.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare_tasks.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "measure/aggregate.h"
#include "score/card.h"

enum { TASKS_MAX = 512, RESAMPLES = 2000 };
static const double LEVEL = 0.95;

struct task {
    const char *name; /* "arc_easy acc_norm" */
    double sign;      /* -1: lower is better */
};

struct tasking {
    struct km_arena *arena;
    struct task *tasks;
    size_t task_count;
    double *score;   /* [run * TASKS_MAX + task]; NaN: a hole */
    int64_t *when;   /* step of that score */
    size_t run;      /* being read */
    double *train_s; /* of each run; NaN: not said */
    bool full;
};

static size_t task_of(struct tasking *t, const struct km_evaluation *row)
{
    const char *name =
        km_arena_printf(t->arena, "%.*s %.*s", (int)row->task.len,
                        row->task.ptr, (int)row->metric.len, row->metric.ptr);
    t->full = t->full || !name;
    for (size_t i = 0; name && i < t->task_count; i++) {
        if (strcmp(t->tasks[i].name, name) == 0) {
            return i;
        }
    }
    if (!name || t->task_count == TASKS_MAX) {
        return TASKS_MAX;
    }
    t->tasks[t->task_count] =
        (struct task){name, row->higher_is_better == 0 ? -1 : 1};
    return t->task_count++;
}

/* The last evaluation of a task counts. */
static bool take_evaluation(void *user, uint64_t run_id,
                            const struct km_evaluation *row)
{
    (void)run_id;
    struct tasking *t = user;
    if (!isfinite(row->value)) {
        return true;
    }
    size_t task = task_of(t, row);
    if (task < TASKS_MAX) {
        size_t at = t->run * TASKS_MAX + task;
        if (isnan(t->score[at]) || row->step >= t->when[at]) {
            t->score[at] = t->tasks[task].sign * row->value;
            t->when[at] = row->step;
        }
    }
    return !t->full;
}

static bool take_attribute(void *user, const struct km_attribute *row)
{
    struct tasking *t = user;
    if (km_str_is(row->key, "time_to_train_seconds")) {
        (void)km_number_parse(row->value_json, &t->train_s[t->run]);
    }
    return true;
}

static enum km_code read_runs(struct km_store *store,
                              const struct km_cohort *cohort,
                              const uint32_t *group, struct tasking *t,
                              struct km_err *err)
{
    enum km_code code = KM_OK;
    for (t->run = 0; t->run < cohort->count && code == KM_OK; t->run++) {
        uint64_t run_id = cohort->members[t->run].run_id;
        t->train_s[t->run] = NAN;
        if (group[t->run] == UINT32_MAX) {
            continue;
        }
        code =
            km_store_read_evaluations(store, run_id, take_evaluation, t, err);
        if (code == KM_OK) {
            code =
                km_store_list_attributes(store, run_id, take_attribute, t, err);
        }
    }
    return code;
}

/* The scores of one arm on the tasks that every arm has. */
static struct km_scores scores_of(const struct tasking *t,
                                  const struct km_cohort *cohort,
                                  const uint32_t *group, uint32_t arm,
                                  const size_t *common, size_t common_count)
{
    size_t runs = 0;
    for (size_t i = 0; i < cohort->count; i++) {
        runs += group[i] == arm;
    }
    double *value = km_new(t->arena, double, runs *common_count + 1);
    for (size_t k = 0; value && k < common_count; k++) {
        for (size_t i = 0, r = 0; i < cohort->count; i++) {
            if (group[i] == arm) {
                value[k * runs + r++] = t->score[i * TASKS_MAX + common[k]];
            }
        }
    }
    return (struct km_scores){value, common_count, runs};
}

static size_t find_common(const struct tasking *t,
                          const struct km_cohort *cohort, const uint32_t *group,
                          size_t arm_count, size_t *common)
{
    size_t count = 0;
    for (size_t k = 0; k < t->task_count; k++) {
        size_t with = 0;
        for (uint32_t arm = 0; arm < arm_count; arm++) {
            bool has = false;
            for (size_t i = 0; i < cohort->count && !has; i++) {
                has = group[i] == arm && !isnan(t->score[i * TASKS_MAX + k]);
            }
            with += has;
        }
        if (with == arm_count) {
            common[count++] = k;
        }
    }
    return count;
}

static enum km_code add_score(const char *id, const char *variant,
                              const struct km_scores *a,
                              const struct km_scores *b, double value,
                              struct km_scorecard *card, struct km_err *err)
{
    size_t size = a->task_count * (a->run_count + (b ? b->run_count : 0));
    double *scratch = km_new(card->arena, double, 2 * size + RESAMPLES + 1);
    if (!scratch) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    struct km_figure_result result =
        km_result_new(id, variant, b ? "probability" : "score");
    result.value = value;
    result.n = a->task_count;
    result.method =
        km_arena_printf(card->arena, "over %zu task%s and %zu run%s",
                        a->task_count, a->task_count == 1 ? "" : "s",
                        a->run_count, a->run_count == 1 ? "" : "s");
    bool repeats = a->run_count > 1 && (!b || b->run_count > 1);
    if (repeats && km_scores_interval(a, b, LEVEL, RESAMPLES, 1, scratch,
                                      &result.lo, &result.hi)) {
        result.level = LEVEL;
        result.rung = "stratified bootstrap over runs";
    } else {
        result.state = KM_FIGURE_WEAK;
        result.reason = "one run an arm: no interval over runs";
    }
    if (b && result.lo <= 0.5 && result.hi >= 0.5) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "the interval holds 0.5";
    }
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_olympic(const struct tasking *t,
                                const struct km_cohort *cohort,
                                const uint32_t *group, uint32_t arm,
                                const char *name, struct km_scorecard *card,
                                struct km_err *err)
{
    double *times = km_new(card->arena, double, cohort->count + 1);
    size_t count = 0, said = 0;
    for (size_t i = 0; times && i < cohort->count; i++) {
        if (group[i] == arm) {
            said += isnan(t->train_s[i]) ? 0 : 1;
            times[count++] =
                isnan(t->train_s[i]) ? (double)INFINITY : t->train_s[i] / 60;
        }
    }
    if (!times || said == 0) {
        return times
                   ? KM_OK
                   : km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    struct km_figure_result result =
        km_result_new("compare.olympic", name, "min");
    result.value = km_olympic_mean(times, count);
    result.n = count;
    result.method = "mean without the fastest and the slowest run";
    if (isnan(result.value)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "fewer than 3 runs, or two that never got there";
    }
    return km_card_add(card, result, NULL, err);
}

enum km_code km_compare_tasks_add(struct km_store *store,
                                  const struct km_cohort *cohort,
                                  const uint32_t *group,
                                  const char *const *names, size_t arm_count,
                                  struct km_scorecard *card, struct km_err *err)
{
    size_t cells = cohort->count * TASKS_MAX + 1, common[TASKS_MAX];
    struct tasking t = {.arena = card->arena,
                        .tasks = km_new(card->arena, struct task, TASKS_MAX),
                        .score = km_new(card->arena, double, cells),
                        .when = km_new(card->arena, int64_t, cells),
                        .train_s =
                            km_new(card->arena, double, cohort->count + 1)};
    if (!t.tasks || !t.score || !t.when || !t.train_s) {
        return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    for (size_t i = 0; i < cells; i++) {
        t.score[i] = NAN;
    }
    enum km_code code = read_runs(store, cohort, group, &t, err);
    size_t shared = find_common(&t, cohort, group, arm_count, common);
    struct km_scores first = {NULL, 0, 0};
    for (uint32_t arm = 0; arm < arm_count && code == KM_OK; arm++) {
        code = add_olympic(&t, cohort, group, arm, names[arm], card, err);
        if (code || shared == 0) {
            continue;
        }
        struct km_scores scores =
            scores_of(&t, cohort, group, arm, common, shared);
        double *scratch = km_new(card->arena, double,
                                 scores.task_count *scores.run_count + 1);
        if (!scores.value || !scratch) {
            return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
        }
        code = add_score("compare.iqm", names[arm], &scores, NULL,
                         km_scores_iqm(&scores, scratch), card, err);
        if (arm == 0) {
            first = scores;
        } else if (code == KM_OK) {
            code = add_score("compare.prob_improvement",
                             km_arena_printf(card->arena, "%s over %s",
                                             names[0], names[arm]),
                             &first, &scores,
                             km_scores_improvement(&first, &scores), card, err);
        }
    }
    return code;
}
