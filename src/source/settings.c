/* settings.c - a config file beside logs becomes settings of their runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"
#include "source/json_doc.h"
#include "source/settings_flat.h"

static const char *const folder_names[] = {"config", "hparams", "params",
                                           "args"};
static const char *const endings[] = {".json", ".yaml", ".yml"};

struct pair {
    struct km_str key, json;
};

struct settings {
    struct km_arena *arena;
    struct pair *pairs;
    size_t count, cap;
    uint64_t left_out;
    bool full;
};

struct km_str km_settings_stem(struct km_str name)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t len = strlen(endings[i]);
        if (name.len > len && km_str_ends(name, km_str_of(endings[i]))) {
            return (struct km_str){name.ptr, name.len - len};
        }
    }
    return (struct km_str){name.ptr, 0};
}

bool km_settings_of_folder(struct km_str name)
{
    struct km_str stem = km_settings_stem(name);
    for (size_t i = 0; i < sizeof folder_names / sizeof folder_names[0]; i++) {
        if (km_str_is(stem, folder_names[i])) {
            return true;
        }
    }
    return false;
}

bool km_settings_candidate(struct km_str name, size_t index, char *out,
                           size_t size)
{
    enum {
        STEMS = sizeof folder_names / sizeof folder_names[0],
        ENDINGS = sizeof endings / sizeof endings[0]
    };
    if (index >= (STEMS + 1) * (size_t)ENDINGS) {
        return false;
    }
    size_t stem = index / ENDINGS;
    struct km_str text = stem < STEMS ? km_str_of(folder_names[stem]) : name;
    if (stem == STEMS) { /* its own: up to the last point */
        while (text.len > 1 && text.ptr[text.len - 1] != '.') {
            text.len--;
        }
        text.len -= text.len > 1;
    }
    int len = snprintf(out, size, "%.*s%s", (int)text.len, text.ptr,
                       endings[index % ENDINGS]);
    return len > 0 && (size_t)len < size;
}

static bool is_json(struct km_str name)
{
    return km_str_ends(name, KM_STR(".json"));
}

/* A weak yes by the name: whether a log stands beside it, the importer knows.
 */
static int sniff(const struct km_sniff *sniff)
{
    struct km_str name = sniff->place->name;
    if (sniff->is_folder || sniff->head.len == 0 ||
        km_settings_stem(name).len == 0 ||
        memchr(sniff->head.ptr, 0, sniff->head.len)) {
        return 0;
    }
    return !is_json(name) || km_json_first_byte(sniff->head) == '{' ? 1 : 0;
}

static void add_pair(void *user, struct km_str key, struct km_str json)
{
    struct settings *settings = user;
    if (settings->count == KM_CONFIG_KEYS_MAX) {
        settings->left_out++;
        return;
    }
    if (settings->count == settings->cap) {
        size_t cap = settings->cap ? settings->cap * 2 : 64;
        struct pair *grown = km_new(settings->arena, struct pair, cap);
        if (!grown) {
            settings->full = true;
            return;
        }
        if (settings->count) {
            memcpy(grown, settings->pairs, settings->count * sizeof *grown);
        }
        settings->pairs = grown;
        settings->cap = cap;
    }
    char *kept_key = km_arena_copy(settings->arena, key.ptr, key.len);
    char *kept_json = km_arena_copy(settings->arena, json.ptr, json.len);
    settings->full |= !kept_key || !kept_json;
    settings->pairs[settings->count++] =
        (struct pair){{kept_key, kept_key ? key.len : 0},
                      {kept_json, kept_json ? json.len : 0}};
}

