/* cmd_compare.c - `km compare` and `km seeds`: arms against each other. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "cli/settings_hint.h"
#include "cli/workload_words.h"
#include "score/compare.h"
#include "score/compare_pair.h"
#include "score/compare_profile.h"
#include "score/compare_scaling.h"
#include "score/compare_tasks.h"
#include "score/seeds.h"
#include "score/target_group.h"

enum { OTHERS_MAX = 500, ARMS_MAX = 64 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_EMEMORY, "no memory for the comparison");
}

/* The runs of the command and, for the spread of seeds, the newest others of
 * their projects: list.rows[0 .. named) are the command's. */
struct asked {
    struct km_run_list list;
    size_t named;
    size_t others; /* of those projects, whether in the list or not */
};

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Is the run of a project of the first `named` rows? Those stand in few. */
static bool same_project(const struct km_run_row *rows, size_t named,
                         const struct km_run_row *row)
{
    for (size_t k = 0; k < named; k++) {
        if (km_str_equal(rows[k].meta.project, row->meta.project)) {
            return true;
        }
    }
    return false;
}

static enum km_code list_runs(struct km_cli *cli, struct km_store **store,
                              struct asked *asked, struct km_err *err)
{
    struct km_run_list others = {0}, *list = &asked->list;
    struct km_run_filter filter = {.order = KM_ORDER_NEWEST};
    enum km_code code = km_select_named(cli, store, list, err);
    if (code) {
        return code;
    }
    asked->named = list->count;
    code = km_select_runs(cli, *store, &filter, NULL, 0, &others, err);
    struct km_run_row *rows =
        km_new(&cli->arena, struct km_run_row, list->count + others.count + 1);
    uint64_t *ids = km_new(&cli->arena, uint64_t, list->count + 1);
    if (code || !rows || !ids) {
        return code ? code : fail_full(err);
    }
    memcpy(rows, list->rows, list->count * sizeof *rows);
    for (size_t i = 0; i < asked->named; i++) {
        ids[i] = rows[i].id;
    }
    qsort(ids, asked->named, sizeof *ids, compare_ids);
    size_t most = list->count + OTHERS_MAX;
    most = most < KM_COHORT_RUNS_MAX ? most : (size_t)KM_COHORT_RUNS_MAX;
    for (size_t i = 0; i < others.count; i++) {
        const struct km_run_row *row = &others.rows[i];
        if (bsearch(&row->id, ids, asked->named, sizeof *ids, compare_ids) ||
            !same_project(rows, asked->named, row)) {
            continue;
        }
        asked->others++;
        if (list->count < most) {
            rows[list->count++] = *row;
        }
    }
    list->rows = rows;
    return KM_OK;
}

/* Says where runs were left out that seeds might have been among. */
static enum km_code tell_bound(const struct asked *asked,
                               struct km_scorecard *card, struct km_err *err)
{
    size_t read = asked->list.count - asked->named;
    if (read < asked->others && card->context) {
        card->context = km_arena_printf(
            card->arena,
            "%s; seeds were looked for in the %zu newest of %zu other runs",
            card->context, read, asked->others);
    }
    return card->context ? KM_OK : fail_full(err);
}

/* Arms by value of a setting. */
static enum km_code arms_by_key(struct km_cli *cli,
                                const struct km_cohort *cohort, size_t named,
                                const char *key, uint32_t *group,
                                const char **names, size_t *arm_count,
                                struct km_err *err)
{
    size_t without = 0;
    for (size_t i = 0; i < named; i++) {
        const struct km_setting *setting =
            km_member_setting(&cohort->members[i], key);
        without += !setting;
        if (!setting) {
            continue;
        }
        const char *name =
            km_arena_printf(&cli->arena, "%s=%s", key, setting->value);
        if (!name) {
            return fail_full(err);
        }
        size_t at = 0;
        while (at < *arm_count && strcmp(names[at], name) != 0) {
            at++;
        }
        if (at == ARMS_MAX) {
            return km_fail(err, KM_ELIMIT,
                           "%s has more than %d values: they are no arms", key,
                           ARMS_MAX);
        }
        names[at] = name;
        *arm_count += at == *arm_count;
        group[i] = (uint32_t)at;
    }
    if (without == named) {
        return km_settings_refuse(cohort, named, key, err);
    }
    if (without) {
        km_cli_note(cli, "%zu of %zu runs left out: they have no setting %s",
                    without, named, key);
    }
    return KM_OK;
}

