/* backtest_card.c - scores of a back-test as figures, a matrix and a sentence.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/distribution.h"
#include "score/backtest_load.h"
#include "score/card.h"

enum { TASKS = KM_RATE_REGIMES * KM_BACKTEST_TARGETS };
static const double LEVEL = KM_COLD_START_LEVEL;

struct page {
    const struct km_backtest_set *set;
    const struct km_backtest *of;
    enum km_history history;
    struct km_arena *scratch; /* what one score needs */
    struct km_scorecard *card;
    struct km_err *err;
    size_t off;           /* forecasters switched off */
    const char *off_name; /* the first of them */
};

static enum km_code score(struct page *page, struct km_backtest_filter filter,
                          enum km_forecaster forecaster,
                          struct km_forecast_score *out)
{
    km_arena_reset(page->scratch);
    return km_backtest_score(page->of, filter, forecaster, LEVEL, page->scratch,
                             out, page->err);
}

static struct km_backtest_filter filter_of(size_t pool, int regime)
{
    struct km_backtest_filter filter = km_backtest_all;
    filter.pool = (int)pool;
    filter.regime = regime;
    return filter;
}

static const char *where(struct page *page, size_t pool, int regime)
{
    return km_arena_printf(page->card->arena, "%s, %s",
                           page->set->pools[pool].name,
                           km_rate_regime_name((enum km_rate_regime)regime));
}

static const char *counted(struct page *page, const struct km_forecast_score *s)
{
    return km_arena_printf(page->card->arena,
                           "%zu forecasts of %zu configurations", s->forecasts,
                           s->groups);
}

/* One forecaster on one kind of curve and regime. */
static enum km_code add_relative(struct page *page, size_t pool, int regime,
                                 enum km_forecaster forecaster)
{
    struct km_forecast_score s;
    enum km_code code = score(page, filter_of(pool, regime), forecaster, &s);
    if (code || s.forecasts == 0) {
        return code;
    }
    const char *name = forecaster == KM_FORECASTERS
                           ? "as shown"
                           : km_forecaster_name(forecaster);
    struct km_arena *arena = page->card->arena;
    struct km_figure_result r = km_result_new(
        "backtest.relative_error",
        km_arena_printf(arena, "%s, %s", where(page, pool, regime), name), "1");
    bool loses = s.rel >= 1 && s.groups >= KM_FORECASTER_GROUPS_MIN;
    r.value = s.rel;
    r.lo = s.rel_lo;
    r.hi = s.rel_hi;
    r.level = LEVEL;
    r.n = s.forecasts;
    r.n_eff = (double)s.groups;
    r.method = "rolling origins at 20, 40, 60 and 80 % of the plan";
    r.rung = page->history == KM_HISTORY_EARLIER ? "in order of time"
                                                 : "one configuration left out";
    r.state = s.groups < KM_FORECASTER_GROUPS_MIN || s.rel_hi >= 1
                  ? KM_FIGURE_WEAK
                  : KM_FIGURE_OK;
    r.reason = loses ? "it loses to the last value on your runs: switched off"
               : s.groups < KM_FORECASTER_GROUPS_MIN
                   ? "fewer than 5 configurations"
               : r.state == KM_FIGURE_WEAK ? "not clearly below 1"
                                           : "";
    if (loses && forecaster != KM_FORECASTERS) {
        page->off++;
        page->off_name = page->off_name ? page->off_name : r.variant;
    }
    struct km_evidence evidence = {.count = 0};
    km_evidence_add(&evidence, counted(page, &s));
    km_evidence_add(&evidence,
                    km_arena_printf(arena,
                                    "mean error %.4g %s, bias %+.4g, relative "
                                    "to the log-log line %.3g",
                                    s.mae, page->set->pools[pool].unit, s.bias,
                                    s.rel_line));
    return km_card_add(page->card, r, &evidence, page->err);
}

static enum km_code add_forecasters(struct page *page, size_t pool, int regime)
{
    enum km_code code = KM_OK;
    for (int f = KM_FORECASTERS; f >= KM_FORECASTER_LINE && !code; f--) {
        code = add_relative(page, pool, regime, (enum km_forecaster)f);
    }
    return code;
}

static enum km_code add_error(struct page *page, size_t pool, int regime)
{
    struct km_forecast_score s;
    enum km_code code =
        score(page, filter_of(pool, regime), KM_FORECASTERS, &s);
    if (code || s.forecasts == 0) {
        return code;
    }
    struct km_figure_result r =
        km_result_new("backtest.error", where(page, pool, regime),
                      page->set->pools[pool].unit);
    r.value = s.mae;
    r.n = s.forecasts;
    r.n_eff = (double)s.groups;
    r.method = "the forecasts that would have been shown";
    struct km_evidence evidence = {.count = 0};
    km_evidence_add(&evidence, counted(page, &s));
    if (isfinite(s.male)) {
        km_evidence_add(&evidence,
                        km_arena_printf(page->card->arena,
                                        "MALE %.4g, median over configurations "
                                        "%.4g",
                                        s.male, s.median_error));
    }
    return km_card_add(page->card, r, &evidence, page->err);
}

