/* compare_profile.c - times to targets, ratios to the fastest, shares. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/compare_profile.h"

#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "measure/aggregate.h"
#include "measure/robust.h"
#include "score/card.h"
#include "score/outlook.h"
#include "series/load.h"
#include "series/sort.h"

enum { STUDIES_MAX = 256, CURVE_POINTS = 61 };
static const double TAU_MAX = 4;

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "no memory left for a comparison");
}

/* One arm on one workload. */
struct cell {
    const char *study[STUDIES_MAX];
    double earliest[STUDIES_MAX];
    size_t studies, runs,
        at_first; /* runs; at the target at their first value */
};

struct profiling {
    struct km_store *store;
    const struct km_score_options *options;
    struct km_arena *arena; /* the card's */
    const struct km_workload *workloads;
    size_t workload_count;
    double *time;            /* [arm * workload_count + workload], seconds */
    size_t *runs, *at_first; /* the same */
    const char **metric;     /* of each workload; NULL until a run says */
    double *sign;            /* of it */
};

static bool belongs(const struct profiling *p, const char *label, size_t w)
{
    const char *glob = km_arena_printf(p->arena, "*%s*", p->workloads[w].name);
    return glob && km_glob_match(km_str_of(glob), km_str_of(label));
}

/* "study_0": a setting or tag, else a part of the name. */
static const char *study_of(const struct km_member *member,
                            struct km_arena *arena)
{
    const struct km_setting *said = km_member_setting(member, "study");
    if (said) {
        return said->value;
    }
    const char *at = member->label;
    while (at && *at && strncmp(at, "study", 5) != 0) {
        at = strchr(at, '/');
        at = at ? at + 1 : NULL;
    }
    if (!at || !*at) {
        return member->label;
    }
    const char *end = strchr(at, '/');
    return km_arena_copy(arena, at, end ? (size_t)(end - at) : strlen(at));
}

struct finding {
    const char *metric;
    struct km_series_row row; /* without texts */
    bool found;
};

static bool find_metric(void *user, const struct km_series_row *row)
{
    struct finding *f = user;
    bool is = row->summary.n && km_str_is(row->metric, f->metric);
    if (is && !f->found) {
        f->found = true;
        f->row = *row;
    }
    return !f->found;
}

/* What has to get to the target: steps and values in their order. */
struct course {
    const char *metric;
    const double *step, *value; /* value: turned, to be lowered */
    size_t count;
    double sign;
};

/* The metric that was asked for; no points: the run has none. */
static enum km_code load_metric(const struct profiling *p,
                                const struct km_workload *workload,
                                const struct km_run_view *view,
                                struct km_arena *scratch, struct course *course,
                                struct km_err *err)
{
    struct finding f = {.metric = workload->metric};
    struct km_track track = {.name = workload->metric, .of = {.scale = 1}};
    *course =
        (struct course){.metric = workload->metric, .sign = workload->sign};
    enum km_code code =
        km_store_list_series(p->store, view->run_id, find_metric, &f, err);
    if (code || !f.found) {
        return code;
    }
    code = km_track_load(p->store, &f.row, view->origin_ns,
                         (uint32_t)view->attempt_count, scratch, &track, err);
    if (code == KM_OK && !km_track_sort(&track, scratch)) {
        code = fail_full(err);
    }
    for (size_t i = 0; code == KM_OK && i < track.count; i++) {
        track.value[i] *= workload->sign;
    }
    course->step = track.step;
    course->value = track.value;
    course->count = track.count;
    return code;
}

/* Training seconds at the first evaluation at or beyond the target; INFINITY:
 * it was missed; NaN: nobody can say when. */
