/* factor.c - which settings vary, which vary together, what stays equal. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { BINS = 3, KEYS_MAX = 2000 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the settings of the runs do not fit the memory allowed for "
                   "one command");
}

static const char *const absent = "not set";

static const struct km_setting *find_setting(const struct km_member *member,
                                             const char *key)
{
    size_t low = 0, high = member->setting_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(member->settings[middle].key, key);
        if (order == 0) {
            return &member->settings[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const char *value_of(const struct km_member *member, const char *key)
{
    const struct km_setting *setting = find_setting(member, key);
    return setting ? setting->value : absent;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every key that some run has, once, sorted. */
static size_t list_keys(const struct km_member *const *members, size_t count,
                        struct km_arena *arena, const char ***keys)
{
    size_t total = 0, found = 0;
    for (size_t m = 0; m < count; m++) {
        total += members[m]->setting_count;
    }
    *keys = km_new(arena, const char *, total + 1);
    for (size_t m = 0; *keys && m < count; m++) {
        for (size_t s = 0; s < members[m]->setting_count; s++) {
            const char *key = members[m]->settings[s].key;
            if (!km_setting_is_incidental(key)) {
                (*keys)[found++] = key;
            }
        }
    }
    if (found > 1) {
        qsort(*keys, found, sizeof **keys, compare_texts);
    }
    size_t kept = 0;
    for (size_t k = 0; k < found; k++) {
        if (!kept || strcmp((*keys)[kept - 1], (*keys)[k]) != 0) {
            (*keys)[kept++] = (*keys)[k];
        }
    }
    return kept;
}

/* Levels as texts; false: more than KM_FACTOR_LEVELS_MAX. */
static bool level_texts(const struct km_member *const *members, size_t count,
                        struct km_factor *factor)
{
    factor->level_count = 0;
    for (size_t m = 0; m < count; m++) {
        const char *value = value_of(members[m], factor->key);
        size_t k = 0;
        while (k < factor->level_count &&
               strcmp(factor->names[k], value) != 0) {
            k++;
        }
        if (k == KM_FACTOR_LEVELS_MAX) {
            return false;
        }
        if (k == factor->level_count) {
            factor->names[factor->level_count++] = value;
            factor->counts[k] = 0;
        }
        factor->counts[k]++;
        factor->level[m] = (uint32_t)k;
    }
    return true;
}

/* Thirds of a number that every run has; false: it is none. */
static bool level_thirds(const struct km_member *const *members, size_t count,
                         double *numbers, struct km_arena *arena,
                         struct km_factor *factor)
{
    double *sorted = numbers + count;
    for (size_t m = 0; m < count; m++) {
        const struct km_setting *setting =
            find_setting(members[m], factor->key);
        numbers[m] = setting ? setting->number : (double)NAN;
        if (!isfinite(numbers[m])) {
            return false;
        }
        sorted[m] = numbers[m];
    }
    qsort(sorted, count, sizeof *sorted, compare_numbers);
    double edge[BINS + 1] = {sorted[0], sorted[count / 3],
                             sorted[2 * count / 3], sorted[count - 1]};
    memset(factor->counts, 0, sizeof factor->counts);
    for (size_t m = 0; m < count; m++) {
        size_t bin = numbers[m] >= edge[2] ? 2 : numbers[m] >= edge[1];
        factor->level[m] = (uint32_t)bin;
        factor->counts[bin]++;
    }
    factor->binned = true;
    factor->level_count = BINS;
    for (size_t k = 0; k < BINS; k++) {
        factor->names[k] = km_arena_printf(arena, "%s %.4g..%.4g",
                                           k == 0   ? "low"
                                           : k == 1 ? "middle"
                                                    : "high",
                                           edge[k], edge[k + 1]);
        if (!factor->names[k]) {
            return false;
        }
    }
    return factor->counts[0] && factor->counts[1] && factor->counts[2];
}

/* Do two factors cut the runs in the same way? */
static bool same_cut(const struct km_factor *a, const struct km_factor *b,
                     size_t count)
{
    uint32_t partner[KM_FACTOR_LEVELS_MAX];
    if (a->level_count != b->level_count) {
        return false;
    }
    memset(partner, 0xff, sizeof partner);
    for (size_t m = 0; m < count; m++) {
        if (partner[a->level[m]] == UINT32_MAX) {
            partner[a->level[m]] = b->level[m];
        }
        if (partner[a->level[m]] != b->level[m]) {
            return false;
        }
    }
    return true; /* as many levels on both sides: a bijection */
}

struct finding {
    const struct km_member *const *members;
    size_t count;
    struct km_arena *arena;
    struct km_factors *factors;
    double *numbers; /* 2 x count */
    size_t own_values;
};

