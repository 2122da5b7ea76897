/* goal_limit.c - deadlines, budgets, steps and tokens as places on the steps.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/goal_limit.h"

#include <math.h>

#include "base/clock.h"

static int64_t now_of(const struct km_score_input *input)
{
    const struct km_clock *clock = input->options->clock;
    return km_clock_wall_ns(clock ? clock : &km_clock_system);
}

static struct km_goal_limit of_deadline(const struct km_score_input *input,
                                        const struct km_goal *goal)
{
    const struct km_rate *wall = &input->axes.rate[KM_AXIS_SECOND];
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    const struct km_rate *clock = wall->known ? wall : active;
    int64_t now_ns = now_of(input), start_ns = input->view.first_time_ns;
    double left_s = ((double)goal->deadline_ns - (double)now_ns) * 1e-9;
    struct km_goal_limit limit = {.kind = KM_GOAL_DEADLINE,
                                  .word = "deadline",
                                  .unit = "h",
                                  .size = 1,
                                  .x = NAN,
                                  .passed = left_s <= 0,
                                  .per_step = clock->per_step / 3600,
                                  .relative_se = clock->relative_se,
                                  .used = NAN,
                                  .total = NAN,
                                  .source = clock->source};
    if (!clock->known) {
        limit.missing = wall->source;
        return limit;
    }
    limit.x = input->x_now + fmax(left_s, 0) / clock->per_step;
    if (start_ns != KM_TIME_ABSENT && start_ns < goal->deadline_ns) {
        limit.used = ((double)now_ns - (double)start_ns) / 3600e9;
        limit.total = ((double)goal->deadline_ns - (double)start_ns) / 3600e9;
    }
    return limit;
}

/* A limit on what every step takes the same of. */
static struct km_goal_limit of_amount(const struct km_score_input *input,
                                      const struct km_rate *rate, double amount)
{
    struct km_goal_limit limit = {.x = NAN,
                                  .size = 1,
                                  .per_step = rate->per_step,
                                  .relative_se = rate->relative_se,
                                  .used = NAN,
                                  .total = amount,
                                  .source = rate->source};
    if (rate->known && rate->per_step > 0) {
        limit.x = amount / rate->per_step;
        limit.used = rate->per_step * input->x_now;
        limit.passed = limit.used >= amount;
    } else {
        limit.missing = rate->source;
    }
    return limit;
}

static struct km_goal_limit of_budget(const struct km_score_input *input,
                                      const struct km_goal *goal)
{
    const char *paid = input->options->currency;
    struct km_goal_limit limit =
        of_amount(input, &input->axes.rate[KM_AXIS_CURRENCY], goal->budget);
    limit.kind = KM_GOAL_BUDGET;
    limit.word = "budget";
    limit.unit = *goal->currency ? goal->currency : paid ? paid : "currency";
    if (!limit.missing && *goal->currency && paid &&
        !km_str_is(km_str_of(goal->currency), paid)) {
        limit.x = limit.used = NAN;
        limit.missing = km_arena_printf(
            input->arena, "the budget is in %s and the price in %s",
            goal->currency, paid);
    }
    return limit;
}

static struct km_goal_limit of_tokens(const struct km_score_input *input,
                                      const struct km_goal *goal)
{
    struct km_goal_limit limit =
        of_amount(input, &input->axes.rate[KM_AXIS_TOKEN], goal->tokens);
    struct km_axis_unit unit =
        km_axis_unit_for(KM_AXIS_TOKEN, 100 / goal->tokens);
    limit.kind = KM_GOAL_TOKENS;
    limit.word = "tokens";
    limit.unit = km_arena_printf(input->arena, "%s%s", unit.prefix, unit.name);
    limit.size = unit.size;
    limit.per_step /= unit.size;
    limit.used /= unit.size;
    limit.total /= unit.size;
    return limit;
}

size_t km_goal_limits(const struct km_score_input *input,
                      const struct km_goal *goal,
                      struct km_goal_limit limits[KM_GOAL_KINDS])
{
    size_t count = 0;
    if (goal->deadline_ns != KM_TIME_ABSENT) {
        limits[count++] = of_deadline(input, goal);
    }
    if (isfinite(goal->budget)) {
        limits[count++] = of_budget(input, goal);
    }
    if (isfinite(goal->steps)) {
        const struct km_rate step = {
            .known = true, .per_step = 1, .source = ""};
        limits[count] = of_amount(input, &step, goal->steps);
        limits[count].kind = KM_GOAL_STEPS;
        limits[count].word = "steps";
        limits[count++].unit = "step";
    }
    if (isfinite(goal->tokens)) {
        limits[count++] = of_tokens(input, goal);
    }
    return count;
}

int64_t km_goal_time_at(const struct km_score_input *input,
                        const struct km_curve_input *curve, double x)
{
    const struct km_track *track = curve->track;
    if (!track->count || input->view.origin_ns == KM_TIME_ABSENT) {
        return KM_TIME_ABSENT;
    }
    size_t at = km_track_find(track, x);
    at = at < track->count ? at : track->count - 1;
    double seconds = track->time_s[at];
    if (at > 0 && track->step[at] > x) {
        double span = track->step[at] - track->step[at - 1];
        double share = span > 0 ? (x - track->step[at - 1]) / span : 1;
        seconds = track->time_s[at - 1] +
                  share * (track->time_s[at] - track->time_s[at - 1]);
    }
    return isfinite(seconds) ? input->view.origin_ns + (int64_t)(seconds * 1e9)
                             : KM_TIME_ABSENT;
}
