/* settings_hint.h - what to say when the settings of runs are needed and are
 * not there. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_SETTINGS_HINT_H
#define KM_CLI_SETTINGS_HINT_H

#include "cli/cli.h"
#include "score/cohort.h"

/* A note on how runs get settings, when none of the first `count` members has
 * any. */
void km_settings_hint(struct km_cli *cli, const struct km_cohort *cohort,
                      size_t count);

/* KM_ENOTFOUND: no run has the setting `key`; the nearest, or the first that
 * there are. */
enum km_code km_settings_refuse(const struct km_cohort *cohort, size_t count,
                                const char *key, struct km_err *err);

#endif
