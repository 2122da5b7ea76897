/* mlflow_terms.h - MLflow's words for runs, as both of its stores use them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_MLFLOW_TERMS_H
#define KM_SOURCE_MLFLOW_TERMS_H

#include "source/emit.h"

/* "FINISHED", or the number that older files have. */
enum km_run_state km_mlflow_state(struct km_str status);

/* Emits a tag. Those that MLflow gives a meaning fill `meta` (name, notes,
 * parent) or become the reserved tags git_commit and user; texts are borrowed.
 */
void km_mlflow_tag(struct km_emit *emit, struct km_run_meta *meta,
                   struct km_str key, struct km_str value);

/* Milliseconds since 1970 to nanoseconds; absent when it cannot be a time. */
int64_t km_mlflow_time(int64_t ms);

#endif
