/* anneal.h - a learning curve under a known learning-rate plan.
 *
 *     y = E + A g(S1 / S1_now; theta) - C D
 *
 * S1 is the sum of relative learning rates, D their drop (schedule.h), g the
 * shape of pow3 or invlog3. E >= e_min, A >= 0 and C >= 0 are linear: each node
 * of the grid over theta is a least-squares problem of three columns in closed
 * form, with the ridge row
 *
 *     (s^2 / tau^2) (C - C0)^2
 *
 * s^2: residual variance of one point. Before the rate falls, D is 0 and the
 * run itself says nothing of C: then C = C0, what other runs taught. Once
 * D(now) > 0.1, tau is 2.5 times as wide. Huber weights and pattern search as
 * in fit.h. Deterministic.
 * Ownership: scratch is the caller's.   Threads: any.
 * Source: loss = L0 + A S1^-alpha - C S2, Tissue et al. 2024, arXiv:2408.11029,
 * with the drop D in place of S2.   Document: docs/metrics.md#annealing */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_ANNEAL_H
#define KM_MEASURE_ANNEAL_H

#include "measure/fit.h"

#define KM_ANNEAL_STARTED 0.1      /* D(now) */
#define KM_ANNEAL_WIDER   2.5      /* of tau then */
enum { KM_ANNEAL_GROUPS_MIN = 3 }; /* groups of runs that make a prior */

/* What is known of C, in the metric's unit per full drop of the rate. */
struct km_anneal_prior {
    double drop;   /* C0 */
    double tau;    /* its spread, > 0 */
    size_t groups; /* configurations it was learnt from; 0: cold start */
};

/* Measured on other people's language models (cross-entropy in nats):
 * C0 = 0.13 (1 - final), tau = 0.06. Label it. */
struct km_anneal_prior km_anneal_prior_cold(double final);

/* Median and 1.4826 MAD over configuration groups of the median `c` inside
 * each; tau is at least 5 % of C0. NaN in `c` is skipped. Fewer than
 * KM_ANNEAL_GROUPS_MIN groups: `cold`. `scratch` has room for 2 x count. */
struct km_anneal_prior km_anneal_prior_of(const double *c,
                                          const unsigned *group, size_t count,
                                          struct km_anneal_prior cold,
                                          double *scratch);

struct km_anneal_problem {
    const double *s1, *drop; /* at each point; s1 > 0, rising */
    const double *y, *weight;
    size_t count; /* KM_FIT_POINTS_MIN .. KM_FIT_POINTS_MAX */
    double s1_now, drop_now;
    double e_min;                        /* -INFINITY: none */
    const struct km_anneal_prior *prior; /* NULL: C from the run alone */
};

struct km_anneal {
    enum km_family family;
    double theta[2], asymptote, amplitude;
    double drop;     /* C; NaN: the run says nothing and there is no prior */
    double s1_now;   /* the scale of S1 */
    double tau_used; /* NaN without a prior */
    double scale;    /* robust sigma of a residual of median weight */
    size_t count;
};

/* Families of one shape parameter only. False: too few points, or all at one
 * S1. */
bool km_anneal_run(enum km_family family,
                   const struct km_anneal_problem *problem,
                   struct km_fit_scratch *scratch, struct km_anneal *fit);

double km_anneal_value(const struct km_anneal *fit, double s1, double drop);

#endif
