/* csv.h - the rows of the table of formats that read comma-separated text.
 *
 * One reader, one row per habit: what differs is how a file is recognised and
 * which files of a folder make one run.
 * Document: docs/formats/csv.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_CSV_H
#define KM_SOURCE_CSV_H

#include "source/source.h"

extern const struct km_source_ops km_source_csv;
extern const struct km_source_ops km_source_csv_lightning;
extern const struct km_source_ops km_source_csv_algoperf;
extern const struct km_source_ops km_source_csv_monitor;

#endif
