/* cmd_tasks.c - `km tasks`: what training on new tasks did to old ones, and
 * what an earlier training was worth for a later one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/card.h"
#include "score/retain.h"
#include "score/tuning.h"

enum { ARMS_MAX = 64 };

/* One run of the command. */
struct tasking {
    struct km_cli *cli;
    struct km_store *store;
    struct km_lineage lineage;
    struct km_run_list list;         /* that were asked for */
    struct km_run_list all;          /* of the store, as lineage.runs */
    struct km_task_matrix *matrices; /* of lineages worth a card */
    uint64_t *configuration;
    size_t count, left_out;
    struct km_run_list scratch, baseline; /* that were named */
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_EMEMORY, "no memory for the matrices of tasks");
}

/* Runs that one option names; none when it is not given. */
static enum km_code select_option(struct tasking *t, const char *option,
                                  struct km_run_list *list, struct km_err *err)
{
    const char *word = km_option_text(t->cli->args, option);
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    return word ? km_select_runs(t->cli, t->store, &filter, &word, 1, list, err)
                : KM_OK;
}

/* A word that is the name of a project means all of its runs. */
static enum km_code select_runs(struct tasking *t, struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    const struct km_invocation *args = t->cli->args;
    const char **words =
        km_new(&t->cli->arena, const char *, args->word_count + 1);
    for (size_t w = 0; words && w < args->word_count; w++) {
        words[w] = args->words[w];
        for (size_t i = 0; i < t->lineage.count && words[w] == args->words[w];
             i++) {
            if (strcmp(t->lineage.runs[i].project, args->words[w]) == 0) {
                words[w] =
                    km_arena_printf(&t->cli->arena, "%s/*", args->words[w]);
            }
        }
        if (!words[w]) {
            return fail_full(err);
        }
    }
    enum km_code code = words ? km_select_runs(t->cli, t->store, &filter, words,
                                               args->word_count, &t->list, err)
                              : fail_full(err);
    if (code == KM_OK) {
        code = km_select_runs(t->cli, t->store, &filter, NULL, 0, &t->all, err);
    }
    code = code ? code : select_option(t, "scratch", &t->scratch, err);
    return code ? code : select_option(t, "baseline", &t->baseline, err);
}

/* Not the parent of another run that was asked for. */
static bool is_last(const struct tasking *t, const struct km_lineage_run *own)
{
    for (size_t i = 0; own->has_child && i < t->list.count; i++) {
        struct km_lineage_chain chain;
        km_lineage_chain_find(&t->lineage, t->list.rows[i].id, &chain);
        for (size_t k = 0; k + 1 < chain.count; k++) {
            if (chain.runs[k] == own) {
                return false;
            }
        }
    }
    return true;
}

/* Training that goes on from training: a parent without a curve only holds runs
 * together. */
static bool goes_on(const struct tasking *t, const struct km_lineage_run *run)
{
    return run->points > 0 && run->parent_index != KM_ID_ABSENT &&
           t->lineage.runs[run->parent_index].points > 0;
}

/* Worth a card: two stages with scores, or curves that go on from others; of
 * what was asked for also one stage, what is held against a named run, and
 * data that were switched. */
static enum km_code is_worth(struct tasking *t,
                             const struct km_lineage_run *run,
                             const struct km_task_matrix *matrix, bool *worth,
                             struct km_err *err)
{
    bool asked = t->cli->args->word_count > 0;
    bool named = t->scratch.count || t->baseline.count;
    *worth = matrix->problem || goes_on(t, run) ||
             (asked ? matrix->cells.stages >= 1 || (named && run->points > 0)
                    : matrix->metric && matrix->cells.stages >= 2);
    if (*worth || !asked || run->points == 0) {
        return KM_OK;
    }
    size_t switches = 0;
    enum km_code code = km_tuning_count_switches(
        t->store, run->id, &t->cli->arena, &switches, err);
    *worth = switches > 0;
    return code;
}

