/* elementary.c - series of fixed length, no branches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/elementary.h"

#include <string.h>

/* ln 2 in two parts: the first has zeros at its end, k times it is exact. */
static const double LN2_HIGH = 0x1.62e42fee00000p-1;
static const double LN2_LOW = 0x1.a39ef35793c76p-33;
static const double LOG2_E = 0x1.71547652b82fep+0;
/* Adding it leaves the nearest whole number in the last bits. */
static const double ROUNDER = 0x1.8p52;
static const uint64_t SQRT_HALF_BITS = 0x3fe6a09e667f3bcdu;
enum { EXPONENT = 52 };

KM_INTO uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

KM_INTO double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

KM_INTO double exp_one(double x)
{
    x = x > 700 ? 700 : x;
    x = x < -700 ? -700 : x;
    double shifted = x * LOG2_E + ROUNDER, k = shifted - ROUNDER;
    double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    double e = 1.0 / 6227020800;
    e = e * r + 1.0 / 479001600;
    e = e * r + 1.0 / 39916800;
    e = e * r + 1.0 / 3628800;
    e = e * r + 1.0 / 362880;
    e = e * r + 1.0 / 40320;
    e = e * r + 1.0 / 5040;
    e = e * r + 1.0 / 720;
    e = e * r + 1.0 / 120;
    e = e * r + 1.0 / 24;
    e = e * r + 1.0 / 6;
    e = e * r + 0.5;
    /* 1 is added last, to what is small beside it */
    e = 1 + (r + r * r * e);
    return of_bits(bits_of(e) + (bits_of(shifted) << EXPONENT));
}

KM_INTO double log1p_one(double x)
{
    double w = 1 + x, lost = x - (w - 1);
    /* w = 2^k m, m within [sqrt(1/2), sqrt(2)) */
    uint64_t bits = bits_of(w) - SQRT_HALF_BITS;
    double k = of_bits((bits >> EXPONENT) | bits_of(0x1p52)) - 0x1p52;
    double m = of_bits((bits & 0xfffffffffffffu) + SQRT_HALF_BITS);
    double f = m - 1, s = f / (2 + f), z = s * s;
    double t = 1.0 / 21;
    t = t * z + 1.0 / 19;
    t = t * z + 1.0 / 17;
    t = t * z + 1.0 / 15;
    t = t * z + 1.0 / 13;
    t = t * z + 1.0 / 11;
    t = t * z + 1.0 / 9;
    t = t * z + 1.0 / 7;
    t = t * z + 1.0 / 5;
    t = t * z + 1.0 / 3;
    /* ln m = f - s (f - 2 z t), as 2 s = f - s f */
    double small = s * (f - 2 * z * t) - lost / w - k * LN2_LOW;
    return k * LN2_HIGH + (f - small);
}

KM_WIDE void km_exp_many(const double *in, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = exp_one(in[i]);
    }
}

KM_WIDE void km_log1p_many(const double *in, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = log1p_one(in[i]);
    }
}
