/* cmd_levers.c - `km levers`: which settings moved learning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "score/levers.h"

static const double LEVEL = 0.80;

/* The axis by its name; -1 without one. The choices of the option are those
 * names. */
static int asked_axis(const struct km_cli *cli)
{
    const char *name = km_option_text(cli->args, "axis");
    for (int axis = 0; name && axis < KM_AXIS_COUNT; axis++) {
        if (strcmp(name, km_axis_name((enum km_axis)axis)) == 0) {
            return axis;
        }
    }
    return -1;
}

static enum km_code load(struct km_cli *cli, struct km_cohort *cohort,
                         struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    enum km_code code = km_select_named(cli, &store, &list, err);
    if (code) {
        return code;
    }
    uint64_t *ids = km_new(&cli->arena, uint64_t, list.count + 1);
    struct km_score_options *options =
        km_new(&cli->arena, struct km_score_options, list.count + 1);
    const struct km_score_options **each =
        km_new(&cli->arena, const struct km_score_options *, list.count + 1);
    if (!ids || !options || !each) {
        return km_fail(err, KM_EMEMORY, "no memory for %zu runs", list.count);
    }
    for (size_t i = 0; i < list.count; i++) {
        ids[i] = list.rows[i].id;
        km_card_options(cli, &list.rows[i], &options[i]);
        each[i] = &options[i];
    }
    return km_cohort_load(store, ids, list.count, each, &cli->arena, cohort,
                          err);
}

enum km_code km_run_levers(struct km_cli *cli, struct km_err *err)
{
    struct km_cohort cohort = {.count = 0};
    enum km_code code = load(cli, &cohort, err);
    if (code) {
        return code;
    }
    const struct km_lever_options options = {
        .target = km_option_number(cli->args, "target", (double)NAN),
        .axis = asked_axis(cli),
        .key = km_option_text(cli->args, "key"),
    };
    struct km_scorecard card = {.arena = &cli->arena,
                                .run_name = "levers",
                                .context = "",
                                .headline = "",
                                .target = NAN,
                                .level = LEVEL};
    code = km_levers_add(&cohort, &options, &card, err);
    if (code == KM_OK) {
        code = km_frontier_add(&cohort, &card, err);
    }
    return code ? code : km_card_output(cli, &card, 1, err);
}
