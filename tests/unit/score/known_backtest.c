/* known_backtest.c - the finished runs of docs/metrics.md: twelve
 * configurations, begun one after another, one run each of 6,000 steps at a
 * constant rate with an evaluation every 100: g/50 + 2 + 3 (step/1000)^-0.5 and
 * a wiggle of at most 0.005 either way, 0.01 (frac(0.618 i + 0.37 g) - 0.5). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_backtest.h"

#include <math.h>

#include "score/backtest_load.h"

enum { CONFIGURATIONS = 12, EVALUATIONS = 60, MIB = 1 << 20 };

void known_backtest_make(struct km_arena *arena, struct km_scorecard *card)
{
    static struct km_origin_workspace work;
    static struct km_backtest_run runs[CONFIGURATIONS];
    static const struct km_rate_plan constant = {.kind = KM_PLAN_CONSTANT,
                                                 .final = 1};
    struct km_arena scratch;
    km_arena_init(arena, (size_t)64 * MIB);
    km_arena_init(&scratch, (size_t)64 * MIB);
    for (unsigned g = 0; g < CONFIGURATIONS; g++) {
        double x[EVALUATIONS], y[EVALUATIONS];
        for (int i = 0; i < EVALUATIONS; i++) {
            double whole, wiggle = modf(0.618 * i + 0.37 * g, &whole) - 0.5;
            x[i] = 100.0 * (i + 1);
            y[i] = 2 + g / 50.0 + 3 / sqrt(x[i] / 1000) + 0.01 * wiggle;
        }
        const struct km_forecast_run run = {.x = x,
                                            .y = y,
                                            .count = EVALUATIONS,
                                            .loss = true,
                                            .planned = 6000,
                                            .plan = &constant,
                                            .group = g,
                                            .time_ns = g};
        (void)km_backtest_take(&run, &work, arena, &scratch, &runs[g], NULL);
    }
    km_arena_finish(&scratch);
    struct km_backtest_set set = {
        .runs = runs,
        .count = CONFIGURATIONS,
        .pools = {{.name = "val/loss", .unit = "nat", .key = 1}},
        .pool_count = 1,
        .seen = CONFIGURATIONS};
    *card = (struct km_scorecard){.arena = arena, .level = 0.8};
    (void)km_backtest_card(&set, KM_HISTORY_EARLIER, &work, card, NULL);
}