/* Wilson's interval of a share. */
static void wilson(double p, double n, double *lo, double *hi)
{
    double z = km_normal_quantile((1 + LEVEL) / 2), z2 = z * z;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double reach = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    *lo = fmax(centre - reach, 0);
    *hi = fmin(centre + reach, 1);
}

static enum km_code score_rung(struct page *page, size_t pool, int regime,
                               enum km_rung rung, struct km_forecast_score *s,
                               const char **variant)
{
    struct km_backtest_filter filter = filter_of(pool, regime);
    filter.rung = (int)rung;
    *variant = km_arena_printf(page->card->arena, "%s, %s",
                               where(page, pool, regime), km_rung_name(rung));
    return score(page, filter, KM_FORECASTERS, s);
}

static enum km_code add_coverage(struct page *page, size_t pool, int regime)
{
    enum km_code code = KM_OK;
    for (int rung = KM_RUNG_CROSS_RUN; rung <= KM_RUNG_COLD && !code; rung++) {
        struct km_forecast_score s;
        const char *variant;
        code = score_rung(page, pool, regime, (enum km_rung)rung, &s, &variant);
        if (code || s.intervals == 0) {
            continue;
        }
        struct km_figure_result r =
            km_result_new("backtest.coverage", variant, "1");
        r.value = s.covered;
        r.level = LEVEL;
        wilson(s.covered, (double)s.groups, &r.lo, &r.hi);
        r.n = s.intervals;
        r.n_eff = (double)s.groups;
        r.rung = km_rung_name((enum km_rung)rung);
        bool off = r.lo > LEVEL || r.hi < LEVEL;
        r.state = off ? KM_FIGURE_WEAK : KM_FIGURE_OK;
        r.reason = !off           ? ""
                   : r.lo > LEVEL ? "covers more than it says: too wide"
                                  : "covers less than it says";
        struct km_evidence evidence = {.count = 0};
        km_evidence_add(&evidence, counted(page, &s));
        km_evidence_add(&evidence, km_arena_printf(page->card->arena,
                                                   "truth below %.2f, above "
                                                   "%.2f",
                                                   s.below, s.above));
        if (isfinite(s.pit)) {
            km_evidence_add(&evidence,
                            km_arena_printf(page->card->arena,
                                            "mean PIT %.2f (0.5: no shift)",
                                            s.pit));
        }
        code = km_card_add(page->card, r, &evidence, page->err);
    }
    return code;
}

static enum km_code add_winkler(struct page *page, size_t pool, int regime)
{
    enum km_code code = KM_OK;
    for (int rung = KM_RUNG_CROSS_RUN; rung <= KM_RUNG_COLD && !code; rung++) {
        struct km_forecast_score s;
        const char *variant, *unit = page->set->pools[pool].unit;
        code = score_rung(page, pool, regime, (enum km_rung)rung, &s, &variant);
        if (code || s.intervals == 0) {
            continue;
        }
        struct km_figure_result r =
            km_result_new("backtest.winkler", variant, unit);
        r.value = s.winkler;
        r.n = s.intervals;
        r.n_eff = (double)s.groups;
        r.rung = km_rung_name((enum km_rung)rung);
        struct km_evidence evidence = {.count = 0};
        km_evidence_add(&evidence,
                        km_arena_printf(page->card->arena, "mean width %.4g %s",
                                        s.width, unit));
        code = km_card_add(page->card, r, &evidence, page->err);
    }
    return code;
}