/* Joins an equal factor, else becomes a row. */
static bool keep_factor(struct finding *f, const struct km_factor *factor)
{
    struct km_factors *factors = f->factors;
    for (size_t i = 0; i < factors->count; i++) {
        struct km_factor *row = &factors->rows[i];
        if (same_cut(row, factor, f->count)) {
            row->also =
                km_arena_printf(f->arena, "%s%s%s", row->also,
                                row->also_count ? ", " : "", factor->key);
            row->also_count++;
            return row->also != NULL;
        }
    }
    if (factors->count == KM_FACTORS_MAX) {
        return true;
    }
    struct km_factor *row = &factors->rows[factors->count++];
    *row = *factor;
    row->level = km_new(f->arena, uint32_t, f->count);
    row->block = km_new(f->arena, uint32_t, f->count);
    if (row->level && row->block) {
        memcpy(row->level, factor->level, f->count * sizeof *row->level);
    }
    return row->level && row->block;
}

static bool take_key(struct finding *f, const char *key, uint32_t *level)
{
    struct km_factor factor = {.key = key, .also = "", .level = level};
    bool few = level_texts(f->members, f->count, &factor);
    if (few && factor.level_count < 2) {
        return true;
    }
    /* a level of one run says nothing, numbers do when they are many */
    bool alone = few && factor.level_count == f->count;
    if ((!few || (alone && f->count >= 6)) &&
        level_thirds(f->members, f->count, f->numbers, f->arena, &factor)) {
        return keep_factor(f, &factor);
    }
    if (!few || alone) {
        f->own_values++;
        const char *before = f->factors->left_out;
        if (f->own_values <= 8) {
            f->factors->left_out = km_arena_printf(f->arena, "%s%s%s", before,
                                                   *before ? ", " : "", key);
        }
        return f->factors->left_out != NULL;
    }
    return keep_factor(f, &factor);
}

/* Is `key` the factor's, or one of those that change with it? */
static bool belongs(const struct km_member *const *members, size_t count,
                    const struct km_factor *factor, const char *key,
                    uint32_t *level)
{
    struct km_factor other = {.key = key, .level = level};
    if (strcmp(key, factor->key) == 0) {
        return true;
    }
    return factor->also_count > 0 && level_texts(members, count, &other) &&
           other.level_count > 1 && same_cut(factor, &other, count);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Blocks of a factor: hash of all that is not the factor. */
static void find_blocks(struct finding *f, struct km_factor *factor,
                        const char *const *keys, size_t key_count,
                        uint64_t *hash, uint32_t *level)
{
    uint64_t *sorted = hash + f->count;
    memset(hash, 0, f->count * sizeof *hash);
    for (size_t k = 0; k < key_count; k++) {
        if (belongs(f->members, f->count, factor, keys[k], level)) {
            continue;
        }
        for (size_t m = 0; m < f->count; m++) {
            const char *value = value_of(f->members[m], keys[k]);
            hash[m] = km_hash(value, strlen(value) + 1, hash[m] + k + 1);
        }
    }
    memcpy(sorted, hash, f->count * sizeof *hash);
    qsort(sorted, f->count, sizeof *sorted, compare_ids);
    size_t kept = 0;
    for (size_t m = 0; m < f->count; m++) {
        if (!kept || sorted[kept - 1] != sorted[m]) {
            sorted[kept++] = sorted[m];
        }
    }
    for (size_t m = 0; m < f->count; m++) {
        const uint64_t *at =
            bsearch(&hash[m], sorted, kept, sizeof *sorted, compare_ids);
        factor->block[m] = (uint32_t)(at - sorted);
    }
    factor->block_count = kept;
}

enum km_code km_factors_find(const struct km_member *const *members,
                             size_t count, struct km_arena *arena,
                             struct km_factors *factors, struct km_err *err)
{
    const char **keys = NULL;
    *factors = (struct km_factors){.left_out = ""};
    factors->rows = km_new(arena, struct km_factor, KM_FACTORS_MAX);
    uint32_t *level = km_new(arena, uint32_t, count + 1);
    uint64_t *hash = km_new(arena, uint64_t, 2 * count + 1);
    struct finding f = {
        members, count, arena, factors, km_new(arena, double, 2 * count + 1),
        0};
    size_t key_count = list_keys(members, count, arena, &keys);
    if (!factors->rows || !level || !hash || !f.numbers || !keys) {
        return fail_full(err);
    }
    key_count = key_count < KEYS_MAX ? key_count : (size_t)KEYS_MAX;
    for (size_t k = 0; k < key_count; k++) {
        if (!take_key(&f, keys[k], level)) {
            return fail_full(err);
        }
    }
    for (size_t i = 0; i < factors->count; i++) {
        find_blocks(&f, &factors->rows[i], keys, key_count, hash, level);
    }
    return KM_OK;
}
