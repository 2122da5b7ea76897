/* npz.c - NumPy archives: the zip container, and what its arrays mean. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/npz.h"

#include <math.h>
#include <zlib.h>

#include "base/limits.h"
#include "base/number.h"
#include "source/wire.h"

enum {
    END_BYTES = 22, /* end of central directory, without its comment */
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    DEFLATE_RATIO_MAX = 1032, /* what the method can reach at most */
};

struct npz_state {
    struct km_npy *arrays;
    size_t count;
    size_t inflated; /* bytes taken from the arena so far */
};

/* A file of the archive, as its directory describes it. */
struct entry {
    struct km_str name;
    unsigned method, flags;
    uint32_t crc;
    uint64_t packed, size, offset;
    size_t next; /* where the next entry of the directory stands */
};

static bool has_mark(struct km_str bytes, uint64_t at, const char *mark)
{
    return at <= bytes.len && bytes.len - at >= 4 &&
           memcmp(bytes.ptr + at, mark, 4) == 0;
}

/* Finds the central directory: where it starts and how many entries. */
static bool find_directory(struct km_str bytes, uint64_t *start,
                           uint64_t *count)
{
    for (size_t back = END_BYTES; back <= bytes.len && back < 65536 + END_BYTES;
         back++) {
        size_t at = bytes.len - back;
        if (!has_mark(bytes, at, "PK\5\6") ||
            km_load_u16(bytes.ptr + at + 20) != back - END_BYTES) {
            continue;
        }
        *count = km_load_u16(bytes.ptr + at + 10);
        *start = km_load_u32(bytes.ptr + at + 16);
        if (at >= LOCATOR_BYTES &&
            has_mark(bytes, at - LOCATOR_BYTES, "PK\6\7")) {
            uint64_t wide = km_load_u64(bytes.ptr + at - LOCATOR_BYTES + 8);
            if (!has_mark(bytes, wide, "PK\6\6") ||
                bytes.len - wide < END64_BYTES) {
                return false;
            }
            *count = km_load_u64(bytes.ptr + wide + 32);
            *start = km_load_u64(bytes.ptr + wide + 48);
        }
        return *start <= bytes.len;
    }
    return false;
}

/* Sizes of 4 GiB and more stand in the extra field; so may small ones. */
static void read_extra(struct km_str extra, struct entry *entry)
{
    for (size_t at = 0; at + 4 <= extra.len;) {
        size_t id = km_load_u16(extra.ptr + at);
        size_t len = km_load_u16(extra.ptr + at + 2);
        at += 4;
        if (len > extra.len - at) {
            return;
        }
        uint64_t *const wide[] = {&entry->size, &entry->packed, &entry->offset};
        size_t used = 0;
        for (size_t i = 0; id == 1 && i < 3; i++) {
            if (*wide[i] == UINT32_MAX && used + 8 <= len) {
                *wide[i] = km_load_u64(extra.ptr + at + used);
                used += 8;
            }
        }
        at += len;
    }
}

static bool read_entry(struct km_str bytes, uint64_t at, struct entry *entry)
{
    if (!has_mark(bytes, at, "PK\1\2") || bytes.len - at < ENTRY_BYTES) {
        return false;
    }
    const char *head = bytes.ptr + at;
    size_t name = km_load_u16(head + 28), extra = km_load_u16(head + 30);
    size_t comment = km_load_u16(head + 32);
    if (name + extra + comment > bytes.len - at - ENTRY_BYTES) {
        return false;
    }
    *entry = (struct entry){.name = {head + ENTRY_BYTES, name},
                            .flags = km_load_u16(head + 8),
                            .method = km_load_u16(head + 10),
                            .crc = km_load_u32(head + 16),
                            .packed = km_load_u32(head + 20),
                            .size = km_load_u32(head + 24),
                            .offset = km_load_u32(head + 42)};
    read_extra((struct km_str){head + ENTRY_BYTES + name, extra}, entry);
    entry->next = (size_t)at + ENTRY_BYTES + name + extra + comment;
    return true;
}

/* The packed bytes of an entry, all checks of their place done. */
static bool find_packed(struct km_str bytes, const struct entry *entry,
                        struct km_str *packed)
{
    if (!has_mark(bytes, entry->offset, "PK\3\4") ||
        bytes.len - entry->offset < LOCAL_BYTES) {
        return false;
    }
    const char *local = bytes.ptr + entry->offset;
    uint64_t start = entry->offset + LOCAL_BYTES + km_load_u16(local + 26) +
                     km_load_u16(local + 28);
    if (start > bytes.len || entry->packed > bytes.len - start) {
        return false;
    }
    *packed = (struct km_str){bytes.ptr + start, (size_t)entry->packed};
    return true;
}

