/* emit_point.c - points, and the decision whether a step went back.
 *
 * A point of a bound series whose step rises takes the fast path: a few
 * comparisons and one store. Everything else (first point of a batch or an
 * attempt, equal and earlier steps) goes through place_point(). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "source/emit_private.h"

static bool is_late(const struct emit_slot *slot, int64_t step, int64_t time_ns)
{
    if (time_ns != KM_TIME_ABSENT && slot->last_time_ns != KM_TIME_ABSENT &&
        time_ns != slot->last_time_ns) {
        return time_ns < slot->last_time_ns;
    }
    return step > slot->before_step; /* and below last_step, as it went back */
}

/* From now on `attempt` is the open one of `run`: its series, bound to the one
 * before, must not take the fast path any more. */
static void enter_attempt(struct km_emit *emit, uint32_t run, uint32_t attempt)
{
    emit->runs[run].attempt = attempt;
    for (uint32_t i = 0; i < emit->slot_count; i++) {
        if (emit->names[i].run == run) {
            emit->slots[i].epoch = 0;
        }
    }
}

/* Opens the next attempt of the run, or of one series. Returns the attempt to
 * go on in: the same one when there are too many. */
static uint32_t open_attempt(struct km_emit *emit, uint32_t attempt)
{
    uint32_t run = emit->attempts[attempt].run;
    uint32_t part = emit->attempts[attempt].part + 1;
    if (part > KM_RESTARTS_PER_ORIGIN_MAX) {
        if (!emit->attempts_full) {
            emit->attempts_full = true;
            km_emit_warn(emit, 0,
                         "steps went back more than %d times: the rest stays "
                         "in the last attempt, in order of arrival",
                         KM_RESTARTS_PER_ORIGIN_MAX);
        }
        return attempt;
    }
    uint32_t opened = km_emit_attempt_at(emit, run, part);
    if (opened == KM_ID_ABSENT) {
        return attempt;
    }
    if (emit->mode == KM_EMIT_INTERLEAVED) {
        enter_attempt(emit, run, opened);
    }
    return opened;
}

/* Moves the slot's memory on by a point that is not late. */
static void remember(struct emit_slot *slot, int64_t step, int64_t time_ns)
{
    if (!slot->seen || step < slot->last_step) {
        slot->rising = false; /* the first, or a fall that began none */
    } else if (step > slot->last_step) {
        slot->before_step = slot->last_step;
        slot->rising = true;
    }
    slot->last_step = step;
    if (time_ns != KM_TIME_ABSENT || !slot->seen) {
        slot->last_time_ns = time_ns;
    }
    slot->seen = true;
}

/* Gives the slot the attempt that the point belongs to. */
static void settle(struct km_emit *emit, uint32_t series, int64_t step,
                   int64_t time_ns)
{
    struct emit_slot *slot = &emit->slots[series];
    uint32_t attempt = slot->attempt;
    if (emit->mode == KM_EMIT_INTERLEAVED || !slot->seen) {
        attempt = emit->runs[emit->names[series].run].attempt;
    }
    bool same = slot->seen && attempt == slot->attempt;
    bool back = same && slot->rising && step < slot->last_step;
    if (back && is_late(slot, step, time_ns)) {
        return;
    }
    if (back) {
        attempt = open_attempt(emit, attempt);
        same = attempt == slot->attempt;
    }
    if (!same) {
        *slot = (struct emit_slot){.attempt = attempt,
                                   .last_time_ns = KM_TIME_ABSENT};
    }
    remember(slot, step, time_ns);
}

/* The origin's start has become known: it ranks all attempts of the run, also
 * those that were told to the store before. `run` KM_ID_ABSENT: of all runs. */
static void tell_start(struct km_emit *emit, uint32_t run)
{
    for (uint32_t i = 0; i < emit->attempt_count; i++) {
        struct emit_attempt *row = &emit->attempts[i];
        bool is_told = row->touched || row->epoch == emit->epoch;
        if (run != KM_ID_ABSENT && row->run != run) {
            continue;
        }
        row->epoch = 0;
        if (is_told && !km_emit_bind_attempt(emit, i)) {
            return;
        }
    }
}

