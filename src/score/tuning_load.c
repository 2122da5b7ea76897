/* tuning_load.c - the runs that a tuned run is held against. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "score/task_rows.h"
#include "score/tuning.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command");
}

/* Run ids to be loaded, side after side. */
struct wanted {
    uint64_t *ids;
    size_t count, cap;
};

static bool want(struct wanted *w, uint64_t id, struct km_arena *arena)
{
    if (w->count == w->cap) {
        size_t wider = w->cap ? 2 * w->cap : 64;
        uint64_t *moved = km_new(arena, uint64_t, wider);
        if (!moved) {
            return false;
        }
        if (w->count) {
            memcpy(moved, w->ids, w->count * sizeof *moved);
        }
        w->ids = moved;
        w->cap = wider;
    }
    w->ids[w->count++] = id;
    return true;
}

static bool in_chain(const struct km_lineage_chain *chain, uint64_t id)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->runs[i]->id == id) {
            return true;
        }
    }
    return false;
}

static bool is_named(const uint64_t *ids, size_t count, uint64_t id)
{
    size_t at = 0;
    while (at < count && ids[at] != id) {
        at++;
    }
    return at < count;
}

/* Runs of the project without a parent that say the same task and are not the
 * base line. */
static enum km_code want_scratch(struct km_store *store,
                                 const struct km_lineage *lineage,
                                 const struct km_lineage_chain *chain,
                                 const struct km_tuning_options *options,
                                 struct km_arena *arena, struct wanted *w,
                                 struct km_err *err)
{
    const struct km_lineage_run *last = chain->runs[chain->count - 1];
    struct km_member own = {.run_id = last->id};
    enum km_code code = km_member_identify(store, arena, &own, err);
    const char *task = code ? NULL : km_task_setting(&own);
    for (size_t i = 0; i < lineage->count && task && code == KM_OK; i++) {
        const struct km_lineage_run *run = &lineage->runs[i];
        if (*run->parent || run->points == 0 || in_chain(chain, run->id) ||
            is_named(options->baseline, options->baseline_count, run->id) ||
            strcmp(run->project, last->project) != 0) {
            continue;
        }
        struct km_member member = {.run_id = run->id};
        code = km_member_identify(store, arena, &member, err);
        const char *said = code ? NULL : km_task_setting(&member);
        if (said && strcmp(said, task) == 0 && !want(w, run->id, arena)) {
            code = fail_full(err);
        }
    }
    return code;
}

/* Where the parent stopped when the child counts on from there, else 0. */
static double steps_before(const struct km_member *parent,
                           const struct km_member *child)
{
    const struct km_member_curve *curve = km_member_quality(child);
    bool counts_on = curve && curve->count && parent->x_now > 0 &&
                     curve->x[0] > parent->x_now;
    return counts_on ? parent->x_now : 0;
}

/* Those of a side that have a curve, in place. */
static void keep_with_curves(struct km_tuning_side *side)
{
    size_t kept = 0;
    for (size_t i = 0; i < side->count; i++) {
        const struct km_member_curve *curve =
            km_member_quality(&side->members[i]);
        if (curve && curve->count) {
            side->members[kept++] = side->members[i];
        }
    }
    side->count = kept;
}

/* A chain: each run counted from its parent's last step. */
static enum km_code rebase_chain(struct km_store *store,
                                 const struct km_score_options *options,
                                 struct km_member *members, size_t count,
                                 struct km_arena *arena, struct km_err *err)
{
    enum km_code code = KM_OK;
    for (size_t i = count; i > 1 && code == KM_OK; i--) {
        double before = steps_before(&members[i - 2], &members[i - 1]);
        code = before > 0 ? km_tuning_rebase(store, options, before, arena,
                                             &members[i - 1], err)
                          : KM_OK;
    }
    return code;
}

/* The places of each part in the loaded cohort. */
struct parts {
    size_t chain, seeds, scratch, baseline; /* counts, in this order */
};