/* W&B writes {"lr": {"desc": null, "value": 0.1}}, and says which version. */
static void unwrap_wandb(struct settings *settings)
{
    const struct km_str value = KM_STR(".value");
    bool is_wandb = false;
    for (size_t i = 0; i < settings->count && !is_wandb; i++) {
        is_wandb = km_str_is(settings->pairs[i].key, "wandb_version");
    }
    size_t kept = 0;
    for (size_t i = 0; i < settings->count && is_wandb; i++) {
        struct pair pair = settings->pairs[i];
        size_t at = km_str_search(pair.key, value);
        size_t behind = at + value.len;
        bool whole = behind == pair.key.len;
        if (at == pair.key.len || (!whole && pair.key.ptr[behind] != '.') ||
            km_str_starts(pair.key, KM_STR("_wandb"))) {
            continue;
        }
        char *key = km_arena_printf(settings->arena, "%.*s%.*s", (int)at,
                                    pair.key.ptr, (int)(pair.key.len - behind),
                                    pair.key.ptr + behind);
        settings->full |= !key;
        pair.key = km_str_of(key);
        settings->pairs[kept++] = pair;
    }
    settings->count = is_wandb ? kept : settings->count;
}

static void emit_pairs(struct km_source *source,
                       const struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        km_emit_attribute(source->emit, KM_ATTRIBUTE_CONFIG,
                          settings->pairs[i].key, settings->pairs[i].json);
    }
}

static enum km_code emit_settings(struct km_source *source,
                                  struct settings *settings, struct km_err *err)
{
    if (settings->full) {
        return km_fail(err, KM_ELIMIT, "the settings need too much memory");
    }
    if (settings->left_out) {
        km_emit_warn(source->emit, 0,
                     "%" PRIu64 " settings left out: too many, too long, or "
                     "aliases",
                     settings->left_out);
    }
    if (source->beside_count == 0) {
        emit_pairs(source, settings);
    }
    for (size_t i = 0; i < source->beside_count; i++) {
        const struct km_run_meta meta = {.project = source->beside[i].project,
                                         .external_id =
                                             source->beside[i].external_id,
                                         .created_ns = KM_TIME_ABSENT,
                                         .ended_ns = KM_TIME_ABSENT};
        enum km_code code = km_emit_run(source->emit, &meta);
        if (code) {
            return km_emit_error(source->emit, err);
        }
        emit_pairs(source, settings);
        if (km_emit_full(source->emit) &&
            km_emit_checkpoint(source->emit, err) != KM_OK) {
            return err ? err->code : KM_EIO;
        }
    }
    return km_emit_error(source->emit, err);
}

static enum km_code begin(struct km_source *source, struct km_str saved,
                          struct km_err *err)
{
    (void)source;
    (void)saved;
    (void)err;
    return KM_OK;
}

/* The whole file at once: half of a config is none. */
static enum km_code feed(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err)
{
    *used = 0;
    if (bytes.len > KM_SETTINGS_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "settings of more than %d KiB are not read",
                       KM_SETTINGS_BYTES_MAX / KM_KIB);
    }
    if (!last || bytes.len == 0) {
        return KM_OK;
    }
    struct km_str text = bytes;
    if (km_str_starts(text, KM_STR("\xef\xbb\xbf"))) {
        text = (struct km_str){text.ptr + 3, text.len - 3};
    }
    struct settings settings = {.arena = &source->arena};
    struct km_settings_flat flat;
    struct km_err why;
    km_settings_flat_init(&flat, add_pair, &settings);
    enum km_code code = is_json(source->place->name)
                            ? km_settings_json(&flat, text, &why)
                            : km_settings_yaml(&flat, text, &why);
    settings.left_out += flat.left_out;
    km_settings_flat_finish(&flat);
    if (code) {
        return km_fail(err, code, "its settings are not used: %s", why.message);
    }
    unwrap_wandb(&settings);
    code = emit_settings(source, &settings, err);
    *used = code ? 0 : bytes.len;
    return code;
}

static void save(const struct km_source *source, struct km_buf *out)
{
    km_buf_printf(out, "%" PRIu64, source->beside_hash);
}

uint64_t km_settings_saved_runs(struct km_str saved)
{
    int64_t hash;
    return km_integer_parse(saved, &hash) && hash > 0 ? (uint64_t)hash : 0;
}

const struct km_source_ops km_source_settings = {
    .name = "settings",
    .title = "settings beside a log",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_FOLDER,
    .state_bytes = 1,
    .sniff = sniff,
    .begin = begin,
    .feed = feed,
    .save = save,
};
