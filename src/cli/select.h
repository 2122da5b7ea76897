/* select.h - which runs a person means.
 *
 * A word is a glob with '*' and '?', or, in this order, the exact
 * `project/name`, name or external id; the end of one of them behind a '/';
 * its beginning; the beginning of one of its parts; anywhere in it; then all
 * of that again with upper and lower case the same. A word that could mean
 * several runs is refused with their list.
 * Ownership: rows and their texts live in the command's arena.
 * Errors: KM_ENOTFOUND, KM_EUSAGE (ambiguous), those of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_SELECT_H
#define KM_CLI_SELECT_H

#include "cli/cli.h"
#include "report/run_json.h"

struct km_run_list {
    struct km_run_row *rows; /* each run once, in the order of the words */
    size_t count, cap;
};

/* No words: every run that `filter` lets through. */
enum km_code km_select_runs(struct km_cli *cli, struct km_store *store,
                            const struct km_run_filter *filter,
                            const char *const *words, size_t word_count,
                            struct km_run_list *list, struct km_err *err);

/* What reading commands begin with: opens the store and selects the runs that
 * the command's words name, by name; no words: all. */
enum km_code km_select_named(struct km_cli *cli, struct km_store **store,
                             struct km_run_list *list, struct km_err *err);

#endif
