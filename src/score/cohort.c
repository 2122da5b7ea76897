/* cohort.c - runs reduced to settings, rates and a few places of their curves.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/cohort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/number.h"
#include "score/curve_input.h"

enum { QUALITY_PLACES_MIN = 3 };

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the runs do not fit the memory allowed for one command; "
                   "name fewer");
}

/* A run's row and settings, gathered through visitors. */
struct gathering {
    struct km_arena *arena;
    struct km_member *member;
    struct km_setting *settings;
    size_t count, cap;
    bool full;
};

static const char *copy(struct gathering *g, struct km_str text)
{
    const char *kept = km_arena_copy(g->arena, text.ptr, text.len);
    g->full = g->full || !kept;
    return kept ? kept : "";
}

static bool take_run(void *user, const struct km_run_row *row)
{
    struct gathering *g = user;
    struct km_member *m = g->member;
    struct km_str name =
        row->meta.name.len ? row->meta.name : row->meta.external_id;
    m->project = copy(g, row->meta.project);
    m->name = copy(g, name);
    m->label = km_arena_printf(g->arena, "%s%s%s", m->project,
                               row->meta.project.len ? "/" : "", m->name);
    m->external_id = copy(g, row->meta.external_id);
    m->group = copy(g, row->meta.group);
    m->parent = copy(g, row->meta.parent);
    m->source = copy(g, row->meta.source);
    m->state = row->meta.state;
    m->created_ns = row->meta.created_ns;
    m->ended_ns = row->meta.ended_ns;
    m->first_time_ns = row->first_time_ns;
    m->last_time_ns = row->last_time_ns;
    g->full = g->full || !m->label;
    return false;
}

/* Strings lose their quotes; what is no setting of the user is left out. */
static bool take_setting(void *user, const struct km_attribute *row)
{
    struct gathering *g = user;
    if (row->kind == KM_ATTRIBUTE_SUMMARY) {
        return true;
    }
    if (g->count == g->cap) {
        size_t wider = g->cap ? 2 * g->cap : 32;
        struct km_setting *moved = km_new(g->arena, struct km_setting, wider);
        if (!moved) {
            g->full = true;
            return false;
        }
        if (g->count) {
            memcpy(moved, g->settings, g->count * sizeof *moved);
        }
        g->settings = moved;
        g->cap = wider;
    }
    struct km_str value = row->value_json;
    if (value.len >= 2 && value.ptr[0] == '"') {
        value = (struct km_str){value.ptr + 1, value.len - 2};
    }
    struct km_setting *setting = &g->settings[g->count++];
    *setting = (struct km_setting){.key = copy(g, row->key),
                                   .value = copy(g, value),
                                   .number = NAN,
                                   .is_tag = row->kind == KM_ATTRIBUTE_TAG};
    (void)km_number_parse(value, &setting->number);
    return !g->full;
}

static int compare_settings(const void *a, const void *b)
{
    const struct km_setting *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (int)x->is_tag - (int)y->is_tag;
}

/* Two logs may write one number as 1 and 1.0. */
static uint64_t hash_setting(const struct km_setting *setting, uint64_t seed)
{
    char text[KM_NUMBER_BYTES];
    uint64_t hash = km_hash(setting->key, strlen(setting->key) + 1, seed);
    if (isnan(setting->number)) {
        return km_hash(setting->value, strlen(setting->value), hash);
    }
    return km_hash(text, km_number_format(setting->number, text), hash);
}

/* The user's own group and the settings: runs of one configuration agree in
 * both. Without any setting and group a run is its own configuration. */
static void find_configuration(struct km_member *member)
{
    uint64_t hash = km_hash(member->project, strlen(member->project), 7);
    size_t said = strlen(member->group);
    hash = km_hash(member->group, said, hash);
    for (size_t i = 0; i < member->setting_count; i++) {
        const struct km_setting *setting = &member->settings[i];
        if (km_setting_is_seed(setting->key)) {
            member->seed = member->seed ? member->seed : setting->value;
        } else if (!setting->is_tag &&
                   !km_setting_is_incidental(setting->key)) {
            hash = hash_setting(setting, hash);
            said++;
        }
    }
    member->configuration =
        said ? hash : km_hash(&member->run_id, sizeof member->run_id, hash);
}

