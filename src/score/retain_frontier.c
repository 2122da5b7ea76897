/* retain_frontier.c - what is gained on new tasks against what is lost of old.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/lever.h"
#include "measure/moments.h"
#include "score/card.h"
#include "score/retain_parts.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Stages whose cells are all there, of every seed. */
static size_t gather_trades(const struct km_retain_arm *arm,
                            struct km_retention_trade *trades,
                            const char **hole, struct km_arena *arena)
{
    size_t count = 0;
    for (size_t s = 0; s < arm->count; s++) {
        const struct km_task_matrix *matrix = arm->seeds[s];
        for (size_t i = 2; i <= matrix->cells.stages; i++) {
            struct km_retention_trade *trade = &trades[count];
            if (km_retention_trade(&matrix->cells, i, trade)) {
                count++;
            } else if (!*hole) {
                *hole = km_retain_hole(matrix, trade->hole_stage,
                                       trade->hole_task, arena);
            }
        }
    }
    return count;
}

enum km_code km_retain_exchange_add(const struct km_retain_arm *arm,
                                    struct km_scorecard *card,
                                    struct km_err *err)
{
    size_t most = arm->count * (arm->seeds[0]->cells.stages + 1);
    struct km_retention_trade *trades =
        km_new(card->arena, struct km_retention_trade, most);
    if (!trades) {
        return fail_full(err);
    }
    const char *hole = NULL;
    size_t count = gather_trades(arm, trades, &hole, card->arena);
    struct km_figure_result result =
        km_result_new("retain.frontier", "exchange rate", "1");
    double se;
    result.better = KM_BETTER_LOWER;
    result.method = "old score lost for one of new score gained";
    result.n = count;
    if (count == 0) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = hole ? hole : "two stages are needed, there is one";
    } else if (!km_exchange_rate(trades, count, &result.value, &se)) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = "training gained nothing on the new tasks";
    } else if (count == 1) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "no interval: one stage";
    } else {
        double half =
            se * km_t_quantile(0.5 + card->level / 2, (double)count - 1);
        result.lo = result.value - half;
        result.hi = result.value + half;
        result.level = card->level;
        result.rung = "ratio over stages, Student's t";
        bool spans = result.lo <= 0 && result.hi >= 0;
        result.state = spans ? KM_FIGURE_WEAK : KM_FIGURE_OK;
        result.reason = spans ? "the interval spans 0" : "";
    }
    return km_card_add(card, result, NULL, err);
}

/* An arm as a place: what is forgotten, how well new tasks are learned. */
struct place {
    const struct km_retain_arm *arm;
    struct km_moments forgotten, learned; /* learned: higher is better */
    const char *lacks;                    /* NULL: both are known */
    const char *told;                     /* name in sentences */
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (!x->lacks != !y->lacks) {
        return x->lacks ? 1 : -1;
    }
    double p = x->forgotten.mean, q = y->forgotten.mean;
    if (p < q || p > q) {
        return p < q ? -1 : 1;
    }
    return (x->learned.mean < y->learned.mean) -
           (x->learned.mean > y->learned.mean);
}

static void find_place(const struct km_retain_arm *arm, struct km_arena *arena,
                       struct place *place)
{
    *place = (struct place){.arm = arm};
    for (size_t s = 0; s < arm->count; s++) {
        const struct km_task_matrix *matrix = arm->seeds[s];
        struct km_retained lost, learned;
        km_retention_measure(&matrix->cells, KM_RETAIN_FORGET_MAX, &lost);
        km_retention_measure(&matrix->cells, KM_RETAIN_LEARNED, &learned);
        if (lost.known && learned.known && !lost.bound) {
            km_moments_add(&place->forgotten, lost.value);
            km_moments_add(&place->learned, learned.value);
            continue;
        }
        const struct km_retained *bad = learned.known ? &lost : &learned;
        place->lacks = place->lacks ? place->lacks
                       : bad->known ? "a cell of the maximum is missing"
                                    : km_retain_hole(matrix, bad->hole_stage,
                                                     bad->hole_task, arena);
    }
    place->lacks = place->forgotten.n > 0 ? NULL : place->lacks;
}

static enum km_code add_place(const struct place *places, size_t index,
                              size_t known, size_t by,
                              struct km_scorecard *card, struct km_err *err)
{
    const struct place *place = &places[index];
    double sign = place->arm->seeds[0]->sign;
    struct km_figure_result result =
        km_result_new("retain.frontier", place->arm->name, "score");
    result.better = sign < 0 ? KM_BETTER_LOWER : KM_BETTER_HIGHER;
    result.method = "mean score of tasks as they were learned";
    if (place->lacks) {
        result.state = KM_FIGURE_INSUFFICIENT;
        result.reason = place->lacks;
        return km_card_add(card, result, NULL, err);
    }
    result.value = sign * place->learned.mean;
    result.n = (uint64_t)place->learned.n;
    const char *lost =
        km_arena_printf(card->arena, "forgets %.4g", place->forgotten.mean);
    result.reason =
        by < known ? km_arena_printf(card->arena, "%s; dominated by %s", lost,
                                     places[by].told)
                   : km_arena_printf(card->arena, "%s; on the frontier", lost);
    if (place->learned.n > 1) {
        double half = km_moments_half_width(&place->learned, card->level);
        result.lo = result.value - half;
        result.hi = result.value + half;
        result.level = card->level;
        result.rung = "Student's t over seeds";
    } else {
        result.state = KM_FIGURE_WEAK; /* its place may be chance */
    }
    return km_card_add(card, result, NULL, err);
}

