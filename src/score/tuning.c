/* tuning.c - the figures of a tuned run, and all pairs of tasks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/tuning.h"

#include <math.h>
#include <string.h>

#include "score/card.h"
#include "score/compare.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

enum km_code km_tuning_arms(const struct km_tuning *tuning,
                            const struct km_tuning_side *other,
                            struct km_arena *arena, struct km_arm arms[2],
                            struct km_arm_metric *metric, struct km_err *err)
{
    size_t tuned = tuning->tuned.count, all = tuned + other->count;
    struct km_cohort both = {.members =
                                 km_new(arena, struct km_member, all + 1),
                             .count = all,
                             .arena = arena};
    uint32_t *group = km_new(arena, uint32_t, all + 1);
    const char *const names[] = {tuning->tuned.name, other->name};
    if (!both.members || !group) {
        return fail_full(err);
    }
    for (size_t i = 0; i < all; i++) {
        group[i] = i < tuned ? 0 : 1;
        both.members[i] =
            i < tuned ? tuning->tuned.members[i] : other->members[i - tuned];
    }
    return km_arms_build(&both, group, names, 2, arena, arms, metric, err);
}

/* The tuned runs, those from scratch and the base line over each other. */
static enum km_code draw(const struct km_tuning *tuning,
                         struct km_scorecard *card, struct km_err *err)
{
    const struct km_tuning_side *sides[] = {&tuning->scratch,
                                            &tuning->baseline};
    enum km_code code = KM_OK;
    for (size_t i = 0; i < 2 && code == KM_OK; i++) {
        struct km_arm arms[2];
        struct km_arm_metric metric;
        code =
            km_tuning_arms(tuning, sides[i], card->arena, arms, &metric, err);
        if (code == KM_OK && i == 0) {
            code = km_overlay_add(&arms[0], &metric, card, err);
        }
        code = code ? code : km_overlay_add(&arms[1], &metric, card, err);
    }
    return code;
}

/* "Learns 2.7x as fast per step as training from scratch [2.5, 2.9]." */
static const char *speed_words(const struct km_figure_result *speedup,
                               const char *over, struct km_arena *arena)
{
    bool bound = speedup->state == KM_FIGURE_CENSORED;
    const char *text =
        km_arena_printf(arena, "Learns %s%.3gx as fast per step as %s",
                        !bound               ? ""
                        : speedup->value > 1 ? "at least "
                                             : "at most ",
                        speedup->value, over);
    return !text ? NULL
           : isnan(speedup->lo)
               ? km_arena_printf(arena, "%s.", text)
               : km_arena_printf(arena, "%s [%.3g, %.3g].", text, speedup->lo,
                                 speedup->hi);
}

static const char *headline_of(const struct km_tuning *tuning,
                               const struct km_scorecard *card)
{
    static const char *const over[] = {"over scratch, per step",
                                       "over base line, per step"};
    static const char *const words[] = {"training from scratch",
                                        "the base line"};
    for (size_t i = 0; i < 2; i++) {
        const struct km_figure_result *found =
            km_card_find(card, "tune.speedup", over[i]);
        if (found && !isnan(found->value)) {
            return speed_words(found, words[i], card->arena);
        }
    }
    const struct km_figure_result *own = km_card_find(card, "tune.to_90", NULL);
    if (!own) {
        const struct km_figure_result *trend =
            km_card_find(card, "plasticity.trend", NULL);
        return trend && !isnan(trend->value)
                   ? km_arena_printf(card->arena,
                                     "A stage took %.3gx as long as the one "
                                     "before, over %zu stages.",
                                     trend->value, tuning->chain_count)
                   : "Too few stages to say whether learning slows down.";
    }
    return !isnan(own->value)
               ? km_arena_printf(card->arena,
                                 "%.4g steps to 90 %% of what the stage "
                                 "gained; nothing to hold it against.",
                                 own->value)
           : tuning->chain_count > 1 ? "The last stage gained nothing."
                                     : "The run gained nothing.";
}

