/* axis.c - the rates of each axis, from counters, facts or the clock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/axis.h"

#include <assert.h>
#include <math.h>

static const struct {
    const char *name, *unit;
    double size;
} axis_rows[] = {
    [KM_AXIS_STEP] = {"step", "kstep", 1e3},
    [KM_AXIS_TOKEN] = {"token", "Mtok", 1e6},
    [KM_AXIS_SAMPLE] = {"sample", "ksample", 1e3},
    [KM_AXIS_EPOCH] = {"epoch", "epoch", 1},
    [KM_AXIS_SECOND] = {"second", "h", 3600},
    [KM_AXIS_ACTIVE] = {"active second", "active h", 3600},
    [KM_AXIS_ACCELERATOR] = {"accelerator-hour", "accelerator-h", 1},
    [KM_AXIS_FLOP] = {"FLOP", "EFLOP", 1e18},
    [KM_AXIS_CURRENCY] = {"currency", "currency", 1},
};

const char *km_axis_name(enum km_axis axis)
{
    assert(axis >= KM_AXIS_STEP && axis < KM_AXIS_COUNT);
    return axis_rows[axis].name;
}

const char *km_axis_unit(enum km_axis axis)
{
    assert(axis >= KM_AXIS_STEP && axis < KM_AXIS_COUNT);
    return axis_rows[axis].unit;
}

double km_axis_unit_size(enum km_axis axis)
{
    assert(axis >= KM_AXIS_STEP && axis < KM_AXIS_COUNT);
    return axis_rows[axis].size;
}

/* Units with a metric prefix; the others have no base. */
static const struct {
    const char *base;
    int usual, most; /* powers of 1000 */
} ladders[KM_AXIS_COUNT] = {
    [KM_AXIS_STEP] = {"step", 1, 3},
    [KM_AXIS_TOKEN] = {"tok", 2, 5},
    [KM_AXIS_SAMPLE] = {"sample", 1, 4},
    [KM_AXIS_FLOP] = {"FLOP", 6, 8},
};

static struct km_axis_unit clock_unit(enum km_axis axis, double per_one)
{
    static const struct {
        const char *name, *active;
        double size;
    } rows[] = {{"h", "active h", 3600},
                {"min", "active min", 60},
                {"s", "active s", 1}};
    size_t row = 0;
    while (row < 2 && fabs(per_one) * rows[row].size >= 999.5) {
        row++;
    }
    bool active = axis == KM_AXIS_ACTIVE;
    return (struct km_axis_unit){"", active ? rows[row].active : rows[row].name,
                                 rows[row].size};
}

struct km_axis_unit km_axis_unit_for(enum km_axis axis, double per_one)
{
    static const char *const prefixes[] = {"",  "k", "M", "G", "T",
                                           "P", "E", "Z", "Y"};
    if (axis == KM_AXIS_SECOND || axis == KM_AXIS_ACTIVE) {
        return clock_unit(axis, per_one);
    }
    const char *base = ladders[axis].base;
    if (!base) {
        return (struct km_axis_unit){"", km_axis_unit(axis),
                                     km_axis_unit_size(axis)};
    }
    int power = ladders[axis].usual;
    double shown = fabs(per_one) * km_axis_unit_size(axis);
    for (; power > 0 && shown >= 999.5; power--) {
        shown /= 1000;
    }
    for (; power < ladders[axis].most && shown > 0 && shown < 0.00995;
         power++) {
        shown *= 1000;
    }
    return (struct km_axis_unit){prefixes[power], base, pow(1000, power)};
}

static struct km_rate unknown(const char *what_is_missing)
{
    return (struct km_rate){
        .per_step = NAN, .relative_se = NAN, .source = what_is_missing};
}

static struct km_rate stated(double per_step, const char *source)
{
    return (struct km_rate){
        .known = true, .per_step = per_step, .source = source};
}

/* Growth of a cumulative counter per step over [from, to]. */
static bool measure_counter(const struct km_track *track, double from,
                            double to, double *per_step)
{
    if (!track || track->count < 2) {
        return false;
    }
    size_t first = km_track_find(track, from);
    size_t end = km_track_find(track, nextafter(to, INFINITY));
    if (end < first + 2 || track->step[end - 1] <= track->step[first]) {
        first = 0;
        end = track->count;
    }
    double steps = track->step[end - 1] - track->step[first];
    double growth = track->value[end - 1] - track->value[first];
    *per_step = growth / steps;
    return steps > 0 && growth > 0 && isfinite(*per_step);
}

