/* loss_hint.c - the metrics of a run that nobody can rank. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/loss_hint.h"

#include "cli/select.h"
#include "model/role.h"
#include "report/text.h"

enum { LISTED_MAX = 8, NOTE_BYTES_MAX = 2048 };

struct looking {
    const struct km_role_table *roles;
    struct km_buf names;
    size_t count;
    bool learns;
};

static bool look(void *user, const struct km_series_row *row)
{
    struct looking *looking = user;
    struct km_role_of of =
        km_role_find(looking->roles, row->metric, row->labels);
    if (of.role >= KM_ROLE_TRAIN_LOSS && of.role <= KM_ROLE_PERPLEXITY) {
        looking->learns = true;
        return false;
    }
    bool system = (row->flags & KM_SERIES_SYSTEM) != 0;
    if (!system && looking->count++ < LISTED_MAX) {
        km_buf_append_text(&looking->names, looking->count > 1 ? ", " : "");
        km_text_plain(&looking->names, row->metric);
    }
    return true;
}

enum km_code km_loss_hint(struct km_cli *cli, struct km_store *store,
                          const struct km_run_row *run, struct km_err *err)
{
    struct looking looking = {.roles = &cli->config.roles};
    km_buf_init(&looking.names, NOTE_BYTES_MAX);
    enum km_code code =
        km_store_list_series(store, run->id, look, &looking, err);
    if (code == KM_OK && !looking.learns && looking.count &&
        !looking.names.failed) {
        km_cli_note(cli,
                    "%s: no metric looks like a loss, score or reward; there "
                    "are %.*s%s: say which one is under `metrics:` in the "
                    "configuration (`km config --example`), or import a table "
                    "with --columns loss=COLUMN",
                    km_run_label(&cli->arena, run), (int)looking.names.len,
                    looking.names.bytes,
                    looking.count > LISTED_MAX ? ", ..." : "");
    }
    km_buf_finish(&looking.names);
    return code;
}
