/* fleet.c - listing, and cards in the order in which they are looked at. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/fleet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "score/finding.h"
#include "score/input.h"

static const struct km_fleet_card nothing = {
    .last = {NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT, ""},
    .velocity = {NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT, ""},
    .throughput = {NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT, ""},
    .forecast = {NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT, ""},
    .horizon = NAN,
    .on_since = NAN,
};

uint64_t km_run_state_version(const struct km_run_row *run)
{
    const uint64_t words[] = {run->id,
                              run->series_count,
                              run->point_count,
                              run->attempt_count,
                              (uint64_t)run->meta.state,
                              (uint64_t)run->meta.ended_ns,
                              (uint64_t)run->last_time_ns};
    return km_hash(words, sizeof words, 1) | 1;
}

void km_fleet_init(struct km_fleet *fleet, struct km_store *store,
                   const struct km_score_options *options)
{
    *fleet = (struct km_fleet){.store = store, .options = *options};
    km_arena_init(&fleet->list, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&fleet->kept, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&fleet->past, KM_ARENA_COMMAND_BYTES_MAX);
    km_id_map_init(&fleet->at, &fleet->kept);
    km_histories_init(&fleet->histories, store, options->roles, &fleet->past);
    fleet->options.histories = &fleet->histories;
    for (size_t i = 0; i < KM_FLEET_MEMORIES; i++) {
        km_memory_init(&fleet->memories[i].memory);
    }
}

void km_fleet_finish(struct km_fleet *fleet)
{
    for (size_t i = 0; i < KM_FLEET_MEMORIES; i++) {
        km_memory_finish(&fleet->memories[i].memory);
    }
    km_arena_finish(&fleet->list);
    km_arena_finish(&fleet->kept);
    km_arena_finish(&fleet->past);
}

/* The card of a run, made when it is first seen; NULL: memory is short. */
static struct km_fleet_card *card_of(struct km_fleet *fleet, uint64_t run_id)
{
    uint32_t at = km_id_map_find(&fleet->at, run_id);
    if (at != KM_ID_ABSENT) {
        return fleet->cards[at];
    }
    struct km_fleet_card *card = km_new(&fleet->kept, struct km_fleet_card, 1);
    struct km_fleet_card **cards = km_arena_widen(
        &fleet->kept, (void *)fleet->cards, fleet->card_count, &fleet->card_cap,
        fleet->card_count + 1, sizeof *fleet->cards);
    if (!card || !cards ||
        !km_id_map_put(&fleet->at, run_id, (uint32_t)fleet->card_count)) {
        return NULL;
    }
    *card = nothing;
    fleet->cards = cards;
    fleet->cards[fleet->card_count++] = card;
    return card;
}

static bool copy_text(struct km_arena *arena, struct km_str *text)
{
    char *copy = km_arena_copy(arena, text->ptr ? text->ptr : "", text->len);
    text->ptr = copy;
    return copy != NULL;
}

struct listing {
    struct km_fleet *fleet;
    int64_t now_ns;
    bool failed;
};

static bool list_run(void *user, const struct km_run_row *run)
{
    struct listing *listing = user;
    struct km_fleet *fleet = listing->fleet;
    struct km_fleet_row *rows =
        km_arena_widen(&fleet->list, fleet->rows, fleet->count, &fleet->cap,
                       fleet->count + 1, sizeof *rows);
    struct km_fleet_card *card = card_of(fleet, run->id);
    if (!rows || !card) {
        listing->failed = true;
        return false;
    }
    fleet->rows = rows;
    struct km_fleet_row *row = &rows[fleet->count++];
    *row = (struct km_fleet_row){.run = *run, .card = card};
    row->version = km_run_state_version(run);
    row->fresh = card->version == row->version;
    row->going =
        km_run_is_going(run->meta.state, run->last_time_ns, listing->now_ns);
    fleet->done += run->meta.state == KM_RUN_FINISHED;
    struct km_run_meta *meta = &row->run.meta;
    struct km_str *const texts[] = {
        &meta->project, &meta->external_id, &meta->name, &meta->group,
        &meta->parent,  &meta->source,      &meta->notes};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        listing->failed = listing->failed || !copy_text(&fleet->list, texts[i]);
    }
    return !listing->failed;
}