/* Mean of a series over [from, to]. */
static bool measure_mean(const struct km_track *track, double from, double to,
                         double *mean)
{
    if (!track || !track->count) {
        return false;
    }
    size_t first = km_track_find(track, from);
    size_t end = km_track_find(track, nextafter(to, INFINITY));
    if (end <= first) {
        first = 0;
        end = track->count;
    }
    double sum = 0;
    for (size_t i = first; i < end; i++) {
        sum += track->value[i];
    }
    *mean = sum / (double)(end - first);
    return *mean > 0 && isfinite(*mean);
}

struct measuring {
    const struct km_run_view *view;
    const struct km_axis_facts *facts;
    struct km_arena *arena;
    struct km_axes *axes;
};

/* Counts per step of one axis: a cumulative counter, a size per step, what is
 * known about the run, or a logged throughput times the time of a step. */
static struct km_rate measure_count(const struct measuring *m,
                                    enum km_role total, enum km_role size,
                                    enum km_role throughput, double fact,
                                    const char *fact_source,
                                    const char *what_is_missing)
{
    const struct km_run_view *view = m->view;
    double from = m->axes->from, to = m->axes->to, rate;
    if (measure_counter(view->tracks[total], from, to, &rate)) {
        return stated(rate, km_arena_printf(m->arena, "counted by %s",
                                            view->tracks[total]->name));
    }
    if (measure_mean(view->tracks[size], from, to, &rate)) {
        return stated(rate, km_arena_printf(m->arena, "logged as %s",
                                            view->tracks[size]->name));
    }
    if (fact > 0) {
        return stated(fact, fact_source);
    }
    const struct km_track *speed = view->tracks[throughput];
    const struct km_rate *active = &m->axes->rate[KM_AXIS_ACTIVE];
    if (active->known && measure_mean(speed, from, to, &rate)) {
        double devices = speed->of.per_device ? m->facts->accelerators : 1;
        if (devices > 0) {
            struct km_rate found =
                stated(rate * devices * active->per_step,
                       km_arena_printf(m->arena, "%s times the time of a step",
                                       speed->name));
            found.relative_se = active->relative_se;
            found.estimated = active->estimated;
            return found;
        }
    }
    return unknown(what_is_missing);
}

/* First and last point of [from, to] that have a time; false: fewer than two
 * steps between them. */
static bool find_timed_ends(const struct km_track *track, double from,
                            double to, size_t *first, size_t *last)
{
    size_t low = km_track_find(track, from);
    size_t end = km_track_find(track, nextafter(to, INFINITY));
    while (low < end && !isfinite(track->time_s[low])) {
        low++;
    }
    while (end > low && !isfinite(track->time_s[end - 1])) {
        end--;
    }
    if (end < low + 2) {
        return false;
    }
    *first = low;
    *last = end - 1;
    return track->step[end - 1] > track->step[low];
}

/* Over the window of the fit, like every other rate; over the whole where the
 * window has no two times. */
static struct km_rate measure_wall(const struct km_timeline *timeline,
                                   double from, double to)
{
    const struct km_track *track = timeline->timed;
    size_t first, last;
    if (!track) {
        return unknown("no point has a time");
    }
    if (!find_timed_ends(track, from, to, &first, &last) &&
        !find_timed_ends(track, -INFINITY, INFINITY, &first, &last)) {
        return unknown("times do not grow with steps");
    }
    double seconds = track->time_s[last] - track->time_s[first];
    if (!(seconds > 0)) {
        return unknown("times do not grow with steps");
    }
    struct km_rate rate =
        stated(seconds / (track->step[last] - track->step[first]),
               "times of the points in the window, waits included");
    rate.estimated = timeline->estimated;
    return rate;
}

static struct km_rate measure_active(const struct km_timeline *timeline,
                                     const struct km_axis_facts *facts)
{
    if (!timeline->source) {
        return unknown("no times, step times or training time");
    }
    if (!(facts->active_s_per_step > 0)) {
        return unknown("fewer than two timed steps");
    }
    struct km_rate rate =
        stated(facts->active_s_per_step, facts->active_source);
    rate.relative_se =
        facts->active_relative_se > 0 ? facts->active_relative_se : 0;
    rate.estimated = timeline->estimated;
    return rate;
}