/* Relative error by forecaster and by regime and target. */
static enum km_code add_matrix(struct page *page, size_t pool)
{
    static const char *const targets[KM_BACKTEST_TARGETS] = {"x1.25", "x1.5",
                                                             "x2", "end"};
    struct km_arena *arena = page->card->arena;
    double *value = km_new(arena, double, (KM_FORECASTERS + 1) * TASKS);
    const char **columns = km_new(arena, const char *, TASKS);
    const char **rows = km_new(arena, const char *, KM_FORECASTERS + 1);
    if (!value || !columns || !rows) {
        return km_fail(page->err, KM_ELIMIT, "no memory for the table");
    }
    size_t kept = 0;
    for (int regime = 0; regime < KM_RATE_REGIMES; regime++) {
        for (int t = 0; t < KM_BACKTEST_TARGETS; t++) {
            struct km_backtest_filter filter = filter_of(pool, regime);
            filter.target = t;
            size_t found = 0;
            for (int f = 0; f <= KM_FORECASTERS; f++) {
                struct km_forecast_score s;
                enum km_code code =
                    score(page, filter, (enum km_forecaster)f, &s);
                if (code) {
                    return code;
                }
                value[(size_t)f * TASKS + kept] =
                    s.forecasts ? s.rel : (double)NAN;
                found += s.forecasts;
            }
            columns[kept] = km_arena_printf(
                arena, "%s %s",
                km_rate_regime_name((enum km_rate_regime)regime), targets[t]);
            kept += found > 0;
        }
    }
    for (size_t f = 0; f <= KM_FORECASTERS; f++) {
        memmove(value + f * kept, value + f * TASKS, kept * sizeof *value);
        rows[f] = f < KM_FORECASTERS ? km_forecaster_name((enum km_forecaster)f)
                                     : "as shown";
    }
    struct km_matrix matrix = {
        .id = km_arena_printf(arena, "backtest %zu", pool + 1),
        .title = km_arena_printf(arena, "error relative to the last value, %s",
                                 page->set->pools[pool].name),
        .unit = "1",
        .row_title = "forecaster",
        .column_title = "regime and target",
        .better = KM_BETTER_LOWER,
        .row_count = KM_FORECASTERS + 1,
        .column_count = kept,
        .rows = rows,
        .columns = columns,
        .value = value,
    };
    return kept ? km_card_add_matrix(page->card, matrix, page->err) : KM_OK;
}

/* One figure for all kinds of curve and regimes, what is best known first. */
static enum km_code each(struct page *page,
                         enum km_code (*add)(struct page *, size_t, int))
{
    enum km_code code = KM_OK;
    for (size_t pool = 0; pool < page->set->pool_count; pool++) {
        for (int regime = KM_RATE_REGIMES; regime-- > 0 && code == KM_OK;) {
            code = add(page, pool, regime);
        }
    }
    return code;
}

/* The sentence on top: how good, how often inside, what is off. */
static enum km_code say(struct page *page)
{
    struct km_arena *arena = page->card->arena;
    struct km_forecast_score all, inside;
    struct km_backtest_filter calibrated = km_backtest_all;
    calibrated.rung = KM_RUNG_CROSS_RUN;
    enum km_code code = score(page, km_backtest_all, KM_FORECASTERS, &all);
    code = code ? code : score(page, calibrated, KM_FORECASTERS, &inside);
    if (code) {
        return code;
    }
    const struct km_backtest_set *set = page->set;
    const char *good =
        all.forecasts
            ? km_arena_printf(arena,
                              "Forecasts missed by %.0f %% of what \"nothing "
                              "changes\" would have, over %zu configurations",
                              100 * all.rel, all.groups)
            : "No finished run could be forecast";
    const char *cover =
        inside.intervals
            ? km_arena_printf(
                  arena, "; calibrated 80 %% intervals held %.0f %% of %zu",
                  100 * inside.covered, inside.intervals)
        : all.forecasts ? "; too few configurations for calibrated intervals"
                        : "";
    const char *off =
        page->off
            ? km_arena_printf(arena, "; switched off: %s%s", page->off_name,
                              page->off > 1 ? " and others" : "")
            : "";
    page->card->headline = km_arena_printf(arena, "%s%s%s.", good, cover, off);
    page->card->context = km_arena_printf(
        arena, "%zu runs, %zu curves; %zu under way, %zu too short; %s%s",
        set->seen, set->count, set->going, set->short_,
        page->history == KM_HISTORY_EARLIER ? "in order of time"
                                            : "one configuration left out",
        set->undated ? "; some runs have no start time" : "");
    return page->card->headline && page->card->context
               ? KM_OK
               : km_fail(page->err, KM_ELIMIT, "no memory for the summary");
}

enum km_code km_backtest_card(struct km_backtest_set *set,
                              enum km_history history,
                              struct km_origin_workspace *work,
                              struct km_scorecard *card, struct km_err *err)
{
    struct km_backtest of;
    struct km_arena scratch;
    km_arena_init(&scratch, card->arena->cap);
    enum km_code code = km_backtest_run(set->runs, set->count, history, LEVEL,
                                        work, card->arena, &of, err);
    struct page page = {.set = set,
                        .of = &of,
                        .history = history,
                        .scratch = &scratch,
                        .card = card,
                        .err = err};
    code = code ? code : each(&page, add_forecasters);
    code = code ? code : each(&page, add_error);
    code = code ? code : each(&page, add_coverage);
    code = code ? code : each(&page, add_winkler);
    for (size_t pool = 0; pool < set->pool_count && code == KM_OK; pool++) {
        code = add_matrix(&page, pool);
    }
    code = code ? code : say(&page);
    km_arena_finish(&scratch);
    return code;
}