enum km_code km_member_identify(struct km_store *store, struct km_arena *arena,
                                struct km_member *member, struct km_err *err)
{
    struct gathering g = {.arena = arena, .member = member};
    const struct km_run_filter filter = {.id = member->run_id};
    enum km_code code = km_store_list_runs(store, &filter, take_run, &g, err);
    if (code == KM_OK && !member->label && !g.full) {
        code = km_fail(err, KM_ENOTFOUND, "the store has no such run");
    }
    if (code == KM_OK) {
        code = km_store_list_attributes(store, member->run_id, take_setting, &g,
                                        err);
    }
    if (code == KM_OK && g.full) {
        code = fail_full(err);
    }
    if (code) {
        return code;
    }
    if (g.count > 1) {
        qsort(g.settings, g.count, sizeof *g.settings, compare_settings);
    }
    member->settings = g.settings;
    member->setting_count = g.count;
    find_configuration(member);
    return KM_OK;
}

/* Up to the limit each point is a place; a longer curve becomes bins. */
static bool copy_places(const struct km_curve_input *from,
                        struct km_arena *arena, struct km_member_curve *to)
{
    struct km_bins *bins = NULL;
    size_t count = from->count;
    bool train = from->track->of.role == KM_ROLE_TRAIN_LOSS ||
                 from->track->of.role == KM_ROLE_REWARD;
    if (count > KM_MEMBER_POINTS_MAX || (train && count > KM_BINS_MAX)) {
        bins = km_arena_alloc(arena, sizeof *bins);
        if (!bins) {
            return false;
        }
        km_bins_of_sums(bins, &from->sums, 0, from->count);
        to->x = bins->x;
        to->y = bins->y;
        to->n = bins->n;
        to->count = bins->count;
        return true;
    }
    double *x = km_new(arena, double, count + 1);
    double *y = km_new(arena, double, count + 1);
    double *n = km_new(arena, double, count + 1);
    to->x = x;
    to->y = y;
    to->n = n;
    to->count = 0;
    for (size_t i = 0; x && y && n && i < count; i++) {
        if (i && from->x[i] <= x[to->count - 1]) {
            /* one step, several values: their mean */
            size_t at = to->count - 1;
            y[at] += (from->y[i] - y[at]) / ++n[at];
            continue;
        }
        x[to->count] = from->x[i];
        y[to->count] = from->y[i];
        n[to->count++] = 1;
    }
    return x && y && n;
}

static bool copy_curve(const struct km_curve_input *from,
                       struct km_arena *arena, struct km_member_curve *to)
{
    *to = (struct km_member_curve){.sign = 1, .last = NAN, .best = NAN};
    if (!from->track || from->count == 0) {
        return true;
    }
    to->role = from->track->of.role;
    to->sign = from->sign;
    to->points = from->count;
    to->metric =
        km_arena_copy(arena, from->track->name, strlen(from->track->name));
    to->unit = km_arena_copy(arena, from->unit, strlen(from->unit));
    if (!to->metric || !to->unit || !copy_places(from, arena, to)) {
        return false;
    }
    for (size_t i = 0; i < to->count; i++) {
        if (!(to->best <= to->y[i])) {
            to->best = to->y[i];
            to->best_x = to->x[i];
        }
    }
    to->last = km_curve_last(from);
    to->x_last = from->x[from->count - 1];
    return true;
}

/* A last value that is not finite, or above where the curve began. */
static bool has_diverged(const struct km_curve_input *curve)
{
    const struct km_track *track = curve->track;
    if (!track || !curve->count) {
        return track && track->nonfinite > 0;
    }
    bool ends_nonfinite =
        track->nonfinite && track->nonfinite_step != KM_STEP_ABSENT &&
        (double)track->nonfinite_step > track->step[track->count - 1];
    return ends_nonfinite || curve->y[curve->count - 1] > curve->y[0];
}

/* Texts of rates that live in the scratch arena move along. */
static bool copy_axes(const struct km_axes *from, struct km_arena *arena,
                      struct km_axes *to)
{
    *to = *from;
    for (int axis = 0; axis < KM_AXIS_COUNT; axis++) {
        const char *source = from->rate[axis].source;
        if (source) {
            to->rate[axis].source =
                km_arena_copy(arena, source, strlen(source));
            if (!to->rate[axis].source) {
                return false;
            }
        }
    }
    return true;
}

