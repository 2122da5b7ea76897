/* verdict_spike.c - spikes and divergence, point by point. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/verdict.h"

static const double SIGMAS = 6, HALF = 0.5, NOISE = 3, SHARE = 0.03,
                    LEAST = 0.1, LONG_SHARE = 0.02;
enum { LONG_MIN = 10, LONG_MAX = 200 };

struct km_episode *km_episodes_open(struct km_episodes *episodes, double onset,
                                    double seen)
{
    size_t at = episodes->count < KM_EPISODES_MAX ? episodes->count
                                                  : KM_EPISODES_MAX - 1;
    episodes->count++;
    episodes->list[at] = (struct km_episode){.onset = onset,
                                             .seen = seen,
                                             .until = NAN,
                                             .size = NAN,
                                             .area = NAN,
                                             .level = NAN,
                                             .lasted = NAN};
    return &episodes->list[at];
}

size_t km_episodes_held(const struct km_episodes *episodes)
{
    return episodes->count < KM_EPISODES_MAX ? episodes->count
                                             : KM_EPISODES_MAX;
}

struct km_episode *km_episodes_last(struct km_episodes *episodes)
{
    size_t held = km_episodes_held(episodes);
    return held ? &episodes->list[held - 1] : NULL;
}

struct km_episode *km_episodes_standing(struct km_episodes *episodes)
{
    struct km_episode *last = km_episodes_last(episodes);
    return last && isnan(last->until) ? last : NULL;
}

void km_spike_init(struct km_spike *spike)
{
    *spike = (struct km_spike){.line = NAN, .x_before = NAN};
    km_trailing_init(&spike->past, KM_MASK_WINDOW);
}

static double block_mean(const struct km_spike *spike)
{
    double mean = 0; /* shares: a sum of huge values is none */
    for (int i = 0; i < KM_MASK_BLOCK; i++) {
        mean += spike->y[i] / KM_MASK_BLOCK;
    }
    return mean;
}

/* The block is above the line, and is so without its highest point: batches
 * differ in difficulty, and one hard batch is no spike. */
static bool is_above(const struct km_spike *spike, double mean, double line)
{
    double highest = spike->y[0];
    for (int i = 1; i < KM_MASK_BLOCK; i++) {
        highest = fmax(highest, spike->y[i]);
    }
    double others = mean - (highest - mean) / (KM_MASK_BLOCK - 1);
    return mean > line && others > line;
}

/* The oldest of the held points leaves. */
static void drop_oldest(struct km_spike *spike)
{
    spike->x_before = spike->x[0];
    for (int i = 1; i < KM_MASK_BLOCK; i++) {
        spike->x[i - 1] = spike->x[i];
        spike->y[i - 1] = spike->y[i];
    }
    spike->held = KM_MASK_BLOCK - 1;
}

static void begin(struct km_spike *spike, double mean)
{
    if (km_mask_clears(&spike->past, mean)) {
        km_trailing_push(&spike->past, spike->y[0]);
        return;
    }
    double median = km_mask_median(&spike->past);
    double line = km_mask_least(median);
    if (mean > line) {
        double own = km_trailing_block_sigma(&spike->past, KM_MASK_BLOCK);
        line = fmax(km_mask_line(median, km_trailing_sigma(&spike->past)),
                    median + SIGMAS * own);
    }
    if (!is_above(spike, mean, line)) {
        km_trailing_push(&spike->past, spike->y[0]);
        return;
    }
    int first = 0;
    while (first < KM_MASK_BLOCK - 1 && !(spike->y[first] > line)) {
        first++;
    }
    struct km_episode *episode = km_episodes_open(
        &spike->episodes, spike->x[first], spike->x[KM_MASK_BLOCK - 1]);
    episode->level = median;
    episode->size = mean - median;
    episode->area = 0;
    spike->line = line;
    spike->points_in = 0;
}

static void go_on(struct km_spike *spike, struct km_episode *episode,
                  double mean)
{
    if (!(mean > spike->line)) {
        episode->until = fmax(spike->x[0], episode->onset);
        km_trailing_push(&spike->past, spike->y[0]);
        return;
    }
    double width = spike->x[0] - spike->x_before;
    episode->size = fmax(episode->size, mean - episode->level);
    episode->area += (spike->y[0] - episode->level) * width;
    if (++spike->points_in > km_mask_longest(spike->points)) {
        episode->lasting = true;
        episode->until = episode->lasted = spike->x[KM_MASK_BLOCK - 1];
        km_trailing_init(&spike->past, KM_MASK_WINDOW);
    }
}

void km_spike_add(struct km_spike *spike, double x, double y)
{
    spike->x[spike->held] = x;
    spike->y[spike->held] = y;
    spike->points++;
    if (++spike->held < KM_MASK_BLOCK) {
        return;
    }
    double mean = block_mean(spike);
    struct km_episode *episode = km_episodes_standing(&spike->episodes);
    if (episode) {
        go_on(spike, episode, mean);
    } else if (spike->past.count == KM_MASK_WINDOW) {
        begin(spike, mean);
    } else {
        km_trailing_push(&spike->past, spike->y[0]);
    }
    drop_oldest(spike);
}

void km_divergence_init(struct km_divergence *divergence)
{
    *divergence = (struct km_divergence){
        .first = NAN, .best = NAN, .best_x = NAN, .since = NAN, .line = NAN};
    km_trailing_init(&divergence->recent, KM_DIVERGENCE_BLOCK);
    km_trailing_init(&divergence->noise, KM_TRAILING_MAX);
}

/* The line moves with what is best and with the noise, but not while the curve
 * is above it. */
static void move_line(struct km_divergence *d, double x, double level)
{
    if (!(level >= d->best)) {
        d->best = level;
        d->best_x = x;
        d->first = isnan(d->first) ? level : d->first;
    }
    double height =
        fmax(HALF * (d->first - d->best), fmin(SHARE * fabs(d->best), LEAST));
    if (level > d->best + height) { /* else the noise does not matter */
        height = fmax(height, NOISE * km_trailing_sigma(&d->noise));
    }
    d->line = d->best + height;
}

void km_divergence_add(struct km_divergence *d, double x, double y)
{
    km_trailing_push(&d->recent, y);
    d->points++;
    if (d->recent.count < KM_DIVERGENCE_BLOCK) {
        km_trailing_push(&d->noise, y);
        return;
    }
    double level = km_trailing_median(&d->recent);
    struct km_episode *episode = km_episodes_standing(&d->episodes);
    if (!d->above && !episode) {
        km_trailing_push(&d->noise, y);
        move_line(d, x, level);
    }
    size_t longest =
        (size_t)fmin(fmax(LONG_SHARE * (double)d->points, LONG_MIN), LONG_MAX);
    bool above = level > d->line;
    if (episode) {
        episode->size = fmax(episode->size, level - d->best);
        d->below = above ? 0 : d->below + 1;
        if (d->below > longest) {
            episode->until = x;
            d->above = 0;
        }
        return;
    }
    d->since = d->above ? d->since : x;
    d->above =
        above && d->points >= KM_DIVERGENCE_POINTS_MIN ? d->above + 1 : 0;
    if (d->above > longest) {
        episode = km_episodes_open(&d->episodes, d->since, x);
        episode->level = d->best;
        episode->size = level - d->best;
        d->below = 0;
    }
}
