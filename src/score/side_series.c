/* side_series.c - finds them by name and label, loads what is bounded. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/side_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/number.h"
#include "score/config_keys.h"
#include "series/load.h"
#include "series/sort.h"

enum { BASE_BYTES = 256, CELLS_MAX = 1 << 20 };

/* Norms by the last part of their name; `power`: 1 a norm, 2 squared. */
enum noise_kind { NOISE_SMALL, NOISE_BIG, NOISE_SCALE, NOISE_KINDS };
static const struct {
    const char *name;
    enum noise_kind kind;
    int power;
} noise_names[] = {
    {"grad_norm_small", NOISE_SMALL, 1},
    {"grad_norm_big", NOISE_BIG, 1},
    {"grad_norm_sq_small", NOISE_SMALL, 2},
    {"grad_norm_sq_big", NOISE_BIG, 2},
    {"gradient_noise_scale", NOISE_SCALE, 1},
    {"noise_scale", NOISE_SCALE, 1},
};

struct rank_series {
    struct km_series_row row; /* without texts */
    struct km_role_of of;
    uint32_t rank;
    char base[BASE_BYTES];
};

struct finding {
    struct km_score_input *input;
    struct rank_series *ranks; /* NULL until the first */
    size_t rank_count;
    struct {
        struct km_series_row row;
        const char *name;
        int power;
        bool found;
    } noise[NOISE_KINDS];
    bool full;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the run does not fit the memory allowed for one command");
}

/* Digits at `at`; -1: none, or too many. */
static long digits_at(struct km_str text, size_t at, size_t *end)
{
    long value = -1;
    *end = at;
    while (*end < text.len && text.ptr[*end] >= '0' && text.ptr[*end] <= '9' &&
           value < 1000000) {
        value = (value < 0 ? 0 : value * 10) + (text.ptr[*end] - '0');
        ++*end;
    }
    return value;
}

static bool is_edge(struct km_str text, size_t at)
{
    return at == text.len || strchr("/._-", text.ptr[at]) != NULL;
}

long km_rank_of(struct km_str metric, struct km_str labels, char *base,
                size_t base_size)
{
    static const struct km_str word = {"rank", 4};
    size_t end;
    for (size_t at = 0; at + 5 <= labels.len; at++) {
        bool starts = at == 0 || labels.ptr[at - 1] == ',';
        if (starts && memcmp(labels.ptr + at, "rank=", 5) == 0) {
            long rank = digits_at(labels, at + 5, &end);
            bool whole = end == labels.len || labels.ptr[end] == ',';
            (void)snprintf(base, base_size, "%.*s", (int)metric.len,
                           metric.ptr);
            return whole ? rank : -1;
        }
    }
    for (size_t at = 0; at + word.len < metric.len; at++) {
        if (memcmp(metric.ptr + at, word.ptr, word.len) != 0 ||
            !(at == 0 || is_edge(metric, at - 1))) {
            continue;
        }
        size_t from = at + word.len;
        from += is_edge(metric, from);
        long rank = from < metric.len ? digits_at(metric, from, &end) : -1;
        if (rank >= 0 && is_edge(metric, end)) {
            size_t cut = at ? at - 1 : 0;
            size_t rest = at ? end : end + (end < metric.len);
            (void)snprintf(base, base_size, "%.*s%.*s", (int)cut, metric.ptr,
                           (int)(metric.len - rest), metric.ptr + rest);
            return rank;
        }
    }
    return -1;
}

static bool add_rank(struct finding *f, const struct km_series_row *row)
{
    const struct km_role_table *roles = f->input->options->roles;
    struct km_role_of of = km_role_find(roles, row->metric, row->labels);
    char base[BASE_BYTES];
    long rank = of.role == KM_ROLE_STEP_TIME
                    ? km_rank_of(row->metric, row->labels, base, sizeof base)
                    : -1;
    if (rank < 0 || f->rank_count == KM_RANKS_MAX || !row->summary.n) {
        return true;
    }
    if (!f->ranks) {
        f->ranks = km_new(f->input->arena, struct rank_series, KM_RANKS_MAX);
    }
    if (!f->ranks) {
        return false;
    }
    struct rank_series *one = &f->ranks[f->rank_count++];
    *one = (struct rank_series){.row = *row, .of = of, .rank = (uint32_t)rank};
    memcpy(one->base, base, sizeof base);
    return true;
}

static bool consider(void *user, const struct km_series_row *row)
{
    struct finding *f = user;
    struct km_str metric = row->metric;
    for (size_t i = 0; i < sizeof noise_names / sizeof *noise_names; i++) {
        size_t len = strlen(noise_names[i].name);
        bool ends =
            metric.len >= len &&
            memcmp(metric.ptr + metric.len - len, noise_names[i].name, len) ==
                0 &&
            (metric.len == len || metric.ptr[metric.len - len - 1] == '/');
        enum noise_kind kind = noise_names[i].kind;
        if (ends && !f->noise[kind].found && row->summary.n) {
            f->noise[kind].found = true;
            f->noise[kind].row = *row;
            f->noise[kind].power = noise_names[i].power;
            f->noise[kind].name =
                km_arena_copy(f->input->arena, metric.ptr, metric.len);
            f->full |= !f->noise[kind].name;
        }
    }
    f->full |= !add_rank(f, row);
    return !f->full;
}