enum km_code km_fleet_list(struct km_fleet *fleet,
                           const struct km_run_filter *filter,
                           struct km_err *err)
{
    struct listing listing = {.fleet = fleet,
                              .now_ns = km_clock_wall_ns(fleet->options.clock)};
    km_arena_reset(&fleet->list);
    fleet->rows = NULL;
    fleet->count = fleet->cap = 0;
    fleet->looks++;
    fleet->done_before = fleet->done;
    fleet->done = 0;
    enum km_code code =
        km_store_list_runs(fleet->store, filter, list_run, &listing, err);
    if (code == KM_OK && listing.failed) {
        code = km_fail(err, KM_EMEMORY, "no memory for the list of runs");
    }
    if (fleet->done != fleet->done_before) {
        /* forecasts stand on finished runs: there are others now */
        km_arena_reset(&fleet->past);
        km_histories_init(&fleet->histories, fleet->store, fleet->options.roles,
                          &fleet->past);
    }
    return code;
}

/* That of the run, a free one, or the one that was used least of late. */
static struct km_memory *memory_for(struct km_fleet *fleet, uint64_t run_id)
{
    struct km_fleet_memory *chosen = &fleet->memories[0];
    for (size_t i = 0; i < KM_FLEET_MEMORIES; i++) {
        struct km_fleet_memory *memory = &fleet->memories[i];
        if (memory->run_id == run_id) {
            chosen = memory;
            break;
        }
        if (memory->used_at < chosen->used_at) {
            chosen = memory;
        }
    }
    chosen->run_id = run_id;
    chosen->used_at = fleet->looks;
    return &chosen->memory;
}

static struct km_fleet_figure keep(const struct km_figure_result *result)
{
    struct km_fleet_figure kept = nothing.last;
    if (result) {
        kept.value = result->value;
        kept.lo = result->lo;
        kept.hi = result->hi;
        kept.state = result->state;
        (void)snprintf(kept.unit, sizeof kept.unit, "%s", result->unit);
    }
    return kept;
}

static const struct km_figure_result *
first_standing(const struct km_scorecard *card, const char *id,
               const char *const *variants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct km_figure_result *result =
            km_card_find(card, id, variants[i]);
        if (result && isfinite(result->value)) {
            return result;
        }
    }
    return NULL;
}

static void keep_verdict(struct km_fleet_card *kept,
                         const struct km_scorecard *card)
{
    const struct km_figure_result *on = km_finding_gravest(card, NULL);
    if (on) {
        kept->on = on->figure;
        kept->on_since = on->value;
    }
    for (size_t i = 0; i < card->count && !kept->judged; i++) {
        kept->judged = card->results[i].state == KM_FIGURE_QUIET;
    }
}

/* Means of even stretches of the curve's axis; an empty stretch has the value
 * before it. */
static void keep_spark(struct km_fleet_card *kept, const struct km_curve *curve)
{
    double sums[KM_FLEET_SPARK_MAX] = {0};
    size_t counts[KM_FLEET_SPARK_MAX] = {0}, n = curve->count;
    size_t most = n < KM_FLEET_SPARK_MAX ? n : KM_FLEET_SPARK_MAX;
    double from = curve->x[0], span = curve->x[n - 1] - from;
    for (size_t i = 0; i < n; i++) {
        double share = span > 0 ? (curve->x[i] - from) / span : 0;
        size_t at =
            (size_t)fmin(fmax(share * (double)most, 0), (double)most - 1);
        if (isfinite(curve->y[i])) {
            sums[at] += curve->y[i];
            counts[at]++;
        }
    }
    for (size_t i = 0; i < most; i++) {
        double before = i ? kept->spark[i - 1] : (double)NAN;
        kept->spark[i] = counts[i] ? sums[i] / (double)counts[i] : before;
    }
    kept->spark_count = most;
}

