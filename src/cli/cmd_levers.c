/* cmd_levers.c - `km levers`: which settings moved learning. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "cli/settings_hint.h"
#include "score/levers.h"

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

enum km_code km_run_levers(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_run_list list;
    struct km_cohort cohort = {.count = 0};
    enum km_code code = km_select_named(cli, &store, &list, err);
    code =
        code ? code
             : km_card_cohort(cli, store, list.rows, list.count, &cohort, err);
    if (code) {
        return code;
    }
    const struct km_lever_options options = {
        .target = km_option_number(cli->args, "target", (double)NAN),
        .axis = asked_axis(cli),
        .key = km_option_text(cli->args, "key"),
    };
    km_settings_hint(cli, &cohort, cohort.count);
    struct km_scorecard card = km_card_new(cli, "levers");
    code = km_levers_add(&cohort, &options, &card, err);
    if (code == KM_OK) {
        code = km_frontier_add(&cohort, &card, err);
    }
    return code ? code : km_card_output(cli, &card, 1, err);
}
