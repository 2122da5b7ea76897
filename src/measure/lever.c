/* lever.c - variance between levels, matched effects, frontier, halving. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/lever.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/rng.h"

struct sums {
    double n[KM_LEVELS_MAX], mean[KM_LEVELS_MAX];
    double total_mean;
};

static void sum_levels(const double *y, const uint32_t *level, size_t count,
                       size_t level_count, struct sums *sums)
{
    assert(level_count <= KM_LEVELS_MAX);
    memset(sums, 0, sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        assert(level[i] < level_count);
        sums->n[level[i]]++;
        sums->mean[level[i]] += y[i];
        sums->total_mean += y[i] / (double)count;
    }
    for (size_t k = 0; k < level_count; k++) {
        sums->mean[k] /= sums->n[k] > 0 ? sums->n[k] : 1;
    }
}

bool km_oneway_measure(const double *y, const uint32_t *level, size_t count,
                       size_t level_count, struct km_oneway *out)
{
    struct sums sums;
    sum_levels(y, level, count, level_count, &sums);
    double between = 0, within = 0, k = 0, n = (double)count;
    for (size_t j = 0; j < level_count; j++) {
        double off = sums.mean[j] - sums.total_mean;
        between += sums.n[j] * off * off;
        k += sums.n[j] > 0;
    }
    for (size_t i = 0; i < count; i++) {
        double off = y[i] - sums.mean[level[i]];
        within += off * off;
    }
    double total = between + within;
    /* a spread of mere rounding is none */
    double least = 1e-24 * n * sums.total_mean * sums.total_mean;
    if (k < 2 || n - k < 1 || !(total > least)) {
        return false;
    }
    double ms = within / (n - k);
    out->count = count;
    out->levels = (size_t)k;
    out->eta2 = between / total;
    out->omega2 = fmax((between - (k - 1) * ms) / (total + ms), 0);
    out->f = ms > 0 ? between / (k - 1) / ms : (double)INFINITY;
    out->p = 1 - km_f_cdf(out->f, k - 1, n - k);
    return true;
}

/* Between-level sum of squares about the mean: what a shuffle changes. */
static double between_of(const double *y, const uint32_t *level, size_t count,
                         size_t level_count)
{
    struct sums sums;
    sum_levels(y, level, count, level_count, &sums);
    double between = 0;
    for (size_t j = 0; j < level_count; j++) {
        double off = sums.mean[j] - sums.total_mean;
        between += sums.n[j] * off * off;
    }
    return between;
}

/* Fisher and Yates within each block; blocks stand together. */
static void shuffle(uint32_t *level, const uint32_t *block, size_t count,
                    struct km_rng *rng)
{
    for (size_t from = 0, to; from < count; from = to) {
        to = block ? from + 1 : count;
        while (to < count && block[to] == block[from]) {
            to++;
        }
        for (size_t i = to; i > from + 1; i--) {
            size_t chosen = from + (size_t)km_rng_below(rng, i - from);
            uint32_t keep = level[i - 1];
            level[i - 1] = level[chosen];
            level[chosen] = keep;
        }
    }
}

double km_oneway_permute(const double *y, const uint32_t *level,
                         const uint32_t *block, size_t count,
                         size_t level_count, size_t resamples, uint64_t seed,
                         uint32_t *scratch)
{
    double own = between_of(y, level, count, level_count);
    size_t as_large = 1;
    struct km_rng rng;
    km_rng_seed(&rng, seed);
    memcpy(scratch, level, count * sizeof *scratch);
    for (size_t r = 0; r < resamples; r++) {
        shuffle(scratch, block, count, &rng);
        as_large +=
            between_of(y, scratch, count, level_count) >= own * (1 - 1e-12);
    }
    return (double)as_large / (double)(resamples + 1);
}