/* Arms by configuration: the first run gives the name. */
static enum km_code arms_by_configuration(const struct km_cohort *cohort,
                                          size_t named, uint32_t *group,
                                          const char **names, size_t *arm_count,
                                          struct km_err *err)
{
    struct km_cohort asked = *cohort;
    asked.count = named;
    size_t groups = km_cohort_group(&asked, group);
    if (groups > ARMS_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "%zu configurations, at most %d are compared; name "
                       "fewer runs or use --by KEY",
                       groups, ARMS_MAX);
    }
    for (size_t i = named; i > 0; i--) {
        names[group[i - 1]] = cohort->members[i - 1].label;
    }
    *arm_count = groups;
    return KM_OK;
}

/* A word that names one run stands for its configuration: all of its seeds join
 * the arm, unless another arm has a run of the same configuration. */
static void join_seeds(const struct km_cohort *cohort, uint32_t *group,
                       uint32_t arm)
{
    const struct km_member *one = NULL;
    bool shared = false;
    for (size_t i = 0; i < cohort->count; i++) {
        one = group[i] == arm ? &cohort->members[i] : one;
    }
    for (size_t i = 0; one && i < cohort->count; i++) {
        shared =
            shared || (group[i] != arm && group[i] != UINT32_MAX &&
                       cohort->members[i].configuration == one->configuration);
    }
    for (size_t i = 0; one && !shared && i < cohort->count; i++) {
        if (group[i] == UINT32_MAX &&
            cohort->members[i].configuration == one->configuration) {
            group[i] = arm;
        }
    }
}

/* Arms by word, when there are several: km compare 'a*' 'b*'. */
static enum km_code arms_by_word(struct km_cli *cli, struct km_store *store,
                                 const struct km_cohort *cohort, size_t named,
                                 uint32_t *group, const char **names,
                                 size_t *arm_count, struct km_err *err)
{
    const struct km_invocation *args = cli->args;
    if (args->word_count > ARMS_MAX) {
        return km_fail(err, KM_ELIMIT, "%zu arms, at most %d are compared",
                       args->word_count, ARMS_MAX);
    }
    bool single[ARMS_MAX] = {false};
    for (size_t w = 0; w < args->word_count; w++) {
        struct km_run_list of_word = {0};
        struct km_run_filter filter = {.order = KM_ORDER_NAME};
        enum km_code code = km_select_runs(cli, store, &filter, &args->words[w],
                                           1, &of_word, err);
        if (code) {
            return code;
        }
        names[w] = args->words[w];
        single[w] = of_word.count == 1;
        size_t own = 0;
        for (size_t i = 0; i < named; i++) {
            for (size_t k = 0; k < of_word.count; k++) {
                if (cohort->members[i].run_id == of_word.rows[k].id &&
                    group[i] == UINT32_MAX) {
                    group[i] = (uint32_t)w;
                    own++;
                }
            }
        }
        if (!own) {
            return km_fail(err, KM_EUSAGE,
                           "every run of '%.100s' is in an arm before it: an "
                           "arm needs runs of its own",
                           args->words[w]);
        }
    }
    for (uint32_t w = 0; w < args->word_count; w++) {
        if (single[w]) {
            join_seeds(cohort, group, w);
        }
    }
    *arm_count = args->word_count;
    return KM_OK;
}

static enum km_code judge(struct km_cli *cli, const struct km_cohort *cohort,
                          const uint32_t *group, const char *const *names,
                          size_t arm_count, struct km_arm_metric *metric,
                          struct km_scorecard *card, struct km_err *err)
{
    struct km_arm *arms = km_new(&cli->arena, struct km_arm, arm_count + 1);
    struct km_seed_spread history;
    struct km_compare_options options;
    km_compare_options_init(&options);
    options.delta = km_option_number(cli->args, "delta", (double)NAN);
    options.power = km_option_number(cli->args, "power", options.power);
    if (!(options.power > 0 && options.power < 1)) {
        return km_fail(err, KM_EUSAGE, "--power must be between 0 and 1");
    }
    enum km_code code = arms ? km_arms_build(cohort, group, names, arm_count,
                                             &cli->arena, arms, metric, err)
                             : fail_full(err);
    if (code == KM_OK) {
        code = km_seed_spread_of(cohort, arms, arm_count, metric, &cli->arena,
                                 &history, err);
    }
    if (code) {
        return code;
    }
    return arm_count == 2 ? km_compare_add(&arms[0], &arms[1], metric, &history,
                                           &options, card, err)
                          : km_compare_rank(arms, arm_count, metric, &history,
                                            &options, card, err);
}

