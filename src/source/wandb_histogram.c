/* wandb_histogram.c - histograms of W&B, as one value or spread over a row.
 *
 * A logged object is one JSON value in older logs. Newer ones write each of its
 * members as an item of its own, with nested keys: "weights" "_type",
 * "weights" "values", ... Such a group is put together again here; of groups
 * that are no histograms (images, tables) no member is a metric. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "source/histogram.h"
#include "source/wandb.h"

enum { HISTORY_ITEM = 1, ITEM_VALUE = 16 };

/* Numbers of one array member of an object; how many there are, at most `cap`
 * of them stored. The member may stand one object deeper. */
static size_t read_numbers(struct wb_state *state, struct km_str json,
                           const char *key, double *out, size_t cap)
{
    struct km_json_reader *reader = &state->peek;
    struct km_json_token token;
    size_t count = 0;
    int inside = -1; /* depth of the elements that are wanted */
    bool wanted = false;
    km_json_reader_reset(reader);
    km_json_reader_feed(reader, json.ptr, json.len, true);
    while (km_json_next(reader, &token, NULL) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        bool number =
            token.kind == KM_JSON_INTEGER || token.kind == KM_JSON_NUMBER;
        if (number && (wanted || token.depth == inside)) {
            if (count < cap) {
                out[count] = token.number;
            }
            count++;
        }
        if (wanted && token.kind == KM_JSON_ARRAY_BEGIN) {
            inside = token.depth + 1;
        } else if (token.kind == KM_JSON_ARRAY_END &&
                   token.depth == inside - 1) {
            inside = -1;
        }
        wanted = token.kind == KM_JSON_KEY && km_str_is(token.text, key);
    }
    return count;
}

/* { "_type": "histogram", "values": [n], "bins": [n + 1] } or, newer, with
 * "packedBins": { "min", "size", "count" } for evenly spaced edges. */
static bool read_buckets(struct km_source *source, struct km_str json,
                         struct km_buckets *buckets)
{
    struct wb_state *state = source->state;
    const size_t cap = KM_HISTOGRAM_BUCKETS_MAX;
    if (!state->buckets) {
        state->buckets = km_new(&source->arena, double, 2 * cap + 1);
    }
    if (!state->buckets) {
        return false;
    }
    double *weights = state->buckets, *edges = weights + cap;
    size_t count = read_numbers(state, json, "values", weights, cap);
    size_t edge_count = read_numbers(state, json, "bins", edges, cap + 1);
    double low, size;
    if (edge_count == 0 && count <= cap &&
        read_numbers(state, json, "min", &low, 1) == 1 &&
        read_numbers(state, json, "size", &size, 1) == 1) {
        for (size_t i = 0; i <= count; i++) {
            edges[i] = low + (double)i * size;
        }
        edge_count = count + 1;
    }
    *buckets = (struct km_buckets){edges, edges + 1, weights, 1, count};
    return count > 0 && count <= cap && edge_count == count + 1;
}

void km_wb_histogram_emit(struct km_source *source, struct km_str name,
                          int64_t step, int64_t time_ns, struct km_str json)
{
    struct wb_state *state = source->state;
    struct km_buckets buckets;
    if (!read_buckets(source, json, &buckets)) {
        km_emit_warn(source->emit, state->offset,
                     "a histogram lacks values and bins, or has more than %d "
                     "of them: left out",
                     KM_HISTOGRAM_BUCKETS_MAX);
        return;
    }
    struct km_tag *tag = km_tags_get(&state->metrics, name);
    struct km_histogram histogram = km_buckets_summary(&buckets);
    struct km_histogram_series *series = tag ? tag->extra : NULL;
    if (!tag || !km_histogram_emit(source, &series, tag->name, step, time_ns,
                                   &histogram)) {
        km_emit_warn(source->emit, state->offset,
                     "more histograms than memory allows: one is left out");
        return;
    }
    tag->extra = series;
}

/* Groups stand in state->groups, each as a mark, a length and its name. */
enum { GROUP_HEADER_BYTES = 5 };

void km_wb_group_note(struct km_source *source, struct km_str key,
                      struct km_str item)
{
    struct wb_state *state = source->state;
    struct km_str type = km_wire_find(item, ITEM_VALUE).bytes;
    uint32_t len = (uint32_t)(key.len - (sizeof "._type" - 1));
    size_t before = state->groups.len;
    km_buf_append_char(&state->groups, km_str_is(type, "\"histogram\""));
    km_buf_append(&state->groups, &len, sizeof len);
    km_buf_append(&state->groups, key.ptr, len);
    if (state->groups.failed) {
        state->groups.len = before; /* no half of a group */
        km_emit_warn(source->emit, state->offset,
                     "a row has more objects than memory allows");
    }
}

/* The group at `*at`, which is moved behind it; false at the end. */
static bool next_group(const struct wb_state *state, size_t *at,
                       struct km_str *name, bool *histogram)
{
    if (*at >= state->groups.len) {
        return false;
    }
    const char *group = state->groups.bytes + *at;
    *histogram = group[0] != 0;
    *name = (struct km_str){group + GROUP_HEADER_BYTES, km_load_u32(group + 1)};
    *at += GROUP_HEADER_BYTES + name->len;
    return true;
}

static bool is_member(struct km_str path, struct km_str group)
{
    return km_str_starts(path, group) && path.len > group.len &&
           path.ptr[group.len] == '.';
}

bool km_wb_is_grouped(const struct wb_state *state, struct km_str path)
{
    struct km_str name;
    bool histogram;
    for (size_t at = 0; next_group(state, &at, &name, &histogram);) {
        if (is_member(path, name)) {
            return true;
        }
    }
    return false;
}

/* The members of a group, written as the object that they were. */
static struct km_str gather(struct km_source *source, struct km_str message,
                            struct km_str group)
{
    struct wb_state *state = source->state;
    struct km_buf *out = &state->gathered;
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    km_buf_reset(out);
    km_buf_append_char(out, '{');
    while (km_wire_next(&wire, &field)) {
        struct km_str key = {0};
        if (field.number == HISTORY_ITEM) {
            key = km_wb_item_key(source, field.bytes);
        }
        if (!is_member(key, group)) {
            continue;
        }
        size_t last = key.len;
        while (last > 0 && key.ptr[last - 1] != '.') {
            last--;
        }
        struct km_str json = km_wire_find(field.bytes, ITEM_VALUE).bytes;
        km_buf_append_text(out, out->len > 1 ? ",\"" : "\"");
        km_buf_append(out, key.ptr + last, key.len - last);
        km_buf_append_text(out, "\":");
        km_buf_append(out, json.ptr, json.len);
    }
    km_buf_append_char(out, '}');
    return out->failed ? (struct km_str){0}
                       : (struct km_str){out->bytes, out->len};
}

void km_wb_groups_emit(struct km_source *source, struct km_str message,
                       int64_t step, int64_t time_ns)
{
    struct km_str name;
    bool histogram;
    for (size_t at = 0; next_group(source->state, &at, &name, &histogram);) {
        if (histogram) {
            km_wb_histogram_emit(source, name, step, time_ns,
                                 gather(source, message, name));
        }
    }
}