static enum km_code add_curve(const struct place *places, const size_t *index,
                              size_t count, const char *kind, const char *name,
                              struct km_scorecard *card, struct km_err *err)
{
    double *x = km_new(card->arena, double, count + 1);
    double *y = km_new(card->arena, double, count + 1);
    for (size_t i = 0; x && y && i < count; i++) {
        const struct place *place = &places[index[i]];
        x[i] = place->forgotten.mean;
        y[i] = place->arm->seeds[0]->sign * place->learned.mean;
    }
    const struct km_curve curve = {
        .id = "frontier",
        .title = "new tasks as learned against what is forgotten",
        .unit = "score",
        .axis = KM_AXIS_STEP,
        .kind = kind,
        .name = name,
        .x_unit = "score",
        .x_title = "forgotten",
        .count = count,
        .x = x,
        .y = y,
    };
    return km_card_add_curve(card, curve, err);
}

static enum km_code draw(const struct place *places, const size_t *by,
                         size_t known, struct km_scorecard *card,
                         struct km_err *err)
{
    size_t *line = km_new(card->arena, size_t, known + 1), kept = 0;
    enum km_code code = line ? KM_OK : fail_full(err);
    for (size_t i = 0; i < known && code == KM_OK; i++) {
        if (by[i] == known) {
            line[kept++] = i;
        }
        code =
            add_curve(places, &i, 1, "points", places[i].arm->name, card, err);
    }
    return code == KM_OK && kept > 1
               ? add_curve(places, line, kept, "line", "frontier", card, err)
               : code;
}

/* Arms of the same tasks and tests as the first; others are left out. */
static size_t gather_places(const struct km_retain_arm *arms, size_t count,
                            struct km_arena *arena, struct place *places,
                            size_t *known)
{
    const struct km_task_matrix *first = NULL;
    size_t kept = 0;
    *known = 0;
    for (size_t i = 0; i < count; i++) {
        const struct km_task_matrix *own = arms[i].seeds[0];
        first = first ? first : own->problem || !own->metric ? NULL : own;
        if (first && km_retain_same_tasks(first, own, arena)) {
            find_place(&arms[i], arena, &places[kept]);
            *known += places[kept++].lacks == NULL;
        }
    }
    qsort(places, kept, sizeof *places, compare_places);
    return kept;
}

/* Names in sentences: without the folders that all have in common. */
static bool tell_names(struct place *places, size_t count,
                       struct km_arena *arena)
{
    const char **names = km_new(arena, const char *, count + 1);
    for (size_t i = 0; names && i < count; i++) {
        names[i] = places[i].arm->name;
    }
    for (size_t i = 0; names && i < count; i++) {
        struct km_str told = km_str_distinct(names, count, i);
        places[i].told = km_arena_copy(arena, told.ptr, told.len);
        names = places[i].told ? names : NULL;
    }
    return names != NULL;
}

static const char *headline_of(const struct place *places, size_t known,
                               struct km_arena *arena)
{
    return known == 2 ? km_arena_printf(
                            arena,
                            "%s forgets least: a score of %.3g, against %.3g "
                            "of %s.",
                            places[0].told, places[0].forgotten.mean,
                            places[1].forgotten.mean, places[1].told)
           : known
               ? km_arena_printf(arena, "%s forgets least%s: a score of %.3g.",
                                 places[0].told, known > 2 ? " of all" : "",
                                 places[0].forgotten.mean)
               : "No lineage was scored often enough to be placed.";
}

enum km_code km_retain_frontier_add(const struct km_retain_arm *arms,
                                    size_t count, struct km_scorecard *card,
                                    struct km_err *err)
{
    struct place *places = km_new(card->arena, struct place, count + 1);
    double *lost = km_new(card->arena, double, count + 1);
    double *missed = km_new(card->arena, double, count + 1);
    size_t *by = km_new(card->arena, size_t, count + 1), known = 0;
    if (!places || !lost || !missed || !by) {
        return fail_full(err);
    }
    size_t kept = gather_places(arms, count, card->arena, places, &known);
    if (!tell_names(places, kept, card->arena)) {
        return fail_full(err);
    }
    if (kept < 2) {
        card->headline = "No two lineages were trained on the same tasks.";
        return km_card_add_absent(
            card, "retain.frontier", "", "score", KM_FIGURE_INSUFFICIENT,
            "two lineages over the same tasks by the same tests are needed",
            err);
    }
    for (size_t i = 0; i < known; i++) {
        lost[i] = places[i].forgotten.mean;
        missed[i] = -places[i].learned.mean;
    }
    km_frontier_mark(lost, missed, known, by);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < kept && code == KM_OK; i++) {
        code = add_place(places, i, known, i < known ? by[i] : 0, card, err);
    }
    card->context = km_arena_printf(
        card->arena, "%zu of %zu lineages over the same tasks", kept, count);
    card->headline = headline_of(places, known, card->arena);
    return code == KM_OK ? draw(places, by, known, card, err) : code;
}