static enum km_code load_matrices(struct tasking *t, struct km_err *err)
{
    const struct km_task_options options = {
        .metric = km_option_text(t->cli->args, "metric"),
        .roles = &t->cli->config.roles,
    };
    struct km_arena *arena = &t->cli->arena;
    t->matrices = km_new(arena, struct km_task_matrix, t->list.count + 1);
    t->configuration = km_new(arena, uint64_t, t->list.count + 1);
    enum km_code code =
        t->matrices && t->configuration ? KM_OK : fail_full(err);
    for (size_t i = 0; i < t->list.count && code == KM_OK; i++) {
        uint64_t id = t->list.rows[i].id;
        const struct km_lineage_run *run =
            &t->lineage.runs[km_id_map_find(&t->lineage.index_of, id)];
        struct km_task_matrix *matrix = &t->matrices[t->count];
        if (!is_last(t, run)) {
            continue;
        }
        code = km_task_matrix_load(t->store, &t->lineage, id, &options, arena,
                                   matrix, err);
        bool worth = false;
        code = code ? code : is_worth(t, run, matrix, &worth, err);
        if (worth && code == KM_OK) {
            code = km_task_configuration(t->store, matrix, arena,
                                         &t->configuration[t->count++], err);
        }
        t->left_out += !worth;
    }
    return code;
}

/* Scores of --reference on the tasks of an arm. */
static enum km_code load_reference(struct tasking *t,
                                   const struct km_task_matrix *matrix,
                                   double **reference, double **error,
                                   struct km_err *err)
{
    struct km_run_list list = {0};
    struct km_arena *arena = &t->cli->arena;
    *reference = *error = NULL;
    if (!matrix->metric || !km_option_given(t->cli->args, "reference")) {
        return KM_OK;
    }
    enum km_code code = select_option(t, "reference", &list, err);
    if (code == KM_OK && list.count != 1) {
        code = km_fail(err, KM_EUSAGE, "--reference means %zu runs, not one",
                       list.count);
    }
    *reference = km_new(arena, double, matrix->cells.stages + 1);
    *error = km_new(arena, double, matrix->cells.stages + 1);
    if (code || !*reference || !*error) {
        return code ? code : fail_full(err);
    }
    return km_task_reference_load(t->store, list.rows[0].id, matrix, arena,
                                  *reference, *error, err);
}

static uint64_t *ids_of(const struct km_run_list *list, struct km_arena *arena)
{
    uint64_t *ids = km_new(arena, uint64_t, list->count + 1);
    for (size_t i = 0; ids && i < list->count; i++) {
        ids[i] = list->rows[i].id;
    }
    return ids;
}

/* Speed of the last runs of an arm, where they have curves. */
static enum km_code add_tuning(struct tasking *t,
                               const struct km_retain_arm *arm,
                               struct km_transfer_pair *pair,
                               struct km_scorecard *card, struct km_err *err)
{
    struct km_arena *arena = &t->cli->arena;
    struct km_tuning tuning;
    struct km_score_options score;
    uint64_t *last = km_new(arena, uint64_t, arm->count + 1);
    *pair = (struct km_transfer_pair){NULL, NULL, NAN};
    if (!last) {
        return fail_full(err);
    }
    for (size_t s = 0; s < arm->count; s++) {
        last[s] = arm->seeds[s]->runs[arm->seeds[s]->run_count - 1]->id;
    }
    uint32_t index = km_id_map_find(&t->lineage.index_of, last[0]);
    if (arm->seeds[0]->problem || t->lineage.runs[index].points == 0) {
        return KM_OK;
    }
    km_card_options(t->cli, &t->all.rows[index], &score);
    const struct km_tuning_options options = {
        .scratch = ids_of(&t->scratch, arena),
        .scratch_count = t->scratch.count,
        .scratch_name = km_option_text(t->cli->args, "scratch"),
        .baseline = ids_of(&t->baseline, arena),
        .baseline_count = t->baseline.count,
        .baseline_name = km_option_text(t->cli->args, "baseline"),
        .score = &score,
    };
    if (!options.scratch || !options.baseline) {
        return fail_full(err);
    }
    enum km_code code = km_tuning_load(t->store, &t->lineage, last, arm->count,
                                       &options, arena, &tuning, err);
    if (code == KM_OK && (tuning.tuned.count || tuning.chain_count > 1)) {
        code = km_tuning_add(&tuning, card, err);
        *pair = km_transfer_pair_of(&tuning, card);
    }
    return code;
}

/* Why a lineage has no figures at all. */
static enum km_code add_reason(struct tasking *t,
                               const struct km_task_matrix *matrix,
                               struct km_scorecard *card, struct km_err *err)
{
    struct km_lineage_chain chain;
    km_lineage_chain_find(&t->lineage, matrix->runs[matrix->run_count - 1]->id,
                          &chain);
    const char *why = chain.problem ? chain.problem : "there is no curve";
    card->headline = km_arena_printf(&t->cli->arena, "No figures: %s.", why);
    return card->headline
               ? km_card_add_absent(card, "tune.to_90", "step", "step",
                                    KM_FIGURE_INSUFFICIENT, why, err)
               : fail_full(err);
}

