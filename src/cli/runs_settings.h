/* runs_settings.h - `km runs --settings`: what was chosen for a run. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_RUNS_SETTINGS_H
#define KM_CLI_RUNS_SETTINGS_H

#include "cli/select.h"

/* Prints settings, tags and final values of each run, as text or JSON. */
enum km_code km_runs_settings(struct km_cli *cli, struct km_store *store,
                              const struct km_run_list *list,
                              struct km_err *err);

#endif
