/* chunk_column.h - one column of a chunk: numbers <-> words <-> residuals.
 *
 * A column is a kind (how numbers become integers), an exponent and a filter
 * (what is predicted from the words before). All arithmetic wraps around, so
 * every 64-bit pattern survives.
 * Document: docs/formats/chunk.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_STORE_CHUNK_COLUMN_H
#define KM_STORE_CHUNK_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum km_column_kind {
    KM_COLUMN_INTEGER, /* value = word x 10^exponent */
    KM_COLUMN_FLOAT,   /* the 32 bits of a float */
    KM_COLUMN_DOUBLE,  /* the 64 bits of a double */
    KM_COLUMN_DECIMAL, /* value = word / 10^exponent */
    KM_COLUMN_KINDS,
};

enum km_column_filter {
    KM_FILTER_NONE,
    KM_FILTER_DELTA,  /* from the word before */
    KM_FILTER_DELTA2, /* from the line through the two before */
    KM_FILTERS,
};

enum { KM_COLUMN_EXPONENT_MAX = 9 };

struct km_column_form {
    enum km_column_kind kind;
    enum km_column_filter filter;
    unsigned exponent;
    uint64_t seeds[2]; /* the first word, and the first difference */
};

/* Bytes of a word: 4 or 8. */
static inline size_t km_column_width(enum km_column_kind kind)
{
    return kind == KM_COLUMN_FLOAT ? 4 : 8;
}

/* Turn numbers into words and choose kind and exponent. */
void km_column_from_integers(const int64_t *numbers, size_t count,
                             struct km_column_form *form, uint64_t *words);
void km_column_from_doubles(const double *numbers, size_t count,
                            struct km_column_form *form, uint64_t *words);

/* Chooses the filter that a sample of the words likes best. */
void km_column_choose_filter(const uint64_t *words, size_t count,
                             struct km_column_form *form);

/* Words to residuals, setting form->seeds. `same` gets the bits that all
 * residuals share as 1, and `any` those that some have. */
void km_column_filter(const uint64_t *words, size_t count,
                      struct km_column_form *form, uint64_t *residuals,
                      uint64_t *same, uint64_t *any);

/* The way back, in place: residuals become words, words become numbers. */
void km_column_unfilter(uint64_t *words, size_t count,
                        const struct km_column_form *form);
void km_column_to_integers(const uint64_t *words, size_t count,
                           const struct km_column_form *form, int64_t *numbers);
void km_column_to_doubles(const uint64_t *words, size_t count,
                          const struct km_column_form *form, double *numbers);

#endif
