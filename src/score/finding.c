/* finding.c - episodes as a result, marks and words. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/finding.h"

#include <math.h>
#include <string.h>

#include "score/plan_config.h"

static const double RATE_DROP = 0.1;
enum { MARKS_MAX = 8 };
static const char over[] = "over";

static const struct km_episode *latest(const struct km_episodes *episodes)
{
    return &episodes->list[km_episodes_held(episodes) - 1];
}

const char *km_finding_words(struct km_arena *arena,
                             const struct km_episodes *episodes)
{
    const struct km_episode *last = latest(episodes);
    const char *before =
        episodes->count == 1
            ? ""
            : km_arena_printf(arena, "%zu, the last ", episodes->count);
    if (isnan(last->until)) {
        return km_arena_printf(arena, "%ssince step %.0f, seen at %.0f", before,
                               last->onset, last->seen);
    }
    return km_arena_printf(arena, "%sfrom step %.0f to %.0f", before,
                           last->onset, last->until);
}

struct km_finding km_finding_of(const char *id, const char *mark,
                                const struct km_curve_input *curve,
                                struct km_arena *arena)
{
    struct km_finding finding = {
        .id = id,
        .mark = mark,
        .n = curve->count,
        .from = curve->count ? curve->x[0] : (double)NAN,
        .to = curve->x_now,
        .reward = curve->track->of.role == KM_ROLE_REWARD,
    };
    km_evidence_add(&finding.evidence,
                    km_arena_printf(arena, "metric: %s", curve->track->name));
    return finding;
}

static enum km_code add_marks(struct km_scorecard *card,
                              const struct km_finding *finding,
                              struct km_err *err)
{
    size_t held = km_episodes_held(finding->episodes);
    size_t first = held > MARKS_MAX ? held - MARKS_MAX : 0;
    enum km_code code = KM_OK;
    for (size_t i = first; i < held && code == KM_OK; i++) {
        double x = finding->episodes->list[i].onset;
        code = km_card_add_mark(
            card,
            (struct km_mark){x, "verdict",
                             km_arena_printf(card->arena, "%s at step %.0f",
                                             finding->mark, x)},
            err);
    }
    return code;
}

static const char *error_text(struct km_arena *arena,
                              const struct km_figure *figure, bool reward)
{
    if (reward) {
        return "how often it is mistaken on rewards was not measured";
    }
    if (!(figure->false_alarms_max > 0)) {
        return "a count, not a test: no false alarms";
    }
    return km_arena_printf(arena,
                           "false alarms on healthy curves: at most %g per "
                           "1,000 steps",
                           figure->false_alarms_max);
}

enum km_code km_finding_add(struct km_scorecard *card,
                            const struct km_finding *finding,
                            struct km_err *err)
{
    struct km_figure_result result = km_result_new(finding->id, "", "step");
    struct km_evidence evidence = finding->evidence;
    result.method = result.figure->formula;
    result.n = finding->n;
    if (!finding->episodes->count) {
        result.state = KM_FIGURE_QUIET;
        result.reason = "not seen";
        result.window_from = finding->from;
        result.window_to = finding->to;
        km_evidence_add(
            &evidence, error_text(card->arena, result.figure, finding->reward));
        return km_card_add(card, result, &evidence, err);
    }
    const struct km_episode *last = latest(finding->episodes);
    result.value = last->onset;
    result.rung = isnan(last->until) ? "stands" : over;
    result.window_from = last->onset;
    result.window_to = last->seen;
    result.reason = finding->reason;
    km_evidence_add(&evidence, finding->change);
    km_evidence_add(&evidence,
                    error_text(card->arena, result.figure, finding->reward));
    enum km_code code = km_card_add(card, result, &evidence, err);
    return code == KM_OK ? add_marks(card, finding, err) : code;
}

enum km_code km_finding_early(struct km_scorecard *card, const char *id,
                              const char *missing, struct km_err *err)
{
    return km_card_add_absent(card, id, "", "step", KM_FIGURE_INSUFFICIENT,
                              missing, err);
}

enum km_code km_finding_never(struct km_scorecard *card, const char *id,
                              const char *why, struct km_err *err)
{
    return km_card_add_absent(card, id, "", "step", KM_FIGURE_NOT_APPLICABLE,
                              why, err);
}

const struct km_figure_result *km_finding_on(const struct km_scorecard *card,
                                             const char *id)
{
    const struct km_figure_result *result = km_card_find(card, id, NULL);
    return result && isfinite(result->value) && strcmp(result->rung, over) != 0
               ? result
               : NULL;
}

const struct km_figure_result *
km_finding_gravest(const struct km_scorecard *card, const char **word)
{
    static const struct {
        const char *id, *word;
    } rows[] = {{"verdict.nonfinite", "Not finite"},
                {"verdict.stalled", "No sign of life"},
                {"verdict.diverged", "Diverged"},
                {"verdict.overfitting", "Overfitting"},
                {"verdict.regime_change", "Worse than its past says"},
                {"verdict.plateau", "On a plateau"},
                {"verdict.memorising", NULL},
                {"verdict.underfitting", NULL},
                {"verdict.spike", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct km_figure_result *on = km_finding_on(card, rows[i].id);
        if (on) {
            if (word) {
                *word = rows[i].word;
            }
            return on;
        }
    }
    return NULL;
}

double km_finding_negligible(const struct km_score_input *input,
                             const struct km_curve_input *curve, double level)
{
    return input->options->negligible > 0
               ? input->options->negligible
               : km_negligible(level, strcmp(curve->unit, "nat") == 0);
}

bool km_rate_is_known(const struct km_score_input *input)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    return (rate && rate->count) || input->config_plan->known;
}

bool km_rate_is_falling(const struct km_score_input *input, double x)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    if (!rate || !rate->count) {
        return input->config_plan->known &&
               km_plan_drop(&input->config_plan->plan, x) > RATE_DROP;
    }
    size_t end = km_track_find(rate, nextafter(x, INFINITY));
    double top = 0;
    for (size_t i = 0; i < end; i++) {
        top = fmax(top, rate->value[i]);
    }
    return end && rate->value[end - 1] < (1 - RATE_DROP) * top;
}

struct km_curve_input km_finding_curve(const struct km_curve_input *curve)
{
    struct km_curve_input all = *curve;
    all.x = curve->all_x;
    all.y = curve->all_y;
    all.count = curve->all_count;
    return all;
}

bool km_rate_moved(const struct km_score_input *input, double from, double to)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    size_t at = rate ? km_track_find(rate, fmax(from, input->warmup_end)) : 0;
    double low = INFINITY, high = 0;
    for (; rate && at < rate->count && rate->step[at] <= to; at++) {
        low = fmin(low, rate->value[at]);
        high = fmax(high, rate->value[at]);
    }
    return low < (1 - RATE_DROP) * high;
}

bool km_rate_was_raised(const struct km_score_input *input, double from,
                        double to)
{
    const struct km_track *rate = input->view.tracks[KM_ROLE_LEARNING_RATE];
    size_t at = rate ? km_track_find(rate, fmax(from, input->warmup_end)) : 0;
    double low = INFINITY;
    for (; rate && at < rate->count && rate->step[at] <= to; at++) {
        low = fmin(low, rate->value[at]);
        if (rate->value[at] > (1 + RATE_DROP) * low) {
            return true;
        }
    }
    return false;
}
