/* levers.c - levers.importance and levers.effect. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/levers.h"

#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "score/card.h"
#include "score/factor.h"
#include "score/lever_rows.h"
#include "score/practice.h"

enum { RUNS_MIN = 4, SHUFFLES = 999, EFFECTS_MAX = 24 };
static const double CONFOUNDED = 0.9, SIGNIFICANT = 0.05;

struct weighing {
    const struct km_lever_rows *rows;
    const struct km_factors *factors;
    struct km_scorecard *card;
    struct km_err *err;
    double *scratch;  /* 6 x runs */
    double *sorted_y; /* by block */
    uint32_t *sorted_level, *sorted_block, *shuffled;
    size_t *start; /* of each block */
};

/* What is known of one factor before the rows are written. */
struct weighed {
    const struct km_factor *factor;
    bool measured;
    struct km_oneway oneway;
    double lo, hi, p;   /* p: by permutation, then Holm's */
    bool within_blocks; /* the permutation */
    double confounding; /* largest V with another factor */
    const struct km_factor *confounder;
};

static const char *label_of(struct km_arena *arena,
                            const struct km_factor *factor)
{
    return factor->also_count ? km_arena_printf(arena, "%s (with %s)",
                                                factor->key, factor->also)
                              : factor->key;
}

/* Runs of a block next to each other. Blocks count as matched when at least
 * two of them, or one with repeats, hold several levels. */
static bool sort_by_block(struct weighing *w, const struct km_factor *factor)
{
    size_t n = w->rows->count, mixed = 0;
    memset(w->start, 0, (factor->block_count + 1) * sizeof *w->start);
    for (size_t i = 0; i < n; i++) {
        w->start[factor->block[i] + 1]++;
    }
    for (size_t b = 0; b < factor->block_count; b++) {
        w->start[b + 1] += w->start[b];
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = w->start[factor->block[i]]++;
        w->sorted_y[at] = w->rows->y[i];
        w->sorted_level[at] = factor->level[i];
        w->sorted_block[at] = factor->block[i];
    }
    for (size_t i = 1; i < n; i++) {
        mixed += w->sorted_block[i] == w->sorted_block[i - 1] &&
                 w->sorted_level[i] != w->sorted_level[i - 1];
    }
    return 2 * mixed >= factor->block_count && mixed >= 2;
}

static void weigh(struct weighing *w, const struct km_factor *factor,
                  struct weighed *out)
{
    size_t n = w->rows->count;
    *out = (struct weighed){.factor = factor, .p = 1};
    out->measured = km_oneway_measure(w->rows->y, factor->level, n,
                                      factor->level_count, &out->oneway);
    for (size_t i = 0; i < w->factors->count; i++) {
        const struct km_factor *other = &w->factors->rows[i];
        double v = other == factor
                       ? 0
                       : km_association(factor->level, factor->level_count,
                                        other->level, other->level_count, n);
        if (v > out->confounding) {
            out->confounding = v;
            out->confounder = other;
        }
    }
    if (!out->measured) {
        return;
    }
    km_oneway_interval(&out->oneway, w->card->level, &out->lo, &out->hi);
    out->within_blocks = sort_by_block(w, factor);
    out->p = km_oneway_permute(w->sorted_y, w->sorted_level,
                               out->within_blocks ? w->sorted_block : NULL, n,
                               factor->level_count, SHUFFLES, 1, w->shuffled);
}

/* Holm 1979, in place, over those that are measured. */
static void adjust(struct weighed *weighed, size_t count)
{
    double largest = 0;
    for (size_t done = 0; done < count; done++) {
        size_t at = count, left = 0;
        for (size_t i = 0; i < count; i++) {
            bool open = weighed[i].measured && weighed[i].p <= 1;
            left += open;
            if (open && (at == count || weighed[i].p < weighed[at].p)) {
                at = i;
            }
        }
        if (at == count) {
            break;
        }
        largest = fmax(largest, fmin(1, weighed[at].p * (double)left));
        weighed[at].p = 2 + largest; /* done: kept above 1 */
    }
    for (size_t i = 0; i < count; i++) {
        weighed[i].p -= weighed[i].p > 1 ? 2 : 0;
    }
}