static bool inflate_all(struct km_str packed, unsigned char *out, size_t size)
{
    union {
        const char *given;
        unsigned char *wanted;
    } in = {.given = packed.ptr};
    z_stream stream = {.next_in = in.wanted,
                       .avail_in = (unsigned)packed.len,
                       .next_out = out,
                       .avail_out = (unsigned)size};
    if (inflateInit2(&stream, -15) != Z_OK) {
        return false;
    }
    int outcome = inflate(&stream, Z_FINISH);
    bool whole = outcome == Z_STREAM_END && stream.total_out == size;
    (void)inflateEnd(&stream);
    return whole;
}

static enum km_code fail_entry(const struct entry *entry, enum km_code code,
                               const char *what, struct km_err *err)
{
    return km_fail(err, code, "'%.*s' in the archive %s",
                   (int)(entry->name.len < 200 ? entry->name.len : 200),
                   entry->name.ptr, what);
}

/* The bytes of one entry, unpacked and verified. */
static enum km_code unpack(struct km_source *source, struct km_str bytes,
                           const struct entry *entry, struct km_str *out,
                           struct km_err *err)
{
    struct npz_state *state = source->state;
    struct km_str packed;
    if (entry->flags & 1) {
        return fail_entry(entry, KM_EFORMAT, "is encrypted", err);
    }
    if (!find_packed(bytes, entry, &packed)) {
        return fail_entry(entry, KM_ECORRUPT, "points outside of the file",
                          err);
    }
    if (entry->method == 0) {
        if (entry->size != entry->packed) {
            return fail_entry(entry, KM_ECORRUPT,
                              "is stored with two different sizes", err);
        }
        *out = packed;
    } else if (entry->method != 8) {
        return fail_entry(entry, KM_EFORMAT,
                          "uses a method other than store and deflate", err);
    } else if (entry->size / DEFLATE_RATIO_MAX > packed.len) {
        return fail_entry(entry, KM_ECORRUPT,
                          "claims a size that its bytes cannot give", err);
    } else if (entry->size > KM_NPZ_BYTES_MAX - state->inflated) {
        return fail_entry(entry, KM_ELIMIT, "unpacks to more than 64 MiB", err);
    } else {
        unsigned char *room =
            km_arena_alloc(&source->arena, (size_t)entry->size);
        if (!room) {
            return fail_entry(entry, KM_ELIMIT,
                              "needs more memory than allowed", err);
        }
        state->inflated += (size_t)entry->size;
        if (!inflate_all(packed, room, (size_t)entry->size)) {
            return fail_entry(entry, KM_ECORRUPT, "does not unpack", err);
        }
        *out = (struct km_str){(const char *)room, (size_t)entry->size};
    }
    const unsigned char *checked = (const unsigned char *)out->ptr;
    if (crc32(0, checked, (unsigned)out->len) != entry->crc) {
        return fail_entry(entry, KM_ECORRUPT, "fails its checksum", err);
    }
    return KM_OK;
}

/* Reads all arrays of numbers; others are left out with a warning. */
static enum km_code read_arrays(struct km_source *source, struct km_str bytes,
                                struct km_err *err)
{
    struct npz_state *state = source->state;
    uint64_t at, count;
    if (!find_directory(bytes, &at, &count)) {
        return km_fail(err, KM_ECORRUPT,
                       "the archive's directory is missing or cut: expected "
                       "it at the end of the file");
    }
    if (count > KM_NPZ_ARRAYS_MAX) {
        return km_fail(err, KM_ELIMIT, "the archive has %llu files, at most %d",
                       (unsigned long long)count, KM_NPZ_ARRAYS_MAX);
    }
    state->arrays = km_new(&source->arena, struct km_npy, (size_t)count + 1);
    if (!state->arrays) {
        return km_fail(err, KM_ELIMIT, "no memory for the archive's arrays");
    }
    for (uint64_t i = 0; i < count; i++) {
        struct entry entry;
        struct km_str data;
        if (!read_entry(bytes, at, &entry)) {
            return km_fail(err, KM_ECORRUPT,
                           "the archive's directory is cut at byte %llu",
                           (unsigned long long)at);
        }
        at = entry.next;
        if (!km_str_ends(entry.name, KM_STR(".npy"))) {
            continue;
        }
        enum km_code code = unpack(source, bytes, &entry, &data, err);
        if (code) {
            return code;
        }
        struct km_npy *array = &state->arrays[state->count];
        array->name = (struct km_str){entry.name.ptr, entry.name.len - 4};
        struct km_err why;
        if (km_npy_read(data, array, &why) == KM_OK) {
            state->count++;
        } else {
            km_emit_warn(source->emit, entry.offset, "'%.*s' is left out: %s",
                         (int)(entry.name.len < 200 ? entry.name.len : 200),
                         entry.name.ptr, why.message);
        }
    }
    return KM_OK;
}