static enum km_code time_of(struct profiling *p, uint64_t run_id, size_t w,
                            struct km_arena *scratch, double *seconds,
                            bool *at_first, struct km_err *err)
{
    const struct km_workload *workload = &p->workloads[w];
    struct km_score_input *input = km_new(scratch, struct km_score_input, 1);
    struct course course = {.count = 0};
    if (!input) {
        return fail_full(err);
    }
    enum km_code code =
        km_score_input_open(p->store, run_id, p->options, scratch, input, err);
    if (code == KM_OK && workload->metric) {
        code = load_metric(p, workload, &input->view, scratch, &course, err);
    } else if (code == KM_OK) {
        const struct km_curve_input *curve =
            input->valid.track ? &input->valid : &input->learn;
        course =
            (struct course){.metric = curve->track ? curve->track->name : NULL,
                            .step = curve->x,
                            .value = curve->y,
                            .count = curve->count,
                            .sign = curve->sign};
    }
    if (course.count && !p->metric[w]) {
        p->metric[w] =
            km_arena_copy(p->arena, course.metric, strlen(course.metric));
        p->sign[w] = course.sign;
    }
    *seconds = INFINITY;
    *at_first = false;
    for (size_t i = 0; code == KM_OK && i < course.count; i++) {
        if (course.value[i] <= course.sign * workload->target) {
            *seconds = km_outlook_time(input, course.step[i]);
            *at_first = i == 0;
            break;
        }
    }
    return code;
}

static enum km_code add_run(struct profiling *p, const struct km_member *member,
                            size_t w, struct cell *cell,
                            struct km_arena *scratch, struct km_err *err)
{
    double seconds = INFINITY;
    km_arena_reset(scratch);
    bool at_first = false;
    enum km_code code =
        time_of(p, member->run_id, w, scratch, &seconds, &at_first, err);
    const char *study = study_of(member, p->arena);
    if (code || !study) {
        return code ? code : fail_full(err);
    }
    if (isnan(seconds)) {
        return km_fail(err, KM_EINPUT,
                       "%s has no clock: a profile needs the training time at "
                       "its evaluations",
                       member->label);
    }
    size_t s = 0;
    while (s < cell->studies && strcmp(cell->study[s], study) != 0) {
        s++;
    }
    if (s == STUDIES_MAX) {
        return km_fail(err, KM_ELIMIT, "more than %d studies of %s",
                       STUDIES_MAX, p->workloads[w].name);
    }
    if (s == cell->studies) {
        cell->study[cell->studies] = study;
        cell->earliest[cell->studies++] = INFINITY;
    }
    cell->earliest[s] = fmin(cell->earliest[s], seconds);
    cell->runs++;
    cell->at_first += at_first;
    return KM_OK;
}

/* Median over studies; of two in the middle their mean, INFINITY with one. */
static double median_of(struct cell *cell)
{
    if (cell->studies == 0) {
        return INFINITY;
    }
    size_t n = cell->studies, k = n / 2;
    km_select(cell->earliest, n, k);
    double upper = cell->earliest[k];
    if (n % 2) {
        return upper;
    }
    km_select(cell->earliest, k, k - 1);
    return (cell->earliest[k - 1] + upper) / 2;
}

static enum km_code fill(struct profiling *p, const struct km_cohort *cohort,
                         const uint32_t *group, size_t arm_count,
                         struct km_err *err)
{
    struct km_arena scratch;
    struct cell *cell = km_new(p->arena, struct cell, 1);
    enum km_code code = cell ? KM_OK : fail_full(err);
    km_arena_init(&scratch, KM_ARENA_COMMAND_BYTES_MAX);
    for (size_t w = 0; w < p->workload_count && code == KM_OK; w++) {
        size_t found = 0;
        for (size_t a = 0; a < arm_count && code == KM_OK; a++) {
            cell->studies = cell->runs = cell->at_first = 0;
            for (size_t i = 0; i < cohort->count && code == KM_OK; i++) {
                if (group[i] == a && belongs(p, cohort->members[i].label, w)) {
                    code =
                        add_run(p, &cohort->members[i], w, cell, &scratch, err);
                }
            }
            found += cell->runs;
            p->runs[a * p->workload_count + w] = cell->runs;
            p->at_first[a * p->workload_count + w] = cell->at_first;
            p->time[a * p->workload_count + w] = median_of(cell);
        }
        if (code == KM_OK && found == 0) {
            code = km_fail(err, KM_EUSAGE,
                           "no run of the arms is of the "
                           "workload '%s'",
                           p->workloads[w].name);
        }
        if (code == KM_OK && !p->metric[w] && p->workloads[w].metric) {
            code = km_fail(err, KM_EUSAGE,
                           "no run of the workload '%s' has the metric '%s': "
                           "`km metrics RUN` lists them",
                           p->workloads[w].name, p->workloads[w].metric);
        }
    }
    km_arena_finish(&scratch);
    return code;
}

