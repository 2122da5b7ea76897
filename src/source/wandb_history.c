/* wandb_history.c - rows of metrics and of machine metrics become points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "base/limits.h"
#include "source/wandb.h"

enum { HISTORY_ITEM = 1, HISTORY_STEP = 2 };
enum { STATS_TIME = 2, STATS_ITEM = 3 };
enum { NS_PER_SECOND = 1000000000 };

/* What all points of one row share. */
struct row {
    int64_t step, time_ns;
    double runtime;
    bool has_step;
};

/* The keys with which the logger describes the row itself. */
static void read_reserved(struct km_source *source, const struct wb_leaf *leaf,
                          void *user)
{
    struct row *row = user;
    (void)source;
    if (!leaf->is_number) {
        return;
    }
    if (km_str_is(leaf->path, "_step") && fabs(leaf->number) < 9e18) {
        row->step = (int64_t)leaf->number;
        row->has_step = true;
    } else if (km_str_is(leaf->path, "_timestamp")) {
        row->time_ns = km_time_of_seconds(leaf->number);
    } else if (km_str_is(leaf->path, "_runtime")) {
        row->runtime = leaf->number;
    }
}

static bool is_reserved(struct km_str path)
{
    return km_str_is(path, "_step") || km_str_is(path, "_timestamp") ||
           km_str_is(path, "_runtime") || km_str_is(path, "_wandb") ||
           km_str_starts(path, KM_STR("_wandb."));
}

static void read_metric(struct km_source *source, const struct wb_leaf *leaf,
                        void *user)
{
    struct wb_state *state = source->state;
    const struct row *row = user;
    bool histogram = km_str_is(leaf->type, "histogram");
    if (is_reserved(leaf->path) || !(leaf->is_number || histogram) ||
        km_wb_is_grouped(state, leaf->path)) {
        return; /* texts, tables, images: no points */
    }
    if (histogram) {
        km_wb_histogram_emit(source, leaf->path, row->step, row->time_ns,
                             leaf->json);
        return;
    }
    struct km_tag *tag = km_tags_get(&state->metrics, leaf->path);
    if (!tag) {
        km_emit_warn(source->emit, state->offset,
                     "more metrics than memory allows: one is left out");
        return;
    }
    if (tag->series == KM_HANDLE_NONE) {
        tag->series =
            km_emit_series(source->emit, tag->name, (struct km_str){0},
                           row->has_step ? 0 : KM_SERIES_STEP_IS_INDEX);
    }
    km_emit_point(source->emit, tag->series, row->step, row->time_ns,
                  leaf->number);
}

void km_wb_history_read(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    struct row row = {.step = (int64_t)state->rows,
                      .time_ns = KM_TIME_ABSENT,
                      .runtime = (double)NAN};
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    km_buf_reset(&state->groups);
    while (km_wire_next(&wire, &field)) {
        if (field.number == HISTORY_ITEM) {
            struct km_str key = km_wb_item_key(source, field.bytes);
            if (is_reserved(key)) {
                km_wb_item_walk(source, field.bytes, read_reserved, &row);
            } else if (km_str_ends(key, KM_STR("._type"))) {
                km_wb_group_note(source, key, field.bytes);
            }
        } else if (field.number == HISTORY_STEP &&
                   field.type == KM_WIRE_BYTES && !row.has_step) {
            row.step = (int64_t)km_wire_find(field.bytes, 1).integer;
            row.has_step = true;
        }
    }
    if (row.time_ns == KM_TIME_ABSENT && state->start_ns != KM_TIME_ABSENT &&
        row.runtime >= 0 && row.runtime < 1e9) {
        row.time_ns = state->start_ns + llround(row.runtime * NS_PER_SECOND);
    }
    if (row.step == KM_STEP_ABSENT) {
        row.step = (int64_t)state->rows;
    }
    state->rows++;
    state->last_step = row.step;
    wire = km_wire_of(message);
    while (km_wire_next(&wire, &field)) {
        if (field.number == HISTORY_ITEM) {
            km_wb_item_walk(source, field.bytes, read_metric, &row);
        }
    }
    km_wb_groups_emit(source, message, row.step, row.time_ns);
}

int64_t km_wb_timestamp(struct km_str message)
{
    uint64_t seconds = km_wire_find(message, 1).integer;
    uint64_t nanos = km_wire_find(message, 2).integer;
    if (seconds == 0 || seconds > 9200000000u || nanos >= NS_PER_SECOND) {
        return KM_TIME_ABSENT;
    }
    return (int64_t)(seconds * NS_PER_SECOND + nanos);
}

static void read_machine(struct km_source *source, const struct wb_leaf *leaf,
                         void *user)
{
    struct wb_state *state = source->state;
    const struct row *row = user;
    if (!leaf->is_number || is_reserved(leaf->path)) {
        return;
    }
    struct km_tag *tag = km_tags_get(&state->system, leaf->path);
    if (!tag) {
        km_emit_warn(source->emit, state->offset,
                     "more machine metrics than memory allows");
        return;
    }
    if (tag->series == KM_HANDLE_NONE) {
        km_buf_reset(&state->text);
        km_buf_append_text(&state->text, "system/");
        km_buf_append(&state->text, tag->name.ptr, tag->name.len);
        tag->series = km_emit_series(
            source->emit, (struct km_str){state->text.bytes, state->text.len},
            (struct km_str){0}, KM_SERIES_SYSTEM | KM_SERIES_STEP_IS_INDEX);
    }
    km_emit_point(source->emit, tag->series, row->step, row->time_ns,
                  leaf->number);
}

void km_wb_stats_read(struct km_source *source, struct km_str message)
{
    struct wb_state *state = source->state;
    struct row row = {.step = (int64_t)state->system_rows++};
    row.time_ns = km_wb_timestamp(km_wire_find(message, STATS_TIME).bytes);
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number == STATS_ITEM) {
            km_wb_item_walk(source, field.bytes, read_machine, &row);
        }
    }
}