static enum km_code add_importance(struct weighing *w,
                                   const struct weighed *weighed)
{
    struct km_arena *arena = w->card->arena;
    const struct km_factor *factor = weighed->factor;
    struct km_figure_result result =
        km_result_new("levers.importance", label_of(arena, factor), "1");
    struct km_evidence evidence = {0};
    const struct km_practice *practice = km_practice_find(factor->key);
    result.n = w->rows->count;
    result.method = "analysis of variance of ln time to target";
    if (practice) {
        km_evidence_add(&evidence,
                        km_arena_printf(arena, "practice: %s", practice->name));
    }
    if (weighed->confounder) {
        km_evidence_add(&evidence,
                        km_arena_printf(arena, "closest to %s: Cramer's V %.2f",
                                        weighed->confounder->key,
                                        weighed->confounding));
    }
    if (!weighed->measured) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "no value of it was run twice, or all runs took "
                        "equally long";
    } else if (weighed->confounding >= CONFOUNDED) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = km_arena_printf(
            arena, "confounded: it changed with %s (Cramer's V %.2f)",
            weighed->confounder->key, weighed->confounding);
    } else {
        result.value = weighed->oneway.omega2;
        result.lo = weighed->lo;
        result.hi = weighed->hi;
        result.level = w->card->level;
        result.rung = km_arena_printf(arena, "noncentral F, %zu runs",
                                      weighed->oneway.count);
        bool told = weighed->p < SIGNIFICANT;
        result.state = told ? KM_FIGURE_OK : KM_FIGURE_WEAK;
        result.reason = km_arena_printf(
            arena, "%s, p = %.3f after Holm%s",
            told ? "told from chance" : "not told from chance", weighed->p,
            weighed->within_blocks ? ", within matched runs" : "");
    }
    return km_card_add(w->card, result, &evidence, w->err);
}

/* The level that most runs have is what others are held against. */
static uint32_t base_level(const struct km_factor *factor)
{
    uint32_t base = 0;
    for (uint32_t k = 1; k < factor->level_count; k++) {
        base = factor->counts[k] > factor->counts[base] ? k : base;
    }
    return base;
}

/* Difference of means without blocks. */
static bool unmatched(const double *y, const uint32_t *level, size_t count,
                      uint32_t from, uint32_t to, struct km_matched *out)
{
    struct km_moments side[2] = {{0, 0, 0}, {0, 0, 0}};
    for (size_t i = 0; i < count; i++) {
        if (level[i] == from || level[i] == to) {
            km_moments_add(&side[level[i] == to], y[i]);
        }
    }
    if (!(side[0].n > 0 && side[1].n > 0)) {
        return false;
    }
    *out = (struct km_matched){.effect = side[1].mean - side[0].mean,
                               .se = NAN,
                               .df = NAN,
                               .tau = NAN,
                               .count = (size_t)(side[0].n + side[1].n)};
    (void)km_moments_welch(&side[0], &side[1], &out->se, &out->df);
    return true;
}

/* One measure of an effect, matched where blocks allow it. */
static bool measure_effect(struct weighing *w, const double *y,
                           const struct km_factor *factor, uint32_t from,
                           uint32_t to, struct km_matched *out)
{
    size_t n = w->rows->count;
    return km_matched_measure(y, factor->level, factor->block, n, from, to,
                              factor->block_count, w->scratch, out) ||
           unmatched(y, factor->level, n, from, to, out);
}

static void judge_effect(struct weighing *w, const struct km_factor *factor,
                         const struct km_matched *effect,
                         struct km_figure_result *result)
{
    struct km_arena *arena = w->card->arena;
    bool spans = !(result->lo > 1 || result->hi < 1);
    if (effect->blocks) {
        result->rung = km_arena_printf(
            arena, "matched, %zu block%s of runs equal otherwise",
            effect->blocks, effect->blocks == 1 ? "" : "s");
        result->state = spans ? KM_FIGURE_WEAK : KM_FIGURE_OK;
        result->reason = isnan(effect->se)
                             ? "no run was repeated: no interval is known"
                         : spans ? "the interval spans 1"
                                 : "";
        return;
    }
    result->rung = "not matched";
    result->state = KM_FIGURE_WEAK;
    result->reason = km_arena_printf(
        arena, "not causal: no two runs differ in %s alone", factor->key);
}

