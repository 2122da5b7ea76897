/* text.c - the bytes to learn from, and random places in them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinylm.h"

enum { TEXT_BYTES_MAX = 64 << 20, BLOCK = 4096 };

/* A well-mixed function of both numbers (splitmix64's last steps). */
uint64_t random_at(uint64_t seed, uint64_t index)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + index * 0xbf58476d1ce4e5b9u +
                 0x94d049bb133111ebu;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static bool append_file(struct text *text, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    for (;;) {
        if (text->count > TEXT_BYTES_MAX) {
            break;
        }
        unsigned char *wider = realloc(text->bytes, text->count + BLOCK);
        if (!wider) {
            break;
        }
        text->bytes = wider;
        size_t got = fread(text->bytes + text->count, 1, BLOCK, file);
        text->count += got;
        if (got == 0) {
            (void)fclose(file);
            return true;
        }
    }
    (void)fclose(file);
    (void)fprintf(stderr, "%s: more text than fits\n", path);
    return false;
}

/* The last tenth of every stretch of 20 blocks is for validation: moved to the
 * end, so that both halves see every document. */
static bool set_validation_apart(struct text *text)
{
    enum { EVERY = 10 };
    unsigned char *sorted = malloc(text->count ? text->count : 1);
    size_t at = 0;
    if (!sorted) {
        return false;
    }
    for (int validation = 0; validation < 2; validation++) {
        for (size_t from = 0, i = 0; from < text->count; from += BLOCK, i++) {
            size_t len =
                text->count - from < BLOCK ? text->count - from : BLOCK;
            if ((i % EVERY == EVERY - 1) == (validation == 1)) {
                memcpy(sorted + at, text->bytes + from, len);
                at += len;
            }
        }
        if (validation == 0) {
            text->train_count = at;
        }
    }
    free(text->bytes);
    text->bytes = sorted;
    return true;
}

bool text_load(struct text *text, char *const *paths, int path_count)
{
    memset(text, 0, sizeof *text);
    for (int i = 0; i < path_count; i++) {
        if (!append_file(text, paths[i])) {
            return false;
        }
    }
    return set_validation_apart(text);
}

void text_free(struct text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

void text_batch(const struct text *text, bool validation, uint64_t seed,
                uint64_t step, int sequences, int context,
                unsigned char *inputs, unsigned char *targets)
{
    size_t from = validation ? text->train_count : 0;
    size_t count =
        validation ? text->count - text->train_count : text->train_count;
    size_t places = count - (size_t)context - 1;
    for (int s = 0; s < sequences; s++) {
        uint64_t index = step * (uint64_t)sequences + (uint64_t)s;
        size_t at = from + (size_t)(random_at(seed, index) % places);
        memcpy(inputs, text->bytes + at, (size_t)context);
        memcpy(targets, text->bytes + at + 1, (size_t)context);
        inputs += context;
        targets += context;
    }
}
