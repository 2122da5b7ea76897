/* schedule.h - a learning-rate plan: the rate at a step, its sum, its drop.
 *
 * Rates are relative to the highest, eta / eta_max in [0, 1]; step s is the
 * s-th update, s = 1, 2, ...; between steps everything is linear.
 *
 *     S1(s) = sum of eta_i / eta_max over i = 1 .. s
 *     D(s)  = 1 - eta_s / eta_max after warm-up, 0 during it
 *
 * With warm-up w the rate rises as i / w up to step w. With
 * p = (s - from) / (until - from), kept in [0, 1], where `from` is the end of
 * the warm-up unless the plan says later, and f the final rate:
 *
 *     constant      1
 *     linear        1 - (1 - f) p           (warm-up-stable-decay: with `from`)
 *     cosine        f + (1 - f) (1 + cos(pi p)) / 2
 *     polynomial    f + (1 - f) (1 - p)^power
 *     1 - sqrt      f + (1 - f) (1 - sqrt(p))
 *     inverse sqrt  sqrt(max(w, 1) / s), never below f
 *     step          factor^k after k milestones: every `every` steps
 *     table         straight lines between (step, rate), level outside
 *
 * Sums are closed forms (inverse roots and powers: Euler-Maclaurin, relative
 * error below 1e-12), so a plan of millions of steps costs what a short one
 * costs; a table costs one walk over it.
 * Ownership: the table is the caller's.   Threads: any.
 * Source: S1 and the drop as in the scaling law with learning-rate annealing,
 * Tissue et al. 2024, arXiv:2408.11029; D is its drop without memory.
 * Document: docs/metrics.md#learning-rate-schedule */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_SCHEDULE_H
#define KM_MEASURE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

enum km_plan_kind {
    KM_PLAN_CONSTANT,
    KM_PLAN_LINEAR,
    KM_PLAN_COSINE,
    KM_PLAN_POLYNOMIAL,
    KM_PLAN_INVERSE_SQRT,
    KM_PLAN_STEP,
    KM_PLAN_TABLE,
    KM_PLAN_ONE_MINUS_SQRT, /* a cool-down */
};

struct km_rate_plan {
    enum km_plan_kind kind;
    double warmup; /* steps, 0: none; a table has none but its own */
    double from;   /* step at which the decay starts; <= warmup: at once */
    double until;  /* step at which it has ended; > from */
    double final;  /* eta_end / eta_max in [0, 1] */
    double power;  /* polynomial, > 0 */
    double factor; /* step: in (0, 1) */
    double every;  /* step: steps between milestones, after `from` */
    const double *table_step, *table_rate; /* steps rise; rates of any scale */
    size_t table_count;
};

const char *km_plan_kind_name(enum km_plan_kind kind); /* "cosine" */

/* NULL when the plan can be used, else what is wrong with it. */
const char *km_plan_problem(const struct km_rate_plan *plan);

/* A usable plan, s >= 0. */
double km_plan_rate(const struct km_rate_plan *plan, double s); /* [0, 1] */
double km_plan_drop(const struct km_rate_plan *plan, double s); /* [0, 1] */
double km_plan_sum(const struct km_rate_plan *plan, double s);

/* S1 and D at rising steps x; `s1` or `drop` may be NULL. */
void km_plan_features(const struct km_rate_plan *plan, const double *x,
                      size_t count, double *s1, double *drop);

/* Step at which warm-up has ended. */
double km_plan_warm(const struct km_rate_plan *plan);

/* First step after warm-up at which the rate is below 0.999 of the highest;
 * INFINITY when it never is. */
double km_plan_decay_start(const struct km_rate_plan *plan);

/* Is the rate within 0.1 % of its value at `s` all the way to `x` > s? */
bool km_plan_constant_between(const struct km_rate_plan *plan, double s,
                              double x);

/* The last step up to which a logged rate rises from its start; 0: it does not,
 * or it rises to the end (a sweep, or still in warm-up). */
double km_rate_warmup(const double *step, const double *rate, size_t count);

/* Recognises a logged rate: warm-up, then constant so far, linear, cosine,
 * polynomial or 1 - sqrt, from the warm-up or later, towards `until` (the
 * planned last step). `step` rises, rates are of any scale; of more than 512
 * each k-th is read. `plan` then says the rest of it. False: no known
 * shape fits to 0.5 % of the highest rate and 5 % of the drop so far, or fewer
 * than 8 points. A plan that was constant so far comes back as
 * KM_PLAN_CONSTANT: whether it stays so is not known. */
bool km_plan_recognise(const double *step, const double *rate, size_t count,
                       double until, struct km_rate_plan *plan);

/* Largest |plan - logged| as a share of the highest rate, after scaling the
 * logged rates by `top` (the rate at eta_max; 0: the highest logged). */
double km_plan_mismatch(const struct km_rate_plan *plan, const double *step,
                        const double *rate, size_t count, double top);

#endif
