/* compare.c - compare.quality, compare.verdict, the overlay and the sentence.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "measure/distribution.h"
#include "measure/moments.h"
#include "score/card.h"
#include "score/compare_speed.h"

enum { DIFFERENCES_SHOWN = 6, OVERLAY_PLACES = 96 };
static const double TEST_LEVEL = 0.95;
static const double CROSSED = 0.02; /* of ln x */

struct comparing {
    const struct km_arm *a, *b;
    const char *told_a, *told_b; /* their names in sentences */
    const struct km_arm_metric *metric;
    const struct km_seed_spread *history;
    struct km_verdict verdict;
    struct km_speedup speedup;
    struct km_scorecard *card;
    struct km_err *err;
};

static const char *place_text(const struct comparing *c)
{
    const struct km_verdict *v = &c->verdict;
    if (v->own_ends) {
        return "each at its own end: the planned steps differ";
    }
    return v->checkpoint >= 1
               ? km_arena_printf(c->card->arena, "at the end, step %.0f",
                                 v->place)
               : km_arena_printf(c->card->arena, "at step %.0f, %g of the plan",
                                 v->place, v->checkpoint);
}

/* One look at the difference, in people's direction; Student's t with the
 * pooled variance. */
static enum km_code add_quality(const struct comparing *c)
{
    const struct km_verdict *v = &c->verdict;
    const char *id = "compare.quality";
    if (isnan(v->difference)) {
        return km_card_add_absent(
            c->card, id, "", c->metric->unit, KM_FIGURE_INSUFFICIENT,
            "no step that a run of each arm has reached with a known end",
            c->err);
    }
    struct km_figure_result result = km_result_new(id, "", c->metric->unit);
    double n = 1 / (1 / (double)v->n[0] + 1 / (double)v->n[1]);
    result.better = c->metric->sign < 0 ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = c->metric->sign * v->difference;
    result.n = v->n[0] + v->n[1];
    result.method =
        km_arena_printf(c->card->arena, "%s less %s", c->told_a, c->told_b);
    result.reason = place_text(c);
    if (v->df > 0) {
        double half =
            v->sd / sqrt(n) * km_t_quantile(0.5 + TEST_LEVEL / 2, v->df);
        result.lo = result.value - half;
        result.hi = result.value + half;
        result.level = TEST_LEVEL;
        result.rung = "Student's t over seeds, if you look once";
    }
    bool spans = !(result.lo > 0 || result.hi < 0);
    result.state = spans ? KM_FIGURE_WEAK : KM_FIGURE_OK;
    return km_card_add(c->card, result, NULL, c->err);
}

static const char *missing(const struct comparing *c)
{
    const struct km_verdict *v = &c->verdict;
    if (!c->a->count || !c->b->count) {
        return "an arm has no curve of the metric";
    }
    if (v->checkpoint <= 0) {
        return v->own_ends
                   ? "the planned steps differ: only the ends can be compared"
                   : "no eighth of a known plan has been reached by all runs";
    }
    return v->df > 0 ? "the seeds do not differ at all: are they copies?"
                     : "one run an arm, and no configuration here has two "
                       "seeds: nobody can say how much seeds differ";
}

static const char *history_words(enum km_history_use use)
{
    return use == KM_HISTORY_USED ? " with those of other configurations"
           : use == KM_HISTORY_REFUTED
               ? "; those of other configurations differ less and are left out"
               : "";
}

static enum km_code add_verdict(struct comparing *c)
{
    const struct km_verdict *v = &c->verdict;
    struct km_arena *arena = c->card->arena;
    const char *words = km_verdict_words(v, c->told_a, c->told_b, arena);
    if (v->outcome == KM_OUTCOME_UNDECIDABLE) {
        return km_card_add_absent(
            c->card, "compare.verdict", "", c->metric->unit,
            KM_FIGURE_INSUFFICIENT,
            km_arena_printf(arena, "UNDECIDABLE: %s", missing(c)), c->err);
    }
    struct km_figure_result result =
        km_result_new("compare.verdict", "", c->metric->unit);
    struct km_evidence evidence = {0};
    bool turned = c->metric->sign < 0;
    result.better = turned ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
    result.value = c->metric->sign * v->difference;
    result.lo = turned ? -v->hi : v->lo;
    result.hi = turned ? -v->lo : v->hi;
    result.level = v->level;
    result.n = v->n[0] + v->n[1];
    result.method = "anytime-valid t over seeds";
    result.rung = "confidence sequence";
    result.reason = words;
    result.state =
        v->outcome == KM_OUTCOME_NEED_MORE ? KM_FIGURE_WEAK : KM_FIGURE_OK;
    km_evidence_add(&evidence, place_text(c));
    km_evidence_add(
        &evidence,
        km_arena_printf(arena,
                        "a %s's standard deviation: %.3g %s, %.0f degrees of "
                        "freedom%s",
                        v->mixed ? "configuration" : "seed", v->sd,
                        c->metric->unit, v->df, history_words(v->history)));
    km_evidence_add(&evidence,
                    km_arena_printf(arena,
                                    "smallest difference that matters: "
                                    "%.3g %s",
                                    v->delta, c->metric->unit));
    return km_card_add(c->card, result, &evidence, c->err);
}