static bool copy_text(struct km_arena *arena, const char **text)
{
    if (*text) {
        *text = km_arena_copy(arena, *text, strlen(*text));
        return *text != NULL;
    }
    return true;
}

static bool copy_facts(const struct km_run_facts *from, struct km_arena *arena,
                       struct km_run_facts *to)
{
    *to = *from;
    return copy_text(arena, &to->schedule) && copy_text(arena, &to->device) &&
           copy_text(arena, &to->benchmark) &&
           copy_text(arena, &to->data_order) &&
           copy_text(arena, &to->max_steps_key) &&
           copy_text(arena, &to->tokens_key) &&
           copy_text(arena, &to->samples_key) &&
           copy_text(arena, &to->accelerators_key);
}

static enum km_code load_member(struct km_store *store, uint64_t run_id,
                                const struct km_score_options *options,
                                struct km_arena *scratch,
                                struct km_arena *arena,
                                struct km_member *member, struct km_err *err)
{
    struct km_score_input *input = km_new(scratch, struct km_score_input, 1);
    *member = (struct km_member){.run_id = run_id};
    enum km_code code = km_member_identify(store, arena, member, err);
    if (code == KM_OK) {
        code = input ? km_score_input_open(store, run_id, options, scratch,
                                           input, err)
                     : fail_full(err);
    }
    if (code) {
        return code;
    }
    member->x_now = input->x_now;
    const struct km_rate *active = &input->axes.rate[KM_AXIS_ACTIVE];
    member->active_s =
        active->known ? active->per_step * input->x_now : (double)NAN;
    member->diverged = has_diverged(&input->learn);
    bool held = copy_facts(&input->facts, arena, &member->facts) &&
                copy_axes(&input->axes, arena, &member->axes) &&
                copy_curve(&input->learn, arena, &member->learn) &&
                copy_curve(&input->valid, arena, &member->valid);
    return held ? KM_OK : fail_full(err);
}

enum km_code km_cohort_load(struct km_store *store, const uint64_t *run_ids,
                            size_t count,
                            const struct km_score_options *const *options,
                            struct km_arena *arena, struct km_cohort *cohort,
                            struct km_err *err)
{
    struct km_score_options defaults;
    km_score_options_init(&defaults);
    *cohort = (struct km_cohort){.arena = arena};
    if (count > KM_COHORT_RUNS_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "%zu runs, at most %d are compared at once", count,
                       KM_COHORT_RUNS_MAX);
    }
    cohort->members = km_new(arena, struct km_member, count + 1);
    if (!cohort->members) {
        return fail_full(err);
    }
    struct km_arena scratch;
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        km_arena_reset(&scratch);
        code = load_member(store, run_ids[i],
                           options && options[i] ? options[i] : &defaults,
                           &scratch, arena, &cohort->members[i], err);
        cohort->count += code == KM_OK;
    }
    km_arena_finish(&scratch);
    return code;
}

const struct km_member_curve *km_member_quality(const struct km_member *member)
{
    if (member->valid.metric && member->valid.count >= QUALITY_PLACES_MIN) {
        return &member->valid;
    }
    return member->learn.metric   ? &member->learn
           : member->valid.metric ? &member->valid
                                  : NULL;
}

const struct km_setting *km_member_setting(const struct km_member *member,
                                           const char *key)
{
    const struct km_setting *found = NULL;
    for (size_t i = 0; i < member->setting_count; i++) {
        const char *own = member->settings[i].key;
        if (strcmp(own, key) == 0) {
            return &member->settings[i];
        }
        size_t len = strlen(own), tail = strlen(key);
        bool ends = len > tail && strcmp(own + len - tail, key) == 0 &&
                    (own[len - tail - 1] == '.' || own[len - tail - 1] == '/');
        found = ends && !found ? &member->settings[i] : found;
    }
    return found;
}

size_t km_cohort_group(const struct km_cohort *cohort, uint32_t *group)
{
    uint32_t groups = 0;
    for (size_t i = 0; i < cohort->count; i++) {
        group[i] = UINT32_MAX;
        for (size_t j = 0; j < i && group[i] == UINT32_MAX; j++) {
            if (cohort->members[j].configuration ==
                cohort->members[i].configuration) {
                group[i] = group[j];
            }
        }
        group[i] = group[i] == UINT32_MAX ? groups++ : group[i];
    }
    return groups;
}
