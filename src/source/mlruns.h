/* mlruns.h - the row of the table of formats that reads MLflow's file store.
 *
 * Document: docs/formats/mlflow.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_MLRUNS_H
#define KM_SOURCE_MLRUNS_H

#include "source/source.h"

extern const struct km_source_ops km_source_mlruns;

/* One line of a metric file: "timestamp value [step [dataset ...]]". */
bool km_mlruns_line_parse(struct km_str line, struct km_point *point);

#endif
