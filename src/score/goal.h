/* goal.h - what a run shall reach, until when and for how much.
 *
 * A goal is a document of the store (a note of kind "goal" that belongs to no
 * run, named by its key): runs by a glob over project/name and name, a metric,
 * a target, and limits. Every run that matches is judged by it.
 *
 *     {"runs": "lab/big-*", "metric": "val/loss", "target": 3.28,
 *      "deadline": 1792500000.5, "budget": 500, "currency": "EUR",
 *      "steps": 20000, "tokens": 1e10}
 *
 * What is not set is left out; keys that are not known are passed over.
 * Ownership: the arena.   Threads: any, one arena a call.
 * Document: docs/metrics.md#goal.probability */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_GOAL_H
#define KM_SCORE_GOAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

enum { KM_GOALS_MAX = 256 };

struct km_goal {
    const char *name;
    const char *runs;   /* glob */
    const char *metric; /* glob over names of metrics; "": the one judged */
    double target;
    int64_t made_ns;
    int64_t deadline_ns;          /* KM_TIME_ABSENT: none */
    double budget, steps, tokens; /* NaN: none */
    const char *currency;         /* "": any */
};

struct km_goals {
    const struct km_goal *goals; /* by time made, then name */
    size_t count;
    size_t unreadable; /* notes that are no goals */
};

/* Of all goals, or of those whose glob means this run (label NULL: all). */
enum km_code km_goals_load(struct km_store *store, const char *label,
                           const char *name, struct km_arena *arena,
                           struct km_goals *goals, struct km_err *err);

/* Is the run with this label ("project/name") and name meant? */
bool km_goal_means(const struct km_goal *goal, const char *label,
                   const char *name);

/* Puts the goal in place of one of its name. KM_EINPUT: the name is not one. */
enum km_code km_goal_put(struct km_store *store, const struct km_goal *goal,
                         struct km_err *err);
enum km_code km_goal_delete(struct km_store *store, const char *name,
                            struct km_err *err);

/* "+3d", "+12h", "+90m", "+2w" from now, a time of ISO 8601, or a date, which
 * means its end (UTC). False: none of them. */
bool km_deadline_parse(const char *text, int64_t now_ns, int64_t *deadline_ns);

#endif
