/* verdict.h - what goes wrong in a run, told while it runs.
 *
 * Each detector is a struct that takes points by rising x and keeps episodes.
 * It has nothing but what it was given, so no verdict at x depends on what came
 * after x: `onset` and `seen` of an episode never change; `until` and what is
 * measured over its length (size, area, lasting) grow while it stands.
 *
 * Curves are to be lowered (turn a score round), values finite. Rules compare
 * with noise measured on the curve itself; those that need a smallest size take
 * 3 % of the level or 0.1, whichever is less.
 * Ownership: structs without pointers; scratch is the caller's.   Threads: any.
 * Document: docs/metrics.md#verdicts */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_VERDICT_H
#define KM_MEASURE_VERDICT_H

#include "measure/mask.h"
#include "measure/trailing.h"
#include "measure/velocity.h"

struct km_episode {
    double onset;  /* x at which it began */
    double seen;   /* x at which the rule was met */
    double until;  /* x at which it was over; NaN: it stands */
    double size;   /* in the detector's measure */
    double area;   /* spikes: excess times x */
    double level;  /* what was usual before */
    bool lasting;  /* a spike that did not come back: another level */
    double lasted; /* x at which that was known; NaN */
};

/* The first ones and the last; `count` of all. */
enum { KM_EPISODES_MAX = 32 };
struct km_episodes {
    size_t count;
    struct km_episode list[KM_EPISODES_MAX];
};

/* A new one that stands, with everything else unknown. */
struct km_episode *km_episodes_open(struct km_episodes *episodes, double onset,
                                    double seen);
/* The last one, or NULL; only if it stands. */
struct km_episode *km_episodes_last(struct km_episodes *episodes);
struct km_episode *km_episodes_standing(struct km_episodes *episodes);
size_t km_episodes_held(const struct km_episodes *episodes);

/* Spike: the mean of 5 points in a row, and that of the lower 4 of them (one
 * hard batch is no spike), above the line of mask.h, and above the trailing
 * median by 6 sigma of such means as they were (noise may depend on what came
 * before). It is over with the first 5 points below the line; one that is
 * longer than mask.h allows is lasting, and the new level becomes usual. size:
 * highest mean of 5 over the level. Blind for the first 101. */
struct km_spike {
    struct km_trailing past;
    double x[KM_MASK_BLOCK], y[KM_MASK_BLOCK], x_before;
    size_t held, points, points_in;
    double line;
    struct km_episodes episodes;
};
void km_spike_init(struct km_spike *spike);
void km_spike_add(struct km_spike *spike, double x, double y);

/* Diverged: the median of 9 points stands above the best such median by half
 * of what had been gained since the first, by 3 sigma of single points and by 3
 * % of it or 0.1, for 2 % of all points so far (at least 10, at most 200). It
 * is over when it was below as long. size: that median over the best. level:
 * the best. */
enum { KM_DIVERGENCE_BLOCK = 9, KM_DIVERGENCE_POINTS_MIN = 20 };
struct km_divergence {
    struct km_trailing recent, noise;
    size_t points, above, below;
    double first, best, best_x, since, line;
    struct km_episodes episodes;
};
void km_divergence_init(struct km_divergence *divergence);
void km_divergence_add(struct km_divergence *divergence, double x, double y);

/* Stalled: one step took longer than max(3 x median, median + 10 sigma, 30 s)
 * of the last 101 stretches, at least 20; a stretch that holds a known pause
 * (an evaluation, a checkpoint) is compared with the last such ones, at
 * least 3. After 10 stalls in a row the slow pace is the usual one. size:
 * seconds beyond the usual. */
enum {
    KM_STALL_USUAL_MIN = 20,
    KM_STALL_PAUSES_MIN = 3,
    KM_STALL_ROW_MAX = 10
};
struct km_stall {
    struct km_trailing usual, pauses;
    size_t row;
    double lost; /* seconds, over all episodes */
    struct km_episodes episodes;
};
void km_stall_init(struct km_stall *stall);
/* A stretch of `steps` > 0 steps from x to x that took `seconds` > 0. */
void km_stall_add(struct km_stall *stall, double x_from, double x_to,
                  double steps, double seconds, bool paused);
/* Seconds of silence after the last step that are a stall; NaN: too little is
 * known. */
double km_stall_patience(const struct km_stall *stall);

/* Where rules that fit a line or a curve look: after 32 points, then whenever
 * 5 % more have come. The next look after one at `count` points. */