static struct km_rate measure_accelerator(const struct measuring *m)
{
    const struct km_rate *wall = &m->axes->rate[KM_AXIS_SECOND];
    const struct km_rate *active = &m->axes->rate[KM_AXIS_ACTIVE];
    const struct km_rate *clock = wall->known ? wall : active;
    if (!clock->known) {
        return unknown("no clock");
    }
    if (!(m->facts->accelerators > 0)) {
        return unknown("number of accelerators not known: --accelerators N");
    }
    struct km_rate rate = *clock;
    rate.per_step = clock->per_step * m->facts->accelerators / 3600;
    rate.source = km_arena_printf(
        m->arena, "%g accelerators (%s) times %s time", m->facts->accelerators,
        m->facts->accelerators_source, wall->known ? "wall" : "active");
    return rate;
}

static struct km_rate measure_flop(const struct measuring *m)
{
    double rate;
    const struct km_track *total = m->view->tracks[KM_ROLE_FLOPS];
    if (measure_counter(total, m->axes->from, m->axes->to, &rate)) {
        return stated(rate,
                      km_arena_printf(m->arena, "counted by %s", total->name));
    }
    const struct km_rate *tokens = &m->axes->rate[KM_AXIS_TOKEN];
    if (!(m->facts->flop_per_token > 0)) {
        return unknown("FLOP not logged and number of parameters not known");
    }
    if (!tokens->known) {
        return unknown("tokens per step not known");
    }
    struct km_rate found = *tokens;
    found.per_step = tokens->per_step * m->facts->flop_per_token;
    found.source = m->facts->flop_source;
    return found;
}

static struct km_rate measure_currency(const struct measuring *m)
{
    if (m->facts->price_per_step > 0) {
        return stated(m->facts->price_per_step, "price per step");
    }
    if (!(m->facts->price_per_accelerator_hour > 0)) {
        return unknown("no price given: --price AMOUNT");
    }
    const struct km_rate *hours = &m->axes->rate[KM_AXIS_ACCELERATOR];
    if (!hours->known) {
        return unknown(hours->source);
    }
    struct km_rate rate = *hours;
    rate.per_step = hours->per_step * m->facts->price_per_accelerator_hour;
    rate.source =
        km_arena_printf(m->arena, "%g per accelerator-hour, %s",
                        m->facts->price_per_accelerator_hour, hours->source);
    return rate;
}

enum km_code km_axes_measure(const struct km_run_view *view,
                             const struct km_timeline *timeline,
                             const struct km_axis_facts *facts, double from,
                             double to, struct km_arena *arena,
                             struct km_axes *axes, struct km_err *err)
{
    *axes = (struct km_axes){.from = from, .to = to};
    const struct measuring m = {view, facts, arena, axes};
    struct km_rate *rate = axes->rate;
    rate[KM_AXIS_STEP] = stated(1, "steps as logged");
    rate[KM_AXIS_ACTIVE] = measure_active(timeline, facts);
    rate[KM_AXIS_SECOND] = measure_wall(timeline, from, to);
    rate[KM_AXIS_TOKEN] = measure_count(
        &m, KM_ROLE_TOKENS, KM_ROLE_BATCH_TOKENS, KM_ROLE_TOKENS_PER_SECOND,
        facts->tokens_per_step, facts->tokens_source,
        "tokens per step not known: --tokens-per-step N");
    rate[KM_AXIS_SAMPLE] =
        measure_count(&m, KM_ROLE_SAMPLES, KM_ROLE_BATCH_SIZE,
                      KM_ROLE_SAMPLES_PER_SECOND, facts->samples_per_step,
                      facts->samples_source, "samples per step not known");
    double epochs;
    const struct km_track *epoch = view->tracks[KM_ROLE_EPOCH];
    rate[KM_AXIS_EPOCH] =
        measure_counter(epoch, from, to, &epochs)
            ? stated(epochs,
                     km_arena_printf(arena, "counted by %s", epoch->name))
            : unknown("no series counts epochs");
    rate[KM_AXIS_ACCELERATOR] = measure_accelerator(&m);
    rate[KM_AXIS_FLOP] = measure_flop(&m);
    rate[KM_AXIS_CURRENCY] = measure_currency(&m);
    for (int axis = 0; axis < KM_AXIS_COUNT; axis++) {
        if (!rate[axis].source) {
            return km_fail(err, KM_ELIMIT,
                           "the rates of the axes do not fit the memory "
                           "allowed for one command");
        }
    }
    return KM_OK;
}
