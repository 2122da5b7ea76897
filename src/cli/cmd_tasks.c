/* cmd_tasks.c - `km tasks`: what training on new tasks did to old ones. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/card.h"
#include "score/retain.h"

enum { ARMS_MAX = 64 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_EMEMORY, "no memory for the matrices of tasks");
}

/* A word that is the name of a project means all of its runs. */
static enum km_code select_runs(struct km_cli *cli, struct km_store **store,
                                const struct km_lineage *lineage,
                                struct km_run_list *list, struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    const struct km_invocation *args = cli->args;
    const char **words =
        km_new(&cli->arena, const char *, args->word_count + 1);
    for (size_t w = 0; words && w < args->word_count; w++) {
        words[w] = args->words[w];
        for (size_t i = 0; i < lineage->count && words[w] == args->words[w];
             i++) {
            if (strcmp(lineage->runs[i].project, args->words[w]) == 0) {
                words[w] = km_arena_printf(&cli->arena, "%s/*", args->words[w]);
            }
        }
        if (!words[w]) {
            return fail_full(err);
        }
    }
    return words ? km_select_runs(cli, *store, &filter, words, args->word_count,
                                  list, err)
                 : fail_full(err);
}

/* Not the parent of another run that was asked for. */
static bool is_last(const struct km_lineage *lineage,
                    const struct km_run_list *list, size_t index)
{
    const struct km_lineage_run *own =
        &lineage
             ->runs[km_id_map_find(&lineage->index_of, list->rows[index].id)];
    for (size_t i = 0; own->has_child && i < list->count; i++) {
        struct km_lineage_chain chain;
        km_lineage_chain_find(lineage, list->rows[i].id, &chain);
        for (size_t k = 0; i != index && k + 1 < chain.count; k++) {
            if (chain.runs[k] == own) {
                return false;
            }
        }
    }
    return true;
}

struct matrices {
    struct km_task_matrix *items;
    uint64_t *configuration;
    size_t count, left_out;
};

/* Worth a card: two stages with scores, or anything that was asked for. */
static bool is_worth(const struct km_task_matrix *matrix, bool asked)
{
    return matrix->problem ||
           (asked ? matrix->cells.stages >= 1
                  : matrix->metric && matrix->cells.stages >= 2);
}

static enum km_code load_matrices(struct km_cli *cli, struct km_store *store,
                                  const struct km_lineage *lineage,
                                  const struct km_run_list *list,
                                  struct matrices *m, struct km_err *err)
{
    const struct km_task_options options = {
        .metric = km_option_text(cli->args, "metric"),
        .roles = &cli->config.roles,
    };
    m->items = km_new(&cli->arena, struct km_task_matrix, list->count + 1);
    m->configuration = km_new(&cli->arena, uint64_t, list->count + 1);
    enum km_code code = m->items && m->configuration ? KM_OK : fail_full(err);
    for (size_t i = 0; i < list->count && code == KM_OK; i++) {
        if (!is_last(lineage, list, i)) {
            continue;
        }
        struct km_task_matrix *matrix = &m->items[m->count];
        code = km_task_matrix_load(store, lineage, list->rows[i].id, &options,
                                   &cli->arena, matrix, err);
        bool worth = is_worth(matrix, cli->args->word_count > 0);
        if (code == KM_OK && worth) {
            code = km_task_configuration(store, matrix, &cli->arena,
                                         &m->configuration[m->count], err);
            m->count++;
        }
        m->left_out += !worth;
    }
    return code;
}

/* Scores of --reference on the tasks of an arm. */
static enum km_code load_reference(struct km_cli *cli, struct km_store *store,
                                   const struct km_task_matrix *matrix,
                                   double **reference, double **error,
                                   struct km_err *err)
{
    const char *name = km_option_text(cli->args, "reference");
    const struct km_run_filter filter = {.order = KM_ORDER_NAME};
    struct km_run_list list = {0};
    *reference = *error = NULL;
    if (!name || !matrix->metric) {
        return KM_OK;
    }
    enum km_code code =
        km_select_runs(cli, store, &filter, &name, 1, &list, err);
    if (code == KM_OK && list.count != 1) {
        code = km_fail(err, KM_EUSAGE, "--reference means %zu runs, not one",
                       list.count);
    }
    *reference = km_new(&cli->arena, double, matrix->cells.stages + 1);
    *error = km_new(&cli->arena, double, matrix->cells.stages + 1);
    if (code || !*reference || !*error) {
        return code ? code : fail_full(err);
    }
    return km_task_reference_load(store, list.rows[0].id, matrix, &cli->arena,
                                  *reference, *error, err);
}

static enum km_code add_nothing(struct km_cli *cli, const struct matrices *m,
                                struct km_scorecard *card, struct km_err *err)
{
    card->headline = "No run was scored stage by stage.";
    card->context = km_arena_printf(&cli->arena, "%zu runs", m->left_out);
    return card->context
               ? km_card_add_absent(
                     card, "retain.acc", "", "score", KM_FIGURE_INSUFFICIENT,
                     "no evaluation says after which stage it was made, and no "
                     "scored run names a parent",
                     err)
               : fail_full(err);
}

/* One card an arm, after one that holds them against each other. */
static enum km_code make_cards(struct km_cli *cli, struct km_store *store,
                               const struct matrices *m,
                               struct km_scorecard **cards, size_t *count,
                               struct km_err *err)
{
    struct km_retain_arm *arms =
        km_new(&cli->arena, struct km_retain_arm, m->count + 1);
    size_t arm_count = arms ? km_retain_arms(m->items, m->configuration,
                                             m->count, &cli->arena, arms)
                            : SIZE_MAX;
    *cards = km_new(&cli->arena, struct km_scorecard, ARMS_MAX + 1);
    if (arm_count == SIZE_MAX || !*cards) {
        return fail_full(err);
    }
    if (arm_count > ARMS_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "%zu lineages, at most %d are shown; name fewer",
                       arm_count, ARMS_MAX);
    }
    enum km_code code = KM_OK;
    if (arm_count != 1) {
        struct km_scorecard *card = &(*cards)[(*count)++];
        *card = km_card_new(cli, "tasks");
        code = arm_count ? km_retain_frontier_add(arms, arm_count, card, err)
                         : add_nothing(cli, m, card, err);
    }
    for (size_t a = 0; a < arm_count && code == KM_OK; a++) {
        struct km_scorecard *card = &(*cards)[(*count)++];
        double *reference, *error;
        *card = km_card_new(cli, arms[a].name);
        code = load_reference(cli, store, arms[a].seeds[0], &reference, &error,
                              err);
        code =
            code ? code : km_retain_add(&arms[a], reference, error, card, err);
    }
    return code;
}

enum km_code km_run_tasks(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_lineage lineage;
    struct km_run_list list = {0};
    struct matrices m = {.count = 0};
    struct km_scorecard *cards = NULL;
    size_t count = 0;
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    code = code ? code : km_lineage_load(store, &cli->arena, &lineage, err);
    code = code ? code : select_runs(cli, &store, &lineage, &list, err);
    code = code ? code : load_matrices(cli, store, &lineage, &list, &m, err);
    code = code ? code : make_cards(cli, store, &m, &cards, &count, err);
    return code ? code : km_card_output(cli, cards, count, err);
}
