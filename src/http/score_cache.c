/* score_cache.c - a few entries, the least used one goes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/score_cache.h"

#include "base/json_write.h"
#include "base/limits.h"

enum { CARD_BYTES_MAX = 16 * KM_MIB };

bool km_score_cache_init(struct km_score_cache *cache)
{
    bool good = pthread_mutex_init(&cache->lock, NULL) == 0;
    for (size_t i = 0; i < KM_SCORE_CACHE_RUNS; i++) {
        struct km_score_entry *entry = &cache->entries[i];
        good = pthread_mutex_init(&entry->lock, NULL) == 0 && good;
        km_memory_init(&entry->memory);
        km_buf_init(&entry->json, CARD_BYTES_MAX);
    }
    return good;
}

void km_score_cache_finish(struct km_score_cache *cache)
{
    for (size_t i = 0; i < KM_SCORE_CACHE_RUNS; i++) {
        struct km_score_entry *entry = &cache->entries[i];
        km_memory_finish(&entry->memory);
        km_buf_finish(&entry->json);
        pthread_mutex_destroy(&entry->lock);
    }
    pthread_mutex_destroy(&cache->lock);
}

/* The entry of the run, or the one that was used least and is free. */
static struct km_score_entry *enter(struct km_score_cache *cache,
                                    uint64_t run_id)
{
    struct km_score_entry *chosen = NULL;
    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < KM_SCORE_CACHE_RUNS; i++) {
        struct km_score_entry *entry = &cache->entries[i];
        if (entry->run_id == run_id) {
            chosen = entry;
            break;
        }
        if (!entry->users && (!chosen || entry->used_at < chosen->used_at)) {
            chosen = entry;
        }
    }
    if (chosen) {
        if (chosen->run_id != run_id) {
            chosen->run_id = run_id;
            chosen->version = 0;
        }
        chosen->users++;
        chosen->used_at = ++cache->clock;
    }
    pthread_mutex_unlock(&cache->lock);
    return chosen;
}

static enum km_code make_card(struct km_score_entry *entry,
                              struct km_store *store,
                              const struct km_score_options *options,
                              struct km_err *err)
{
    struct km_score_options looking = *options;
    struct km_scorecard card;
    struct km_arena arena;
    looking.memory = &entry->memory;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = km_scorecard_compute(store, entry->run_id, &looking,
                                             &arena, &card, err);
    if (code == KM_OK) {
        struct km_json_writer w;
        km_buf_reset(&entry->json);
        km_json_writer_init(&w, &entry->json);
        km_scorecard_json(&card, &w);
        if (entry->json.failed) {
            code = km_fail(err, KM_ELIMIT, "the card exceeds %d bytes",
                           CARD_BYTES_MAX);
        }
    }
    km_arena_finish(&arena);
    return code;
}

enum km_code km_score_cache_card(struct km_score_cache *cache,
                                 struct km_store *store, uint64_t run_id,
                                 uint64_t version,
                                 const struct km_score_options *options,
                                 struct km_buf *out, struct km_err *err)
{
    struct km_score_entry *entry = enter(cache, run_id);
    enum km_code code = KM_OK;
    if (!entry) {
        return km_fail(err, KM_EBUSY, "%d cards are being made at once",
                       KM_SCORE_CACHE_RUNS);
    }
    pthread_mutex_lock(&entry->lock);
    if (entry->version != version) {
        code = make_card(entry, store, options, err);
        entry->version = code ? 0 : version;
    }
    if (code == KM_OK) {
        km_buf_append(out, entry->json.bytes, entry->json.len);
    }
    pthread_mutex_unlock(&entry->lock);
    pthread_mutex_lock(&cache->lock);
    entry->users--;
    pthread_mutex_unlock(&cache->lock);
    return code;
}