enum km_code km_tuning_add(const struct km_tuning *tuning,
                           struct km_scorecard *card, struct km_err *err)
{
    double *log_x = km_new(card->arena, double, tuning->chain_count + 1);
    enum km_code code = log_x ? KM_OK : fail_full(err);
    if (code == KM_OK && tuning->tuned.count) {
        code = km_tune_add(tuning, card, err);
        code = code ? code : km_transfer_add(tuning, card, err);
        code = code ? code : draw(tuning, card, err);
    }
    if (code == KM_OK && tuning->chain_count > 1) {
        code = km_transition_add(tuning, log_x, card, err);
        code = code ? code
                    : km_plasticity_add("transition time", log_x,
                                        tuning->chain_count, true,
                                        KM_BETTER_LOWER, card, err);
    }
    if (code == KM_OK && !*card->headline) {
        card->headline = headline_of(tuning, card);
        card->context = km_arena_printf(
            card->arena, "%zu stage%s; %zu run%s from scratch",
            tuning->chain_count, tuning->chain_count == 1 ? "" : "s",
            tuning->scratch.count, tuning->scratch.count == 1 ? "" : "s");
        code = card->headline && card->context ? KM_OK : fail_full(err);
    }
    return code;
}

struct km_transfer_pair km_transfer_pair_of(const struct km_tuning *tuning,
                                            const struct km_scorecard *card)
{
    size_t n = tuning->chain_count;
    struct km_transfer_pair pair = {NULL, NULL, NAN};
    const struct km_figure_result *ratio =
        km_card_find(card, "transfer.threshold_ratio", "per step");
    if (n > 1 && ratio) {
        pair.source = tuning->tasks[n - 2] ? tuning->tasks[n - 2]
                                           : tuning->chain[n - 2].name;
        pair.target = tuning->tasks[n - 1];
        pair.value = ratio->value;
    }
    return pair;
}

/* Place of a name, which is added when it is new. */
static size_t place_of(const char **names, size_t *count, const char *name)
{
    size_t at = 0;
    while (at < *count && strcmp(names[at], name) != 0) {
        at++;
    }
    names[at] = name;
    *count += at == *count;
    return at;
}

enum km_code km_transfer_matrix_add(const struct km_transfer_pair *pairs,
                                    size_t count, struct km_scorecard *card,
                                    struct km_err *err)
{
    struct km_arena *arena = card->arena;
    size_t rows = 0, columns = 0, known = 0;
    const char **sources = km_new(arena, const char *, count + 1);
    const char **targets = km_new(arena, const char *, count + 1);
    size_t *at = km_new(arena, size_t, 2 * count + 1);
    if (!sources || !targets || !at) {
        return fail_full(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].source && pairs[i].target && !isnan(pairs[i].value)) {
            at[2 * i] = place_of(sources, &rows, pairs[i].source);
            at[2 * i + 1] = place_of(targets, &columns, pairs[i].target);
            known++;
        }
    }
    double *value = km_new(arena, double, rows *columns + 1);
    if (!value || known < 2) {
        return value ? KM_OK : fail_full(err);
    }
    for (size_t i = 0; i < rows * columns; i++) {
        value[i] = NAN;
    }
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].source && pairs[i].target && !isnan(pairs[i].value)) {
            value[at[2 * i] * columns + at[2 * i + 1]] = pairs[i].value;
        }
    }
    const struct km_matrix matrix = {
        .id = "transfer",
        .title = "time to threshold from scratch over that after another task",
        .unit = "x",
        .row_title = "trained before",
        .column_title = "task",
        .better = KM_BETTER_HIGHER,
        .row_count = rows,
        .column_count = columns,
        .rows = sources,
        .columns = targets,
        .value = value,
    };
    return km_card_add_matrix(card, matrix, err);
}
