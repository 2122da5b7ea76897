/* compare_scaling.c - throughput against accelerators: the scalability law. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare_scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/distribution.h"
#include "measure/moments.h"
#include "measure/scaling.h"
#include "score/card.h"

static const char *const id = "speed.scaling";
enum { DIFFERING_MAX = 3, LINE_POINTS = 33 };

struct site { /* one run */
    const struct km_member *member;
    double workers, throughput;
};

struct scaling {
    struct km_scorecard *card;
    struct km_err *err;
    struct site *sites; /* by rising number of accelerators */
    size_t count, distinct;
    enum km_axis work;   /* what is done: tokens, samples or steps */
    const char *differs; /* other settings that differ; NULL: none */
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
}

static int by_workers(const void *a, const void *b)
{
    double x = ((const struct site *)a)->workers,
           y = ((const struct site *)b)->workers;
    return (x > y) - (x < y);
}

static const struct km_rate *clock_of(const struct km_member *member)
{
    const struct km_rate *active = &member->axes.rate[KM_AXIS_ACTIVE];
    return active->known ? active : &member->axes.rate[KM_AXIS_SECOND];
}

/* The runs that say how many accelerators they had and how fast they were. */
static void collect(struct scaling *s, const struct km_cohort *cohort,
                    const uint32_t *group)
{
    static const enum km_axis works[] = {KM_AXIS_TOKEN, KM_AXIS_SAMPLE,
                                         KM_AXIS_STEP};
    for (size_t i = 0; i < cohort->count; i++) {
        const struct km_member *m = &cohort->members[i];
        double workers = m->facts.accelerators;
        const struct km_rate *clock = clock_of(m);
        if (group[i] != UINT32_MAX && m->facts.accelerators_key &&
            workers >= 1 && clock->known && clock->per_step > 0 &&
            s->count < KM_SCALING_RUNS_MAX) {
            s->sites[s->count++] = (struct site){m, workers, NAN};
        }
    }
    for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
        bool all = true;
        for (size_t i = 0; i < s->count; i++) {
            const struct km_rate *rate =
                &s->sites[i].member->axes.rate[works[w]];
            all = all && rate->known && rate->per_step > 0;
            s->sites[i].throughput =
                rate->per_step / clock_of(s->sites[i].member)->per_step;
        }
        s->work = works[w];
        if (all) {
            break;
        }
    }
    qsort(s->sites, s->count, sizeof *s->sites, by_workers);
    for (size_t i = 0; i < s->count; i++) {
        s->distinct += i == 0 || s->sites[i].workers > s->sites[i - 1].workers;
    }
}

/* Does the setting go with the number of accelerators (as the batch of all
 * devices does), or against it (passes of a step)? */
static bool follows_workers(const struct scaling *s, const char *key)
{
    double times = NAN, over = NAN;
    bool with = true, against = true;
    for (size_t i = 0; i < s->count; i++) {
        const struct km_setting *setting =
            km_member_setting(s->sites[i].member, key);
        double value = setting ? setting->number : (double)NAN;
        times = i ? times : value / s->sites[i].workers;
        over = i ? over : value * s->sites[i].workers;
        with = with &&
               fabs(value / s->sites[i].workers - times) <= 1e-9 * fabs(times);
        against = against &&
                  fabs(value * s->sites[i].workers - over) <= 1e-9 * fabs(over);
    }
    return with || against;
}

static bool differs(const struct scaling *s, const char *key)
{
    const struct km_setting *first = km_member_setting(s->sites[0].member, key);
    for (size_t i = 1; i < s->count; i++) {
        const struct km_setting *other =
            km_member_setting(s->sites[i].member, key);
        if (!first != !other ||
            (first && strcmp(first->value, other->value) != 0)) {
            return true;
        }
    }
    return false;
}

/* Up to DIFFERING_MAX settings that explain the difference as well. */
static bool find_differing(struct scaling *s)
{
    size_t found = 0;
    const char *text = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct km_member *m = s->sites[i].member;
        for (size_t k = 0; k < m->setting_count; k++) {
            const char *key = m->settings[k].key;
            bool before = false;
            for (size_t j = 0; j < i && !before; j++) {
                before = km_member_setting(s->sites[j].member, key) != NULL;
            }
            if (before || km_setting_is_incidental(key) || !differs(s, key) ||
                follows_workers(s, key)) {
                continue;
            }
            if (++found > DIFFERING_MAX) {
                s->differs = km_arena_printf(s->card->arena, "%s ...", text);
                return s->differs;
            }
            text = text ? km_arena_printf(s->card->arena, "%s, %s", text, key)
                        : key;
            if (!text) {
                return false;
            }
        }
    }
    s->differs = text;
    return true;
}

