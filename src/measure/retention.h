/* retention.h - what a sequence of trainings left of the tasks learned before.
 *
 * R[i][j] is the score on task j after stage i, which trains task i: higher is
 * better. Row 0 is before any training. Stages and tasks count from 1.
 *
 *              task 1  task 2  task 3
 *     before     .       b2      b3       FWT: above the diagonal, less b
 *     stage 1   R11      R12     R13
 *     stage 2   R21      R22     R23      LEARNED: the diagonal
 *     stage 3   R31      R32     R33      LAST: the last row
 *
 * Names are used for different numbers in papers and libraries, so each has its
 * own kind here. All but FORGET_MAX are weighted sums of cells.
 * Threads: any.   Units: those of the score.
 * Document: docs/metrics.md#retain.acc */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_RETENTION_H
#define KM_MEASURE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>

struct km_retention {
    size_t stages; /* T: as many tasks */
    /* (T+1) x T: [i * T + j - 1] is R[i][j]; NaN: a hole */
    const double *score;
    const double *se; /* standard errors, as `score`; NULL or NaN: unknown */
};

enum km_retention_kind {
    /* mean of row T: ACC, Lopez-Paz and Ranzato 2017 (GEM) */
    KM_RETAIN_LAST,
    /* mean over i of the mean of R[i][1..i]: average incremental accuracy,
     * Rebuffi et al. 2017 (iCaRL) */
    KM_RETAIN_STAGES,
    /* mean of all cells with i >= j: A, Diaz-Rodriguez et al. 2018 */
    KM_RETAIN_CELLS,
    /* mean of the diagonal: learning accuracy, Riemer et al. 2019 */
    KM_RETAIN_LEARNED,
    /* mean over j < T of R[T][j] - R[j][j]: GEM */
    KM_RETAIN_BWT,
    /* mean over i > j of R[i][j] - R[j][j]: Diaz-Rodriguez et al. 2018 */
    KM_RETAIN_BWT_CELLS,
    /* mean over j > 1 of R[j-1][j] - R[0][j]: GEM */
    KM_RETAIN_FWT,
    /* mean over 1 <= i < j of R[i][j], nothing taken off: Diaz-Rodriguez et
     * al. 2018 */
    KM_RETAIN_FWT_CELLS,
    /* mean over j < T of max over l in [j, T-1] of R[l][j], less R[T][j]:
     * Chaudhry et al. 2018 */
    KM_RETAIN_FORGET_MAX,
    /* mean over j < T of R[j][j] - R[T][j]: what is left of the first score,
     * as Avalanche (Lomonaco et al. 2021) has it; -BWT */
    KM_RETAIN_FORGET_FIRST,
    KM_RETAIN_KIND_COUNT
};

struct km_retained {
    bool known;
    bool bound; /* FORGET_MAX: a cell of a maximum is missing, so at least */
    double value;
    double se;    /* cells independent, tasks fixed; NaN: unknown */
    size_t cells; /* used */
    size_t holes; /* cells needed that are not there */
    size_t hole_stage, hole_task; /* the first of them, by rows */
    bool chosen; /* FORGET_MAX: a peak is the highest of several scores that
                    their errors do not tell apart: too high by chance */
};

/* Not known: a cell is missing (the first is named), or, hole_task 0, the kind
 * needs two stages. */
void km_retention_measure(const struct km_retention *r,
                          enum km_retention_kind kind, struct km_retained *out);

/* Mean over k of R*[k] - R[k][k]: how much worse a task was learned than by the
 * reference, which saw all of it (Chaudhry et al. 2018). A task without a
 * reference is a hole of stage 0. reference_se may be NULL. */
void km_retention_intransigence(const struct km_retention *r,
                                const double *reference,
                                const double *reference_se,
                                struct km_retained *out);

/* Standard error of a proportion of n: half of Wilson's interval at one
 * standard error, so that 0 and 1 have one too. NaN outside [0, 1] or n < 1.
 * Wilson 1927. */
double km_proportion_error(double proportion, double n);

/* The share S = R[i][j]/R[j][j] that is left t = i - j stages after a task was
 * learned, fitted by exp(-rate t), least squares over all cells with i > j. */
struct km_retention_decay {
    double rate;      /* per stage; below 0: scores went on rising */
    double se;        /* over tasks, which are the unit; NaN: one task */
    double df;        /* of t: may be below 1; 0: one task */
    double half_life; /* ln 2/rate, stages; INFINITY when the rate is not > 0 */
    size_t cells, tasks;
    double lag_max; /* the longest that was seen, stages */
};

/* False: no cell after the diagonal, or a diagonal that is not positive. Se:
 * from fits without one task each, to first order (CR3, Bell and McCaffrey
 * 2002); df: the effective number of tasks, (sum H)^2/sum H^2 of their weights
 * H (Kish 1965), less 1: the first task has more cells than the last. */
bool km_retention_decay(const struct km_retention *r,
                        struct km_retention_decay *out);

/* What a stage gained on its own task, and lost on those before it: R[i][i] -
 * R[i-1][i] and the mean over j < i of R[i-1][j] - R[i][j]. False: a cell is
 * missing, named in `hole`. 2 <= stage <= T. */
struct km_retention_trade {
    double gain, loss;
    size_t hole_stage, hole_task;
};
bool km_retention_trade(const struct km_retention *r, size_t stage,
                        struct km_retention_trade *out);

/* Old score lost for one of new score gained: sum of losses over sum of gains,
 * with the error of a ratio over `count` stages (Cochran 1977, 6.5), count - 1
 * degrees of freedom. se NaN for one stage; false: the gains sum to nothing
 * above 0. */
bool km_exchange_rate(const struct km_retention_trade *trades, size_t count,
                      double *rate, double *se);

#endif
