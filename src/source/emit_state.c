/* emit_state.c - the emitter's memory as bytes, to go on in a later import.
 *
 *     byte      version, 1
 *     varint    mode, present run, origin start
 *     runs      count, then project, external id, attempt, first time,
 *               attributes, described
 *     attempts  count, then run, part, start, restart step, touched, reason
 *     series    count, then key (8 bytes), run, attempt, last step, step
 *               before it (as a difference), last time, rising
 *
 * Counts and indices are LEB128 varints, signed ones zigzag, texts a length and
 * bytes. Names of series are not kept: their 64-bit hash finds them again.
 * Document: docs/formats/cursors.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "source/emit_private.h"

enum { STATE_VERSION = 1, VARINT_BYTES_MAX = 10 };

static void put_count(struct km_buf *out, uint64_t value)
{
    char bytes[VARINT_BYTES_MAX];
    size_t len = 0;
    while (value >= 0x80) {
        bytes[len++] = (char)(value | 0x80);
        value >>= 7;
    }
    bytes[len++] = (char)value;
    km_buf_append(out, bytes, len);
}

static void put_signed(struct km_buf *out, int64_t value)
{
    put_count(out, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

static void put_text(struct km_buf *out, struct km_str text)
{
    put_count(out, text.len);
    km_buf_append(out, text.ptr, text.len);
}

/* What is left to read; `bad` stays set once something does not fit. */
struct reader {
    const unsigned char *at, *end;
    bool bad;
};

static uint64_t take_count(struct reader *in)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    in->bad = true;
    return 0;
}

static int64_t take_signed(struct reader *in)
{
    uint64_t zigzag = take_count(in);
    return (int64_t)(zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0));
}

static struct km_str take_text(struct reader *in)
{
    uint64_t len = take_count(in);
    if (len > (uint64_t)(in->end - in->at)) {
        in->bad = true;
        return KM_STR("");
    }
    struct km_str text = {(const char *)in->at, (size_t)len};
    in->at += len;
    return text;
}

/* An index below `limit`. */
static uint32_t take_index(struct reader *in, uint32_t limit)
{
    uint64_t value = take_count(in);
    if (value >= limit) {
        in->bad = true;
        return 0;
    }
    return (uint32_t)value;
}

static uint64_t take_key(struct reader *in)
{
    uint64_t key = 0;
    if (in->end - in->at < (ptrdiff_t)sizeof key) {
        in->bad = true;
        return 1;
    }
    memcpy(&key, in->at, sizeof key);
    in->at += sizeof key;
    return key | 1;
}

static void save_runs(const struct km_emit *emit, struct km_buf *out)
{
    put_count(out, emit->run_count);
    for (uint32_t i = 0; i < emit->run_count; i++) {
        const struct emit_run *run = &emit->runs[i];
        put_text(out, run->project);
        put_text(out, run->external_id);
        put_count(out, run->attempt);
        put_signed(out, run->first_time_ns);
        put_count(out, run->attributes);
        put_count(out, run->described);
    }
}

static void save_attempts(const struct km_emit *emit, struct km_buf *out)
{
    put_count(out, emit->attempt_count);
    for (uint32_t i = 0; i < emit->attempt_count; i++) {
        const struct emit_attempt *attempt = &emit->attempts[i];
        put_count(out, attempt->run);
        put_count(out, attempt->part);
        put_signed(out, attempt->start_ns);
        put_signed(out, attempt->restart_step);
        put_count(out, attempt->touched);
        put_text(out, attempt->reason);
    }
}

static void save_slots(const struct km_emit *emit, struct km_buf *out)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < emit->slot_count; i++) {
        seen += emit->slots[i].seen;
    }
    put_count(out, seen);
    for (uint32_t i = 0; i < emit->slot_count; i++) {
        const struct emit_slot *slot = &emit->slots[i];
        if (slot->seen) {
            km_buf_append(out, &emit->names[i].key, sizeof(uint64_t));
            put_count(out, emit->names[i].run);
            put_count(out, slot->attempt);
            put_signed(out, slot->last_step);
            put_signed(out, (int64_t)((uint64_t)slot->last_step -
                                      (uint64_t)slot->before_step));
            put_signed(out, slot->last_time_ns);
            put_count(out, slot->rising);
        }
    }
}

void km_emit_save(const struct km_emit *emit, struct km_buf *out)
{
    km_buf_append_char(out, STATE_VERSION);
    put_count(out, (uint64_t)emit->mode);
    put_count(out, emit->run);
    put_signed(out, emit->origin_start_ns);
    save_runs(emit, out);
    save_attempts(emit, out);
    save_slots(emit, out);
}