static struct km_figure_result row(const struct scaling *s, const char *variant,
                                   const char *unit)
{
    struct km_figure_result result = km_result_new(id, variant, unit);
    result.n = s->count;
    if (s->differs) {
        result.state = KM_FIGURE_WEAK;
        result.reason = km_arena_printf(
            s->card->arena, "other settings differ as well: %s", s->differs);
    }
    return result;
}

/* One more clause of why it is not to be leaned on. */
static void weaken(const struct scaling *s, struct km_figure_result *result,
                   const char *clause)
{
    bool both = *result->reason != '\0';
    result->state = result->state == KM_FIGURE_CENSORED ? KM_FIGURE_CENSORED
                                                        : KM_FIGURE_WEAK;
    result->reason = km_arena_printf(s->card->arena, "%s%s%s", clause,
                                     both ? "; " : "", result->reason);
}

/* Throughput of one accelerator where there are most, over where there are
 * fewest. */
static enum km_code add_efficiency(const struct scaling *s)
{
    struct km_moments few = {0, 0, 0}, many = {0, 0, 0};
    double least = s->sites[0].workers, most = s->sites[s->count - 1].workers;
    for (size_t i = 0; i < s->count; i++) {
        double each = log(s->sites[i].throughput / s->sites[i].workers);
        if (!(s->sites[i].workers > least)) {
            km_moments_add(&few, each);
        } else if (!(s->sites[i].workers < most)) {
            km_moments_add(&many, each);
        }
    }
    struct km_figure_result result =
        row(s, km_arena_printf(s->card->arena, "efficiency at %g", most), "1");
    double se, df, gain = many.mean - few.mean;
    result.value = exp(gain);
    result.method = km_arena_printf(
        s->card->arena, "%ss/s of one accelerator at %g over that at %g",
        km_axis_name(s->work), most, least);
    if (km_moments_welch(&many, &few, &se, &df) && se > 0) {
        double half = se * km_t_quantile(0.5 + s->card->level / 2, df);
        result.lo = exp(gain - half);
        result.hi = exp(gain + half);
        result.level = s->card->level;
        result.rung = "Welch's t over runs";
    } else {
        weaken(s, &result, "one run of a number: no interval");
    }
    return km_card_add(s->card, result, NULL, s->err);
}

static void set_interval(const struct scaling *s, double se,
                         struct km_figure_result *result)
{
    double df = (double)(s->distinct - 3);
    if (!(result->value > 0)) { /* the jackknife may stay there as well */
        weaken(s, result, "at its lower bound: no interval");
    } else if (isfinite(se) && df >= 1) {
        double half = se * km_t_quantile(0.5 + s->card->level / 2, df);
        result->lo = fmax(result->value - half, 0);
        result->hi = result->value + half;
        result->level = s->card->level;
        result->rung = "jackknife over runs";
    }
}

static enum km_code add_costs(const struct scaling *s,
                              const struct km_scaling *fit)
{
    struct km_figure_result waiting = row(s, "contention", "1");
    struct km_figure_result talking = row(s, "coherency", "1");
    waiting.value = fit->sigma;
    talking.value = fit->kappa;
    waiting.method = talking.method = "universal scalability law";
    set_interval(s, fit->sigma_se, &waiting);
    set_interval(s, fit->kappa_se, &talking);
    struct km_evidence evidence = {0};
    km_evidence_add(&evidence,
                    km_arena_printf(s->card->arena,
                                    "relative errors of the fit: %.2g over "
                                    "%zu runs, %zu numbers of accelerators",
                                    fit->error, s->count, s->distinct));
    enum km_code code = km_card_add(s->card, waiting, &evidence, s->err);
    return code ? code : km_card_add(s->card, talking, NULL, s->err);
}