enum { KM_LOOK_FIRST = 32 };
size_t km_look_next(size_t count);

/* Gain over the next 25 % of x by a straight line in ln x over [x/rho, x]. */
struct km_look {
    double x, x_from;
    struct km_estimate gain; /* lo: 5 %, hi: 95 % bound, each one-sided */
    double se;
    size_t n;
};
bool km_look_at(const double *x, const double *y, size_t count, double rho,
                double *scratch, struct km_look *look);

/* What is not worth waiting for: 0.1 % of the level; of a loss between 0.5 and
 * 12, where cross-entropies in nats lie, at least 0.001. */
double km_negligible(double level, bool nats);

/* Plateau: in two looks in a row the 95 % bound of the coming gain is below
 * `negligible` (and above its negative: what gets worse is no plateau), over
 * one of two windows (rho 1.5 and 2.5). It is over when the 5 % bound is above
 * it. size: the bound. level: what was negligible. A look at which a falling
 * learning rate explains flatness is `explained`: it breaks the row. */
struct km_plateau {
    unsigned row[2];
    double since[2];
    size_t looks, sharp;        /* looks, and those that could have told */
    struct km_look last, fired; /* of the last look, of the last episode */
    struct km_episodes episodes;
};
extern const double km_plateau_windows[2];
void km_plateau_init(struct km_plateau *plateau);
/* looks[i].n == 0: that window has too few points. */
void km_plateau_add(struct km_plateau *plateau, const struct km_look looks[2],
                    double negligible, bool explained);

/* Regime change: the fitted curve says that it improves, the last stretch that
 * it worsens, by KM_REGIME_SIGMAS standard errors and in two looks in a row. It
 * is over when the last stretch improves again. size: local velocity. */
#define KM_REGIME_SIGMAS 4.0
struct km_regime {
    unsigned row;
    double since, model, se; /* of the last episode */
    size_t looks;
    struct km_episodes episodes;
};
void km_regime_init(struct km_regime *regime);
void km_regime_add(struct km_regime *regime, double model,
                   const struct km_local_velocity *local);
/* A spike that turned out to last at this very x is one, too: another level.
 * size, level: of the spike. `spike` may be NULL. */
void km_regime_add_level(struct km_regime *regime,
                         const struct km_episode *spike, double x);

/* Overfitting: since the best evaluation at least 6 others; the last is worse
 * by more than 2 % (GL, Prechelt 1998) or the last 3 rose each (UP); the gap to
 * the training level rises (Mann-Kendall, one-sided p < 0.01, deflated for
 * autocorrelation) and so does the curve (95 % interval of a Huber line in ln
 * x). Without a training level the curve itself has to pass the trend test,
 * with p < 0.001. onset: the best evaluation. It is over with a better one.
 * size: GL in percent. level: the best value. */
enum { KM_OVERFIT_SINCE_MIN = 6, KM_OVERFIT_SINCE_MAX = 256 };
struct km_overfit {
    double best, best_x, value;
    size_t points, since, rises;
    double x[KM_OVERFIT_SINCE_MAX], y[KM_OVERFIT_SINCE_MAX],
        gap[KM_OVERFIT_SINCE_MAX];
    double p, slope, slope_lo; /* of the last episode */
    bool with_gap;
    struct km_episodes episodes;
};
void km_overfit_init(struct km_overfit *overfit);
/* `gap`: NaN when no training point stands beside it. x > 0. `scratch` has room
 * for 4 x KM_OVERFIT_SINCE_MAX. */
void km_overfit_add(struct km_overfit *overfit, double x, double y, double gap,
                    double negligible, double *scratch);

/* Memorising: the curve falls at the start of an epoch by 6 sigma and by 3 % or
 * 0.1 more than in its middle, at two boundaries in a row, and the best
 * evaluation since the first of them gained less than a quarter of the drop.
 * onset: the first boundary; seen: the point that tells the second. size: the
 * drop. It is over at a boundary where that no longer holds. */
struct km_epoch_curve {
    const double *x, *y;
    const double *epoch; /* rises along the points */
    const double *rate;  /* NULL: not known; where it changes by more than 10 %
                            across a boundary that one is not judged */
    size_t count;
    const double *valid_x, *valid_y;
    size_t valid_count;
};
struct km_memorise {
    size_t boundaries, judged, fell; /* fell: followed by validation or not */
    struct km_episodes episodes;
};
void km_memorise_find(const struct km_epoch_curve *curve, double *scratch,
                      struct km_memorise *out);

#endif
