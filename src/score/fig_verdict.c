/* fig_verdict.c - verdict.nonfinite, spike, diverged and stalled. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/clock.h"
#include "score/finding.h"
#include "score/speed.h"
#include "score/verdict_memory.h"

static const double REACH = 0.05; /* of the steps so far */

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
}

static bool is_watched(enum km_role role)
{
    return role == KM_ROLE_TRAIN_LOSS || role == KM_ROLE_VALID_LOSS ||
           role == KM_ROLE_TEST_LOSS || role == KM_ROLE_TRAIN_SCORE ||
           role == KM_ROLE_VALID_SCORE || role == KM_ROLE_TEST_SCORE ||
           role == KM_ROLE_REWARD || role == KM_ROLE_PERPLEXITY ||
           role == KM_ROLE_GRAD_NORM;
}

static bool is_loss(const struct km_track *track)
{
    return track && (track->of.role == KM_ROLE_TRAIN_LOSS ||
                     track->of.role == KM_ROLE_VALID_LOSS ||
                     track->of.role == KM_ROLE_TEST_LOSS);
}

/* One episode from the first value that is not finite over all metrics; it
 * stands when nothing finite came after it. */
static void find_nonfinite(const struct km_score_input *input,
                           struct km_episodes *episodes,
                           struct km_finding *finding)
{
    struct km_episode *episode = NULL;
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        const struct km_track *track = input->view.tracks[role];
        if (!track || !is_watched((enum km_role)role)) {
            continue;
        }
        finding->n += track->stored;
        if (!track->nonfinite || track->nonfinite_step == KM_STEP_ABSENT) {
            continue;
        }
        double first = (double)track->nonfinite_step;
        double last =
            track->count ? track->step[track->count - 1] : -(double)INFINITY;
        if (!episode) {
            episode = km_episodes_open(episodes, first, first);
            episode->until = last > first ? last : (double)NAN;
        } else if (first < episode->onset) {
            episode->onset = episode->seen = first;
        }
        if (!(last > first)) {
            episode->until = NAN;
        }
        km_evidence_add(
            &finding->evidence,
            km_arena_printf(
                input->arena,
                "%s: %llu value%s not finite or beyond 1e100, the first at "
                "step %lld",
                track->name, (unsigned long long)track->nonfinite,
                track->nonfinite == 1 ? " is" : "s are",
                (long long)track->nonfinite_step));
    }
}

KM_FIGURE_COMPUTE(km_compute_verdict_nonfinite)
{
    struct km_episodes episodes = {0};
    struct km_finding finding = {
        .id = "verdict.nonfinite",
        .mark = "not finite",
        .episodes = &episodes,
        .change = "resume from a checkpoint before it; lower rate, clipping or "
                  "a wider number format",
        .from = NAN,
        .to = input->x_now,
    };
    find_nonfinite(input, &episodes, &finding);
    if (finding.n == 0) {
        return km_finding_never(card, finding.id, "no metric to look at", err);
    }
    if (episodes.count) {
        finding.reason = isnan(episodes.list[0].until)
                             ? "nothing finite came after it"
                             : "finite values came after it";
    }
    return km_finding_add(card, &finding, err);
}

/* The gradient norm from the onset until it was seen, over its median of the
 * 101 points before; NaN without them. */
static double norm_ratio(const struct km_score_input *input,
                         const struct km_episode *spike)
{
    const struct km_track *norm = input->view.tracks[KM_ROLE_GRAD_NORM];
    struct km_trailing before;
    double highest = NAN;
    km_trailing_init(&before, KM_MASK_WINDOW);
    size_t onset = norm ? km_track_find(norm, spike->onset) : 0;
    for (size_t i = onset < KM_MASK_WINDOW ? 0 : onset - KM_MASK_WINDOW;
         i < onset; i++) {
        km_trailing_push(&before, norm->value[i]);
    }
    for (size_t i = onset; norm && i < norm->count; i++) {
        if (norm->step[i] > spike->seen) {
            break;
        }
        highest = fmax(highest, norm->value[i]);
    }
    return highest / km_trailing_median(&before);
}

