/* fig_straggler.c - speed.straggler: is one rank slower than the others? */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/straggler.h"
#include "score/card.h"
#include "score/side_series.h"

static enum km_code add_lost(const struct km_straggler *found,
                             struct km_scorecard *card, struct km_err *err)
{
    struct km_figure_result result =
        km_result_new("speed.straggler", "time lost", "1");
    result.value = found->cost_seconds / found->step_seconds;
    result.method = "sum of slowest less median rank, over sum of slowest";
    result.rung = "exact";
    result.n = found->steps;
    result.reason =
        km_arena_printf(card->arena, "%.3g s of %.4g s that steps took",
                        found->cost_seconds, found->step_seconds);
    return km_card_add(card, result, NULL, err);
}

KM_FIGURE_COMPUTE(km_compute_straggler)
{
    const char *id = "speed.straggler";
    const struct km_rank_times *times = input->side->ranks;
    struct km_arena *arena = card->arena;
    struct km_straggler found;
    if (!times) {
        return km_card_add_absent(card, id, "slowest rank", "1",
                                  KM_FIGURE_NOT_APPLICABLE,
                                  input->side->no_ranks, err);
    }
    double *scratch = km_new(arena, double, 5 * times->ranks);
    if (!scratch) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    if (!km_straggler_find(times->seconds, times->steps, times->ranks, scratch,
                           &found)) {
        return km_card_add_absent(
            card, id, "slowest rank", "1", KM_FIGURE_INSUFFICIENT,
            km_arena_printf(arena,
                            "fewer than %d steps that all %zu ranks logged",
                            KM_STRAGGLER_STEPS_MIN, times->ranks),
            err);
    }
    struct km_figure_result result = km_result_new(id, "slowest rank", "1");
    struct km_evidence evidence = {0};
    result.value = found.excess;
    result.method = "mean of its step time over the median rank's, less 1";
    result.window_from = times->step[0];
    result.window_to = times->step[times->steps - 1];
    result.n = found.steps;
    result.reason = km_arena_printf(
        arena, "%s %u, slowest of %zu in %.0f %% of %zu steps",
        found.flagged ? "a straggler: rank" : "none stands out: rank",
        times->rank[found.rank], times->ranks, 100 * found.share_slowest,
        found.steps);
    km_evidence_add(&evidence, km_arena_printf(arena, "metric: %s of each rank",
                                               times->metric));
    km_evidence_add(&evidence,
                    km_arena_printf(arena,
                                    "above the others for %zu steps in a row "
                                    "at most; p = %.2g of some rank being "
                                    "slowest so often by chance",
                                    found.streak, found.p));
    km_evidence_add(&evidence,
                    "a time that ends behind a collective is the same on all "
                    "ranks: log what comes before it");
    enum km_code code = km_card_add(card, result, &evidence, err);
    return code ? code : add_lost(&found, card, err);
}
