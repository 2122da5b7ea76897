/* goal_judge.c - which curve a goal is about, and whether it got there. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/goal_judge.h"

#include <math.h>

#include "score/outlook.h"

static bool names(const struct km_goal *goal,
                  const struct km_curve_input *curve)
{
    if (!curve->track) {
        return false;
    }
    struct km_str full = km_str_of(curve->track->name), plain = full;
    for (size_t i = 0; i + 1 < full.len; i++) {
        if (full.ptr[i] == ' ' && full.ptr[i + 1] == '{') {
            plain.len = i;
            break;
        }
    }
    struct km_str glob = km_str_of(goal->metric);
    return km_glob_match(glob, full) || km_glob_match(glob, plain);
}

static void judge(const struct km_score_input *in, struct km_goal_judgement *j)
{
    if (!*j->goal->metric) {
        j->curve = in->valid.track   ? &in->valid
                   : in->learn.track ? &in->learn
                                     : NULL;
    } else {
        j->curve = names(j->goal, &in->valid)   ? &in->valid
                   : names(j->goal, &in->learn) ? &in->learn
                                                : NULL;
    }
    enum km_run_state state = in->view.state;
    j->ended = in->at_end || state == KM_RUN_FINISHED ||
               state == KM_RUN_FAILED || state == KM_RUN_KILLED;
    j->limit_count = km_goal_limits(in, j->goal, j->limits);
    if (!j->curve) {
        return;
    }
    j->target = j->curve->sign * j->goal->target;
    const struct km_path *path = j->curve->path;
    j->x_max = path ? path->places[path->count - 1].x : in->x_now;
    j->crossing = km_outlook_crossing(j->curve, j->target);
    if (!j->crossing.reached && !j->ended && path) {
        j->eta = km_path_reaches(path, j->target, in->arena);
    }
}

enum km_code km_goals_judge(struct km_score_input *input, struct km_err *err)
{
    size_t count = input->goals.count;
    struct km_goal_judgement *judged =
        km_new(input->arena, struct km_goal_judgement, count + 1);
    if (!judged) {
        return km_fail(err, KM_ELIMIT,
                       "the goals do not fit the memory allowed for one "
                       "command");
    }
    for (size_t i = 0; i < count; i++) {
        judged[i].goal = &input->goals.goals[i];
        judge(input, &judged[i]);
    }
    input->judgements = judged;
    return KM_OK;
}
