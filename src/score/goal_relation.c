/* goal_relation.c - goals that say the same, or less than another. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/goal_relation.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"

enum { LIMITS = 4, TEXT_BYTES = 24 };

/* Limits by kind; INFINITY: not set. */
static void limits_of(const struct km_goal *goal, double limits[LIMITS])
{
    const double rows[LIMITS] = {goal->deadline_ns == KM_TIME_ABSENT
                                     ? (double)NAN
                                     : (double)goal->deadline_ns,
                                 goal->budget, goal->steps, goal->tokens};
    for (size_t i = 0; i < LIMITS; i++) {
        limits[i] = isnan(rows[i]) ? (double)INFINITY : rows[i];
    }
}

/* Whoever keeps the first has kept the second. */
static bool implies(const struct km_goal *first, const struct km_goal *second,
                    double sign)
{
    double of_first[LIMITS], of_second[LIMITS];
    bool paid = isfinite(first->budget) && isfinite(second->budget);
    bool harder = sign == 0 ? first->target <= second->target &&
                                  first->target >= second->target
                            : sign * first->target <= sign * second->target;
    limits_of(first, of_first);
    limits_of(second, of_second);
    for (size_t i = 0; i < LIMITS; i++) {
        harder = harder && of_first[i] <= of_second[i];
    }
    return harder && !(paid && strcmp(first->currency, second->currency) != 0);
}

enum km_goal_relation km_goal_relate(const struct km_goal *first,
                                     const struct km_goal *second, double sign)
{
    bool follows = implies(first, second, sign);
    bool implied = implies(second, first, sign);
    return follows && implied ? KM_GOALS_SAME
           : follows          ? KM_GOALS_FOLLOWS
           : implied          ? KM_GOALS_IMPLIES
                              : KM_GOALS_APART;
}

/* "2 by 2027-01-31 and within 100 steps" */
static const char *words_of(const struct km_goal *goal, struct km_arena *arena)
{
    const char *text = km_arena_printf(arena, "%.6g", goal->target);
    const char *joint = "";
    if (text && goal->deadline_ns != KM_TIME_ABSENT) {
        char until[TEXT_BYTES];
        km_time_format(goal->deadline_ns, until, sizeof until);
        text = km_arena_printf(arena, "%s by %s", text, until);
        joint = " and";
    }
    const struct {
        double limit;
        const char *unit;
    } rows[] = {{goal->budget, *goal->currency ? goal->currency : "currency"},
                {goal->steps, "steps"},
                {goal->tokens, "tokens"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text && isfinite(rows[i].limit)) {
            text = km_arena_printf(arena, "%s%s within %.6g %s", text, joint,
                                   rows[i].limit, rows[i].unit);
            joint = " and";
        }
    }
    return text;
}

const char *km_goal_relation_text(const struct km_goal *first,
                                  const struct km_goal *second, double sign,
                                  struct km_arena *arena)
{
    enum km_goal_relation relation = km_goal_relate(first, second, sign);
    if (relation == KM_GOALS_APART) {
        return NULL;
    }
    bool turned = relation == KM_GOALS_IMPLIES;
    const struct km_goal *hard = turned ? second : first;
    const struct km_goal *easy = turned ? first : second;
    const char *harder = words_of(hard, arena), *easier = words_of(easy, arena);
    if (!harder || !easier) {
        return NULL;
    }
    return relation == KM_GOALS_SAME
               ? km_arena_printf(arena, "'%.80s' and '%.80s' ask the same: %s",
                                 first->name, second->name, harder)
               : km_arena_printf(arena,
                                 "'%.80s' follows from '%.80s': to reach %s is "
                                 "to reach %s",
                                 easy->name, hard->name, harder, easier);
}

const char *km_goal_behind_text(const struct km_goal *goal, const char *metric,
                                double first_value, double sign,
                                struct km_arena *arena)
{
    if (sign == 0 || !(sign * goal->target >= sign * first_value)) {
        return NULL;
    }
    return km_arena_printf(arena,
                           "the target %.6g asks for nothing: %s began at "
                           "%.6g and is to be %s",
                           goal->target, metric, first_value,
                           sign > 0 ? "lowered" : "raised");
}
