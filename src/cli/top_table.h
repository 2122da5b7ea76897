/* top_table.h - the fleet as one table, as wide as there is room.
 *
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_TOP_TABLE_H
#define KM_CLI_TOP_TABLE_H

#include "cli/cli.h"
#include "score/fleet.h"

/* Rows [first, first + count) of `order` (indices of fleet rows); `chosen`
 * (an index into `order`; SIZE_MAX: none) is marked. Columns that do not fit
 * the terminal are left out, the least telling first. */
enum km_code km_top_table(const struct km_cli *cli,
                          const struct km_fleet *fleet, const size_t *order,
                          size_t first, size_t count, size_t chosen,
                          const struct km_terminal *terminal,
                          struct km_arena *arena, struct km_buf *out,
                          struct km_err *err);

#endif
