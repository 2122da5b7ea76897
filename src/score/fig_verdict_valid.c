/* fig_verdict_valid.c - verdict.overfitting, underfitting and memorising. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "score/finding.h"

static const double TRAIN_REACH = 1.05; /* training points up to it before */
static const double WORTH = 10;         /* times what is negligible */
static const double GAP_SHARE = 0.05;   /* of the reducible loss */

enum { EVALUATIONS_MIN = 5 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

/* Mean of the training points in (x / 1.05, x], by what was known at x. */
static double training_level(const struct km_curve_input *learn, double x)
{
    size_t from = km_bins_find(learn->x, learn->count, x / TRAIN_REACH);
    size_t to = km_bins_find(learn->x, learn->count, nextafter(x, INFINITY));
    if (from >= to) {
        return NAN;
    }
    double sum = 0;
    for (size_t i = from; i < to; i++) {
        sum += learn->y[i];
    }
    return sum / (double)(to - from);
}

static void explain_overfit(const struct km_overfit *o,
                            const struct km_curve_input *valid,
                            struct km_arena *arena, struct km_finding *finding)
{
    const struct km_episode *last =
        &o->episodes.list[km_episodes_held(&o->episodes) - 1];
    finding->reason = km_finding_words(arena, &o->episodes);
    const char *since =
        isfinite(last->size)
            ? km_arena_printf(arena, "%.2g %% worse since", last->size)
            : "worse since"; /* a share of 0 is none */
    km_evidence_add(&finding->evidence,
                    km_arena_printf(arena, "best %.4g %s at step %.0f, %s",
                                    valid->sign * last->level, valid->unit,
                                    last->onset, since));
    km_evidence_add(
        &finding->evidence,
        km_arena_printf(
            arena,
            "%s, p = %.2g (Mann-Kendall); slope %.2g %s worse per "
            "ln step, at least %.2g",
            o->with_gap ? "the gap to training grows"
                        : "validation itself gets worse (no training level)",
            o->p, o->slope, valid->unit, o->slope_lo));
}

KM_FIGURE_COMPUTE(km_compute_verdict_overfitting)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *valid = &input->valid, *learn = &all;
    struct km_arena *arena = card->arena;
    const char *id = "verdict.overfitting";
    if (!valid->track) {
        return km_finding_never(card, id, "no validation metric", err);
    }
    if (valid->count <= KM_OVERFIT_SINCE_MIN) {
        return km_finding_early(card, id,
                                km_arena_printf(arena,
                                                "fewer than %d evaluations",
                                                KM_OVERFIT_SINCE_MIN + 1),
                                err);
    }
    struct km_overfit *found = km_new(arena, struct km_overfit, 1);
    if (!found) {
        return fail_full(err);
    }
    bool twin = learn->track && learn->track != valid->track &&
                strcmp(learn->unit, valid->unit) == 0;
    km_overfit_init(found);
    for (size_t i = 0; i < valid->count; i++) {
        double x = valid->x[i], y = valid->y[i];
        double gap = twin ? y - training_level(learn, x) : (double)NAN;
        km_overfit_add(found, x, y, gap, km_finding_negligible(input, valid, y),
                       input->doubles);
    }
    struct km_finding finding = km_finding_of(id, "overfitting", valid, arena);
    finding.episodes = &found->episodes;
    finding.change = "a better evaluation: it may fall again, so keep the best "
                     "checkpoint before stopping";
    if (found->episodes.count) {
        explain_overfit(found, valid, arena, &finding);
    }
    return km_finding_add(card, &finding, err);
}

/* Does validation stay close to training, as far as one can tell? */
static bool gap_is_small(const struct km_score_input *input,
                         const struct km_scorecard *card, const char **words)
{
    const struct km_figure_result *gap = km_card_find(card, "valid.gap", NULL);
    *words = "no validation to compare with";
    if (!gap || !isfinite(gap->value)) {
        return true;
    }
    double level = km_fit_value(&input->learn.pow3, input->learn.x_now);
    double reducible = level - input->learn.pow3.asymptote;
    *words = km_arena_printf(card->arena,
                             "gap to training %.2g %s, reducible loss %.2g",
                             gap->value, gap->unit, reducible);
    return gap->lo <= 0 || gap->value < GAP_SHARE * reducible;
}

