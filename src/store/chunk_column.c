/* chunk_column.c - choosing how a column becomes small integers, and back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chunk_column.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { SAMPLE_POINTS = 256 };

static const double powers[KM_COLUMN_EXPONENT_MAX + 1] = {
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
};
static const int64_t integer_powers[KM_COLUMN_EXPONENT_MAX + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

/* Integers of a log are often seconds or milliseconds written as nanoseconds.
 */
void km_column_from_integers(const int64_t *numbers, size_t count,
                             struct km_column_form *form, uint64_t *words)
{
    unsigned exponent = KM_COLUMN_EXPONENT_MAX;
    for (size_t i = 0; i < count && exponent > 0; i++) {
        while (numbers[i] % integer_powers[exponent] != 0) {
            exponent -= 3;
        }
    }
    form->kind = KM_COLUMN_INTEGER;
    form->exponent = exponent;
    if (exponent == 0) {
        memcpy(words, numbers, count * sizeof *words);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        words[i] = (uint64_t)(numbers[i] / integer_powers[exponent]);
    }
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* Is `number` exactly a 53-bit integer over 10^exponent? The division is
 * correctly rounded, as is the reading of decimal text. */
static bool is_decimal(double number, unsigned exponent, uint64_t *word)
{
    double scaled = number * powers[exponent];
    if (!(fabs(scaled) < 9007199254740992.0)) {
        return false;
    }
    int64_t integer = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
    *word = (uint64_t)integer;
    return bits_of((double)integer / powers[exponent]) == bits_of(number);
}

static bool try_decimal(const double *numbers, size_t count,
                        struct km_column_form *form, uint64_t *words)
{
    unsigned exponent = 0;
    for (size_t i = 0; i < count; i++) {
        while (!is_decimal(numbers[i], exponent, &words[i])) {
            if (exponent++ == KM_COLUMN_EXPONENT_MAX) {
                return false;
            }
            i = 0; /* all before must be read at the finer scale */
        }
    }
    form->kind = KM_COLUMN_DECIMAL;
    form->exponent = exponent;
    return true;
}

static bool try_float(const double *numbers, size_t count,
                      struct km_column_form *form, uint64_t *words)
{
    uint64_t differ = 0;
    for (size_t i = 0; i < count; i++) {
        float narrow = (float)numbers[i];
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        words[i] = bits;
        differ |= bits_of((double)narrow) ^ bits_of(numbers[i]);
    }
    form->kind = KM_COLUMN_FLOAT;
    form->exponent = 0;
    return differ == 0;
}

void km_column_from_doubles(const double *numbers, size_t count,
                            struct km_column_form *form, uint64_t *words)
{
    if (try_decimal(numbers, count, form, words) ||
        try_float(numbers, count, form, words)) {
        return;
    }
    form->kind = KM_COLUMN_DOUBLE;
    form->exponent = 0;
    memcpy(words, numbers, count * sizeof *words);
}

/* Small for small differences of either sign. Floats differ modulo 2^32. */
static inline uint64_t zigzag(uint64_t difference, bool narrow)
{
    if (narrow) {
        uint32_t low = (uint32_t)difference;
        return (uint32_t)(low << 1) ^ (uint32_t)(0 - (low >> 31));
    }
    return (difference << 1) ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t residual)
{
    return (residual >> 1) ^ (0 - (residual & 1));
}

static void take_residuals(const uint64_t *words, size_t count,
                           enum km_column_filter filter, bool narrow,
                           uint64_t *residuals)
{
    if (filter == KM_FILTER_NONE) {
        memcpy(residuals, words, count * sizeof *words);
    } else if (filter == KM_FILTER_DELTA) {
        residuals[0] = 0;
        for (size_t i = 1; i < count; i++) {
            residuals[i] = zigzag(words[i] - words[i - 1], narrow);
        }
    } else {
        residuals[0] = 0;
        residuals[count > 1] = 0;
        for (size_t i = 2; i < count; i++) {
            residuals[i] =
                zigzag(words[i] - 2 * words[i - 1] + words[i - 2], narrow);
        }
    }
}

static double rises[SAMPLE_POINTS]; /* (n + 1) log (n + 1) - n log n */
static pthread_once_t rises_once = PTHREAD_ONCE_INIT;

static void fill_rises(void)
{
    for (int n = 0; n < SAMPLE_POINTS; n++) {
        rises[n] = (n + 1) * log2(n + 1) - (n ? n * log2(n) : 0);
    }
}

/* Empirical entropy, in bits, of the byte planes of a sample: what the coder
 * behind can reach. Summed up as counts rise: n log n of each count. */
static double sample_cost(const uint64_t *residuals, size_t count, size_t width)
{
    (void)pthread_once(&rises_once, fill_rises);
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= residuals[i];
    }
    double sum = (double)width * (double)count * log2((double)count);
    for (size_t plane = 0; plane < width; plane++) {
        uint16_t counts[256] = {0};
        if (!(any >> 8 * plane & 0xff)) {
            sum -= (double)count * log2((double)count);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            sum -= rises[counts[residuals[i] >> 8 * plane & 0xff]++];
        }
    }
    return sum;
}