/* Arms over workloads have no metric in common but their times. */
static enum km_code profile(struct km_cli *cli, struct km_store *store,
                            const struct km_cohort *cohort,
                            const uint32_t *group, const char *const *names,
                            size_t arm_count, const char *text,
                            struct km_scorecard *card, struct km_err *err)
{
    struct km_workload *workloads =
        km_new(&cli->arena, struct km_workload, KM_WORKLOADS_MAX);
    struct km_score_options options;
    size_t count = 0;
    km_score_options_init(&options);
    options.roles = &cli->config.roles;
    enum km_code code =
        workloads ? km_read_workloads(cli, text, workloads, &count, err)
                  : fail_full(err);
    return code ? code
                : km_compare_profile_add(store, cohort, group, names, arm_count,
                                         workloads, count, &options, card, err);
}

/* Everything that two or more arms of one kind say of each other. */
static enum km_code compare(struct km_cli *cli, struct km_store *store,
                            const struct km_cohort *cohort, size_t named,
                            const uint32_t *group, const char *const *names,
                            size_t arm_count, struct km_scorecard *card,
                            struct km_err *err)
{
    struct km_arm_metric metric = {.name = NULL};
    struct km_task_mix mix;
    const char *by = km_option_text(cli->args, "by");
    bool mixed = km_cohort_mixes_tasks(cohort, group, by, &cli->arena, &mix);
    enum km_code code =
        mixed ? km_compare_mixed(&mix, card, err)
              : judge(cli, cohort, group, names, arm_count, &metric, card, err);
    if (code == KM_OK && named == 2 && !mixed) {
        code =
            km_compare_pair_add(store, &cli->config.roles, &cohort->members[0],
                                &cohort->members[1], card, err);
    }
    if (code == KM_OK) {
        code = km_compare_tasks_add(store, cohort, group, names, arm_count,
                                    card, err);
    }
    if (code == KM_OK) {
        code = km_compare_scaling_add(cohort, group, card, err);
    }
    if (code == KM_OK && km_option_given(cli->args, "target") && !mixed) {
        code = km_target_group_add(
            cohort, group, arm_count, names, metric.name,
            km_option_number(cli->args, "target", (double)NAN), card, err);
    }
    return code;
}

enum km_code km_run_compare_arms(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct asked asked = {.named = 0};
    struct km_cohort cohort = {.count = 0};
    size_t arm_count = 0;
    enum km_code code = list_runs(cli, &store, &asked, err);
    code = code ? code
                : km_card_cohort(cli, store, asked.list.rows, asked.list.count,
                                 &cohort, err);
    if (code) {
        return code;
    }
    size_t named = asked.named;
    uint32_t *group = km_new(&cli->arena, uint32_t, cohort.count + 1);
    const char **names = km_new(&cli->arena, const char *, ARMS_MAX + 1);
    if (!group || !names) {
        return fail_full(err);
    }
    memset(group, 0xff, (cohort.count + 1) * sizeof *group);
    const char *key = km_option_text(cli->args, "by");
    code = key ? arms_by_key(cli, &cohort, named, key, group, names, &arm_count,
                             err)
           : cli->args->word_count > 1
               ? arms_by_word(cli, store, &cohort, named, group, names,
                              &arm_count, err)
               : arms_by_configuration(&cohort, named, group, names, &arm_count,
                                       err);
    if (code == KM_OK && arm_count < 2) {
        code = km_fail(err, KM_EUSAGE,
                       "one arm only: all %zu runs are of one configuration or "
                       "value; name two, or use --by KEY",
                       named);
    }
    struct km_scorecard card = km_card_new(cli, "comparison");
    const char *workloads = km_option_text(cli->args, "workloads");
    if (code == KM_OK) {
        code = workloads ? profile(cli, store, &cohort, group, names, arm_count,
                                   workloads, &card, err)
                         : compare(cli, store, &cohort, named, group, names,
                                   arm_count, &card, err);
        code = code || workloads ? code : tell_bound(&asked, &card, err);
    }
    return code ? code : km_card_output(cli, &card, 1, err);
}

enum km_code km_run_seeds(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list = {0};
    struct km_cohort cohort = {.count = 0};
    const struct km_seeds_options options = {
        .delta = km_option_number(cli->args, "delta", (double)NAN),
        .power = km_option_number(cli->args, "power", 0.8),
    };
    if (!(options.power > 0 && options.power < 1)) {
        return km_fail(err, KM_EUSAGE, "--power must be between 0 and 1");
    }
    enum km_code code = km_select_named(cli, &store, &list, err);
    code =
        code ? code
             : km_card_cohort(cli, store, list.rows, list.count, &cohort, err);
    if (code == KM_OK) {
        km_settings_hint(cli, &cohort, cohort.count);
    }
    struct km_scorecard card = km_card_new(cli, "seeds");
    code = code ? code : km_seeds_add(&cohort, &options, &card, err);
    return code ? code : km_card_output(cli, &card, 1, err);
}