/* "validation/loss <= 1.45" */
static const char *goal_text(const struct profiling *p, size_t w)
{
    return km_arena_printf(
        p->arena, "%s %s %g", p->metric[w] ? p->metric[w] : "nothing",
        p->sign[w] < 0 ? ">=" : "<=", p->workloads[w].target);
}

/* "wmt, validation/loss <= 1.45: 36 150 s, 1.00 times the fastest" */
static const char *workload_text(const struct profiling *p, size_t arm,
                                 size_t w, const double *ratio)
{
    size_t at = arm * p->workload_count + w;
    const char *name = km_arena_printf(p->arena, "%s, %s", p->workloads[w].name,
                                       goal_text(p, w));
    if (!name) {
        return NULL;
    }
    if (p->runs[at] == 0) {
        return km_arena_printf(p->arena, "%s: not run", name);
    }
    if (isinf(p->time[at])) {
        return km_arena_printf(p->arena, "%s: missed", name);
    }
    const char *how =
        isinf(ratio[at])
            ? km_arena_printf(p->arena, "more than %g times the fastest",
                              TAU_MAX)
            : km_arena_printf(p->arena, "%.3f times the fastest", ratio[at]);
    return how ? km_arena_printf(p->arena, "%s: %.6g s, %s%s", name,
                                 p->time[at], how,
                                 p->at_first[at] ? ", reached at the first "
                                                   "value"
                                                 : "")
               : NULL;
}

/* Names of the workloads of which an arm has this. */
static const char *name_where(const struct profiling *p, size_t arm,
                              bool (*is)(const struct profiling *, size_t))
{
    const char *text = "";
    for (size_t w = 0; w < p->workload_count && text; w++) {
        if (is(p, arm * p->workload_count + w)) {
            text = km_arena_printf(p->arena, "%s%s%s", text, *text ? ", " : "",
                                   p->workloads[w].name);
        }
    }
    return text ? text : "";
}

static bool is_missed(const struct profiling *p, size_t at)
{
    return p->runs[at] > 0 && isinf(p->time[at]);
}

static bool is_absent(const struct profiling *p, size_t at)
{
    return p->runs[at] == 0;
}

static bool is_at_first(const struct profiling *p, size_t at)
{
    return p->at_first[at] > 0;
}

static const char *reason_of(const struct profiling *p, size_t arm)
{
    static const struct {
        const char *words;
        bool (*is)(const struct profiling *, size_t);
    } rows[] = {{"missed", is_missed},
                {"not run", is_absent},
                {"reached at the first value", is_at_first}};
    const char *text =
        km_arena_printf(p->arena, "%zu workload%s", p->workload_count,
                        p->workload_count == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof rows / sizeof *rows && text; i++) {
        const char *names = name_where(p, arm, rows[i].is);
        if (*names) {
            text = km_arena_printf(p->arena, "%s; %s: %s", text, rows[i].words,
                                   names);
        }
    }
    return text;
}

/* "by training time to wmt validation/loss <= 1.45, ogbg ..." */
static const char *context_of(const struct profiling *p)
{
    const char *text = "by training time to";
    for (size_t w = 0; w < p->workload_count && text; w++) {
        const char *goal = goal_text(p, w);
        text = goal ? km_arena_printf(p->arena, "%s%s %s %s", text,
                                      w ? "," : "", p->workloads[w].name, goal)
                    : NULL;
    }
    return text;
}

