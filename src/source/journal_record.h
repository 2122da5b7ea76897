/* journal_record.h - journal records that are not points, handed to the
 * emitter.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JOURNAL_RECORD_H
#define KM_SOURCE_JOURNAL_RECORD_H

#include "journal/journal.h"
#include "source/emit.h"

/* The run that the journal belongs to. `is_new`: not read before, so that its
 * state and times are said now. */
void km_journal_emit_run(struct km_emit *emit, struct km_str payload,
                         const struct km_journal_header *header, bool is_new);

/* CONFIG, TAG, EVENT, EVALUATION, FINISH; other kinds do nothing. */
void km_journal_emit_record(struct km_emit *emit,
                            const struct km_journal_record *record);

/* A METRIC's parts; false when it has no id that can be used. */
bool km_journal_metric(struct km_str payload, uint32_t *id, struct km_str *name,
                       struct km_str *labels);

#endif