void km_column_choose_filter(const uint64_t *words, size_t count,
                             struct km_column_form *form)
{
    uint64_t residuals[SAMPLE_POINTS];
    size_t width = km_column_width(form->kind);
    size_t sample = count < SAMPLE_POINTS ? count : SAMPLE_POINTS;
    const uint64_t *from = words + (count - sample) / 2;
    double best = INFINITY;
    for (int filter = KM_FILTERS - 1; filter >= 0; filter--) {
        take_residuals(from, sample, (enum km_column_filter)filter, width == 4,
                       residuals);
        double cost = sample_cost(residuals, sample, width);
        if (cost < best) {
            best = cost;
            form->filter = (enum km_column_filter)filter;
        }
        if (best == 0) {
            break; /* a straight line */
        }
    }
}

void km_column_filter(const uint64_t *words, size_t count,
                      struct km_column_form *form, uint64_t *residuals,
                      uint64_t *same, uint64_t *any)
{
    assert(count > 0);
    take_residuals(words, count, form->filter, km_column_width(form->kind) == 4,
                   residuals);
    form->seeds[0] = words[0];
    form->seeds[1] = count > 1 ? words[1] - words[0] : 0;
    uint64_t all_of = UINT64_MAX, any_of = 0;
    for (size_t i = 0; i < count; i++) {
        all_of &= residuals[i];
        any_of |= residuals[i];
    }
    *same = all_of;
    *any = any_of;
}

void km_column_unfilter(uint64_t *words, size_t count,
                        const struct km_column_form *form)
{
    uint64_t word = form->seeds[0];
    uint64_t slope = form->seeds[1];
    if (form->filter == KM_FILTER_DELTA) {
        words[0] = word;
        for (size_t i = 1; i < count; i++) {
            word += unzigzag(words[i]);
            words[i] = word;
        }
    } else if (form->filter == KM_FILTER_DELTA2) {
        words[0] = word;
        word += slope;
        words[count > 1] = count > 1 ? word : words[0];
        for (size_t i = 2; i < count; i++) {
            slope += unzigzag(words[i]);
            word += slope;
            words[i] = word;
        }
    }
}

void km_column_to_integers(const uint64_t *words, size_t count,
                           const struct km_column_form *form, int64_t *numbers)
{
    uint64_t power = (uint64_t)integer_powers[form->exponent];
    if (power == 1) {
        memcpy(numbers, words, count * sizeof *numbers);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (int64_t)(words[i] * power);
    }
}

void km_column_to_doubles(const uint64_t *words, size_t count,
                          const struct km_column_form *form, double *numbers)
{
    if (form->kind == KM_COLUMN_DECIMAL) {
        double power = powers[form->exponent];
        for (size_t i = 0; i < count; i++) {
            numbers[i] = (double)(int64_t)words[i] / power;
        }
    } else if (form->kind == KM_COLUMN_FLOAT) {
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = (uint32_t)words[i];
            float narrow;
            memcpy(&narrow, &bits, sizeof narrow);
            numbers[i] = (double)narrow;
        }
    } else {
        memcpy(numbers, words, count * sizeof *numbers);
    }
}
