/* workload_words.h - "wmt=1.45,wmt:test/bleu>=30.8" as workloads.
 *
 * Ownership: the command's arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_WORKLOAD_WORDS_H
#define KM_CLI_WORKLOAD_WORDS_H

#include "cli/cli.h"
#include "score/compare_profile.h"

/* NAME=TARGET, NAME:METRIC<=TARGET or NAME:METRIC>=TARGET, separated by commas.
 * `workloads` has room for KM_WORKLOADS_MAX. Errors: KM_EUSAGE, KM_EMEMORY. */
enum km_code km_read_workloads(struct km_cli *cli, const char *text,
                               struct km_workload *workloads, size_t *count,
                               struct km_err *err);

#endif