static const struct km_npy *find_array(const struct npz_state *state,
                                       const char *name)
{
    for (size_t i = 0; i < state->count; i++) {
        if (km_str_is(state->arrays[i].name, name)) {
            return &state->arrays[i];
        }
    }
    return NULL;
}

/* A table whose rows are evaluations and whose columns are episodes. */
struct table {
    const struct km_npy *array;
    uint64_t rows, columns;
};

/* [n], [n, k] or [n, k, 1, ...]. */
static bool is_table(const struct km_npy *array, uint64_t rows,
                     struct table *table)
{
    if (!array || array->rank == 0 || array->dims[0] != rows || rows == 0) {
        return false;
    }
    *table = (struct table){array, rows, array->count / rows};
    return table->columns > 0 &&
           (array->rank == 1 || array->dims[1] == table->columns);
}

struct moments {
    double mean, spread; /* of the population, as the logger has it */
};

static struct moments row_moments(const struct table *table, uint64_t row)
{
    double sum = 0, squares = 0;
    uint64_t step = table->array->fortran ? table->rows : 1;
    uint64_t first = table->array->fortran ? row : row * table->columns;
    for (uint64_t i = 0; i < table->columns; i++) {
        sum += km_npy_at(table->array, first + i * step);
    }
    double mean = sum / (double)table->columns;
    for (uint64_t i = 0; i < table->columns; i++) {
        double off = km_npy_at(table->array, first + i * step) - mean;
        squares += off * off;
    }
    return (struct moments){mean, sqrt(squares / (double)table->columns)};
}

static int64_t step_at(const struct km_npy *steps, uint64_t row)
{
    double step = km_npy_at(steps, row);
    return fabs(step) < 9e18 ? (int64_t)step : (int64_t)row;
}

static void emit_evaluation(struct km_source *source, const char *metric,
                            int64_t step, const struct moments *row,
                            uint64_t columns)
{
    double n = (double)columns;
    km_emit_evaluation(
        source->emit,
        &(struct km_evaluation){
            .task = KM_STR("eval"),
            .metric = km_str_of(metric),
            .value = row->mean,
            .stderr_ = columns > 1 ? row->spread / sqrt(n - 1) : (double)NAN,
            .n = (int64_t)columns,
            .n_shot = -1,
            .stage_index = -1,
            .step = step,
            .time_ns = KM_TIME_ABSENT,
            .cost_seconds = (double)NAN,
            .higher_is_better = 1,
        });
}

/* One array of stable-baselines3's EvalCallback: its rows' means, and for the
 * rewards their spread and one evaluation each. */
static void emit_table(struct km_source *source, const struct km_npy *steps,
                       const struct table *table, const char *mean_name,
                       const char *spread_name)
{
    struct km_str none = {0};
    uint32_t means =
        km_emit_series(source->emit, km_str_of(mean_name), none, 0);
    uint32_t spreads =
        spread_name
            ? km_emit_series(source->emit, km_str_of(spread_name), none, 0)
            : 0;
    for (uint64_t row = 0; row < table->rows; row++) {
        struct moments moments = row_moments(table, row);
        int64_t step = step_at(steps, row);
        km_emit_point(source->emit, means, step, KM_TIME_ABSENT, moments.mean);
        if (spread_name) {
            km_emit_point(source->emit, spreads, step, KM_TIME_ABSENT,
                          moments.spread);
            emit_evaluation(source, "mean_reward", step, &moments,
                            table->columns);
        }
    }
}

/* True when the archive is what EvalCallback writes. */
static bool emit_evaluations(struct km_source *source)
{
    const struct npz_state *state = source->state;
    const struct km_npy *steps = find_array(state, "timesteps");
    struct table table;
    if (!steps || steps->rank != 1 ||
        !is_table(find_array(state, "results"), steps->dims[0], &table)) {
        return false;
    }
    emit_table(source, steps, &table, "eval/mean_reward", "eval/std_reward");
    static const char *const others[][2] = {
        {"ep_lengths", "eval/mean_ep_length"},
        {"successes", "eval/success_rate"}};
    for (size_t i = 0; i < 2; i++) {
        if (is_table(find_array(state, others[i][0]), steps->dims[0], &table)) {
            emit_table(source, steps, &table, others[i][1], NULL);
        }
    }
    return true;
}

/* The array of steps that belongs to arrays of `count` elements. */
static const struct km_npy *find_steps(const struct npz_state *state,
                                       uint64_t count)
{
    static const char *const names[] = {
        "step", "steps", "timesteps", "global_step", "iterations", "iteration"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct km_npy *array = find_array(state, names[i]);
        if (array && array->rank == 1 && array->count == count) {
            return array;
        }
    }
    return NULL;
}