void km_oneway_interval(const struct km_oneway *oneway, double confidence,
                        double *lo, double *hi)
{
    double n = (double)oneway->count, k = (double)oneway->levels;
    if (isinf(oneway->f)) {
        *lo = *hi = 1;
        return;
    }
    double low =
        km_f_noncentrality(oneway->f, k - 1, n - k, (1 + confidence) / 2);
    double high =
        km_f_noncentrality(oneway->f, k - 1, n - k, (1 - confidence) / 2);
    *lo = low / (low + n);
    *hi = high / (high + n);
}

double km_association(const uint32_t *a, size_t a_count, const uint32_t *b,
                      size_t b_count, size_t count)
{
    double table[KM_LEVELS_MAX] = {0}, rows[KM_LEVELS_MAX] = {0};
    double columns[KM_LEVELS_MAX] = {0}, chi2 = 0, n = (double)count;
    size_t r = 0, c = 0;
    assert(a_count <= KM_LEVELS_MAX && b_count <= KM_LEVELS_MAX);
    for (size_t i = 0; i < count; i++) {
        rows[a[i]]++;
        columns[b[i]]++;
    }
    for (size_t j = 0; j < a_count; j++) {
        memset(table, 0, sizeof table);
        for (size_t i = 0; i < count; i++) {
            table[b[i]] += a[i] == j;
        }
        for (size_t k = 0; k < b_count && rows[j] > 0; k++) {
            double expected = rows[j] * columns[k] / n;
            double off = table[k] - expected;
            chi2 += expected > 0 ? off * off / expected : 0;
        }
    }
    for (size_t j = 0; j < KM_LEVELS_MAX; j++) {
        r += rows[j] > 0;
        c += columns[j] > 0;
    }
    size_t least = r < c ? r : c;
    return least < 2 ? (double)NAN : sqrt(chi2 / (n * (double)(least - 1)));
}

/* Per block: values and means of both levels. */
struct cells {
    double *n[2], *mean[2], *difference, *weight;
};

static void fill_cells(const double *y, const uint32_t *level,
                       const uint32_t *block, size_t count, uint32_t from,
                       uint32_t to, size_t block_count, struct cells *cells)
{
    for (size_t b = 0; b < block_count; b++) {
        cells->n[0][b] = cells->n[1][b] = 0;
        cells->mean[0][b] = cells->mean[1][b] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (level[i] == from || level[i] == to) {
            int side = level[i] == to;
            double n = ++cells->n[side][block[i]];
            double *mean = &cells->mean[side][block[i]];
            *mean += (y[i] - *mean) / n;
        }
    }
}

/* Sum of squares within the cells of blocks that have both levels. */
static double within_cells(const double *y, const uint32_t *level,
                           const uint32_t *block, size_t count, uint32_t from,
                           uint32_t to, const struct cells *cells, double *df)
{
    double sum = 0, values = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t b = block[i];
        if ((level[i] == from || level[i] == to) && cells->n[0][b] > 0 &&
            cells->n[1][b] > 0) {
            double off = y[i] - cells->mean[level[i] == to][b];
            sum += off * off;
            values++;
        }
    }
    *df = values;
    return sum;
}

/* Joins the block differences d with variances s2/w: fixed weights when they
 * agree, else with the spread between blocks added. */
static void join_blocks(const double *d, const double *w, size_t blocks,
                        double s2, double df, struct km_matched *out)
{
    double sum_w = 0, sum_w2 = 0, sum_wd = 0, q = 0;
    for (size_t k = 0; k < blocks; k++) {
        sum_w += w[k] / s2;
        sum_w2 += w[k] * w[k] / s2 / s2;
        sum_wd += w[k] / s2 * d[k];
    }
    double fixed = sum_wd / sum_w;
    for (size_t k = 0; k < blocks; k++) {
        q += w[k] / s2 * (d[k] - fixed) * (d[k] - fixed);
    }
    double room = sum_w - sum_w2 / sum_w, k1 = (double)blocks - 1;
    double tau2 = blocks > 1 && room > 0 ? fmax((q - k1) / room, 0) : 0;
    double total = 0, mean = 0;
    for (size_t k = 0; k < blocks; k++) {
        double weight = 1 / (s2 / w[k] + tau2);
        total += weight;
        mean += weight * d[k];
    }
    out->effect = mean / total;
    out->se = sqrt(1 / total);
    out->tau = sqrt(tau2);
    out->df = tau2 > 0 ? fmin(df, k1) : df;
}