static int by_base(const void *a, const void *b)
{
    const struct rank_series *x = a, *y = b;
    int order = strcmp(x->base, y->base);
    return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Of several step times the one that most ranks have: [*from, *to). */
static void choose_base(struct finding *f, size_t *from, size_t *to)
{
    *from = *to = 0;
    if (f->rank_count) {
        qsort(f->ranks, f->rank_count, sizeof *f->ranks, by_base);
    }
    for (size_t i = 0, end; i < f->rank_count; i = end) {
        end = i + 1;
        while (end < f->rank_count &&
               strcmp(f->ranks[end].base, f->ranks[i].base) == 0) {
            end++;
        }
        if (end - i > *to - *from) {
            *from = i;
            *to = end;
        }
    }
}

/* Points of one rank put where their step stands among the rows. */
struct filling {
    struct km_rank_times *times;
    double *step; /* of the rows; being made while `first` */
    size_t column, at, room;
    double scale;
    bool first;
};

static bool fill_column(void *user, const struct km_columns *columns)
{
    struct filling *f = user;
    struct km_rank_times *t = f->times;
    for (size_t i = 0; i < columns->count; i++) {
        double step = (double)columns->steps[i];
        double seconds = columns->values[i] * f->scale;
        if (f->first) { /* rising; a step again is the same row */
            bool again = t->steps && !(step > f->step[t->steps - 1]);
            if (!again && t->steps < f->room) {
                f->step[t->steps++] = step;
            }
            f->at = t->steps;
        } else {
            while (f->at < t->steps && f->step[f->at] < step) {
                f->at++;
            }
        }
        size_t row = f->first ? t->steps - 1 : f->at;
        if (row < t->steps && !(f->step[row] < step) &&
            !(f->step[row] > step)) {
            t->seconds[row * t->ranks + f->column] = seconds;
        }
    }
    return true;
}

/* The last steps that all ranks have, as many as are looked at. */
static struct km_point_range common_tail(const struct rank_series *list,
                                         size_t count, size_t rows)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct km_series_summary *s = &list[i].row.summary;
        double spacing =
            ((double)s->max_step - (double)s->min_step) / (double)s->n;
        double from = (double)s->max_step - spacing * (double)rows;
        int64_t start =
            from > (double)s->min_step ? (int64_t)from : s->min_step;
        low = start > low ? start : low;
        high = s->max_step < high ? s->max_step : high;
    }
    return (struct km_point_range){low, high < INT64_MAX ? high + 1 : high};
}

static enum km_code load_ranks(struct km_store *store, struct finding *f,
                               struct km_side_series *side, struct km_err *err)
{
    struct km_arena *arena = f->input->arena;
    size_t from, to;
    choose_base(f, &from, &to);
    size_t ranks = to - from;
    side->no_ranks = "no step times of two ranks or more: a label rank=N, or "
                     "step_time/rank3";
    if (ranks < 2) {
        return KM_OK;
    }
    size_t rows = CELLS_MAX / ranks;
    rows = rows < KM_RANK_STEPS_MAX ? rows : (size_t)KM_RANK_STEPS_MAX;
    struct km_rank_times *times = km_new(arena, struct km_rank_times, 1);
    uint32_t *numbers = km_new(arena, uint32_t, ranks);
    double *step = km_new(arena, double, rows);
    double *seconds = km_arena_alloc(arena, rows * ranks * sizeof *seconds);
    if (!times || !numbers || !step || !seconds) {
        return fail_full(err);
    }
    for (size_t i = 0; i < rows * ranks; i++) {
        seconds[i] = NAN;
    }
    *times = (struct km_rank_times){.metric = f->ranks[from].base,
                                    .ranks = ranks,
                                    .rank = numbers,
                                    .step = step,
                                    .seconds = seconds};
    const struct km_point_range range =
        common_tail(f->ranks + from, ranks, rows);
    enum km_code code = KM_OK;
    for (size_t r = 0; r < ranks && code == KM_OK; r++) {
        const struct rank_series *one = &f->ranks[from + r];
        struct filling filling = {.times = times,
                                  .step = step,
                                  .column = r,
                                  .room = rows,
                                  .scale = one->of.scale,
                                  .first = r == 0};
        numbers[r] = one->rank;
        if (range.step_low < range.step_high) {
            code = km_store_read_points(store, one->row.id, &range, fill_column,
                                        &filling, err);
        }
    }
    side->ranks = times;
    return code;
}