static void keep_curve(struct km_fleet_card *kept,
                       const struct km_scorecard *card)
{
    static const char *const ids[] = {"loss", "valid"};
    for (size_t k = 0; k < 2 && !*kept->metric; k++) {
        for (size_t i = 0; i < card->curve_count; i++) {
            const struct km_curve *curve = &card->curves[i];
            if (strcmp(curve->id, ids[k]) == 0 &&
                strcmp(curve->kind, "data") == 0 && curve->count) {
                (void)snprintf(kept->metric, sizeof kept->metric, "%s",
                               curve->title);
                (void)snprintf(kept->last.unit, sizeof kept->last.unit, "%s",
                               curve->unit);
                kept->last.value = curve->y[curve->count - 1];
                kept->last.state = KM_FIGURE_OK;
                keep_spark(kept, curve);
                break;
            }
        }
    }
}

static void keep_card(struct km_fleet_card *kept,
                      const struct km_scorecard *card)
{
    static const char *const speeds[] = {"tokens", "samples", "steps"};
    static const char *const finals[] = {"validation", "training"};
    *kept = nothing;
    bool of_late;
    kept->velocity = keep(km_card_leading_velocity(card, "per step", &of_late));
    kept->throughput =
        keep(first_standing(card, "speed.throughput", speeds, 3));
    kept->forecast = keep(first_standing(card, "forecast.final", finals, 2));
    kept->horizon = card->horizon > 0 ? card->horizon : (double)NAN;
    const struct km_figure_result *area =
        km_card_find(card, "learn.aulc", NULL);
    kept->better = area ? area->better : KM_BETTER_LOWER;
    keep_verdict(kept, card);
    keep_curve(kept, card);
}

static enum km_code compute(struct km_fleet *fleet, struct km_fleet_row *row,
                            struct km_err *err)
{
    struct km_score_options options = fleet->options;
    struct km_fleet_card *kept = card_of(fleet, row->run.id);
    struct km_scorecard card;
    struct km_arena arena;
    if (row->going) {
        options.memory = memory_for(fleet, row->run.id);
    }
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    enum km_code code = km_scorecard_compute(fleet->store, row->run.id,
                                             &options, &arena, &card, err);
    if (code == KM_OK) {
        keep_card(kept, &card);
    } else if (code != KM_EIO && code != KM_EMEMORY && code != KM_EBUSY) {
        *kept = nothing; /* of this run nothing can be said */
        code = KM_OK;
    }
    kept->version = row->version;
    row->fresh = true;
    km_arena_finish(&arena);
    return code;
}

enum km_code km_fleet_compute(struct km_fleet *fleet, size_t first,
                              size_t count, int64_t budget_ns, bool *more,
                              struct km_err *err)
{
    const struct km_clock *clock =
        fleet->options.clock ? fleet->options.clock : &km_clock_system;
    int64_t begun_ns = km_clock_monotonic_ns(clock);
    enum km_code code = KM_OK;
    *more = false;
    for (int round = 0; round < 2 && code == KM_OK; round++) {
        for (size_t i = 0; i < fleet->count && code == KM_OK; i++) {
            bool shown = i >= first && i - first < count;
            if (fleet->rows[i].fresh || shown != (round == 0)) {
                continue;
            }
            if (*more) {
                return KM_OK; /* the time is over, and this one is left */
            }
            code = compute(fleet, &fleet->rows[i], err);
            *more = km_clock_monotonic_ns(clock) - begun_ns > budget_ns;
        }
    }
    *more = false; /* none was left */
    return code;
}