static void restore_runs(struct km_emit *emit, struct reader *in)
{
    uint32_t count = take_index(in, KM_RUNS_PER_ORIGIN_MAX + 1);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct km_str project = take_text(in);
        struct km_str external_id = take_text(in);
        if (in->bad || km_name_check(project, "a project", NULL) ||
            km_name_check(external_id, "a run", NULL) ||
            km_id_map_find(&emit->run_of, km_run_id(project, external_id)) !=
                KM_ID_ABSENT ||
            km_emit_run_add(emit, project, external_id) != i) {
            in->bad = true;
            return;
        }
        emit->runs[i].attempt = (uint32_t)take_count(in);
        emit->runs[i].first_time_ns = take_signed(in);
        emit->runs[i].attributes = (uint32_t)take_count(in);
        emit->runs[i].described = take_count(in) != 0;
    }
    in->bad |= count == 0;
}

static void restore_attempts(struct km_emit *emit, struct reader *in)
{
    uint64_t count = take_count(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        uint32_t run = take_index(in, emit->run_count);
        uint32_t part = take_index(in, KM_RESTARTS_PER_ORIGIN_MAX + 1);
        struct emit_attempt row = {.run = run, .part = part};
        row.start_ns = take_signed(in);
        row.restart_step = take_signed(in);
        row.touched = take_count(in) != 0;
        row.reason = take_text(in);
        if (in->bad || !km_emit_keep(emit, &row.reason) ||
            km_emit_attempt_at(emit, run, part) != i) {
            in->bad = true;
            return;
        }
        emit->attempts[i] = row;
    }
    for (uint32_t i = 0; i < emit->run_count; i++) {
        uint32_t attempt = emit->runs[i].attempt;
        in->bad |=
            attempt >= emit->attempt_count || emit->attempts[attempt].run != i;
    }
}

static void restore_slots(struct km_emit *emit, struct reader *in)
{
    uint64_t count = take_count(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        uint64_t key = take_key(in);
        uint32_t run = take_index(in, emit->run_count);
        uint32_t attempt = take_index(in, emit->attempt_count);
        int64_t last_step = take_signed(in);
        int64_t rise = take_signed(in);
        int64_t last_time_ns = take_signed(in);
        bool rising = take_count(in) != 0;
        if (in->bad || km_id_map_find(&emit->slot_of, key) != KM_ID_ABSENT ||
            km_emit_slot_at(emit, key, run) != i) {
            in->bad = true;
            return;
        }
        emit->slots[i] = (struct emit_slot){
            .last_step = last_step,
            .before_step = (int64_t)((uint64_t)last_step - (uint64_t)rise),
            .last_time_ns = last_time_ns,
            .attempt = attempt,
            .seen = true,
            .rising = rising,
        };
    }
}

bool km_emit_saved_runs(struct km_str saved,
                        void (*visit)(void *user, struct km_str project,
                                      struct km_str external_id),
                        void *user)
{
    struct reader in = {.at = (const unsigned char *)saved.ptr,
                        .end = (const unsigned char *)saved.ptr + saved.len};
    in.bad = take_count(&in) != STATE_VERSION;
    (void)take_count(&in);  /* mode */
    (void)take_count(&in);  /* present run */
    (void)take_signed(&in); /* origin start */
    uint32_t count = take_index(&in, KM_RUNS_PER_ORIGIN_MAX + 1);
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        struct km_str project = take_text(&in);
        struct km_str external_id = take_text(&in);
        (void)take_count(&in);  /* attempt */
        (void)take_signed(&in); /* first time */
        (void)take_count(&in);  /* attributes */
        bool described = take_count(&in) != 0;
        if (!in.bad && described) {
            visit(user, project, external_id);
        }
    }
    return !in.bad;
}

enum km_code km_emit_restore(struct km_emit *emit, struct km_str saved)
{
    struct reader in = {.at = (const unsigned char *)saved.ptr,
                        .end = (const unsigned char *)saved.ptr + saved.len};
    in.bad = take_count(&in) != STATE_VERSION;
    emit->mode = take_index(&in, 2) ? KM_EMIT_BY_SERIES : KM_EMIT_INTERLEAVED;
    uint64_t run = take_count(&in);
    emit->origin_start_ns = take_signed(&in);
    restore_runs(emit, &in);
    if (!in.bad) {
        restore_attempts(emit, &in);
    }
    if (!in.bad) {
        restore_slots(emit, &in);
    }
    if (in.bad || run >= emit->run_count || in.at != in.end) {
        return km_emit_fail(emit, KM_ECORRUPT,
                            "the saved state of an import fails at byte %zu",
                            saved.len - (size_t)(in.end - in.at));
    }
    emit->run = (uint32_t)run;
    return KM_OK;
}