static void note_time(struct km_emit *emit, uint32_t attempt, int64_t time_ns)
{
    struct emit_attempt *row = &emit->attempts[attempt];
    struct emit_run *run = &emit->runs[row->run];
    if (row->start_ns == KM_TIME_ABSENT) {
        row->start_ns = time_ns;
        row->epoch = 0;
    }
    if (run->first_time_ns == KM_TIME_ABSENT) {
        run->first_time_ns = time_ns;
        tell_start(emit, row->run);
    }
}

static bool bind_slot(struct km_emit *emit, uint32_t series)
{
    struct emit_slot *slot = &emit->slots[series];
    const struct emit_name *name = &emit->names[series];
    if (!km_emit_bind_attempt(emit, slot->attempt)) {
        return false;
    }
    if (slot->epoch == emit->epoch) {
        return true;
    }
    if (name->metric.len == 0) {
        km_emit_fail(emit, KM_ECORRUPT,
                     "a source uses a series that it has not named");
        return false;
    }
    const struct emit_attempt *attempt = &emit->attempts[slot->attempt];
    uint32_t index =
        km_batch_series(&emit->batch, emit->runs[attempt->run].index,
                        attempt->index, name->metric, name->labels);
    if (index == KM_BATCH_FULL) {
        km_emit_fail(emit, KM_ELIMIT,
                     "one batch of a source needs more than %d MiB for names",
                     KM_BATCH_ARENA_BYTES_MAX / KM_MIB);
        return false;
    }
    emit->batch.series[index].flags = name->flags;
    slot->index = index;
    slot->epoch = emit->epoch;
    return true;
}

static void push(struct km_emit *emit, const struct emit_slot *slot,
                 int64_t step, int64_t time_ns, double value)
{
    const struct km_point point = {step, time_ns, value};
    if (!km_batch_point(&emit->batch, slot->index, point)) {
        km_emit_fail(emit, KM_EMEMORY, "memory for %zu points could not be had",
                     emit->batch.point_count);
    }
}

static void place_point(struct km_emit *emit, uint32_t series, int64_t step,
                        int64_t time_ns, double value)
{
    if (series == KM_EMIT_IGNORED) {
        emit->ignored_points++;
        return;
    }
    if (series >= emit->slot_live) {
        return; /* failed before */
    }
    settle(emit, series, step, time_ns);
    struct emit_slot *slot = &emit->slots[series];
    emit->attempts[slot->attempt].touched = true;
    if (time_ns != KM_TIME_ABSENT) {
        note_time(emit, slot->attempt, time_ns);
    }
    if (bind_slot(emit, series)) {
        push(emit, slot, step, time_ns, value);
    }
}

void km_emit_point(struct km_emit *emit, uint32_t series, int64_t step,
                   int64_t time_ns, double value)
{
    if (series < emit->slot_live) {
        struct emit_slot *slot = &emit->slots[series];
        if (slot->epoch == emit->epoch && step > slot->last_step &&
            (time_ns == KM_TIME_ABSENT ||
             slot->last_time_ns != KM_TIME_ABSENT)) {
            slot->before_step = slot->last_step;
            slot->last_step = step;
            slot->rising = true;
            if (time_ns != KM_TIME_ABSENT) {
                slot->last_time_ns = time_ns;
            }
            push(emit, slot, step, time_ns, value);
            return;
        }
    }
    place_point(emit, series, step, time_ns, value);
}

void km_emit_restart(struct km_emit *emit, int64_t restart_step,
                     const char *reason)
{
    if (emit->err.code != KM_OK) {
        return;
    }
    uint32_t attempt = emit->runs[emit->run].attempt;
    if (emit->attempts[attempt].touched) {
        uint32_t opened = open_attempt(emit, attempt);
        if (opened == attempt) {
            return;
        }
        enter_attempt(emit, emit->run, opened);
        attempt = opened;
    }
    struct emit_attempt *row = &emit->attempts[attempt];
    struct km_str why = km_str_of(reason);
    if (!km_str_equal(row->reason, why) && km_emit_keep(emit, &why)) {
        row->reason = why;
    }
    row->restart_step = restart_step;
    row->epoch = 0; /* told to the batch when something is put into it */
}

void km_emit_mode_set(struct km_emit *emit, enum km_emit_mode mode)
{
    emit->mode = mode;
}

void km_emit_origin_start(struct km_emit *emit, int64_t start_ns)
{
    if (emit->origin_start_ns != start_ns && emit->err.code == KM_OK) {
        emit->origin_start_ns = start_ns;
        tell_start(emit, KM_ID_ABSENT);
    }
}
