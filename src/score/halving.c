/* halving.c - halving.advice from the forecasts of live runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/halving.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/lever.h"
#include "score/card.h"

enum { EXEMPT_ONE_IN = 20 };
static const double SAME_END = 0.05;

struct live {
    const struct km_scorecard *card;
    const struct km_figure_result *forecast;
    unsigned groups; /* configurations that calibrate it */
};

/* A forecast that stands, of a run that is not at its end. */
static const struct km_figure_result *
find_forecast(const struct km_scorecard *card)
{
    const struct km_figure_result *found =
        km_card_find(card, "forecast.final", "validation");
    if (!found || !isfinite(found->value)) {
        found = km_card_find(card, "forecast.final", "training");
    }
    bool stands = found && isfinite(found->value) && isfinite(found->lo) &&
                  isfinite(found->hi) && found->hi > found->lo;
    return stands ? found : NULL;
}

/* Never stopped: the control group. Told by the run's id, so that the same runs
 * are exempt however often advice is asked for. */
static bool is_exempt(uint64_t run_id)
{
    return run_id % EXEMPT_ONE_IN == 0;
}

static enum km_code add_row(const struct live *live, double probability,
                            bool stop, bool withheld,
                            const struct km_halving_options *options,
                            struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("halving.advice", live->card->run_name, "probability");
    result.value = probability;
    result.method = "forecasts against the best, independent errors";
    result.rung = live->forecast->rung;
    const char *why = km_arena_printf(
        card->arena, "%.4g %s [%.4g, %.4g] at the end", live->forecast->value,
        live->forecast->unit, live->forecast->lo, live->forecast->hi);
    bool exempt = is_exempt(live->card->run_id);
    if (withheld) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "go on: the forecasts are not calibrated";
    } else if (stop) {
        result.reason =
            exempt ? "go on: control group, never stopped"
                   : km_arena_printf(card->arena,
                                     "stop: it ends as the best with less than "
                                     "%.0f %%",
                                     100 * options->risk);
    } else {
        result.reason = "go on";
    }
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence, why);
    return km_card_add(card, result, &evidence, err);
}

/* Configurations that the forecast's interval was calibrated on; 0: it stands
 * on no finished run. */
static unsigned groups_of(const struct km_figure_result *forecast)
{
    unsigned groups = 0;
    return sscanf(forecast->rung, "cross-run conformal, %u", &groups) == 1
               ? groups
               : 0;
}

/* All live runs must be about one metric and unit, and end together. */
static size_t gather(const struct km_scorecard *cards, size_t count,
                     struct live *live, size_t *other)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < KM_HALVING_RUNS_MAX; i++) {
        const struct km_figure_result *forecast = find_forecast(&cards[i]);
        if (!forecast) {
            continue;
        }
        if (kept &&
            (fabs(cards[i].horizon - live[0].card->horizon) >
                 SAME_END * live[0].card->horizon ||
             strcmp(live[0].forecast->unit, forecast->unit) != 0 ||
             strcmp(live[0].forecast->variant, forecast->variant) != 0)) {
            ++*other;
            continue;
        }
        live[kept++] = (struct live){&cards[i], forecast, groups_of(forecast)};
    }
    return kept;
}

static enum km_code advise(const struct live *live, size_t count,
                           const struct km_halving_options *options,
                           struct km_scorecard *card, struct km_err *err)
{
    double *forecast = km_new(card->arena, double, 3 * count);
    bool *stop = km_new(card->arena, bool, count);
    if (!forecast || !stop) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    double *sd = forecast + count, *probability = sd + count;
    bool withheld = false;
    unsigned groups = UINT_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct km_figure_result *f = live[i].forecast;
        double sign = f->better == KM_BETTER_HIGHER ? -1 : 1;
        double z = km_normal_quantile(0.5 + f->level / 2);
        forecast[i] = sign * f->value;
        sd[i] = (f->hi - f->lo) / 2 / z;
        withheld = withheld || live[i].groups < KM_HALVING_GROUPS_MIN;
        groups = live[i].groups < groups ? live[i].groups : groups;
    }
    struct km_halving out;
    /* so few errors were seen that a rarer one cannot be told from none */
    double least = 1 / ((double)groups + 1);
    km_halving_advise(forecast, sd, count, options->eta, options->margin,
                      options->risk, least, probability, stop, &out);
    enum km_code code = KM_OK;
    size_t stopped = 0;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        stopped += stop[i] && !withheld && !is_exempt(live[i].card->run_id);
        code = add_row(&live[i], probability[i], stop[i], withheld, options,
                       card, err);
    }
    card->headline =
        withheld ? km_arena_printf(
                       card->arena,
                       "No advice: forecasts must be calibrated on at least %d "
                       "finished configurations before a run is stopped.",
                       KM_HALVING_GROUPS_MIN)
        : stopped
            ? km_arena_printf(card->arena,
                              "%zu of %zu runs can be stopped; that one of "
                              "them would have been the best has a probability "
                              "of at most %.1f %%.",
                              stopped, count, 100 * out.wrong)
            : km_arena_printf(card->arena,
                              "All %zu runs should go on: none is behind for "
                              "sure.",
                              count);
    return card->headline
               ? code
               : km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

enum km_code km_halving_add(const struct km_scorecard *cards, size_t count,
                            const struct km_halving_options *options,
                            struct km_scorecard *card, struct km_err *err)
{
    struct live *live = km_new(card->arena, struct live, KM_HALVING_RUNS_MAX);
    if (!live) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    size_t other = 0, found = gather(cards, count, live, &other);
    card->context = km_arena_printf(
        card->arena, "%zu of %zu runs are under way with a forecast%s", found,
        count, other ? "; runs with another metric or end are left out" : "");
    if (found < 2) {
        card->headline = "There is nothing to choose from.";
        return km_card_add_absent(card, "halving.advice", "", "probability",
                                  KM_FIGURE_INSUFFICIENT,
                                  "at least two runs under way with a forecast "
                                  "are needed",
                                  err);
    }
    return advise(live, found, options, card, err);
}
