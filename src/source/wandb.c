/* wandb.c - W&B transaction logs: blocks, chunks, checksums, torn tails. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/wandb.h"

#include <zlib.h>

#include "base/limits.h"

enum {
    BLOCK_BYTES = 32768,
    FILE_HEADER_BYTES = 7,
    CHUNK_HEADER_BYTES = 7,
    STATE_VERSION = 1,
    TORN_TAIL_BYTES = 16, /* so many zeros at its end: not yet written */
};

enum chunk_type { CHUNK_FULL = 1, CHUNK_FIRST, CHUNK_MIDDLE, CHUNK_LAST };

enum frame_kind {
    FRAME_WHOLE,
    FRAME_SKIP,      /* padding, or passed over by salvage: `size` bytes */
    FRAME_TORN,      /* the bytes end inside the record */
    FRAME_ZEROS,     /* a zero-filled tail: not written yet */
    FRAME_BAD,       /* a chunk that cannot be trusted, nor its length */
    FRAME_UNORDERED, /* a good chunk where it does not belong */
};

/* What read_record() found at the start of its bytes. */
struct frame {
    size_t size;     /* bytes of it; of damage: up to the bad chunk */
    const char *why; /* of damage */
    struct km_str record;
};

static const char file_header[FILE_HEADER_BYTES] = {':',    'W',    '&', 'B',
                                                    '\xe1', '\xbe', 0};

