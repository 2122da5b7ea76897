/* verdict_stall.c - steps that took too long. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/verdict.h"

static const double TIMES = 3, SIGMAS = 10, SECONDS = 30;

void km_stall_init(struct km_stall *stall)
{
    *stall = (struct km_stall){0};
    km_trailing_init(&stall->usual, KM_TRAILING_MAX);
    km_trailing_init(&stall->pauses, KM_TRAILING_MAX);
}

static double patience_of(const struct km_trailing *usual)
{
    double median = km_trailing_median(usual);
    double noisy = median + SIGMAS * km_trailing_sigma(usual);
    return fmax(fmax(TIMES * median, noisy), SECONDS);
}

double km_stall_patience(const struct km_stall *stall)
{
    return stall->usual.count < KM_STALL_USUAL_MIN ? (double)NAN
                                                   : patience_of(&stall->usual);
}

/* A pause is logged at a step, which two stretches touch: the one that took no
 * longer than steps do was not it. */
static bool is_pause(const struct km_stall *stall, double steps, double seconds)
{
    const struct km_trailing *usual = &stall->usual;
    return usual->count < KM_STALL_USUAL_MIN ||
           seconds - (steps - 1) * km_trailing_median(usual) >
               patience_of(usual);
}

void km_stall_add(struct km_stall *stall, double x_from, double x_to,
                  double steps, double seconds, bool paused)
{
    paused = paused && is_pause(stall, steps, seconds);
    struct km_trailing *usual = paused ? &stall->pauses : &stall->usual;
    size_t least = paused ? KM_STALL_PAUSES_MIN : KM_STALL_USUAL_MIN;
    bool short_one = !(seconds > SECONDS) && !paused;
    double median = short_one ? 0 : km_trailing_median(&stall->usual);
    double others = stall->usual.count ? (steps - 1) * median : 0;
    double slowest = seconds - fmax(others, 0); /* if one took it all */
    bool known = usual->count >= least;
    if (short_one || !known || !(slowest > patience_of(usual))) {
        stall->row = 0;
        /* a pause is measured beside the steps around it */
        km_trailing_push(usual, paused ? slowest : seconds / steps);
        return;
    }
    double lost = slowest - km_trailing_median(usual);
    struct km_episode *episode =
        km_episodes_open(&stall->episodes, x_from, x_to);
    episode->until = x_to;
    episode->size = lost;
    episode->level = km_trailing_median(usual);
    stall->lost += lost;
    if (++stall->row >= KM_STALL_ROW_MAX) {
        stall->row = 0;
        km_trailing_init(usual, KM_TRAILING_MAX);
    }
}
