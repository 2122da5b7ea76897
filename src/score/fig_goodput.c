/* fig_goodput.c - speed.goodput: where the time went. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "measure/goodput.h"
#include "measure/robust.h"
#include "score/card.h"
#include "score/memory.h"
#include "score/speed.h"
#include "score/waits.h"

enum { POINTS_MIN = 20, BLOCK = 256, LOOKED_AT = 4096 };
static const double ROUNDING = 1e-9, TIMES = 3, SECONDS = 30,
                    WORTH_A_CHART = 0.005, MOST_WAITED = 1.05;

static const char *const use_names[KM_TIME_USE_COUNT] = {
    [KM_TIME_PRODUCTIVE] = "productive", [KM_TIME_START_UP] = "start-up",
    [KM_TIME_STALL] = "stall",           [KM_TIME_RESTART] = "restart",
    [KM_TIME_REDONE] = "redone steps",   [KM_TIME_EVALUATION] = "evaluation",
    [KM_TIME_CHECKPOINT] = "checkpoint", [KM_TIME_DATA] = "waiting for data",
    [KM_TIME_OTHER] = "other",
};

/* The points of all attempts, superseded ones too, in the order in which they
 * were made. */
struct walk {
    const struct km_track *track;
    const uint32_t *order;             /* NULL: as they stand */
    const struct km_pace_memory *pace; /* then; NULL with an order */
    size_t count;
};

static size_t at(const struct walk *walk, size_t i)
{
    return walk->order ? walk->order[i] : i;
}

/* Of the walk whose order is being sorted; there is one at a time a thread. */
static _Thread_local const struct km_track *sorting;

static int by_attempt_and_time(const void *a, const void *b)
{
    const struct km_track *t = sorting;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (t->attempt[x] != t->attempt[y]) {
        return t->attempt[x] < t->attempt[y] ? -1 : 1;
    }
    return (t->time_s[x] > t->time_s[y]) - (t->time_s[x] < t->time_s[y]);
}

/* One attempt whose points have rising times needs no sorting. */
static bool is_sorted(const struct km_track *track, struct km_pace_memory *pace)
{
    if (pace->track != track) {
        *pace = (struct km_pace_memory){.track = track};
    }
    for (size_t i = pace->sorted; i < track->count && !pace->broken; i++) {
        pace->broken = !isfinite(track->time_s[i]) ||
                       (i && (track->attempt[i] != track->attempt[i - 1] ||
                              track->time_s[i] < track->time_s[i - 1]));
    }
    pace->sorted = track->count;
    return !pace->broken && !track->ghost_count;
}

/* The slowest stretch of each block of neighbours, of `steps` steps counted as
 * steps + TIMES, so that it can be held against a median. */
static bool find_slowest(const struct km_track *t, struct km_pace_memory *pace,
                         struct km_arena *arena)
{
    size_t blocks = t->count / BLOCK;
    pace->slowest = km_arena_widen(arena, pace->slowest, pace->blocks,
                                   &pace->cap, blocks, sizeof(double));
    for (size_t b = pace->blocks; pace->slowest && b < blocks; b++) {
        double most = 0;
        for (size_t i = b ? b * BLOCK : 1; i < (b + 1) * BLOCK; i++) {
            double steps = t->step[i] - t->step[i - 1];
            double seconds = t->time_s[i] - t->time_s[i - 1];
            double pace_of = seconds / (steps + TIMES);
            most = pace_of > most ? pace_of : most;
        }
        pace->slowest[b] = most;
    }
    pace->blocks = blocks;
    return pace->slowest != NULL;
}

/* False: memory is short. */
static bool open_walk(const struct km_track *track, struct km_memory *memory,
                      struct km_arena *arena, struct walk *walk)
{
    size_t end = track->count + track->ghost_count;
    *walk = (struct walk){.track = track, .count = end};
    if (is_sorted(track, &memory->pace)) {
        walk->pace = &memory->pace;
        return find_slowest(track, &memory->pace, memory->arena);
    }
    uint32_t *order = km_new(arena, uint32_t, end + 1);
    walk->count = 0;
    for (size_t i = 0; order && i < end; i++) {
        if (isfinite(track->time_s[i])) {
            order[walk->count++] = (uint32_t)i;
        }
    }
    if (order) {
        sorting = track;
        qsort(order, walk->count, sizeof *order, by_attempt_and_time);
    }
    walk->order = order;
    return order != NULL;
}

/* How the stretch from one point to the next is booked: all of it for `use`, or
 * what is beyond the usual for `rest`. */
struct stretch {
    enum km_time_use use, rest;
    double expected;
};

