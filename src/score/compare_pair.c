/* compare_pair.c - compare.pair: paired differences of two runs' training. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare_pair.h"

#include <math.h>
#include <string.h>

#include "measure/paired.h"
#include "score/card.h"

static const char id[] = "compare.pair";
static const double ALPHA = 0.05;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
}

/* One clause on why the two cannot be paired; NULL: they can. */
static const char *obstacle(const struct km_member *a,
                            const struct km_member *b)
{
    const char *order[] = {a->facts.data_order, b->facts.data_order};
    if (!order[0] || !order[1]) {
        return "no data_order_id says that the runs saw the same batches";
    }
    if (strcmp(order[0], order[1]) != 0) {
        return "the runs saw other batches: their data_order_id differ";
    }
    const struct km_member_curve *left = &a->learn, *right = &b->learn;
    if (!left->metric || !right->metric ||
        strcmp(left->metric, right->metric) != 0 ||
        strcmp(left->unit, right->unit) != 0) {
        return "the runs have no training metric in common";
    }
    return NULL;
}

enum km_code km_compare_pair_of(const struct km_member *a,
                                const struct km_member *b, const double *step,
                                const double *difference, size_t count,
                                struct km_scorecard *card, struct km_err *err)
{
    const struct km_member_curve *curve = &a->learn;
    struct km_paired paired;
    if (!km_paired_sequence(difference, count, ALPHA, &paired)) {
        return km_card_add_absent(
            card, id, "", curve->unit, KM_FIGURE_INSUFFICIENT,
            count < KM_PAIRED_MIN
                ? km_arena_printf(card->arena,
                                  "%zu steps that both logged, of %d needed",
                                  count, (int)KM_PAIRED_MIN)
                : "the runs do not differ at all: are they copies?",
            err);
    }
    struct km_figure_result result = km_result_new(id, "", curve->unit);
    bool turned = curve->sign < 0;
    bool decided = paired.lo > 0 || paired.hi < 0;
    const char *ahead = paired.mean < 0 ? a->label : b->label;
    result.better = turned ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = curve->sign * paired.mean;
    result.lo = turned ? -paired.hi : paired.lo;
    result.hi = turned ? -paired.lo : paired.hi;
    result.level = 1 - ALPHA;
    result.n = paired.to - paired.from;
    result.window_from = step[paired.from];
    result.window_to = step[paired.to - 1];
    result.method = km_arena_printf(card->arena, "%s less %s, same batches",
                                    a->label, b->label);
    result.rung = "confidence sequence of these two runs";
    result.state = decided ? KM_FIGURE_OK : KM_FIGURE_WEAK;
    result.reason =
        decided ? km_arena_printf(card->arena,
                                  "of these two runs, %s is ahead; nothing "
                                  "follows for other seeds of the same "
                                  "configurations",
                                  ahead)
                : "these two runs cannot be told apart yet";
    return km_card_add(card, result, NULL, err);
}

/* Differences at the steps that both tracks have; how many. */
static size_t match(const struct km_track *a, const struct km_track *b,
                    double sign, double *step, double *difference)
{
    size_t n = 0;
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->step[i] < b->step[j]) {
            i++;
        } else if (a->step[i] > b->step[j]) {
            j++;
        } else {
            step[n] = a->step[i];
            difference[n++] = sign * (a->value[i++] - b->value[j++]);
        }
    }
    return n;
}

enum km_code km_compare_pair_add(struct km_store *store,
                                 const struct km_role_table *roles,
                                 const struct km_member *a,
                                 const struct km_member *b,
                                 struct km_scorecard *card, struct km_err *err)
{
    const char *problem = obstacle(a, b);
    const char *unit = a->learn.unit ? a->learn.unit : "1";
    if (problem) {
        return km_card_add_absent(card, id, "", unit, KM_FIGURE_NOT_APPLICABLE,
                                  problem, err);
    }
    struct km_run_view *view = km_new(card->arena, struct km_run_view, 2);
    if (!view) {
        return fail_full(err);
    }
    enum km_code code =
        km_run_view_load(store, a->run_id, roles, card->arena, &view[0], err);
    code = code ? code
                : km_run_view_load(store, b->run_id, roles, card->arena,
                                   &view[1], err);
    if (code) {
        return code;
    }
    const struct km_track *left = view[0].tracks[a->learn.role];
    const struct km_track *right = view[1].tracks[b->learn.role];
    if (!left || !right || left->every > 1 || right->every > 1) {
        return km_card_add_absent(
            card, id, "", unit, KM_FIGURE_INSUFFICIENT,
            "points were averaged on the way: steps do not match", err);
    }
    double *step = km_new(card->arena, double, left->count + 1);
    double *difference = km_new(card->arena, double, left->count + 1);
    if (!step || !difference) {
        return fail_full(err);
    }
    size_t n = match(left, right, a->learn.sign, step, difference);
    return km_compare_pair_of(a, b, step, difference, n, card, err);
}