/* Judged where the run ends: before, it would be true of every good run. */
KM_FIGURE_COMPUTE(km_compute_verdict_underfitting)
{
    const struct km_curve_input *learn = &input->learn;
    struct km_arena *arena = card->arena;
    const char *id = "verdict.underfitting", *gap;
    if (!learn->track) {
        return km_finding_never(card, id, "no metric", err);
    }
    if (!learn->fitted) {
        return km_finding_early(card, id, learn->problem, err);
    }
    if (!input->at_end) {
        return km_finding_early(card, id, "judged when the run has ended", err);
    }
    if (!km_rate_is_known(input)) {
        return km_finding_early(
            card, id,
            "no learning rate: the end of a cool-down looks "
            "the same",
            err);
    }
    if (km_rate_is_falling(input, input->x_now)) {
        return km_finding_early(card, id,
                                "the learning rate was brought down: the curve "
                                "does not go on from here",
                                err);
    }
    struct km_estimate v =
        km_velocity_model(&learn->pow3, learn->x_now, 0.90, 0);
    double now = learn->x_now, now_y = km_fit_value(&learn->pow3, now);
    double gain = now_y - km_fit_value(&learn->pow3, 1.25 * now);
    double least = v.value > 0 ? gain * v.lo / v.value : 0;
    double worth = WORTH * km_finding_negligible(input, learn, now_y);
    struct km_local_velocity local;
    bool falls = true;
    if (input->valid.track && input->valid.track != learn->track) {
        falls =
            km_velocity_over(input->valid.x, input->valid.y, input->valid.count,
                             2.5, EVALUATIONS_MIN, KM_LOCAL_POINTS_MAX, 0.90,
                             input->doubles, &local) &&
            local.velocity.lo > 0;
    }
    struct km_episodes episodes = {0};
    struct km_finding finding = km_finding_of(id, "ended early", learn, arena);
    bool small = gap_is_small(input, card, &gap);
    finding.episodes = &episodes;
    finding.change = "more steps, or a plan that brings the rate down by here";
    km_evidence_add(&finding.evidence,
                    km_arena_printf(arena,
                                    "25 %% more steps would gain %.2g %s, at "
                                    "least %.2g; %.2g is worth it",
                                    gain, learn->unit, least, worth));
    km_evidence_add(&finding.evidence, gap);
    if (least > worth && small && falls) {
        km_episodes_open(&episodes, now, now)->size = gain;
        finding.reason = "it was still learning when it ended";
    }
    return km_finding_add(card, &finding, err);
}

/* Epoch and learning rate at the points of a curve, by the last value logged
 * up to them; NULL: not logged. */
static double *along(const struct km_curve_input *curve,
                     const struct km_track *track, struct km_arena *arena,
                     enum km_code *code)
{
    if (!track || track->count < 2) {
        return NULL;
    }
    double *value = km_arena_alloc(arena, (curve->count + 1) * sizeof *value);
    *code = value ? *code : KM_ELIMIT;
    size_t at = 0;
    for (size_t i = 0; value && i < curve->count; i++) {
        while (at + 1 < track->count && track->step[at + 1] <= curve->x[i]) {
            at++;
        }
        value[i] = track->value[at];
    }
    return value;
}

KM_FIGURE_COMPUTE(km_compute_verdict_memorising)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *learn = &all;
    struct km_arena *arena = card->arena;
    const char *id = "verdict.memorising";
    const struct km_track *epochs = input->view.tracks[KM_ROLE_EPOCH];
    if (!learn->track || learn->track == input->valid.track) {
        return km_finding_never(card, id, "no training metric", err);
    }
    if (!input->valid.track) {
        return km_finding_never(card, id, "no validation metric", err);
    }
    enum km_code code = KM_OK;
    double *epoch = along(learn, epochs, arena, &code);
    double *rate =
        along(learn, input->view.tracks[KM_ROLE_LEARNING_RATE], arena, &code);
    struct km_memorise *found = km_new(arena, struct km_memorise, 1);
    if (code != KM_OK || !found) {
        return fail_full(err);
    }
    if (!epoch) {
        return km_finding_never(card, id, "no epochs logged", err);
    }
    const struct km_epoch_curve curve = {.x = learn->x,
                                         .y = learn->y,
                                         .epoch = epoch,
                                         .rate = rate,
                                         .count = learn->count,
                                         .valid_x = input->valid.x,
                                         .valid_y = input->valid.y,
                                         .valid_count = input->valid.count};
    km_memorise_find(&curve, input->doubles, found);
    if (found->judged < 2) {
        return km_finding_early(
            card, id, "fewer than two epochs of enough training points", err);
    }
    struct km_finding finding = km_finding_of(id, "memorising", learn, arena);
    const struct km_episode *last = km_episodes_last(&found->episodes);
    km_evidence_add(
        &finding.evidence,
        km_arena_printf(arena,
                        "training fell at %zu of %zu epoch boundaries judged",
                        found->fell, found->judged));
    if (last) {
        km_evidence_add(&finding.evidence,
                        km_arena_printf(arena,
                                        "by %.2g %s at the last of them, "
                                        "validation by less than a quarter of "
                                        "that",
                                        last->size, learn->unit));
    }
    finding.episodes = &found->episodes;
    finding.change = "more data or fewer epochs; a training loss that is the "
                     "average of an epoch falls like this without it";
    if (found->episodes.count) {
        finding.reason = km_finding_words(arena, &found->episodes);
    }
    return km_finding_add(card, &finding, err);
}
