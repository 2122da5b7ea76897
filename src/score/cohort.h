/* cohort.h - many runs at once, each as little as comparing them needs.
 *
 * A member is a run reduced to its settings, its rates and at most
 * KM_MEMBER_POINTS_MAX places of its curves, so that a thousand runs fit one
 * command. Runs whose settings agree but for the seed (and names, paths, hosts,
 * times) have one configuration: they are seeds of each other.
 *
 *     member   learn  x ......... (bins of the training curve, or evaluations)
 *              valid  x ......... (evaluations; bins of more than the limit)
 *
 * Ownership: everything lives in the arena.   Threads: any, one arena a call.
 * Errors: those of the store, KM_ELIMIT.
 * Document: docs/metrics.md#configurations-and-seeds */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_COHORT_H
#define KM_SCORE_COHORT_H

#include "score/input.h"

enum { KM_MEMBER_POINTS_MAX = 1024, KM_COHORT_RUNS_MAX = 10000 };

struct km_setting {
    const char *key, *value; /* value as plain text: strings without quotes */
    double number;           /* NaN when the value is none */
    bool is_tag;             /* a tag, not config */
};

/* A metric to be lowered: a score or reward is turned round by `sign`. */
struct km_member_curve {
    const char *metric, *unit; /* NULL: the run has none */
    enum km_role role;
    double sign; /* value = sign x y */
    size_t count;
    const double *x, *y, *n; /* step (> 0, rising), mean, points behind it */
    uint64_t points;         /* in the run */
    double last, best; /* y: mean of the last 3 % (training), last value */
    double x_last;     /* step of the last point; x may be means of bins */
    double best_x;
};

struct km_member {
    uint64_t run_id;
    const char *label; /* "project/name" */
    const char *project, *name, *external_id, *group, *parent, *source;
    enum km_run_state state;
    int64_t created_ns, ended_ns, first_time_ns, last_time_ns;
    const struct km_setting *settings; /* sorted by key */
    size_t setting_count;
    const char *seed;       /* value of the seed; NULL: none is set */
    uint64_t configuration; /* of group and config but for incidental keys */
    struct km_run_facts facts;
    struct km_axes axes; /* rates per step */
    struct km_member_curve learn, valid;
    double x_now;    /* last step */
    double active_s; /* training time to x_now; NaN without a clock */
    bool diverged;   /* the last value is not finite or above the first */
};

struct km_cohort {
    struct km_member *members; /* in the order asked for */
    size_t count;
    struct km_arena *arena;
};

/* `options[i]` judges run_ids[i] (prices, accelerators); NULL: defaults for
 * all. */
enum km_code km_cohort_load(struct km_store *store, const uint64_t *run_ids,
                            size_t count,
                            const struct km_score_options *const *options,
                            struct km_arena *arena, struct km_cohort *cohort,
                            struct km_err *err);

/* Names, settings and configuration of member->run_id, without its curves. */
enum km_code km_member_identify(struct km_store *store, struct km_arena *arena,
                                struct km_member *member, struct km_err *err);

/* The curve comparisons are about: validation where it has at least 3 places,
 * else learning. NULL: neither. */
const struct km_member_curve *km_member_quality(const struct km_member *member);

/* Setting by key (exact, else by last part as facts.c does); NULL: not set. */
const struct km_setting *km_member_setting(const struct km_member *member,
                                           const char *key);

/* Keys that do not make a configuration: seed, run names, paths, hosts, times,
 * ids (cohort_keys.c). */
bool km_setting_is_incidental(const char *key); /* seeds among them */
bool km_setting_is_seed(const char *key);

/* Runs that say that they learn different things (task, env, game, workload,
 * benchmark): what they came to is not in one unit. */
struct km_task_mix {
    const char *key;   /* of the setting */
    const char *words; /* "3 tasks (task: asterix, breakout, pong)" */
    size_t tasks;
};

/* False: both say what they learn, and it is not the same. */
bool km_members_share_task(const struct km_member *a,
                           const struct km_member *b);

/* Over the members in a group (group NULL: all). `but`: a key that they are
 * told apart by, or NULL. */
bool km_cohort_mixes_tasks(const struct km_cohort *cohort,
                           const uint32_t *group, const char *but,
                           struct km_arena *arena, struct km_task_mix *mix);

/* Members of one configuration next to each other: group[i] is the ordinal of
 * member i's configuration in order of first appearance; returns how many
 * there are. */
size_t km_cohort_group(const struct km_cohort *cohort, uint32_t *group);

#endif