/* Seeds beside the first come as pairs: parent and last run. */
static enum km_code take_parts(struct km_store *store,
                               const struct km_score_options *options,
                               struct km_tuning *tuning,
                               const struct parts *parts,
                               struct km_arena *arena, struct km_err *err)
{
    struct km_member *at = tuning->cohort.members;
    tuning->chain_count = parts->chain;
    tuning->chain = km_new(arena, struct km_member, parts->chain + 1);
    tuning->tasks = km_new(arena, const char *, parts->chain + 1);
    tuning->tuned.members = km_new(arena, struct km_member, parts->seeds + 2);
    if (!tuning->chain || !tuning->tasks || !tuning->tuned.members) {
        return fail_full(err);
    }
    memcpy(tuning->chain, at, parts->chain * sizeof *at);
    enum km_code code =
        rebase_chain(store, options, tuning->chain, parts->chain, arena, err);
    for (size_t i = 0; i < parts->chain; i++) {
        const char *said = km_task_setting(&tuning->chain[i]);
        tuning->tasks[i] = said ? said : i ? tuning->chain[i].name : NULL;
    }
    tuning->tuned.members[tuning->tuned.count++] =
        tuning->chain[parts->chain - 1];
    at += parts->chain;
    for (size_t s = 0; s < parts->seeds && code == KM_OK; s++, at += 2) {
        struct km_member pair[2] = {at[0], at[1]};
        code = rebase_chain(store, options, pair,
                            at[0].run_id == at[1].run_id ? 1 : 2, arena, err);
        tuning->tuned.members[tuning->tuned.count++] = pair[1];
    }
    tuning->scratch.members = at;
    tuning->scratch.count = parts->scratch;
    tuning->baseline.members = at + parts->scratch;
    tuning->baseline.count = parts->baseline;
    keep_with_curves(&tuning->tuned);
    keep_with_curves(&tuning->scratch);
    keep_with_curves(&tuning->baseline);
    return code;
}

static bool want_all(const struct km_lineage *lineage,
                     const uint64_t *last_runs, size_t count,
                     const struct km_lineage_chain *chain,
                     struct km_arena *arena, struct wanted *w)
{
    bool held = true;
    for (size_t i = 0; i < chain->count; i++) {
        held = held && want(w, chain->runs[i]->id, arena);
    }
    for (size_t s = 1; s < count; s++) {
        struct km_lineage_chain own;
        km_lineage_chain_find(lineage, last_runs[s], &own);
        size_t before = own.count > 1 ? own.count - 2 : own.count - 1;
        held = held && want(w, own.runs[before]->id, arena) &&
               want(w, last_runs[s], arena);
    }
    return held;
}

static bool want_named(const uint64_t *ids, size_t count,
                       struct km_arena *arena, struct wanted *w)
{
    bool held = true;
    for (size_t i = 0; i < count; i++) {
        held = held && want(w, ids[i], arena);
    }
    return held;
}

enum km_code km_tuning_load(struct km_store *store,
                            const struct km_lineage *lineage,
                            const uint64_t *last_runs, size_t count,
                            const struct km_tuning_options *options,
                            struct km_arena *arena, struct km_tuning *tuning,
                            struct km_err *err)
{
    struct km_lineage_chain chain;
    struct wanted w = {.count = 0};
    *tuning = (struct km_tuning){.target = NAN};
    km_lineage_chain_find(lineage, last_runs[0], &chain);
    bool alone = chain.count < 2;
    bool named = options->scratch_count || options->baseline_count;
    if (chain.problem || chain.count == 0) {
        return KM_OK;
    }
    if (alone && !named) {
        size_t switches;
        enum km_code found = km_tuning_count_switches(store, last_runs[0],
                                                      arena, &switches, err);
        if (found || switches == 0) {
            return found;
        }
    }
    struct parts parts = {chain.count, count - 1, options->scratch_count,
                          options->baseline_count};
    bool held = want_all(lineage, last_runs, count, &chain, arena, &w) &&
                want_named(options->scratch, parts.scratch, arena, &w);
    enum km_code code = held ? KM_OK : fail_full(err);
    if (code == KM_OK && !parts.scratch && (!alone || named)) {
        size_t before = w.count;
        code = want_scratch(store, lineage, &chain, options, arena, &w, err);
        parts.scratch = w.count - before;
    }
    if (code == KM_OK &&
        !want_named(options->baseline, parts.baseline, arena, &w)) {
        code = fail_full(err);
    }
    const struct km_score_options **each =
        km_new(arena, const struct km_score_options *, w.count + 1);
    for (size_t i = 0; each && i < w.count; i++) {
        each[i] = options->score;
    }
    if (code == KM_OK) {
        code = each ? km_cohort_load(store, w.ids, w.count, each, arena,
                                     &tuning->cohort, err)
                    : fail_full(err);
    }
    tuning->tuned.name = chain.runs[chain.count - 1]->label;
    tuning->scratch.name =
        options->scratch_count ? options->scratch_name : "scratch";
    tuning->baseline.name = options->baseline_name;
    code = code ? code
                : take_parts(store, options->score, tuning, &parts, arena, err);
    if (code == KM_OK && alone) {
        const struct km_member only = tuning->chain[0];
        tuning->tuned.count = named ? tuning->tuned.count : 0;
        code =
            km_tuning_split(store, &only, options->score, arena, tuning, err);
    }
    tuning->currency = options->score ? options->score->currency : NULL;
    if (code == KM_OK && tuning->tuned.count) {
        const struct km_member *last = &tuning->tuned.members[0];
        tuning->target = options->score && isfinite(options->score->target)
                             ? options->score->target
                             : last->facts.target;
    }
    return code;
}
