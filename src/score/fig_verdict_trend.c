/* fig_verdict_trend.c - verdict.plateau and regime_change: look by look. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/robust.h"
#include "score/finding.h"
#include "score/verdict_memory.h"

static const double FIT_WINDOW = 0.4, REACH = 0.05;
enum { LEVEL_POINTS = 33 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* The middle of the last points before `count`. */
static double level_at(const struct km_curve_input *curve, size_t count)
{
    double last[LEVEL_POINTS];
    size_t n = count < LEVEL_POINTS ? count : LEVEL_POINTS;
    memcpy(last, curve->y + count - n, n * sizeof *last);
    return km_median(last, n);
}

static const char *early_text(const struct km_curve_input *curve,
                              struct km_arena *arena)
{
    return km_arena_printf(arena,
                           "fewer than %d points of %s after the warm-up",
                           KM_LOOK_FIRST, curve->track->name);
}

static void explain_plateau(struct km_plateau *plateau, const char *unit,
                            struct km_arena *arena, struct km_finding *finding)
{
    const struct km_look *look = &plateau->fired;
    const struct km_episode *last = km_episodes_last(&plateau->episodes);
    finding->reason = km_finding_words(arena, &plateau->episodes);
    km_evidence_add(
        &finding->evidence,
        km_arena_printf(arena,
                        "at step %.0f the gain over 25 %% more steps was %.2g "
                        "%s by the line from step %.0f on, at most %.2g; "
                        "negligible is %.2g",
                        look->x, look->gain.value, unit, look->x_from,
                        look->gain.hi, last->level));
    km_evidence_add(&finding->evidence,
                    km_arena_printf(arena,
                                    "the smallest gain it could have seen: "
                                    "%.2g %s",
                                    2.8 * look->se, unit));
}

/* All looks at `until` points or fewer. */
static void look_for_plateaus(const struct km_score_input *input,
                              const struct km_curve_input *curve, size_t until,
                              struct km_plateau_look *known)
{
    for (size_t n = known->next; n <= until; n = known->next) {
        struct km_look looks[2] = {{.n = 0}, {.n = 0}};
        double now = curve->x[n - 1];
        for (int i = 0; i < 2; i++) {
            km_look_at(curve->x, curve->y, n, km_plateau_windows[i],
                       input->doubles, &looks[i]);
        }
        known->negligible =
            km_finding_negligible(input, curve, level_at(curve, n));
        known->explained =
            km_rate_is_falling(input, now) ||
            km_rate_was_raised(input, now / km_plateau_windows[1], now);
        km_plateau_add(&known->plateau, looks, known->negligible,
                       known->explained);
        known->next = km_look_next(n);
    }
}

KM_FIGURE_COMPUTE(km_compute_verdict_plateau)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *curve = &all;
    struct km_arena *arena = card->arena;
    const char *id = "verdict.plateau";
    if (!curve->track) {
        return km_finding_never(card, id, "no metric", err);
    }
    if (curve->count < KM_LOOK_FIRST) {
        return km_finding_early(card, id, early_text(curve, arena), err);
    }
    struct km_verdict_memory *known = km_verdicts_known(input);
    struct km_plateau_look *now = km_new(arena, struct km_plateau_look, 1);
    if (!known || !now) {
        return fail_full(err);
    }
    look_for_plateaus(input, curve, km_verdicts_rated(input, curve),
                      &known->plateau);
    *now = known->plateau;
    look_for_plateaus(input, curve, curve->count, now);
    struct km_plateau *plateau = &now->plateau;
    struct km_finding finding = km_finding_of(id, "plateau", curve, arena);
    finding.episodes = &plateau->episodes;
    finding.change = "another learning rate, more data or a larger model; or "
                     "stop here";
    if (plateau->episodes.count) {
        explain_plateau(plateau, curve->unit, arena, &finding);
    } else if (now->explained) {
        return km_finding_early(
            card, id,
            "the learning rate is falling: a flat end would "
            "be its doing",
            err);
    } else if (!plateau->sharp) {
        return km_finding_early(
            card, id,
            km_arena_printf(arena,
                            "too noisy: the smallest gain that could be seen "
                            "is %.2g %s, negligible is %.2g",
                            2.8 * plateau->last.se, curve->unit,
                            now->negligible),
            err);
    }
    return km_finding_add(card, &finding, err);
}