static void emit_array(struct km_source *source, const struct km_npy *array)
{
    const struct npz_state *state = source->state;
    if (array->rank == 0) {
        char text[KM_NUMBER_BYTES];
        double value = km_npy_at(array, 0);
        size_t len = km_number_format(value, text);
        if (isfinite(value)) {
            km_emit_attribute(source->emit, KM_ATTRIBUTE_SUMMARY, array->name,
                              (struct km_str){text, len});
        } else {
            km_emit_attribute_text(source->emit, KM_ATTRIBUTE_SUMMARY,
                                   array->name, (struct km_str){text, len});
        }
        return;
    }
    const struct km_npy *steps = find_steps(state, array->count);
    if (array == steps) {
        return;
    }
    if (array->rank != 1) {
        km_emit_warn(source->emit, 0,
                     "'%.*s' has %u dimensions, expected 1: left out",
                     (int)(array->name.len < 200 ? array->name.len : 200),
                     array->name.ptr, array->rank);
        return;
    }
    uint32_t series =
        km_emit_series(source->emit, array->name, (struct km_str){0},
                       steps ? 0 : KM_SERIES_STEP_IS_INDEX);
    for (uint64_t i = 0; i < array->count; i++) {
        km_emit_point(source->emit, series,
                      steps ? step_at(steps, i) : (int64_t)i, KM_TIME_ABSENT,
                      km_npy_at(array, i));
    }
}

static enum km_code emit_all(struct km_source *source, struct km_err *err)
{
    const struct npz_state *state = source->state;
    uint64_t elements = 0;
    for (size_t i = 0; i < state->count; i++) {
        elements += state->arrays[i].count;
    }
    if (elements > KM_NPZ_ELEMENTS_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "the arrays have %llu elements, at most "
                       "%d are taken",
                       (unsigned long long)elements, KM_NPZ_ELEMENTS_MAX);
    }
    if (emit_evaluations(source)) {
        return KM_OK;
    }
    for (size_t i = 0; i < state->count; i++) {
        emit_array(source, &state->arrays[i]);
    }
    return KM_OK;
}

/* A lone .npy file: one array, named like the file. */
static enum km_code read_lone(struct km_source *source, struct km_str bytes,
                              struct km_err *err)
{
    struct npz_state *state = source->state;
    struct km_str name = source->place->name;
    if (km_str_ends(name, KM_STR(".npy"))) {
        name.len -= 4;
    }
    state->arrays = km_new(&source->arena, struct km_npy, 1);
    if (!state->arrays) {
        return km_fail(err, KM_ELIMIT, "no memory for an array");
    }
    state->arrays[0].name = name;
    state->count = 1;
    return km_npy_read(bytes, &state->arrays[0], err);
}

static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    struct npz_state *state = source->state;
    *used = 0;
    source->status = KM_SOURCE_COMPLETE;
    if (!last || bytes.len == 0) {
        return KM_OK; /* the directory stands at the end */
    }
    *state = (struct npz_state){0};
    enum km_code code = km_str_starts(bytes, KM_STR("\x93NUMPY"))
                            ? read_lone(source, bytes, err)
                            : read_arrays(source, bytes, err);
    if (code == KM_OK) {
        code = emit_all(source, err);
    }
    if (code == KM_ECORRUPT) {
        source->status = KM_SOURCE_DAMAGED;
    }
    *used = code == KM_OK ? bytes.len : 0;
    return code;
}

static int sniff(const struct km_sniff *sniff)
{
    struct km_str name = sniff->place->name;
    if (sniff->is_folder) {
        return 0;
    }
    if (km_str_starts(sniff->head, KM_STR("\x93NUMPY"))) {
        return 90;
    }
    if (!km_str_starts(sniff->head, KM_STR("PK\3\4")) ||
        sniff->head.len < LOCAL_BYTES) {
        return 0;
    }
    size_t len = km_load_u16(sniff->head.ptr + 26);
    if (len > sniff->head.len - LOCAL_BYTES) {
        return 0;
    }
    struct km_str first = {sniff->head.ptr + LOCAL_BYTES, len};
    bool array = km_str_ends(first, KM_STR(".npy"));
    return array ? 90 : km_str_ends(name, KM_STR(".npz")) ? 50 : 0;
}

static enum km_source_scope scope_of(const struct km_sniff *sniff)
{
    return km_str_is(sniff->place->name, "evaluations.npz") ? KM_SCOPE_FOLDER
                                                            : KM_SCOPE_FILE;
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    (void)source, (void)saved, (void)err; /* read as a whole, each time */
    return KM_OK;
}

static void save(const struct km_source *source, struct km_buf *out)
{
    (void)source, (void)out;
}

const struct km_source_ops km_source_npz = {
    .name = "npz",
    .title = "NumPy arrays (.npz, .npy)",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_FILE,
    .state_bytes = sizeof(struct npz_state),
    .sniff = sniff,
    .scope_of = scope_of,
    .begin = begin,
    .feed = feed,
    .save = save,
};