static enum km_code add_effect(struct weighing *w,
                               const struct km_factor *factor, uint32_t from,
                               uint32_t to)
{
    struct km_arena *arena = w->card->arena;
    struct km_matched effect, data;
    if (!measure_effect(w, w->rows->y, factor, from, to, &effect)) {
        return KM_OK;
    }
    struct km_figure_result result =
        km_result_new("levers.effect",
                      km_arena_printf(arena, "%s %s against %s", factor->key,
                                      factor->names[to], factor->names[from]),
                      "x");
    result.value = exp(-effect.effect);
    result.n = effect.count;
    result.method = km_arena_printf(arena, "ratio of the %s to the target",
                                    km_axis_name(w->rows->axis));
    if (effect.se > 0 && effect.df > 0) {
        double t = km_t_quantile(0.5 + w->card->level / 2, effect.df);
        result.lo = exp(-effect.effect - t * effect.se);
        result.hi = exp(-effect.effect + t * effect.se);
        result.level = w->card->level;
    }
    judge_effect(w, factor, &effect, &result);
    struct km_evidence evidence = {0};
    if (w->rows->factored &&
        measure_effect(w, w->rows->step_y, factor, from, to, &data)) {
        km_evidence_add(
            &evidence,
            km_arena_printf(arena, "%.3fx learning per %s, %.3fx speed",
                            exp(-data.effect), km_axis_name(w->rows->data_axis),
                            exp(data.effect - effect.effect)));
    }
    const struct km_practice *practice = km_practice_find(factor->key);
    if (practice) {
        km_evidence_add(&evidence,
                        km_arena_printf(arena, "practice: %s; %s",
                                        practice->name, practice->caveat));
    }
    if (factor->also_count) {
        km_evidence_add(
            &evidence, km_arena_printf(arena, "always changed together: %s, %s",
                                       factor->key, factor->also));
    }
    return km_card_add(w->card, result, &evidence, w->err);
}

/* Rows in the order of importance; those without a number last. */
static void rank(struct weighed *weighed, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct weighed moved = weighed[i];
        double key = moved.measured && moved.confounding < CONFOUNDED
                         ? moved.oneway.omega2
                         : -1;
        size_t at = i;
        while (at > 0) {
            const struct weighed *before = &weighed[at - 1];
            double other = before->measured && before->confounding < CONFOUNDED
                               ? before->oneway.omega2
                               : -1;
            if (!(other < key)) {
                break;
            }
            weighed[at] = weighed[at - 1];
            at--;
        }
        weighed[at] = moved;
    }
}

static enum km_code write_rows(struct weighing *w, struct weighed *weighed,
                               size_t count)
{
    enum km_code code = KM_OK;
    size_t effects = 0;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = add_importance(w, &weighed[i]);
    }
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        const struct km_factor *factor = weighed[i].factor;
        uint32_t base = base_level(factor);
        for (uint32_t k = 0; k < factor->level_count && code == KM_OK; k++) {
            if (k != base && effects < EFFECTS_MAX) {
                effects++;
                code = add_effect(w, factor, base, k);
            }
        }
    }
    return code;
}

/* Practices in which no run differs: one line, not a row each. */
static enum km_code add_unused(struct weighing *w)
{
    enum km_code code = KM_OK;
    for (size_t p = 0; p < km_practice_count && code == KM_OK; p++) {
        bool used = false;
        for (size_t i = 0; i < w->factors->count && !used; i++) {
            used =
                km_practice_find(w->factors->rows[i].key) == &km_practices[p];
        }
        if (!used) {
            code = km_card_add_absent(
                w->card, "levers.effect", km_practices[p].name, "x",
                KM_FIGURE_NOT_APPLICABLE, "no run differs in it", w->err);
        }
    }
    return code;
}

/* What was compared, and what was left out. */
static const char *context_of(const struct weighing *w)
{
    struct km_arena *arena = w->card->arena;
    const struct km_lever_rows *rows = w->rows;
    const char *text =
        km_arena_printf(arena, "%zu runs, %s to %s %.4g", rows->count,
                        km_axis_name(rows->axis), rows->metric, rows->target);
    const struct {
        size_t count;
        const char *what;
    } out[] = {{rows->unreached, "never reached it"},
               {rows->other_metric, "have another metric"},
               {rows->no_curve, "have no curve"},
               {rows->no_rate, "have no such axis"}};
    for (size_t i = 0; text && i < 4; i++) {
        if (out[i].count) {
            text = km_arena_printf(arena, "%s; %zu left out that %s", text,
                                   out[i].count, out[i].what);
        }
    }
    if (text && *w->factors->left_out) {
        text = km_arena_printf(arena, "%s; different in every run: %s", text,
                               w->factors->left_out);
    }
    return text;
}