static enum km_code add_arm(const struct profiling *p, size_t arm,
                            const char *name, const double *ratio,
                            struct km_scorecard *card, struct km_err *err)
{
    size_t n = p->workload_count;
    const double *mine = ratio + arm * n;
    struct km_figure_result result =
        km_result_new("compare.profile", name, "1");
    struct km_evidence evidence = {0};
    for (size_t w = 0; w < n; w++) {
        km_evidence_add(&evidence, workload_text(p, arm, w, ratio));
    }
    result.value = km_profile_score(mine, n, TAU_MAX);
    result.method = km_arena_printf(
        p->arena, "area under the profile from 1 to %g times the fastest",
        TAU_MAX);
    result.n = n;
    bool doubtful =
        *name_where(p, arm, is_absent) || *name_where(p, arm, is_at_first);
    result.state = doubtful ? KM_FIGURE_WEAK : KM_FIGURE_OK;
    result.reason = reason_of(p, arm);
    enum km_code code = km_card_add(card, result, &evidence, err);
    double *xy = km_new(p->arena, double, 2 * CURVE_POINTS);
    if (code || !xy) {
        return code ? code : fail_full(err);
    }
    for (int i = 0; i < CURVE_POINTS; i++) {
        xy[i] = 1 + (TAU_MAX - 1) * i / (CURVE_POINTS - 1);
        xy[CURVE_POINTS + i] = km_profile_share(mine, n, xy[i]);
    }
    const struct km_curve curve = {.id = "profile",
                                   .title = "share of workloads reached",
                                   .unit = "1",
                                   .axis = KM_AXIS_STEP,
                                   .kind = "step",
                                   .name = name,
                                   .x_unit = "x",
                                   .x_title = "times as long as the fastest",
                                   .count = CURVE_POINTS,
                                   .x = xy,
                                   .y = xy + CURVE_POINTS};
    return km_card_add_curve(card, curve, err);
}

/* "a is nearest to the fastest over 3 workloads: 0.67, then b with 0.33." */
static const char *headline_of(const struct profiling *p, const double *ratio,
                               const char *const *names, size_t arm_count)
{
    size_t n = p->workload_count, best = 0, second = 0;
    double first = -1, then = -1;
    for (size_t a = 0; a < arm_count; a++) {
        double score = km_profile_score(ratio + a * n, n, TAU_MAX);
        if (score > first) {
            second = best;
            then = first;
            best = a;
            first = score;
        } else if (score > then) {
            second = a;
            then = score;
        }
    }
    const char *s = n == 1 ? "" : "s";
    return first > then
               ? km_arena_printf(p->arena,
                                 "%s is nearest to the fastest over %zu "
                                 "workload%s: %.2f, then %s with %.2f.",
                                 names[best], n, s, first, names[second], then)
               : km_arena_printf(p->arena,
                                 "%s and %s are equally near to the fastest "
                                 "over %zu workload%s: %.2f.",
                                 names[best], names[second], n, s, first);
}

enum km_code
km_compare_profile_add(struct km_store *store, const struct km_cohort *cohort,
                       const uint32_t *group, const char *const *names,
                       size_t arm_count, const struct km_workload *workloads,
                       size_t workload_count,
                       const struct km_score_options *options,
                       struct km_scorecard *card, struct km_err *err)
{
    size_t cells = arm_count * workload_count;
    struct profiling p = {
        .store = store,
        .options = options,
        .arena = card->arena,
        .workloads = workloads,
        .workload_count = workload_count,
        .time = km_new(card->arena, double, cells + 1),
        .runs = km_new(card->arena, size_t, cells + 1),
        .at_first = km_new(card->arena, size_t, cells + 1),
        .metric = km_new(card->arena, const char *, workload_count + 1),
        .sign = km_new(card->arena, double, workload_count + 1)};
    double *ratio = km_new(card->arena, double, cells + 1);
    if (!p.time || !p.runs || !p.at_first || !p.metric || !p.sign || !ratio) {
        return fail_full(err);
    }
    enum km_code code = fill(&p, cohort, group, arm_count, err);
    if (code) {
        return code;
    }
    km_profile_ratios(p.time, arm_count, workload_count, TAU_MAX, ratio);
    card->headline = headline_of(&p, ratio, names, arm_count);
    card->context = context_of(&p);
    if (!card->headline || !card->context) {
        return fail_full(err);
    }
    for (size_t a = 0; a < arm_count && code == KM_OK; a++) {
        code = add_arm(&p, a, names[a], ratio, card, err);
    }
    return code;
}