/* No cell repeats: the blocks' own scatter. */
static void scatter_of_blocks(const double *d, size_t blocks,
                              struct km_matched *out)
{
    double mean = 0, sum = 0, n = (double)blocks;
    for (size_t k = 0; k < blocks; k++) {
        mean += d[k] / n;
    }
    for (size_t k = 0; k < blocks; k++) {
        sum += (d[k] - mean) * (d[k] - mean);
    }
    bool enough = blocks >= 3;
    out->effect = mean;
    out->se = enough ? sqrt(sum / (n - 1) / n) : (double)NAN;
    out->df = enough ? n - 1 : (double)NAN;
    out->tau = enough ? sqrt(sum / (n - 1)) : (double)NAN;
}

bool km_matched_measure(const double *y, const uint32_t *level,
                        const uint32_t *block, size_t count, uint32_t from,
                        uint32_t to, size_t block_count, double *scratch,
                        struct km_matched *out)
{
    struct cells cells = {
        {scratch, scratch + block_count},
        {scratch + 2 * block_count, scratch + 3 * block_count},
        scratch + 4 * block_count,
        scratch + 5 * block_count};
    fill_cells(y, level, block, count, from, to, block_count, &cells);
    double df = 0;
    double sum = within_cells(y, level, block, count, from, to, &cells, &df);
    *out = (struct km_matched){.count = (size_t)df};
    for (size_t b = 0; b < block_count; b++) {
        double na = cells.n[0][b], nb = cells.n[1][b];
        if (na > 0 && nb > 0) {
            cells.difference[out->blocks] = cells.mean[1][b] - cells.mean[0][b];
            cells.weight[out->blocks++] = na * nb / (na + nb);
            df -= 2;
        }
    }
    if (out->blocks == 0) {
        return false;
    }
    if (df > 0 && sum > 0) {
        join_blocks(cells.difference, cells.weight, out->blocks, sum / df, df,
                    out);
    } else {
        scatter_of_blocks(cells.difference, out->blocks, out);
    }
    return true;
}

void km_frontier_mark(const double *cost, const double *loss, size_t count,
                      size_t *by)
{
    size_t best = count; /* lowest loss among those that cost less */
    for (size_t i = 0, to = 0; i < count; i = to) {
        /* those of one cost are judged together: the first loses least */
        while (to < count && cost[to] == cost[i]) {
            to++;
        }
        bool beaten = best < count && loss[best] <= loss[i];
        for (size_t j = i; j < to; j++) {
            by[j] = beaten ? best : loss[j] > loss[i] ? i : count;
        }
        best = beaten ? best : i;
    }
}

void km_halving_advise(const double *forecast, const double *sd, size_t count,
                       double eta, double margin, double risk, double least,
                       double *probability, bool *stop, struct km_halving *out)
{
    assert(count > 0 && eta > 1 && margin >= 0 && risk > 0);
    *out = (struct km_halving){.best = 0};
    for (size_t i = 1; i < count; i++) {
        out->best = forecast[i] < forecast[out->best] ? i : out->best;
    }
    size_t keep = (size_t)ceil((double)count / eta);
    double none = 1; /* that none of those stopped would have been best */
    for (size_t i = 0; i < count; i++) {
        size_t rank = 0;
        for (size_t j = 0; j < count; j++) {
            rank += forecast[j] < forecast[i] ||
                    (forecast[j] <= forecast[i] && j < i);
        }
        double spread = hypot(sd[i], sd[out->best]);
        double gap = forecast[out->best] - margin - forecast[i];
        probability[i] =
            i == out->best ? 1 : fmax(km_normal_cdf(gap / spread), least);
        stop[i] = rank >= keep && probability[i] < risk;
        out->stopped += stop[i];
        none *= stop[i] ? 1 - probability[i] : 1;
    }
    out->kept = count - out->stopped;
    out->wrong = 1 - none;
}
