/* journal_intake.c - metrics become series, points find theirs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/journal_intake.h"

#include <string.h>

#include "source/journal_record.h"

void km_journal_intake_init(struct km_journal_intake *intake)
{
    intake->undefined = 0;
    intake->is_fresh = false;
    intake->first = 0;
    km_buf_init(&intake->series, (size_t)KM_JOURNAL_METRICS_MAX * 4 + 1);
}

void km_journal_intake_finish(struct km_journal_intake *intake)
{
    km_buf_finish(&intake->series);
}

void km_journal_intake_enter(struct km_journal_intake *intake,
                             struct km_emit *emit,
                             const struct km_journal_header *header)
{
    km_journal_decoder_init(&intake->decoder, header);
    km_buf_reset(&intake->series);
    if (intake->is_fresh) {
        intake->is_fresh = false;
        intake->first = header->segment;
    }
    if (header->segment == intake->first) {
        km_emit_origin_start(emit, header->start_ns);
    }
}

static void take_metric(struct km_journal_intake *intake, struct km_emit *emit,
                        struct km_str payload)
{
    struct km_str name, labels;
    uint32_t id;
    if (!km_journal_metric(payload, &id, &name, &labels)) {
        return;
    }
    uint32_t handle = km_emit_series(emit, name, labels, 0);
    while (intake->series.len / 4 <= id && !intake->series.failed) {
        const uint32_t none = UINT32_MAX;
        km_buf_append(&intake->series, &none, 4);
    }
    if (!intake->series.failed) {
        memcpy(intake->series.bytes + 4 * (size_t)id, &handle, 4);
    }
}

static void take_point(struct km_journal_intake *intake, struct km_emit *emit,
                       const struct km_journal_record *record)
{
    uint32_t handle = UINT32_MAX;
    if (record->metric < intake->series.len / 4) {
        memcpy(&handle, intake->series.bytes + 4 * (size_t)record->metric, 4);
    }
    if (handle == UINT32_MAX) {
        if (intake->undefined++ == 0) {
            km_emit_warn(emit, km_journal_offset(record->slot),
                         "a point of metric %u, which the segment does not "
                         "define",
                         (unsigned)record->metric);
        }
        return;
    }
    km_emit_point(emit, handle, record->step, record->time_ns, record->value);
}

void km_journal_intake_take(struct km_journal_intake *intake,
                            struct km_emit *emit,
                            const struct km_journal_record *record, bool is_new)
{
    unsigned kind = (unsigned)record->kind;
    if (kind == KM_JOURNAL_METRIC) {
        take_metric(intake, emit, record->payload);
    } else if (kind == KM_JOURNAL_RUN) {
        const struct km_journal_header *header = &intake->decoder.header;
        km_journal_emit_run(emit, record->payload, header,
                            is_new && header->segment == intake->first);
    } else if (!is_new) {
        return;
    } else if (kind == KM_JOURNAL_POINT) {
        take_point(intake, emit, record);
    } else if (kind == KM_JOURNAL_RESTART) {
        km_emit_restart(emit, record->step, "restored");
    } else {
        km_journal_emit_record(emit, record);
    }
}