static void explain_spike(const struct km_score_input *input,
                          const struct km_episode *last, const char *unit,
                          struct km_arena *arena, struct km_finding *finding)
{
    if (km_rate_was_raised(input, last->onset - REACH * last->onset,
                           last->seen)) {
        km_evidence_add(&finding->evidence,
                        "the learning rate had just been raised");
    }
    double norm = norm_ratio(input, last);
    if (isfinite(norm)) {
        km_evidence_add(&finding->evidence,
                        km_arena_printf(arena,
                                        "the gradient norm was %.3g times its "
                                        "median",
                                        norm));
    }
    const char *end = last->lasting ? "it did not come back: another level"
                      : isnan(last->until)
                          ? "it has not come back yet"
                          : km_arena_printf(arena, "back after %.0f steps",
                                            last->until - last->onset);
    km_evidence_add(
        &finding->evidence,
        km_arena_printf(arena,
                        "rose by %.3g %s over the usual %.4g, area %.3g %s x "
                        "step; %s",
                        last->size, unit, last->level, last->area, unit, end));
}

KM_FIGURE_COMPUTE(km_compute_verdict_spike)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *curve = &all;
    struct km_arena *arena = card->arena;
    if (!is_loss(curve->track)) {
        return km_finding_never(card, "verdict.spike", "no loss", err);
    }
    if (curve->count < KM_MASK_WINDOW + KM_MASK_BLOCK) {
        return km_finding_early(
            card, "verdict.spike",
            km_arena_printf(arena,
                            "fewer than %d points of %s after the "
                            "warm-up",
                            KM_MASK_WINDOW + KM_MASK_BLOCK, curve->track->name),
            err);
    }
    struct km_verdict_memory *known = km_verdicts_known(input);
    if (!known) {
        return fail_full(err);
    }
    struct km_spike_look *look = &known->spike;
    struct km_spike *spike = &look->spike;
    for (; look->taken < curve->count; look->taken++) {
        km_spike_add(spike, curve->x[look->taken], curve->y[look->taken]);
    }
    struct km_finding finding =
        km_finding_of("verdict.spike", "spike", curve, arena);
    finding.episodes = &spike->episodes;
    finding.change =
        "a spike that comes back costs its steps; several in a row "
        "ask for a lower rate or clipping";
    if (spike->episodes.count) {
        finding.reason = km_finding_words(arena, &spike->episodes);
        explain_spike(input, km_episodes_last(&spike->episodes), curve->unit,
                      arena, &finding);
    }
    return km_finding_add(card, &finding, err);
}

KM_FIGURE_COMPUTE(km_compute_verdict_diverged)
{
    const struct km_curve_input all = km_finding_curve(&input->learn);
    const struct km_curve_input *curve = &all;
    struct km_arena *arena = card->arena;
    if (!curve->track) {
        return km_finding_never(card, "verdict.diverged", "no metric", err);
    }
    if (curve->count < KM_DIVERGENCE_POINTS_MIN) {
        return km_finding_early(
            card, "verdict.diverged",
            km_arena_printf(arena,
                            "fewer than %d points of %s after the "
                            "warm-up",
                            KM_DIVERGENCE_POINTS_MIN, curve->track->name),
            err);
    }
    struct km_verdict_memory *known = km_verdicts_known(input);
    if (!known) {
        return fail_full(err);
    }
    struct km_divergence_look *look = &known->divergence;
    struct km_divergence *found = &look->divergence;
    for (; look->taken < curve->count; look->taken++) {
        km_divergence_add(found, curve->x[look->taken], curve->y[look->taken]);
    }
    struct km_finding finding =
        km_finding_of("verdict.diverged", "diverged", curve, arena);
    finding.episodes = &found->episodes;
    finding.change = "back below half of the way it rose; or resume from a "
                     "checkpoint at the best step";
    const struct km_episode *last = km_episodes_last(&found->episodes);
    if (last) {
        finding.reason = km_finding_words(arena, &found->episodes);
        km_evidence_add(
            &finding.evidence,
            km_arena_printf(arena,
                            "best %.4g %s at step %.0f, up to %.3g %s worse "
                            "since; it had started at %.4g",
                            curve->sign * found->best, curve->unit,
                            found->best_x, last->size, curve->unit,
                            curve->sign * found->first));
    }
    return km_finding_add(card, &finding, err);
}

/* Seconds of silence of a run that says it is running, when that is more than
 * the patience; else NaN. */