/* Beyond what was measured the law is a guess: then only that it is more. */
static enum km_code add_best(const struct scaling *s,
                             const struct km_scaling *fit)
{
    struct km_figure_result best = row(s, "best number", "accelerator");
    double least = s->sites[0].workers;
    double most = s->sites[s->count - 1].workers;
    double half = fit->workers_best_se *
                  km_t_quantile(0.5 + s->card->level / 2,
                                fmax((double)(s->distinct - 3), 1));
    best.value = fit->workers_best;
    best.method = "sqrt((1 - sigma) / kappa)";
    if (best.value > 2 * most) {
        best.value = 2 * most;
        best.state = KM_FIGURE_CENSORED;
        weaken(s, &best,
               km_arena_printf(s->card->arena,
                               "throughput goes on rising; %g is the most seen",
                               most));
    } else if (best.value < least) {
        best.value = least;
        best.state = KM_FIGURE_CENSORED;
        best.at_most = true;
        weaken(s, &best,
               km_arena_printf(s->card->arena,
                               "throughput falls from the fewest seen, %g, on",
                               least));
    } else if (isfinite(half)) {
        best.lo = best.value * exp(-half);
        best.hi = best.value * exp(half);
        best.level = s->card->level;
        best.rung = "jackknife over runs";
    }
    return km_card_add(s->card, best, NULL, s->err);
}

static enum km_code add_curve(const struct scaling *s, const char *kind,
                              const char *name, size_t count, const double *x,
                              const double *y)
{
    const struct km_curve curve = {
        .id = "scaling",
        .title = "throughput that one accelerator keeps",
        .unit = "1",
        .axis = s->work,
        .kind = kind,
        .name = name,
        .x_unit = "1",
        .x_title = "accelerators",
        .count = count,
        .x = x,
        .y = y,
    };
    return km_card_add_curve(s->card, curve, s->err);
}

/* Measured places, and the law through them: shares of what one accelerator
 * makes where there are fewest (by the law: alone). */
static enum km_code draw(const struct scaling *s, const struct km_scaling *fit)
{
    size_t n = s->count + LINE_POINTS;
    double *x = km_new(s->card->arena, double, 2 * n);
    if (!x) {
        return fail_full(s->err);
    }
    double *y = x + n, *line = x + s->count, *law = y + s->count;
    double least = s->sites[0].workers, most = s->sites[s->count - 1].workers;
    double each = fit ? fit->lambda : s->sites[0].throughput / least;
    for (size_t i = 0; i < s->count; i++) {
        x[i] = s->sites[i].workers;
        y[i] = s->sites[i].throughput / s->sites[i].workers / each;
    }
    for (size_t i = 0; fit && i < LINE_POINTS; i++) {
        double share = (double)i / (LINE_POINTS - 1);
        double w = least * pow(most / least, share);
        line[i] = w;
        law[i] = 1 / (1 + fit->sigma * (w - 1) + fit->kappa * w * (w - 1));
    }
    enum km_code code =
        fit ? add_curve(s, "line", "law", LINE_POINTS, line, law) : KM_OK;
    return code ? code : add_curve(s, "points", "runs", s->count, x, y);
}

enum km_code km_compare_scaling_add(const struct km_cohort *cohort,
                                    const uint32_t *group,
                                    struct km_scorecard *card,
                                    struct km_err *err)
{
    struct scaling s = {.card = card, .err = err};
    s.sites = km_new(card->arena, struct site, cohort->count + 1);
    if (!s.sites) {
        return fail_full(err);
    }
    collect(&s, cohort, group);
    if (s.distinct < 2) {
        return KM_OK;
    }
    double *pairs = km_new(card->arena, double, 2 * s.count);
    if (!pairs || !find_differing(&s)) {
        return fail_full(err);
    }
    for (size_t i = 0; i < s.count; i++) {
        pairs[i] = s.sites[i].workers;
        pairs[s.count + i] = s.sites[i].throughput;
    }
    struct km_scaling fit;
    bool fitted = km_scaling_fit(pairs, pairs + s.count, s.count, &fit);
    enum km_code code = add_efficiency(&s);
    if (code == KM_OK && fitted) {
        code = add_costs(&s, &fit);
        code = code ? code : add_best(&s, &fit);
    } else if (code == KM_OK) {
        code = km_card_add_absent(
            card, id, "contention", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(card->arena,
                            "%zu numbers of accelerators, %d needed",
                            s.distinct, KM_SCALING_COUNTS_MIN),
            err);
    }
    return code ? code : draw(&s, fitted ? &fit : NULL);
}
