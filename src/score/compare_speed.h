/* compare_speed.h - speed-up at matched loss on every axis, and its factors.
 *
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COMPARE_SPEED_H
#define KM_SCORE_COMPARE_SPEED_H

#include "score/compare.h"

/* ln of a ratio with its interval: x_B/x_A, above 0 when A is faster. */
struct km_log_ratio {
    bool known;
    double value, lo, hi;
    const char *rung;
    bool lone; /* nobody knows how much seeds differ: no interval, WEAK */
};

/* b's mean less a's over logarithms, one of each seed. Interval: Welch's t over
 * seeds, else the spread of one arm's seeds and of seeds elsewhere, else none.
 */
void km_log_ratio_measure(const double *a, size_t a_count, const double *b,
                          size_t b_count, const struct km_seed_spread *history,
                          double level, struct km_log_ratio *out);

/* exp of it as a result of a figure, with state and reason. */
struct km_figure_result km_log_ratio_result(const struct km_log_ratio *ratio,
                                            const char *id, const char *variant,
                                            double level);

struct km_speedup {
    bool matched;     /* there are losses that all curves reach */
    bool bound;       /* no: but A got below all of B (or B of A) */
    double bound_log; /* ln: at least (A), at most (B) so much */
    double from, to;  /* range of losses, people's direction */
    double levels[KM_SPEEDUP_LEVELS];
    double
        along[2]; /* least and greatest ln ratio of steps over those levels */
    struct km_log_ratio axis[KM_AXIS_COUNT];
    enum km_axis data, clock; /* of the factors: tokens, active seconds */
    bool factored, priced;    /* the clock, money are known on both sides */
    double data_log, speed_log,
        price_log; /* add up to axis[money] or [clock] */
};

const char *km_speedup_variant(enum km_axis axis); /* "per token" */

enum km_code km_speedup_measure(const struct km_arm *a, const struct km_arm *b,
                                const struct km_arm_metric *metric,
                                const struct km_seed_spread *history,
                                double level, struct km_arena *arena,
                                struct km_speedup *out, struct km_err *err);

/* compare.speedup and the curve "speedup" onto the card. */
enum km_code km_speedup_add(const struct km_speedup *speedup,
                            const struct km_arm *a, const struct km_arm *b,
                            const struct km_arm_metric *metric,
                            struct km_scorecard *card, struct km_err *err);

#endif
