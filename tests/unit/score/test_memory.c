/* test_memory.c - a card made with a memory is the card made without one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_write.h"
#include "measure/rng.h"
#include "score/memory.h"
#include "score_run.h"
#include "tap.h"

enum { LOOKS = 25 };

/* What a run does, besides going on. */
struct manner {
    const char *name;
    int64_t steps_a_look; /* on average */
    int64_t eval_every;   /* steps; 0: never */
    bool rate, noisy, spikes, restarts, late, stalls, score, plateau, waits;
};

struct logger {
    const struct manner *manner;
    struct km_rng rng;
    int64_t step;
    double clock;
    uint32_t part;
    int spike;
};

static double loss_at(struct logger *l)
{
    const struct manner *m = l->manner;
    double x = (double)l->step;
    double level = 2 + 3 * pow(x + 10, m->plateau ? -1.2 : -0.3);
    double noise = m->noisy ? 0.05 * (km_rng_unit(&l->rng) - 0.5) : 0;
    if (m->spikes && !l->spike && km_rng_below(&l->rng, 400) == 0) {
        l->spike = 1 + (int)km_rng_below(&l->rng, 90);
    }
    l->spike -= l->spike > 0;
    if (m->noisy && km_rng_below(&l->rng, 900) == 0) {
        return NAN;
    }
    return level + noise + (l->spike ? 1 : 0);
}

/* A score that rises, a loss that falls. */
static void evaluate(struct score_run *r, struct logger *l)
{
    double x = (double)l->step;
    double noise = 0.01 * (km_rng_unit(&l->rng) - 0.5);
    l->clock += 3;
    score_run_point(r, "eval/loss", l->step, l->clock,
                    2.1 + 3 * pow(x + 10, -0.3) + noise);
}

/* What a step waited for data, and now and then a save. */
static void log_waits(struct score_run *r, struct logger *l)
{
    double waited = 0.1 + 0.1 * km_rng_unit(&l->rng);
    score_run_point(r, "data_time", l->step, l->clock, waited);
    if (l->step % 40 == 0) {
        l->clock += 4;
        score_run_point(r, "checkpoint_time", l->step, l->clock, 4);
    }
}

static void log_steps(struct score_run *r, struct logger *l)
{
    const struct manner *m = l->manner;
    uint64_t steps = km_rng_below(&l->rng, 2 * (uint64_t)m->steps_a_look);
    if (m->restarts && l->step > 500 && km_rng_below(&l->rng, 6) == 0) {
        l->step -= 300;
        l->part++;
        l->clock += 500;
    }
    score_run_attempt(r, l->part);
    if (m->late && l->step > 100 && km_rng_below(&l->rng, 4) == 0) {
        score_run_point(r, "train/loss", l->step - 50, l->clock, 3);
    }
    for (uint64_t i = 0; i < steps; i++) {
        bool stall = m->stalls && km_rng_below(&l->rng, 700) == 0;
        l->step++;
        l->clock += 0.5 + 0.05 * km_rng_unit(&l->rng) + (stall ? 90 : 0);
        if (m->score) {
            score_run_point(r, "reward", l->step, l->clock, -loss_at(l));
        } else {
            score_run_point(r, "train/loss", l->step, l->clock, loss_at(l));
        }
        if (m->rate && l->step % 3 == 0) {
            double at = (double)l->step;
            double rate = fmin(at / 300, 1) * (at > 9000 ? 0.7 : 1);
            score_run_point(r, "lr", l->step, l->clock, 1e-3 * rate);
        }
        if (m->waits) {
            log_waits(r, l);
        }
        if (m->eval_every && l->step % m->eval_every == 0) {
            evaluate(r, l);
        }
    }
}

static int64_t wall(void *user)
{
    (void)user;
    return score_run_start_ns + (int64_t)1000000 * 1000000000;
}
static const struct km_clock held = {wall, wall, NULL};