static double judge_silence(const struct km_score_input *input,
                            struct km_stall *stall)
{
    const struct km_run_view *view = &input->view;
    const struct km_clock *clock = input->options->clock;
    if (view->state != KM_RUN_RUNNING || view->last_time_ns == KM_TIME_ABSENT ||
        view->last_time_ns == 0) {
        return NAN;
    }
    int64_t now_ns = km_clock_wall_ns(clock ? clock : &km_clock_system);
    double silence = ((double)now_ns - (double)view->last_time_ns) * 1e-9;
    if (!(silence > km_stall_patience(stall))) {
        return NAN;
    }
    km_episodes_open(&stall->episodes, input->x_now, input->x_now)->size =
        silence;
    return silence;
}

static void explain_stall(const struct km_stall *stall, double silence,
                          struct km_arena *arena, struct km_finding *finding)
{
    const struct km_episodes *episodes = &stall->episodes;
    const struct km_episode *last =
        &episodes->list[km_episodes_held(episodes) - 1];
    if (isfinite(silence)) {
        finding->reason = km_arena_printf(
            arena, "said to be running, but silent for %.3g h", silence / 3600);
    } else {
        finding->reason =
            km_arena_printf(arena, "%s", km_finding_words(arena, episodes));
        km_evidence_add(&finding->evidence,
                        km_arena_printf(arena,
                                        "the last took %.3g s beyond the usual",
                                        last->size));
    }
    km_evidence_add(
        &finding->evidence,
        km_arena_printf(arena,
                        "stalls cost %.3g s so far; patience for one step is "
                        "%.3g s",
                        stall->lost, km_stall_patience(stall)));
}

/* An evaluation or checkpoint that was logged after the steps behind it were
 * judged is another pause: they are judged anew. */
static void find_stalls(const struct km_score_input *input,
                        struct km_stall_look *look)
{
    const struct km_timeline *line = &input->timeline;
    const struct km_track *valid = input->valid.track;
    size_t evaluations = valid ? valid->count : 0;
    double judged = look->taken && look->taken <= line->count
                        ? line->at[look->taken - 1]
                        : (double)-INFINITY;
    bool late = look->checkpoints != km_checkpoints_until(input, judged);
    late = late || (look->taken && look->evaluations < evaluations &&
                    valid->step[look->evaluations] <= judged);
    if (late || look->evaluations > evaluations || look->taken > line->count) {
        *look = (struct km_stall_look){.taken = 0};
        km_stall_init(&look->stall);
    }
    for (size_t i = look->taken; i < line->count; i++) {
        double from = line->at[i] - line->steps[i];
        km_stall_add(&look->stall, from, line->at[i], line->steps[i],
                     line->seconds[i],
                     km_evaluated_within(input, from, line->at[i]) ||
                         km_saved_within(input, from, line->at[i]));
    }
    look->taken = line->count;
    look->evaluations = evaluations;
    look->checkpoints =
        line->count ? km_checkpoints_until(input, line->at[line->count - 1])
                    : 0;
}

KM_FIGURE_COMPUTE(km_compute_verdict_stalled)
{
    const struct km_timeline *line = &input->timeline;
    struct km_arena *arena = card->arena;
    if (!line->source || line->count == 0) {
        return km_finding_never(card, "verdict.stalled", "no clock", err);
    }
    if (line->count < KM_STALL_USUAL_MIN + 1) {
        return km_finding_early(
            card, "verdict.stalled",
            km_arena_printf(arena, "fewer than %d timed stretches of steps",
                            KM_STALL_USUAL_MIN + 1),
            err);
    }
    struct km_verdict_memory *known = km_verdicts_known(input);
    struct km_stall *stall = km_new(arena, struct km_stall, 1);
    if (!known || !stall) {
        return fail_full(err);
    }
    find_stalls(input, &known->stall);
    *stall = known->stall.stall; /* silence is of this moment */
    double silence = judge_silence(input, stall);
    struct km_finding finding = {
        .id = "verdict.stalled",
        .mark = "stall",
        .episodes = &stall->episodes,
        .change = "steps at the usual pace; look at data loading, storage and "
                  "the slowest worker",
        .n = line->count,
        .from = line->at[0] - line->steps[0],
        .to = line->at[line->count - 1],
    };
    km_evidence_add(&finding.evidence,
                    km_arena_printf(arena, "clock: %s", line->source));
    if (stall->episodes.count) {
        explain_stall(stall, silence, arena, &finding);
    }
    return km_finding_add(card, &finding, err);
}