static struct stretch judge(const struct km_score_input *input,
                            const struct walk *walk, size_t i, bool first,
                            const struct km_waits *waits, double waited)
{
    const struct km_track *t = walk->track;
    size_t from = at(walk, i - 1), to = at(walk, i);
    double usual = waits->pace * (t->step[to] - t->step[from]);
    double seconds = t->time_s[to] - t->time_s[from] - waited;
    enum km_time_use use = to >= t->count ? KM_TIME_REDONE : KM_TIME_PRODUCTIVE;
    double slow = usual + TIMES * waits->pace;
    if (!(seconds > slow)) {
        return (struct stretch){use, use, seconds};
    }
    bool evaluated = !waits->pause_count[KM_WAIT_EVALUATION] &&
                     km_evaluated_within(input, t->step[from], t->step[to]);
    bool saved = !waits->pause_count[KM_WAIT_CHECKPOINT] &&
                 km_saved_within(input, t->step[from], t->step[to]);
    if (!first && !evaluated && !saved && !(seconds > usual + SECONDS)) {
        return (struct stretch){use, use, seconds};
    }
    return (struct stretch){use,
                            first       ? KM_TIME_START_UP
                            : saved     ? KM_TIME_CHECKPOINT
                            : evaluated ? KM_TIME_EVALUATION
                                        : KM_TIME_STALL,
                            fmax(usual, 0)};
}

/* A block of stretches begins here, none of them is slow, and nothing but data
 * was waited for? */
static bool is_usual(const struct walk *walk, size_t i,
                     const struct km_waits *waits)
{
    double enough = waits->pace * (1 - ROUNDING);
    const double *time_s = walk->track->time_s;
    bool usual = walk->pace && i % BLOCK == 0 &&
                 i / BLOCK < walk->pace->blocks &&
                 walk->pace->slowest[i / BLOCK] <= enough;
    for (int k = KM_WAIT_CHECKPOINT; usual && k < KM_WAIT_COUNT; k++) {
        usual = !(km_waits_in_pauses(waits, (enum km_wait)k, time_s[i - 1],
                                     time_s[i + BLOCK - 1]) > 0);
    }
    return usual;
}

/* Seconds of the stretch from one point to a later one that went into each
 * kind of waiting; their sum. What is said of a pause counts as far as the
 * steps took longer than usual. Steps done again are lost as a whole. */
static double find_waits(const struct km_waits *waits, const struct km_track *t,
                         size_t from, size_t to, double out[KM_WAIT_COUNT])
{
    double seconds = t->time_s[to] - t->time_s[from], all = 0;
    double steps = t->step[to] - t->step[from];
    bool again = to >= t->count || from >= t->count;
    for (int k = 0; k < KM_WAIT_COUNT; k++) {
        double room =
            seconds - all - (k == KM_WAIT_DATA ? 0 : waits->pace * steps);
        double said = k == KM_WAIT_DATA
                          ? km_waits_for_data(waits, t->step[from], t->step[to])
                          : km_waits_in_pauses(waits, (enum km_wait)k,
                                               t->time_s[from], t->time_s[to]);
        out[k] = again ? 0 : fmax(fmin(said, room), 0);
        all += out[k];
    }
    return all;
}

/* Seconds of a stretch in pauses that are not longer than itself: steps that
 * were made while a save went on say how long they take beside it. */
static double paused(const struct km_waits *waits, double from, double to)
{
    double seconds = 0;
    for (int k = KM_WAIT_CHECKPOINT; k < KM_WAIT_COUNT; k++) {
        if (!km_pauses_surround(waits->pauses[k], waits->pause_count[k], from,
                                to)) {
            seconds += km_waits_in_pauses(waits, (enum km_wait)k, from, to);
        }
    }
    return seconds;
}

/* The usual time of a step without what was waited for, from some thousand
 * stretches. Waits for data that fill more than the time there was are in
 * another unit, and are left out. */
