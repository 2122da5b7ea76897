/* csv_runs.h - one table with many runs, and columns that are settings.
 *
 *     --columns run=curve,step=step,loss=value,config.lr=lr
 *
 * makes a run of each value of the column "curve", called after the file and
 * the value, and a setting of the first "lr" of each.
 * Ownership: texts live in the source's arena.   Threads: one at a time.
 * Document: docs/formats/csv.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_CSV_RUNS_H
#define KM_SOURCE_CSV_RUNS_H

#include "base/id_map.h"
#include "base/limits.h"
#include "source/csv_table.h"
#include "source/source.h"

struct km_csv_runs {
    char name[KM_NAME_BYTES_MAX]; /* of the run at hand */
    size_t name_len;
    struct km_id_map seen; /* runs whose settings were told */
    bool left_out_seen;    /* a row without a run was reported */
};

void km_csv_runs_init(struct km_csv_runs *runs, struct km_arena *arena);

/* Makes the row's run the present one and tells its settings. False: the row
 * is of no run and is left out. `row_number` is 1-based, `offset` in bytes. */
bool km_csv_runs_enter(struct km_csv_runs *runs, struct km_source *source,
                       struct km_csv_table *table, const struct km_csv_row *row,
                       int64_t row_number, uint64_t offset);

#endif
