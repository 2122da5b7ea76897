/* loss_hint.h - what to say when a run has metrics but none that learns. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_LOSS_HINT_H
#define KM_CLI_LOSS_HINT_H

#include "cli/cli.h"

/* A note with the metrics that there are, and how one is said to be the loss;
 * nothing when the run has a loss, score or reward, or no metric at all. */
enum km_code km_loss_hint(struct km_cli *cli, struct km_store *store,
                          const struct km_run_row *run, struct km_err *err);

#endif