static bool find_pace(const struct walk *walk, struct km_arena *arena,
                      struct km_waits *waits)
{
    const struct km_track *t = walk->track;
    double *paces = km_new(arena, double, 2 * LOOKED_AT);
    size_t all = walk->count - 1, n = 0;
    size_t looked = all < LOOKED_AT ? all : (size_t)LOOKED_AT;
    double seconds = 0, waited = 0;
    for (size_t k = 0; paces && k < looked; k++) {
        size_t i = 1 + k * all / looked;
        size_t from = at(walk, i - 1), to = at(walk, i);
        double span = t->time_s[to] - t->time_s[from];
        double steps = t->step[to] - t->step[from];
        if (from < t->count && to < t->count && steps > 0 && span > 0 &&
            t->attempt[from] == t->attempt[to]) {
            double data = km_waits_for_data(waits, t->step[from], t->step[to]);
            double net = span - paused(waits, t->time_s[from], t->time_s[to]);
            seconds += span;
            waited += data;
            paces[LOOKED_AT + n] = fmax(net, 0) / steps;
            paces[n++] = fmax(net - data, 0) / steps;
        }
    }
    bool too_many = waited > MOST_WAITED * seconds;
    if (paces && too_many) {
        waits->doubt = km_arena_printf(
            arena,
            "%s left out: it says more seconds than there were; config "
            "can set its unit",
            waits->data->name);
        waits->data = NULL;
    }
    waits->pace =
        paces ? km_median(paces + (too_many ? LOOKED_AT : 0), n) : (double)NAN;
    return paces && (waits->doubt || !too_many);
}

/* Books productive time and waits of a block that is_usual(). */
static void book_usual(const struct km_waits *waits, const struct km_track *t,
                       size_t from, size_t to, struct km_goodput *book)
{
    double each[KM_WAIT_COUNT];
    if (find_waits(waits, t, from, to, each) > 0) {
        (void)km_goodput_add(book, t->time_s[from], INFINITY,
                             KM_TIME_PRODUCTIVE, KM_TIME_PRODUCTIVE);
        (void)km_goodput_add(book, t->time_s[from] + each[KM_WAIT_DATA],
                             INFINITY, KM_TIME_DATA, KM_TIME_DATA);
    }
}

/* Neighbouring stretches of one use are booked together. */
static void fill_book(const struct km_score_input *input,
                      const struct km_waits *waits, const struct walk *walk,
                      struct km_goodput *book)
{
    const struct km_track *t = walk->track;
    enum km_time_use use = KM_TIME_PRODUCTIVE;
    double until = t->time_s[at(walk, 0)];
    km_goodput_init(book, until, t->time_s[at(walk, walk->count - 1)]);
    bool first = true;
    for (size_t i = 1; i < walk->count; i++) {
        if (!first && use == KM_TIME_PRODUCTIVE && is_usual(walk, i, waits)) {
            book_usual(waits, t, i - 1, i + BLOCK - 1, book);
            i += BLOCK - 1;
            until = t->time_s[i];
            continue;
        }
        size_t from = at(walk, i - 1), to = at(walk, i);
        bool restart = t->attempt[to] != t->attempt[from];
        struct stretch s = {KM_TIME_RESTART, KM_TIME_RESTART, 0};
        double each[KM_WAIT_COUNT] = {0};
        double waited = restart ? 0 : find_waits(waits, t, from, to, each);
        if (!restart) {
            s = judge(input, walk, i, first, waits, waited);
        }
        if (waited > 0) {
            (void)km_goodput_add(book, until, INFINITY, use, use);
            for (int k = 0; k < KM_WAIT_COUNT; k++) {
                enum km_time_use kind = km_wait_use((enum km_wait)k);
                until += each[k];
                (void)km_goodput_add(book, until, INFINITY, kind, kind);
            }
        }
        if (s.use != use || s.rest != s.use || restart) {
            (void)km_goodput_add(book, until, INFINITY, use, use);
            (void)km_goodput_add(book, t->time_s[to], s.expected, s.use,
                                 s.rest);
            use = restart ? KM_TIME_PRODUCTIVE : s.use;
        }
        until = t->time_s[to];
        first = restart;
    }
    (void)km_goodput_add(book, until, INFINITY, use, use);
}

KM_FIGURE_COMPUTE(km_goodput_chart)
{
    enum { N = KM_GOODPUT_BINS };
    const struct km_goodput *book = input->book;
    if (!book ||
        !(1 - book->seconds[KM_TIME_PRODUCTIVE] / (book->to - book->from) >
          WORTH_A_CHART)) {
        return KM_OK;
    }
    double hours = (book->to - book->from) / 3600, width = hours / N;
    bool short_run = hours < 2;
    double unit = short_run ? 60 : 1;
    enum km_code code = KM_OK;
    for (int use = 0; use < KM_TIME_USE_COUNT && code == KM_OK; use++) {
        double *xy = km_new(input->arena, double, 2 * N);
        if (!xy) {
            return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
        }
        for (size_t b = 0; b < N; b++) {
            double all = 0;
            for (int k = 0; k < KM_TIME_USE_COUNT; k++) {
                all += book->bins[k][b];
            }
            xy[b] = ((double)b + 1) * width * unit;
            xy[N + b] = all > 0 ? 100 * book->bins[use][b] / all : 0;
        }
        const struct km_curve curve = {.id = "goodput",
                                       .title = "share of the time",
                                       .unit = "%",
                                       .axis = KM_AXIS_STEP,
                                       .kind = "stack",
                                       .name = use_names[use],
                                       .x_unit = short_run ? "min" : "h",
                                       .x_title = "elapsed",
                                       .count = N,
                                       .x = xy,
                                       .y = xy + N};
        if (book->seconds[use] > 0) {
            code = km_card_add_curve(card, curve, err);
        }
    }
    return code;
}