static enum km_code add_arm(struct tasking *t, const struct km_retain_arm *arm,
                            struct km_transfer_pair *pair,
                            struct km_scorecard *card, struct km_err *err)
{
    double *reference, *error;
    const struct km_task_matrix *first = arm->seeds[0];
    *card = km_card_new(t->cli, arm->name);
    enum km_code code = load_reference(t, first, &reference, &error, err);
    uint32_t index = km_id_map_find(&t->lineage.index_of,
                                    first->runs[first->run_count - 1]->id);
    bool scored =
        first->metric || first->problem || t->lineage.runs[index].points == 0;
    if (code == KM_OK && scored) {
        code = km_retain_add(arm, reference, error, card, err);
    }
    code = code ? code : add_tuning(t, arm, pair, card, err);
    return code || card->count ? code : add_reason(t, first, card, err);
}

static enum km_code add_nothing(struct tasking *t, struct km_scorecard *card,
                                struct km_err *err)
{
    card->headline =
        "No run was scored stage by stage or goes on from another.";
    card->context = km_arena_printf(&t->cli->arena, "%zu run%s", t->left_out,
                                    t->left_out == 1 ? "" : "s");
    return card->context
               ? km_card_add_absent(
                     card, "retain.acc", "", "score", KM_FIGURE_INSUFFICIENT,
                     "no evaluation says after which stage it was made, and no "
                     "scored run names a parent",
                     err)
               : fail_full(err);
}

/* What holds the arms against each other; *count 0: nothing does. */
static enum km_code add_summary(struct tasking *t,
                                const struct km_retain_arm *arms,
                                const struct km_transfer_pair *pairs,
                                size_t arm_count, struct km_scorecard *card,
                                size_t *count, struct km_err *err)
{
    size_t scored = 0;
    enum km_code code = KM_OK;
    *card = km_card_new(t->cli, "tasks");
    for (size_t a = 0; a < arm_count; a++) {
        scored += arms[a].seeds[0]->metric != NULL;
    }
    if (arm_count == 0) {
        code = add_nothing(t, card, err);
    } else if (scored > 1) {
        code = km_retain_frontier_add(arms, arm_count, card, err);
    }
    if (code == KM_OK) {
        code = km_transfer_matrix_add(pairs, arm_count, card, err);
    }
    *count = card->count || card->matrix_count;
    if (*count && !*card->headline) {
        card->headline = "What each task was worth for another.";
    }
    return code;
}

/* One card an arm, after one that holds them against each other. */
static enum km_code make_cards(struct tasking *t, struct km_scorecard **cards,
                               size_t *count, struct km_err *err)
{
    struct km_arena *arena = &t->cli->arena;
    struct km_transfer_pair pairs[ARMS_MAX];
    struct km_retain_arm *arms =
        km_new(arena, struct km_retain_arm, t->count + 1);
    size_t summary = 0;
    size_t arm_count = arms ? km_retain_arms(t->matrices, t->configuration,
                                             t->count, arena, arms)
                            : SIZE_MAX;
    *cards = km_new(arena, struct km_scorecard, ARMS_MAX + 1);
    if (arm_count == SIZE_MAX || !*cards) {
        return fail_full(err);
    }
    if (arm_count > ARMS_MAX) {
        km_cli_note(t->cli, "the first %d of %zu lineages are shown", ARMS_MAX,
                    arm_count);
        arm_count = ARMS_MAX;
    }
    enum km_code code = KM_OK;
    for (size_t a = 0; a < arm_count && code == KM_OK; a++) {
        code = add_arm(t, &arms[a], &pairs[a], &(*cards)[a + 1], err);
    }
    if (code == KM_OK && arm_count != 1) {
        code = add_summary(t, arms, pairs, arm_count, *cards, &summary, err);
    }
    *cards += summary ? 0 : 1;
    *count = arm_count + summary;
    return code;
}

enum km_code km_run_tasks(struct km_cli *cli, struct km_err *err)
{
    struct tasking t = {.cli = cli};
    struct km_scorecard *cards = NULL;
    size_t count = 0;
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &t.store, err);
    code = code ? code : km_lineage_load(t.store, &cli->arena, &t.lineage, err);
    code = code ? code : select_runs(&t, err);
    code = code ? code : load_matrices(&t, err);
    code = code ? code : make_cards(&t, &cards, &count, err);
    return code ? code : km_card_output(cli, cards, count, err);
}
