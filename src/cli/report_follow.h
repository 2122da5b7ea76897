/* report_follow.h - a report that stays and is shown anew as its run grows.
 *
 * Ownership: the command's.   Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_REPORT_FOLLOW_H
#define KM_CLI_REPORT_FOLLOW_H

#include "cli/cli.h"
#include "score/scorecard.h"

/* Until the run has ended or the user interrupts: both are KM_OK. A terminal is
 * cleared before each report, a page is written anew, other formats follow one
 * another. `options` are those of one report. */
enum km_code km_report_follow(struct km_cli *cli, struct km_store *store,
                              uint64_t run_id,
                              const struct km_score_options *options,
                              struct km_err *err);

#endif