static void add_what_was_logged(const struct km_waits *waits,
                                enum km_time_use use, struct km_scorecard *card,
                                struct km_evidence *evidence)
{
    for (int k = 0; k < KM_WAIT_COUNT; k++) {
        if (km_wait_use((enum km_wait)k) != use || !waits->source[k]) {
            continue;
        }
        km_evidence_add(
            evidence,
            k == KM_WAIT_DATA
                ? km_arena_printf(card->arena, "logged as %s, inside steps",
                                  waits->source[k])
                : km_arena_printf(card->arena, "%zu logged as %s",
                                  waits->pause_count[k], waits->source[k]));
    }
    if (use == KM_TIME_PRODUCTIVE && waits->doubt) {
        km_evidence_add(evidence, waits->doubt);
    }
}

static enum km_code add_goodput(const struct km_score_input *input,
                                const struct km_goodput *book, size_t n,
                                struct km_scorecard *card, struct km_err *err)
{
    double elapsed = book->to - book->from;
    enum km_code code = KM_OK;
    for (int use = 0; use < KM_TIME_USE_COUNT && code == KM_OK; use++) {
        bool main = use == KM_TIME_PRODUCTIVE;
        if (!main && !(book->seconds[use] > 0)) {
            continue;
        }
        struct km_figure_result result = km_result_new(
            "speed.goodput",
            main ? "productive"
                 : km_arena_printf(card->arena, "lost to %s", use_names[use]),
            "1");
        struct km_evidence evidence = {0};
        result.better = main ? KM_BETTER_HIGHER : KM_BETTER_LOWER;
        result.value = book->seconds[use] / elapsed;
        result.method = "seconds of the clock, each booked once";
        result.rung = "exact";
        result.n = n;
        result.reason =
            km_arena_printf(card->arena, "%.4g of %.4g h",
                            book->seconds[use] / 3600, elapsed / 3600);
        if (input->timeline.estimated) {
            result.state = KM_FIGURE_WEAK;
            result.reason = "rests on estimated times";
        }
        km_evidence_add(&evidence,
                        km_arena_printf(card->arena,
                                        "clock: times of the points of %s, "
                                        "superseded ones too",
                                        input->timeline.timed->name));
        add_what_was_logged(input->waits, (enum km_time_use)use, card,
                            &evidence);
        code = km_card_add(card, result, &evidence, err);
    }
    return code;
}

enum km_code km_goodput_fill(struct km_score_input *input, struct km_err *err)
{
    const struct km_track *timed = input->timeline.timed;
    struct walk walk;
    if (!timed || !input->timed) {
        input->no_book = timed ? "fewer than two timed stretches"
                               : "no times of points: training time alone does "
                                 "not show what was lost";
        return KM_OK;
    }
    struct km_goodput *book = km_new(input->arena, struct km_goodput, 1);
    struct km_waits *waits = km_new(input->arena, struct km_waits, 1);
    if (!book || !waits ||
        !open_walk(timed, input->memory, input->arena, &walk)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    if (walk.count < POINTS_MIN || !(timed->time_s[at(&walk, walk.count - 1)] >
                                     timed->time_s[at(&walk, 0)])) {
        input->no_book = "fewer than 20 points with times";
        return KM_OK;
    }
    enum km_code code = km_waits_load(input, timed, waits, err);
    waits->pace = input->throughput.median;
    if (code == KM_OK && km_waits_any(waits) &&
        !find_pace(&walk, input->arena, waits)) {
        code = km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    if (code != KM_OK) {
        return code;
    }
    fill_book(input, waits, &walk, book);
    input->waits = waits;
    input->book = book;
    input->booked_points = walk.count;
    return KM_OK;
}

KM_FIGURE_COMPUTE(km_compute_goodput)
{
    return input->book ? add_goodput(input, input->book, input->booked_points,
                                     card, err)
                       : km_card_add_absent(card, "speed.goodput", "productive",
                                            "1", KM_FIGURE_NOT_APPLICABLE,
                                            input->no_book, err);
}