static bool all_zero(const char *bytes, size_t len)
{
    return len == 0 ||
           (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static size_t left_in_block(uint64_t position)
{
    return BLOCK_BYTES - (size_t)(position % BLOCK_BYTES);
}

struct chunk {
    struct km_str bytes;
    unsigned type;
    size_t size; /* with its header */
};

/* Reads the chunk at file position `position`. */
static enum frame_kind read_chunk(struct km_str bytes, uint64_t position,
                                  struct chunk *chunk, const char **why)
{
    size_t room = left_in_block(position);
    if (room < CHUNK_HEADER_BYTES) {
        chunk->size = room;
        return bytes.len < room ? FRAME_TORN : FRAME_SKIP;
    }
    if (bytes.len < CHUNK_HEADER_BYTES) {
        return FRAME_TORN;
    }
    if (all_zero(bytes.ptr, CHUNK_HEADER_BYTES)) {
        chunk->size = room;
        bool more =
            bytes.len > room && !all_zero(bytes.ptr + room, bytes.len - room);
        return more ? FRAME_SKIP : FRAME_ZEROS;
    }
    size_t len = km_load_u16(bytes.ptr + 4);
    chunk->type = (unsigned char)bytes.ptr[6];
    chunk->size = CHUNK_HEADER_BYTES + len;
    if (chunk->type < CHUNK_FULL || chunk->type > CHUNK_LAST ||
        chunk->size > room) {
        *why = chunk->size > room ? "is longer than its block"
                                  : "has an unknown type";
        return FRAME_BAD;
    }
    if (bytes.len < chunk->size) {
        return FRAME_TORN;
    }
    const unsigned char *checked = (const unsigned char *)bytes.ptr + 6;
    if (crc32(0, checked, (unsigned)len + 1) != km_load_u32(bytes.ptr)) {
        size_t tail = len < TORN_TAIL_BYTES ? len : TORN_TAIL_BYTES;
        const char *end = bytes.ptr + chunk->size - tail;
        size_t rest = bytes.len - chunk->size + tail;
        *why = "fails its checksum";
        return tail && all_zero(end, rest) ? FRAME_ZEROS : FRAME_BAD;
    }
    chunk->bytes = (struct km_str){bytes.ptr + CHUNK_HEADER_BYTES, len};
    return FRAME_WHOLE;
}

static enum frame_kind damage(struct frame *frame, enum frame_kind kind,
                              size_t at, const char *why)
{
    frame->size = at;
    frame->why = why;
    return kind;
}

/* Puts one record together from the chunks at the start of `bytes`. */
static enum frame_kind read_record(struct wb_state *state, struct km_str bytes,
                                   uint64_t position, struct frame *frame)
{
    size_t at = 0;
    bool open = false;
    km_buf_reset(&state->record);
    for (;;) {
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        struct chunk chunk = {0};
        const char *why = NULL;
        enum frame_kind kind = read_chunk(rest, position + at, &chunk, &why);
        if (kind == FRAME_BAD) {
            return damage(frame, FRAME_BAD, at, why);
        }
        if (kind == FRAME_SKIP && open) {
            at += chunk.size;
            continue;
        }
        if (kind != FRAME_WHOLE) {
            frame->size = chunk.size;
            return kind;
        }
        bool starts = chunk.type == CHUNK_FULL || chunk.type == CHUNK_FIRST;
        if (!starts && !open && state->seek_start) {
            frame->size = chunk.size;
            return FRAME_SKIP;
        }
        if (starts == open) {
            return damage(frame, FRAME_UNORDERED, at,
                          open ? "begins a record inside another"
                               : "goes on with a record that never began");
        }
        at += chunk.size;
        frame->size = at;
        if (chunk.type == CHUNK_FULL) {
            frame->record = chunk.bytes;
            return FRAME_WHOLE;
        }
        open = true;
        km_buf_append(&state->record, chunk.bytes.ptr, chunk.bytes.len);
        if (state->record.failed) {
            return damage(frame, FRAME_UNORDERED, at,
                          "makes a record longer than 256 MiB");
        }
        if (chunk.type == CHUNK_LAST) {
            frame->record =
                (struct km_str){state->record.bytes, state->record.len};
            return FRAME_WHOLE;
        }
    }
}

static int sniff(const struct km_sniff *sniff)
{
    bool named = km_str_ends(sniff->place->name, KM_STR(".wandb"));
    if (sniff->is_folder) {
        return 0;
    }
    if (sniff->head.len == 0) {
        return named ? 60 : 0;
    }
    return km_str_starts(sniff->head, KM_STR(":W&B")) ? 100 : 0;
}

static bool read_text(struct km_source *source, struct km_str *saved,
                      struct km_str *out)
{
    if (saved->len < 4) {
        return false;
    }
    size_t len = km_load_u32(saved->ptr);
    if (len > saved->len - 4) {
        return false;
    }
    char *copy = km_arena_copy(&source->arena, saved->ptr + 4, len);
    *out = (struct km_str){copy, len};
    saved->ptr += 4 + len;
    saved->len -= 4 + len;
    return copy != NULL;
}

enum { STATE_NUMBERS = 4, STATE_FIXED_BYTES = 2 + STATE_NUMBERS * 8 };

static enum km_code load(struct km_source *source, struct km_str saved,
                         struct km_err *err)
{
    struct wb_state *state = source->state;
    if (saved.len < STATE_FIXED_BYTES || saved.ptr[0] != STATE_VERSION) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved state of a W&B log has an unknown version");
    }
    state->has_run = saved.ptr[1] & 1;
    state->seek_block = saved.ptr[1] & 2;
    state->seek_start = saved.ptr[1] & 4;
    state->start_ns = (int64_t)km_load_u64(saved.ptr + 2);
    state->last_step = (int64_t)km_load_u64(saved.ptr + 10);
    state->rows = km_load_u64(saved.ptr + 18);
    state->system_rows = km_load_u64(saved.ptr + 26);
    saved.ptr += STATE_FIXED_BYTES;
    saved.len -= STATE_FIXED_BYTES;
    if (!read_text(source, &saved, &state->project) ||
        !read_text(source, &saved, &state->run_id)) {
        return km_fail(err, KM_ECORRUPT, "the saved state of a W&B log is cut");
    }
    if (state->has_run) {
        struct km_run_meta meta = {.project = state->project,
                                   .external_id = state->run_id,
                                   .created_ns = KM_TIME_ABSENT,
                                   .ended_ns = KM_TIME_ABSENT};
        km_emit_run(source->emit, &meta);
    }
    return KM_OK;
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    struct wb_state *state = source->state;
    km_tags_init(&state->metrics, &source->arena);
    km_tags_init(&state->system, &source->arena);
    km_tags_init(&state->summary, &source->arena);
    km_buf_init(&state->record, KM_RECORD_BYTES_MAX);
    km_buf_init(&state->path, (size_t)4 * KM_NAME_BYTES_MAX);
    km_buf_init(&state->text, KM_CONFIG_VALUE_BYTES_MAX);
    km_buf_init(&state->groups, KM_MIB);
    km_buf_init(&state->gathered, KM_JSON_TOKEN_BYTES_MAX);
    km_json_reader_init(&state->json);
    km_json_reader_init(&state->peek);
    state->start_ns = KM_TIME_ABSENT;
    return saved.len ? load(source, saved, err) : KM_OK;
}

static void save_text(struct km_buf *out, struct km_str text)
{
    uint32_t len = (uint32_t)text.len;
    km_buf_append(out, &len, sizeof len);
    km_buf_append(out, text.ptr, text.len);
}

static void save(const struct km_source *source, struct km_buf *out)
{
    const struct wb_state *state = source->state;
    uint64_t numbers[STATE_NUMBERS] = {(uint64_t)state->start_ns,
                                       (uint64_t)state->last_step, state->rows,
                                       state->system_rows};
    km_buf_append_char(out, STATE_VERSION);
    km_buf_append_char(out, (char)((state->has_run ? 1 : 0) |
                                   (state->seek_block ? 2 : 0) |
                                   (state->seek_start ? 4 : 0)));
    km_buf_append(out, numbers, sizeof numbers);
    save_text(out, state->project);
    save_text(out, state->run_id);
}

static void finish(struct km_source *source)
{
    struct wb_state *state = source->state;
    km_buf_finish(&state->record);
    km_buf_finish(&state->path);
    km_buf_finish(&state->text);
    km_buf_finish(&state->groups);
    km_buf_finish(&state->gathered);
    km_json_reader_finish(&state->json);
    km_json_reader_finish(&state->peek);
}

static enum km_code fail_damage(struct km_source *source, uint64_t offset,
                                const char *why, struct km_err *err)
{
    source->status = KM_SOURCE_DAMAGED;
    source->damage_offset = offset;
    return km_fail(err, KM_ECORRUPT,
                   "the chunk at byte %llu %s; what stands before it is kept "
                   "(--salvage goes on behind it)",
                   (unsigned long long)offset, why);
}

/* The seven bytes that every log begins with. */
static enum km_code check_header(struct km_source *source, struct km_str bytes,
                                 bool last, size_t *used, struct km_err *err)
{
    if (bytes.len < FILE_HEADER_BYTES) {
        source->status =
            last && bytes.len ? KM_SOURCE_PARTIAL : KM_SOURCE_COMPLETE;
        return KM_OK;
    }
    if (memcmp(bytes.ptr, file_header, FILE_HEADER_BYTES) != 0) {
        return km_fail(err, KM_EFORMAT,
                       "a W&B log begins with ':W&B', the mark 0xBEE1 and "
                       "version 0; this one has version %u",
                       (unsigned char)bytes.ptr[6]);
    }
    *used = FILE_HEADER_BYTES;
    return KM_OK;
}

/* Salvage: passes over what is left of a damaged block. */
static size_t seek_block(struct km_source *source, size_t available,
                         uint64_t position)
{
    struct wb_state *state = source->state;
    size_t room = left_in_block(position);
    size_t skipped = available < room ? available : room;
    state->seek_block = available < room;
    source->skipped_bytes += skipped;
    return skipped;
}

/* One step of feed(): a record, padding or damage. `*size` gets the bytes that
 * were dealt with; false when feed() should end. */
static bool take(struct km_source *source, struct km_str rest,
                 uint64_t position, size_t *size, enum km_code *code,
                 struct km_err *err)
{
    struct wb_state *state = source->state;
    struct frame frame = {0};
    enum frame_kind kind = read_record(state, rest, position, &frame);
    *size = 0;
    switch (kind) {
    case FRAME_WHOLE:
        state->seek_start = false;
        state->offset = position;
        km_wb_record_read(source, frame.record);
        *size = frame.size;
        return true;
    case FRAME_SKIP:
        source->skipped_bytes += state->seek_start ? frame.size : 0;
        *size = frame.size;
        return true;
    case FRAME_TORN:
    case FRAME_ZEROS:
        source->status = KM_SOURCE_PARTIAL;
        return false;
    case FRAME_BAD:
    case FRAME_UNORDERED:
        break;
    }
    uint64_t offset = position + frame.size;
    if (!source->options->salvage) {
        *code = fail_damage(source, offset, frame.why, err);
        return false;
    }
    km_emit_warn(source->emit, offset, "a chunk %s: skipped", frame.why);
    state->seek_start = true;
    state->seek_block = kind == FRAME_BAD;
    source->skipped_bytes += frame.size;
    *size = frame.size;
    return true;
}

static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    struct wb_state *state = source->state;
    enum km_code code = KM_OK;
    size_t at = 0, size = 0;
    source->status = KM_SOURCE_COMPLETE;
    if (source->offset == 0) {
        code = check_header(source, bytes, last, &at, err);
        if (code || at == 0) {
            *used = 0;
            return code;
        }
    }
    while (at < bytes.len && !km_emit_full(source->emit)) {
        uint64_t position = source->offset + at;
        if (state->seek_block) {
            at += seek_block(source, bytes.len - at, position);
            continue;
        }
        struct km_str rest = {bytes.ptr + at, bytes.len - at};
        if (!take(source, rest, position, &size, &code, err)) {
            break;
        }
        at += size;
    }
    if (!last && source->status == KM_SOURCE_PARTIAL) {
        source->status = KM_SOURCE_COMPLETE;
    }
    km_wb_summary_flush(source);
    *used = at;
    return code;
}

const struct km_source_ops km_source_wandb = {
    .name = "wandb",
    .title = "W&B transaction log (.wandb)",
    .shape = KM_SHAPE_STREAM,
    .scope = KM_SCOPE_INNER,
    .state_bytes = sizeof(struct wb_state),
    .sniff = sniff,
    .begin = begin,
    .feed = feed,
    .save = save,
    .finish = finish,
};
