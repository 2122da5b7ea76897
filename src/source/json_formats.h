/* json_formats.h - the rows of the table of formats that read JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JSON_FORMATS_H
#define KM_SOURCE_JSON_FORMATS_H

#include "source/source.h"

extern const struct km_source_ops km_source_continual;
extern const struct km_source_ops km_source_jsonl;
extern const struct km_source_ops km_source_lm_eval;
extern const struct km_source_ops km_source_mllog;
extern const struct km_source_ops km_source_rl_curves;
extern const struct km_source_ops km_source_trainer_state;

#endif
