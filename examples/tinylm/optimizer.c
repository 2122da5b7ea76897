/* optimizer.c - AdamW and Lion, and the learning rate over time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "tinylm.h"

bool optimizer_create(struct optimizer *optimizer, size_t count)
{
    optimizer->first = calloc(count, sizeof(REAL));
    optimizer->second = calloc(count, sizeof(REAL));
    return optimizer->first && optimizer->second;
}

void optimizer_destroy(struct optimizer *optimizer)
{
    free(optimizer->first);
    free(optimizer->second);
    optimizer->first = optimizer->second = NULL;
}

/* Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2. */
static void adamw(struct optimizer *o, REAL *p, const REAL *g, size_t count,
                  double rate, uint64_t step)
{
    const REAL b1 = (REAL)o->beta1, b2 = (REAL)o->beta2;
    const REAL fix1 = (REAL)(1 / (1 - pow(o->beta1, (double)step + 1)));
    const REAL fix2 = (REAL)(1 / (1 - pow(o->beta2, (double)step + 1)));
    const REAL r = (REAL)rate, keep = (REAL)(1 - rate * o->decay);
    for (size_t i = 0; i < count; i++) {
        o->first[i] = b1 * o->first[i] + (1 - b1) * g[i];
        o->second[i] = b2 * o->second[i] + (1 - b2) * g[i] * g[i];
        double root = sqrt((double)(o->second[i] * fix2));
        p[i] = keep * p[i] - r * o->first[i] * fix1 / ((REAL)root + (REAL)1e-8);
    }
}

/* Chen et al. 2023, arXiv:2302.06675, algorithm 2. */
static void lion(struct optimizer *o, REAL *p, const REAL *g, size_t count,
                 double rate)
{
    const REAL b1 = (REAL)o->beta1, b2 = (REAL)o->beta2;
    const REAL r = (REAL)rate, keep = (REAL)(1 - rate * o->decay);
    for (size_t i = 0; i < count; i++) {
        REAL way = b1 * o->first[i] + (1 - b1) * g[i];
        p[i] = keep * p[i] - r * (REAL)((way > 0) - (way < 0));
        o->first[i] = b2 * o->first[i] + (1 - b2) * g[i];
    }
}

void optimizer_step(struct optimizer *optimizer, REAL *parameters,
                    const REAL *gradient, size_t count, double rate,
                    uint64_t step)
{
    if (optimizer->kind == LION) {
        lion(optimizer, parameters, gradient, count, rate);
    } else {
        adamw(optimizer, parameters, gradient, count, rate, step);
    }
}

double gradient_clip(REAL *gradient, size_t count, double most)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)gradient[i] * (double)gradient[i];
    }
    double norm = sqrt(sum);
    if (norm > most) {
        const REAL shrink = (REAL)(most / norm);
        for (size_t i = 0; i < count; i++) {
            gradient[i] *= shrink;
        }
    }
    return norm;
}

double rate_at(enum schedule_kind kind, double peak, uint64_t step,
               uint64_t warmup, uint64_t steps)
{
    const double least = 0.1 * peak;
    if (step < warmup) {
        return peak * ((double)step + 1) / (double)warmup;
    }
    if (kind == CONSTANT || steps <= warmup) {
        return peak;
    }
    double done = (double)(step - warmup) / (double)(steps - warmup);
    done = done > 1 ? 1 : done;
    if (kind == COSINE) {
        return least +
               (peak - least) * 0.5 * (1 + cos(3.141592653589793 * done));
    }
    const double stable = 0.7; /* then down in a straight line */
    return done < stable
               ? peak
               : peak + (least - peak) * (done - stable) / (1 - stable);
}