enum km_code km_overlay_add(const struct km_arm *arm,
                            const struct km_arm_metric *metric,
                            struct km_scorecard *card, struct km_err *err)
{
    double *x = km_new(card->arena, double, 4 * OVERLAY_PLACES);
    if (!x || !arm->count) {
        return arm->count
                   ? km_fail(err, KM_ELIMIT, "no memory left for a comparison")
                   : KM_OK;
    }
    double *y = x + OVERLAY_PLACES, *lo = y + OVERLAY_PLACES;
    double *hi = lo + OVERLAY_PLACES, from = 0, to = INFINITY;
    for (size_t i = 0; i < arm->count; i++) {
        const struct km_member_curve *curve =
            km_member_quality(arm->members[i]);
        from = fmax(from, curve->x[0]);
        to = fmin(to, curve->x[curve->count - 1]);
    }
    size_t count = 0;
    for (size_t k = 0; k < OVERLAY_PLACES && to > from; k++) {
        double at = from * pow(to / from, (double)k / (OVERLAY_PLACES - 1));
        struct km_moments seeds = {0, 0, 0};
        for (size_t i = 0; i < arm->count; i++) {
            double value =
                km_member_value_at(km_member_quality(arm->members[i]), at);
            if (isfinite(value)) {
                km_moments_add(&seeds, value);
            }
        }
        double half = km_moments_half_width(&seeds, card->level);
        if (seeds.n > 0) {
            x[count] = at;
            y[count] = metric->sign * seeds.mean;
            lo[count] = y[count] - half;
            hi[count] = y[count] + half;
            count++;
        }
    }
    const struct km_curve curve = {
        .id = "overlay",
        .title = metric->name,
        .unit = metric->unit,
        .axis = KM_AXIS_STEP,
        .kind = "line",
        .name = arm->name,
        .count = count,
        .x = x,
        .y = y,
        .lo = arm->count > 1 ? lo : NULL,
        .hi = arm->count > 1 ? hi : NULL,
    };
    return km_card_add_curve(card, curve, err);
}

/* "optimizer adamw / muon, lr 0.1 / 0.2": settings of the first runs. */
static const char *differences(const struct comparing *c)
{
    struct km_arena *arena = c->card->arena;
    const struct km_member *a = c->a->members[0], *b = c->b->members[0];
    const char *text = "";
    size_t found = 0;
    for (size_t i = 0, j = 0; i < a->setting_count || j < b->setting_count;) {
        int order = i == a->setting_count ? 1
                    : j == b->setting_count
                        ? -1
                        : strcmp(a->settings[i].key, b->settings[j].key);
        const char *key = order <= 0 ? a->settings[i].key : b->settings[j].key;
        const char *left = order <= 0 ? a->settings[i].value : "not set";
        const char *right = order >= 0 ? b->settings[j].value : "not set";
        i += order <= 0;
        j += order >= 0;
        if (strcmp(left, right) == 0 || km_setting_is_incidental(key)) {
            continue;
        }
        if (text && found++ < DIFFERENCES_SHOWN) {
            text = km_arena_printf(arena, "%s%s%s %.24s / %.24s", text,
                                   *text ? ", " : "", key, left, right);
        }
    }
    if (text && found > DIFFERENCES_SHOWN) {
        text = km_arena_printf(arena, "%s and %zu more", text,
                               found - DIFFERENCES_SHOWN);
    }
    return text;
}

static const char *context_of(const struct comparing *c)
{
    struct km_arena *arena = c->card->arena;
    const char *text = km_arena_printf(
        arena, "%s: %zu run%s; %s: %zu run%s; by %s", c->told_a, c->a->count,
        c->a->count == 1 ? "" : "s", c->told_b, c->b->count,
        c->b->count == 1 ? "" : "s",
        c->metric->name ? c->metric->name : "nothing in common");
    size_t dropped = c->a->dropped + c->b->dropped;
    if (text && dropped) {
        text = km_arena_printf(arena, "%s; %zu without that metric left out",
                               text, dropped);
    }
    if (text && c->verdict.mixed) {
        text = km_arena_printf(arena,
                               "%s; an arm mixes configurations: they are "
                               "what is counted, not their seeds",
                               text);
    }
    size_t died = c->a->died + c->b->died;
    if (text && died) {
        text = km_arena_printf(arena,
                               "%s; %zu run%s failed or diverged (%zu of %s, "
                               "%zu of %s)",
                               text, died, died == 1 ? "" : "s", c->a->died,
                               c->told_a, c->b->died, c->told_b);
    }
    size_t stopped = c->a->stopped + c->b->stopped;
    if (text && stopped && c->verdict.checkpoint >= 1) {
        text = km_arena_printf(arena,
                               "%s; %zu whose %s stops before its end left out "
                               "there",
                               text, stopped, c->metric->name);
    }
    if (text && c->a->count && c->b->count) {
        const char *differ = differences(c);
        if (differ && *differ) {
            text = km_arena_printf(arena, "%s; differ in %s", text, differ);
        }
    }
    return text;
}