/* The card as JSON, which says every number to its last bit. */
static const char *card_text(struct score_run *r, struct km_memory *memory,
                             struct km_arena *arena)
{
    struct km_scorecard card;
    struct km_err err = {0};
    struct km_score_options options;
    km_score_options_init(&options);
    options.clock = &held;
    options.memory = memory;
    if (km_scorecard_compute(r->store, r->id, &options, arena, &card, &err)) {
        return km_arena_printf(arena, "%s", err.message);
    }
    struct km_buf buf;
    struct km_json_writer json;
    km_buf_init(&buf, 64 * KM_MIB);
    km_json_writer_init(&json, &buf);
    km_scorecard_json(&card, &json);
    const char *text = km_arena_copy(arena, buf.bytes, buf.len);
    km_buf_finish(&buf);
    return text;
}

static void say_difference(const char *name, int look, const char *kept,
                           const char *anew)
{
    size_t at = 0;
    while (kept[at] && kept[at] == anew[at]) {
        at++;
    }
    size_t from = at > 300 ? at - 300 : 0;
    printf("# %s, look %d\n# kept: %.400s\n# anew: %.400s\n", name, look,
           kept + from, anew + from);
}

/* Returns in how many looks the cards were the same. */
static int follow(const struct manner *manner, uint64_t seed)
{
    struct score_run r;
    struct logger l = {.manner = manner};
    struct km_memory memory;
    struct km_arena arena;
    int same = 0;
    km_rng_seed(&l.rng, seed);
    km_memory_init(&memory);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    score_run_begin(&r);
    for (int look = 0; look < LOOKS; look++) {
        struct km_err err = {0};
        log_steps(&r, &l);
        if (look == LOOKS / 2) {
            score_run_config(&r, "max_steps", "20000");
        }
        CHECK_INT(km_store_append(r.store, &r.batch, &err), KM_OK);
        score_run_again(&r);
        km_arena_reset(&arena);
        const char *anew = card_text(&r, NULL, &arena);
        const char *kept = card_text(&r, &memory, &arena);
        bool alike = strcmp(kept, anew) == 0;
        if (!alike && same == look) {
            say_difference(manner->name, look, kept, anew);
        }
        same += alike;
    }
    km_memory_finish(&memory);
    score_run_end(&r, &arena);
    return same;
}

static void a_card_with_a_memory_is_the_card_without(void)
{
    static const struct manner manners[] = {
        {.name = "plain", .steps_a_look = 120},
        {.name = "few points", .steps_a_look = 4},
        {.name = "noisy", .steps_a_look = 300, .noisy = true, .rate = true},
        {.name = "evaluated",
         .steps_a_look = 200,
         .noisy = true,
         .eval_every = 100,
         .rate = true},
        {.name = "spikes",
         .steps_a_look = 400,
         .noisy = true,
         .spikes = true,
         .rate = true,
         .eval_every = 250},
        {.name = "stalls",
         .steps_a_look = 300,
         .noisy = true,
         .stalls = true,
         .eval_every = 50},
        {.name = "restarts",
         .steps_a_look = 400,
         .noisy = true,
         .restarts = true,
         .spikes = true,
         .eval_every = 100},
        {.name = "waits", .steps_a_look = 700, .stalls = true, .waits = true},
        {.name = "waits and restarts",
         .steps_a_look = 300,
         .restarts = true,
         .waits = true,
         .eval_every = 90},
        {.name = "late", .steps_a_look = 200, .noisy = true, .late = true},
        {.name = "reward",
         .steps_a_look = 300,
         .score = true,
         .noisy = true,
         .spikes = true},
        {.name = "plateau",
         .steps_a_look = 500,
         .plateau = true,
         .noisy = true,
         .rate = true,
         .eval_every = 100},
        {.name = "long",
         .steps_a_look = 8000,
         .noisy = true,
         .spikes = true,
         .stalls = true,
         .rate = true,
         .eval_every = 1000},
    };
    for (size_t m = 0; m < sizeof manners / sizeof *manners; m++) {
        CHECK_INT(follow(&manners[m], 100 + m), LOOKS);
    }
}

int main(void)
{
    RUN(a_card_with_a_memory_is_the_card_without);
    return tap_end();
}