/* ---- gradient noise ---- */

static enum km_code load_noise_track(struct km_store *store,
                                     const struct finding *f,
                                     enum noise_kind kind,
                                     struct km_track *track, struct km_err *err)
{
    const struct km_run_view *view = &f->input->view;
    *track = (struct km_track){.name = f->noise[kind].name,
                               .of = {.scale = 1, .unit = "1"}};
    enum km_code code = km_track_load(
        store, &f->noise[kind].row, view->origin_ns,
        (uint32_t)view->attempt_count, f->input->arena, track, err);
    if (code == KM_OK && !km_track_sort(track, f->input->arena)) {
        code = fail_full(err);
    }
    return code;
}

static double square(double norm, int power)
{
    return power == 1 ? norm * norm : norm;
}

/* Pairs at the steps that both have. */
static enum km_code pair_norms(struct km_store *store, const struct finding *f,
                               struct km_noise_input *noise, struct km_err *err)
{
    struct km_track small, big;
    enum km_code code = load_noise_track(store, f, NOISE_SMALL, &small, err);
    code = code ? code : load_noise_track(store, f, NOISE_BIG, &big, err);
    double *kept =
        code ? NULL : km_new(f->input->arena, double, 3 * small.count + 1);
    if (!kept) {
        return code ? code : fail_full(err);
    }
    double *a = kept + small.count, *b = a + small.count;
    size_t n = 0;
    for (size_t i = 0, j = 0; i < small.count; i++) {
        while (j < big.count && big.step[j] < small.step[i]) {
            j++;
        }
        if (j < big.count && !(big.step[j] > small.step[i])) {
            kept[n] = small.step[i];
            a[n] = square(small.value[i], f->noise[NOISE_SMALL].power);
            b[n++] = square(big.value[j], f->noise[NOISE_BIG].power);
        }
    }
    noise->step = kept;
    noise->small = a;
    noise->big = b;
    noise->count = n;
    noise->names =
        km_arena_printf(f->input->arena, "%s and %s", small.name, big.name);
    return noise->names ? KM_OK : fail_full(err);
}

/* What the config says of the two batches; the big one is else the batch of a
 * step, the small one its share on one device. */
static enum km_code find_batches(struct km_store *store,
                                 const struct km_score_input *input,
                                 struct km_noise_input *noise,
                                 struct km_err *err)
{
    static const struct km_config_key keys[] = {
        {"noise_batch_small", 0, KM_CONFIG_POSITIVE},
        {"noise_batch_big", 1, KM_CONFIG_POSITIVE},
    };
    struct km_config_value of[2];
    enum km_code code = km_config_values(store, input->view.run_id, keys, 2,
                                         input->arena, of, 2, err);
    const struct km_rate *samples = &input->axes.rate[KM_AXIS_SAMPLE];
    double batch = samples->known ? samples->per_step : (double)NAN;
    noise->batch_big = of[1].number > 0 ? of[1].number : batch;
    noise->batch_small = of[0].number > 0
                             ? of[0].number
                             : noise->batch_big / input->facts.accelerators;
    return code;
}

static enum km_code load_noise(struct km_store *store, struct finding *f,
                               struct km_side_series *side, struct km_err *err)
{
    bool paired = f->noise[NOISE_SMALL].found && f->noise[NOISE_BIG].found;
    side->no_noise = "no gradient norms of a small and a big batch: "
                     "grad_norm_small and grad_norm_big, or a logged "
                     "noise_scale";
    if (!paired && !f->noise[NOISE_SCALE].found) {
        return KM_OK;
    }
    struct km_noise_input *noise =
        km_new(f->input->arena, struct km_noise_input, 1);
    if (!noise) {
        return fail_full(err);
    }
    side->noise = noise;
    enum km_code code = find_batches(store, f->input, noise, err);
    if (code == KM_OK && paired) {
        return pair_norms(store, f, noise, err);
    }
    struct km_track logged;
    code = code ? code : load_noise_track(store, f, NOISE_SCALE, &logged, err);
    noise->names = f->noise[NOISE_SCALE].name;
    if (code == KM_OK) {
        noise->logged = logged.value;
        noise->logged_at = logged.step;
        noise->logged_count = logged.count;
    }
    return code;
}

enum km_code km_side_series_load(struct km_store *store,
                                 struct km_score_input *input,
                                 struct km_err *err)
{
    struct finding *f = km_new(input->arena, struct finding, 1);
    struct km_side_series *side =
        km_new(input->arena, struct km_side_series, 1);
    if (!f || !side) {
        return fail_full(err);
    }
    f->input = input;
    input->side = side;
    enum km_code code =
        km_store_list_series(store, input->view.run_id, consider, f, err);
    if (code == KM_OK && f->full) {
        code = fail_full(err);
    }
    code = code ? code : load_ranks(store, f, side, err);
    return code ? code : load_noise(store, f, side, err);
}
