/* sources.c - the table of formats: to add one, add its row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "source/csv.h"
#include "source/journal_source.h"
#include "source/json_formats.h"
#include "source/mlruns.h"
#include "source/npz.h"
#include "source/settings.h"
#include "source/sqlite_source.h"
#include "source/text_log.h"
#include "source/tfevents.h"
#include "source/wandb.h"

const struct km_source_ops *const km_sources[] = {
    &km_source_continual,
    &km_source_csv,
    &km_source_csv_algoperf,
    &km_source_csv_lightning,
    &km_source_csv_monitor,
    &km_source_journal,
    &km_source_jsonl,
    &km_source_lm_eval,
    &km_source_mllog,
    &km_source_mlruns,
    &km_source_npz,
    &km_source_rl_curves,
    &km_source_settings,
    &km_source_sqlite,
    &km_source_text_log,
    &km_source_tfevents,
    &km_source_trainer_state,
    &km_source_wandb,
    NULL,
};

const struct km_source_ops *km_source_detect(const struct km_sniff *sniff)
{
    const struct km_source_ops *best = NULL;
    int best_score = 0;
    for (size_t i = 0; km_sources[i]; i++) {
        int score = km_sources[i]->sniff(sniff);
        if (score > best_score) {
            best = km_sources[i];
            best_score = score;
        }
    }
    return best;
}

const struct km_source_ops *km_source_find(struct km_str name)
{
    for (size_t i = 0; km_sources[i]; i++) {
        if (km_str_is(name, km_sources[i]->name)) {
            return km_sources[i];
        }
    }
    return NULL;
}
