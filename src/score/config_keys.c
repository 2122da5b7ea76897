/* config_keys.c - walks the attributes of a run once for a table of keys. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/config_keys.h"

#include <math.h>

#include "base/number.h"

struct reading {
    const struct km_config_key *rows;
    size_t row_count;
    size_t *row; /* taken for each slot; the row count: none yet */
    struct km_config_value *out;
    struct km_arena *arena;
    bool full;
};

static struct km_str last_part(struct km_str key)
{
    for (size_t i = key.len; i > 0; i--) {
        if (key.ptr[i - 1] == '.' || key.ptr[i - 1] == '/') {
            return (struct km_str){key.ptr + i, key.len - i};
        }
    }
    return key;
}

bool km_config_key_is(struct km_str full, const char *key)
{
    struct km_str part = last_part(full);
    size_t i = 0;
    for (; i < part.len && key[i]; i++) {
        char c = part.ptr[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + 32);
        }
        if ((c == '-' ? '_' : c) != key[i]) {
            return false;
        }
    }
    return i == part.len && !key[i];
}

bool km_config_true(const char *text)
{
    struct km_str word = km_str_of(text ? text : "");
    return km_glob_match(KM_STR("true"), word) ||
           km_glob_match(KM_STR("1"), word);
}

static bool take_number(struct km_str value, enum km_config_kind kind,
                        double *number)
{
    *number = NAN;
    if (kind == KM_CONFIG_TEXT) {
        return true;
    }
    return km_number_parse(value, number) && isfinite(*number) &&
           (kind == KM_CONFIG_NUMBER ? *number >= 0 : *number > 0);
}

static bool take_attribute(void *user, const struct km_attribute *row)
{
    struct reading *reading = user;
    if (row->kind == KM_ATTRIBUTE_SUMMARY) {
        return true;
    }
    struct km_str value = row->value_json;
    if (value.len >= 2 && value.ptr[0] == '"') {
        value = (struct km_str){value.ptr + 1, value.len - 2};
    }
    for (size_t i = 0; i < reading->row_count; i++) {
        const struct km_config_key *key = &reading->rows[i];
        double number;
        if (i >= reading->row[key->slot] ||
            !km_config_key_is(row->key, key->key) ||
            !take_number(value, key->kind, &number)) {
            continue;
        }
        reading->row[key->slot] = i;
        struct km_config_value *out = &reading->out[key->slot];
        out->number = number;
        out->text = km_arena_copy(reading->arena, value.ptr, value.len);
        out->key = km_arena_copy(reading->arena, row->key.ptr, row->key.len);
        reading->full |= !out->text || !out->key;
    }
    return !reading->full;
}

enum km_code km_config_values(struct km_store *store, uint64_t run_id,
                              const struct km_config_key *rows,
                              size_t row_count, struct km_arena *arena,
                              struct km_config_value *out, size_t slot_count,
                              struct km_err *err)
{
    struct reading reading = {.rows = rows,
                              .row_count = row_count,
                              .row = km_new(arena, size_t, slot_count),
                              .out = out,
                              .arena = arena};
    reading.full = !reading.row;
    for (size_t i = 0; i < slot_count; i++) {
        out[i] = (struct km_config_value){.number = NAN};
        if (reading.row) {
            reading.row[i] = row_count;
        }
    }
    enum km_code code =
        reading.full ? KM_OK
                     : km_store_list_attributes(store, run_id, take_attribute,
                                                &reading, err);
    if (code == KM_OK && reading.full) {
        code = km_fail(err, KM_ELIMIT,
                       "the config of the run does not fit the memory allowed "
                       "for one command");
    }
    return code;
}
