/* settings.h - files of settings that stand beside a log.
 *
 * config.json, hparams.yaml and the like in the folder of a log speak of all
 * runs of that folder's logs; NAME.json beside NAME.csv of that run alone. The
 * importer knows which logs are there, and tells the source (`beside`).
 * Document: docs/formats/settings.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_SETTINGS_H
#define KM_SOURCE_SETTINGS_H

#include "source/source.h"

extern const struct km_source_ops km_source_settings;

/* By name: of the whole folder? */
bool km_settings_of_folder(struct km_str name);

/* By name: the NAME of NAME.json, NAME.yaml or NAME.yml, whose log it would
 * speak of; empty for other files. */
struct km_str km_settings_stem(struct km_str name);

/* The names that a file of settings of the log `name` may have, one after the
 * other from index 0; false: there are no more, or it is too long. */
bool km_settings_candidate(struct km_str name, size_t index, char *out,
                           size_t size);

/* The importer's fingerprint of the runs that it spoke of, out of the saved
 * state; 0: none. */
uint64_t km_settings_saved_runs(struct km_str saved);

#endif