static const char *headline_of(const struct comparing *c)
{
    struct km_arena *arena = c->card->arena;
    const struct km_speedup *s = &c->speedup;
    const char *words =
        km_verdict_words(&c->verdict, c->told_a, c->told_b, arena);
    const char *text = "";
    if (s->matched) {
        enum km_axis axis = s->factored ? s->clock : s->data;
        const struct km_log_ratio *r = &s->axis[axis];
        text = km_arena_printf(arena, "%s learns %.2fx as fast %s as %s",
                               c->told_a, exp(r->value),
                               km_speedup_variant(axis), c->told_b);
        if (text && r->lone) {
            /* of steps, on the axis that the sentence is about */
            double shift = r->value - s->axis[KM_AXIS_STEP].value;
            text = km_arena_printf(arena, "%s (%.2f to %.2f along the curve)",
                                   text, exp(s->along[0] + shift),
                                   exp(s->along[1] + shift));
        } else if (text) {
            text = km_arena_printf(arena, "%s [%.2f, %.2f]", text, exp(r->lo),
                                   exp(r->hi));
        }
        if (text && s->factored) {
            text = km_arena_printf(arena, "%s: %.2fx per %s, %.2fx throughput",
                                   text, exp(s->data_log),
                                   km_axis_name(s->data), exp(s->speed_log));
        }
        bool cross = s->along[0] < -CROSSED && s->along[1] > CROSSED;
        text = text ? km_arena_printf(arena, "%s%s. ", text,
                                      cross ? "; the curves cross" : "")
                    : NULL;
    } else if (s->bound) {
        text = km_arena_printf(arena, "%s reached losses that %s never did. ",
                               s->bound_log > 0 ? c->told_a : c->told_b,
                               s->bound_log > 0 ? c->told_b : c->told_a);
    }
    if (!text || c->verdict.outcome == KM_OUTCOME_UNDECIDABLE ||
        isnan(c->verdict.difference)) {
        return text ? km_arena_printf(arena, "%sUNDECIDABLE: %s.", text,
                                      missing(c))
                    : NULL;
    }
    /* both with the digits that their difference can bear */
    double mine = c->metric->sign * c->verdict.value[0];
    double other = c->metric->sign * c->verdict.value[1];
    int decimals =
        km_decimals_for(mine, mine - c->verdict.sd, mine + c->verdict.sd);
    decimals = decimals < 0 ? 0 : decimals;
    return km_arena_printf(arena, "%s%s: %.*f against %.*f %s, %s.", text,
                           words, decimals, mine, decimals, other,
                           c->metric->unit, place_text(c));
}

enum km_code km_compare_add(const struct km_arm *a, const struct km_arm *b,
                            const struct km_arm_metric *metric,
                            const struct km_seed_spread *history,
                            const struct km_compare_options *options,
                            struct km_scorecard *card, struct km_err *err)
{
    const struct km_arm_metric none = {"nothing", "1", KM_ROLE_NONE, 1};
    const struct km_arm *const arms[] = {a, b};
    struct comparing c = {.a = a,
                          .b = b,
                          .told_a = km_arm_told(arms, 2, 0, card->arena),
                          .told_b = km_arm_told(arms, 2, 1, card->arena),
                          .metric = metric->name ? metric : &none,
                          .history = history,
                          .card = card,
                          .err = err};
    km_verdict_judge(a, b, history, options, 1, NULL, card->arena, &c.verdict);
    enum km_code code = km_speedup_measure(a, b, c.metric, history, card->level,
                                           card->arena, &c.speedup, err);
    if (code == KM_OK) {
        code = km_speedup_add(&c.speedup, a, b, c.metric, card, err);
    }
    code = code == KM_OK ? add_quality(&c) : code;
    code = code == KM_OK ? add_verdict(&c) : code;
    code = code == KM_OK ? km_overlay_add(a, metric, card, err) : code;
    code = code == KM_OK ? km_overlay_add(b, metric, card, err) : code;
    card->context = context_of(&c);
    card->headline = headline_of(&c);
    if (code == KM_OK && (!card->context || !card->headline)) {
        code = km_fail(err, KM_ELIMIT, "no memory left for a comparison");
    }
    return code;
}