static const char *headline_of(const struct weighing *w,
                               const struct weighed *weighed, size_t count)
{
    struct km_arena *arena = w->card->arena;
    for (size_t i = 0; i < w->card->count; i++) {
        const struct km_figure_result *result = &w->card->results[i];
        if (strcmp(result->figure->id, "levers.effect") == 0 &&
            result->state == KM_FIGURE_OK) {
            return km_arena_printf(arena,
                                   "%s: %.2fx as fast [%.2f, %.2f], over %s.",
                                   result->variant, result->value, result->lo,
                                   result->hi, result->rung);
        }
    }
    if (count == 0) {
        return "The runs differ in no setting that could be a lever.";
    }
    for (size_t i = 0; i < count; i++) {
        if (weighed[i].measured && weighed[i].confounding < CONFOUNDED &&
            weighed[i].p < SIGNIFICANT) {
            return km_arena_printf(
                arena,
                "%s goes with %.0f %% of the differences in speed; the runs "
                "are "
                "not matched well enough to say by how much.",
                weighed[i].factor->key, 100 * weighed[i].oneway.omega2);
        }
    }
    return km_arena_printf(arena,
                           "No setting can be told from chance over %zu runs.",
                           w->rows->count);
}

static bool matches(const struct km_factor *factor, const char *glob)
{
    return !glob || km_glob_match(km_str_of(glob), km_str_of(factor->key));
}

static enum km_code weigh_all(struct weighing *w, const char *glob)
{
    struct km_scorecard *card = w->card;
    size_t n = w->rows->count, count = 0;
    struct weighed *weighed =
        km_new(card->arena, struct weighed, w->factors->count + 1);
    w->scratch = km_new(card->arena, double, 6 * n + 6);
    w->sorted_y = km_new(card->arena, double, n + 1);
    w->sorted_level = km_new(card->arena, uint32_t, n + 1);
    w->sorted_block = km_new(card->arena, uint32_t, n + 1);
    w->shuffled = km_new(card->arena, uint32_t, n + 1);
    w->start = km_new(card->arena, size_t, n + 2);
    if (!weighed || !w->scratch || !w->sorted_y || !w->sorted_level ||
        !w->sorted_block || !w->shuffled || !w->start) {
        return km_fail(
            w->err, KM_ELIMIT,
            "the runs do not fit the memory allowed for one command");
    }
    for (size_t i = 0; i < w->factors->count; i++) {
        if (matches(&w->factors->rows[i], glob)) {
            weigh(w, &w->factors->rows[i], &weighed[count++]);
        }
    }
    adjust(weighed, count);
    rank(weighed, count);
    enum km_code code = write_rows(w, weighed, count);
    card->context = context_of(w);
    card->headline = headline_of(w, weighed, count);
    if (code == KM_OK && !glob) {
        code = add_unused(w);
    }
    if (code == KM_OK && count == 0) {
        code = km_card_add_absent(
            card, "levers.importance", "", "1", KM_FIGURE_NOT_APPLICABLE,
            "no setting differs between the runs", w->err);
    }
    return code;
}

enum km_code km_levers_add(const struct km_cohort *cohort,
                           const struct km_lever_options *options,
                           struct km_scorecard *card, struct km_err *err)
{
    struct km_lever_rows rows;
    struct km_factors factors;
    struct km_task_mix mix;
    if (km_cohort_mixes_tasks(cohort, NULL, NULL, card->arena, &mix)) {
        card->headline = km_arena_printf(
            card->arena,
            "These runs are of %s: steps to one target mean nothing over them. "
            "Name the runs of one.",
            mix.words);
        card->context = km_arena_printf(card->arena, "%zu runs", cohort->count);
        return km_card_add_absent(card, "levers.importance", "", "1",
                                  KM_FIGURE_INSUFFICIENT,
                                  "runs of different tasks", err);
    }
    enum km_code code =
        km_lever_rows_find(cohort, options, card->arena, &rows, err);
    if (code) {
        return code;
    }
    card->target = rows.target;
    if (rows.count < RUNS_MIN) {
        card->headline = "Not enough runs to tell a lever from chance.";
        card->context =
            km_arena_printf(card->arena, "%zu of %zu runs can be compared",
                            rows.count, cohort->count);
        return km_card_add_absent(
            card, "levers.importance", "", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena,
                            "%zu comparable runs reached the target, at least "
                            "%d are needed",
                            rows.count, RUNS_MIN),
            err);
    }
    code =
        km_factors_find(rows.members, rows.count, card->arena, &factors, err);
    if (code) {
        return code;
    }
    struct weighing w = {
        .rows = &rows, .factors = &factors, .card = card, .err = err};
    return weigh_all(&w, options->key);
}
