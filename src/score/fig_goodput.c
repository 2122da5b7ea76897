/* fig_goodput.c - speed.goodput: where the time went. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "measure/goodput.h"
#include "score/card.h"
#include "score/memory.h"
#include "score/speed.h"

enum { POINTS_MIN = 20, BLOCK = 256, WAITS_MAX = 65536 };
static const double ROUNDING = 1e-9, TIMES = 3, SECONDS = 30,
                    WORTH_A_CHART = 0.005;

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
                            const struct walk *walk, size_t i, bool first)
{
    const struct km_track *t = walk->track;
    size_t from = at(walk, i - 1), to = at(walk, i);
    double usual = input->throughput.median * (t->step[to] - t->step[from]);
    double seconds = t->time_s[to] - t->time_s[from];
    enum km_time_use use = to >= t->count ? KM_TIME_REDONE : KM_TIME_PRODUCTIVE;
    double slow = usual + TIMES * input->throughput.median;
    if (!(seconds > slow)) {
        return (struct stretch){use, use, seconds};
    }
    bool evaluated = km_evaluated_within(input, t->step[from], t->step[to]);
    bool saved = km_saved_within(input, t->step[from], t->step[to]);
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

/* A block of stretches begins here, and none of them is slow? */
static bool is_usual(const struct km_score_input *input,
                     const struct walk *walk, size_t i)
{
    double enough = input->throughput.median * (1 - ROUNDING);
    return walk->pace && i % BLOCK == 0 && i / BLOCK < walk->pace->blocks &&
           walk->pace->slowest[i / BLOCK] <= enough;
}

/* Neighbouring stretches of one use are booked together. */
static void fill_book(const struct km_score_input *input,
                      const struct walk *walk, struct km_goodput *book)
{
    const struct km_track *t = walk->track;
    enum km_time_use use = KM_TIME_PRODUCTIVE;
    double until = t->time_s[at(walk, 0)];
    km_goodput_init(book, until, t->time_s[at(walk, walk->count - 1)]);
    bool first = true;
    for (size_t i = 1; i < walk->count; i++) {
        if (!first && use == KM_TIME_PRODUCTIVE && is_usual(input, walk, i)) {
            i += BLOCK - 1;
            until = t->time_s[i];
            continue;
        }
        size_t from = at(walk, i - 1), to = at(walk, i);
        bool restart = t->attempt[to] != t->attempt[from];
        struct stretch s = {KM_TIME_RESTART, KM_TIME_RESTART, 0};
        if (!restart) {
            s = judge(input, walk, i, first);
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

/* Of the time that steps took, what they waited for data, as logged. */
static void move_waits(const struct km_score_input *input,
                       struct km_goodput *book)
{
    const struct km_track *t = input->view.tracks[KM_ROLE_DATA_TIME];
    size_t every = t ? (t->count + WAITS_MAX - 1) / WAITS_MAX : 0;
    for (size_t i = every; every && i < t->count; i += every) {
        double steps = t->step[i] - t->step[i - every];
        double seconds = t->value[i] * steps; /* in the role's unit */
        double elapsed = t->time_s[i] - t->time_s[i - every];
        if (t->attempt[i] == t->attempt[i - every] && elapsed > 0) {
            (void)km_goodput_move(book, t->time_s[i] - elapsed, t->time_s[i],
                                  fmin(seconds, elapsed), KM_TIME_PRODUCTIVE,
                                  KM_TIME_DATA);
        }
    }
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
    if (!book || !open_walk(timed, input->memory, input->arena, &walk)) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    if (walk.count < POINTS_MIN || !(timed->time_s[at(&walk, walk.count - 1)] >
                                     timed->time_s[at(&walk, 0)])) {
        input->no_book = "fewer than 20 points with times";
        return KM_OK;
    }
    fill_book(input, &walk, book);
    move_waits(input, book);
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