/* Fits the past of `n` points and compares it with their last stretch. */
static void look_back(const struct km_score_input *input,
                      const struct km_curve_input *curve, size_t n,
                      struct km_regime *regime)
{
    double now = curve->x[n - 1];
    size_t first = km_bins_find(curve->x, n, FIT_WINDOW * now);
    struct km_bins bins;
    struct km_fit fit;
    struct km_local_velocity local;
    if (!km_velocity_local_of(curve->x, curve->y, n, KM_LOCAL_POINTS_MIN,
                              KM_LOOK_POINTS_MAX, 0.80, input->doubles,
                              &local) ||
        km_rate_was_raised(input, local.x_from, now)) {
        return;
    }
    km_bins_fill(&bins, curve->x + first, curve->y + first, n - first);
    const struct km_fit_problem problem = {.x = bins.x,
                                           .y = bins.y,
                                           .weight = bins.n,
                                           .count = bins.count,
                                           .x_now = now,
                                           .e_min = -(double)INFINITY};
    if (bins.count >= KM_FIT_POINTS_MIN &&
        km_fit_run(KM_FAMILY_POW3, &problem, KM_FIT_GRID, input->scratch,
                   &fit)) {
        km_regime_add(regime, -km_fit_slope(&fit, now), &local);
    }
}

/* Up to `until` points. */
static void look_for_regimes(const struct km_score_input *input,
                             const struct km_curve_input *curve, size_t until,
                             struct km_regime_look *known)
{
    struct km_spike *spike = &known->spike;
    for (size_t n = known->taken + 1; n <= until; n++) {
        double now = curve->x[n - 1];
        km_spike_add(spike, now, curve->y[n - 1]);
        const struct km_episode *last = km_episodes_last(&spike->episodes);
        if (last && last->lasting && last->lasted >= now &&
            !km_rate_was_raised(input, last->onset - REACH * last->onset,
                                last->seen)) {
            km_regime_add_level(&known->regime, last, now);
        }
        if (n == known->next) {
            look_back(input, curve, n, &known->regime);
            known->next = km_look_next(n);
        }
        known->taken = n;
    }
}

KM_FIGURE_COMPUTE(km_compute_verdict_regime_change)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *curve = &all;
    struct km_arena *arena = card->arena;
    const char *id = "verdict.regime_change";
    if (!curve->track) {
        return km_finding_never(card, id, "no metric", err);
    }
    if (curve->count < KM_LOOK_FIRST) {
        return km_finding_early(card, id, early_text(curve, arena), err);
    }
    struct km_verdict_memory *known = km_verdicts_known(input);
    struct km_regime_look *now = km_new(arena, struct km_regime_look, 1);
    if (!known || !now) {
        return fail_full(err);
    }
    look_for_regimes(input, curve, km_verdicts_rated(input, curve),
                     &known->regime);
    *now = known->regime;
    look_for_regimes(input, curve, curve->count, now);
    struct km_regime *regime = &now->regime;
    struct km_finding finding =
        km_finding_of(id, "regime change", curve, arena);
    finding.episodes = &regime->episodes;
    finding.change = "the last stretch improving again; look for a change of "
                     "data, rate or batch at the onset";
    const struct km_episode *last = km_episodes_last(&regime->episodes);
    if (last) {
        finding.reason = km_finding_words(arena, &regime->episodes);
        km_evidence_add(
            &finding.evidence,
            last->lasting
                ? km_arena_printf(arena,
                                  "rose by %.3g %s over the usual %.4g and did "
                                  "not come back",
                                  last->size, curve->unit, last->level)
                : km_arena_printf(arena,
                                  "the fitted curve improves by %.2g %s a "
                                  "step, the last stretch by %.2g (standard "
                                  "error %.2g)",
                                  regime->model, curve->unit, last->size,
                                  regime->se));
    }
    return km_finding_add(card, &finding, err);
}
