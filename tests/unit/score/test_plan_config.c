/* test_plan_config.c - the keys of trainers, read as plans. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "score/plan_config.h"
#include "score_run.h"
#include "tap.h"

static struct score_run r;
static struct km_arena arena;
static struct km_err err;

/* Pairs of key and JSON, NULL at the end. */
static struct km_config_plan read(const char *const *pairs, double planned)
{
    struct km_config_plan plan;
    score_run_begin(&r);
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    for (size_t i = 0; pairs[i]; i += 2) {
        score_run_config(&r, pairs[i], pairs[i + 1]);
    }
    CHECK(km_store_append(r.store, &r.batch, &err) == KM_OK);
    CHECK(km_plan_of_config(r.store, r.id, planned, &arena, &plan, &err) ==
          KM_OK);
    return plan;
}

static void end(void)
{
    score_run_end(&r, &arena);
}

static void a_transformers_run_has_its_plan(void)
{
    const char *const keys[] = {"args.lr_scheduler_type",
                                "\"linear\"",
                                "args.warmup_ratio",
                                "0.1",
                                "args.learning_rate",
                                "3e-4",
                                NULL};
    struct km_config_plan p = read(keys, 1000);
    CHECK(p.known && p.warmup_said);
    CHECK_TEXT(p.source, "linear (args.lr_scheduler_type)");
    CHECK_NEAR(km_plan_rate(&p.plan, 100), 1, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 550), 0.5, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 1000), 0, 1e-12);
    end();
}

static void a_megatron_run_has_its_plan(void)
{
    const char *const cosine[] = {"lr_decay_style",
                                  "\"cosine\"",
                                  "lr",
                                  "0.0006",
                                  "min_lr",
                                  "0.00006",
                                  "lr_decay_iters",
                                  "800",
                                  "lr-warmup-iters",
                                  "80",
                                  NULL};
    struct km_config_plan p = read(cosine, 1000);
    CHECK(p.known);
    CHECK_NEAR(p.top, 0.0006, 0);
    CHECK_NEAR(km_plan_rate(&p.plan, 800), 0.1, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 440), 0.55, 1e-12);
    end();
    const char *const wsd[] = {"lr_decay_style",
                               "\"WSD\"",
                               "lr_wsd_decay_iters",
                               "200",
                               "lr_wsd_decay_style",
                               "\"minus_sqrt\"",
                               NULL};
    p = read(wsd, 1000);
    CHECK(p.known);
    CHECK_INT(p.plan.kind, KM_PLAN_ONE_MINUS_SQRT);
    CHECK_NEAR(km_plan_rate(&p.plan, 800), 1, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 850), 0.5, 1e-12);
    end();
}

static void smaller_trainers_have_theirs(void)
{
    const char *const nano[] = {
        "decay_lr",     "true", "learning_rate",  "6e-4", "min_lr", "6e-5",
        "warmup_iters", "100",  "lr_decay_iters", "2000", NULL};
    struct km_config_plan p = read(nano, 2000);
    CHECK(p.known);
    CHECK_INT(p.plan.kind, KM_PLAN_COSINE);
    CHECK_NEAR(km_plan_rate(&p.plan, 2000), 0.1, 1e-9);
    end();
    const char *const speedrun[] = {"cooldown_frac", "0.4", NULL};
    p = read(speedrun, 1000);
    CHECK(p.known);
    CHECK_TEXT(p.source, "linear (cooldown_frac)");
    CHECK_NEAR(km_plan_rate(&p.plan, 600), 1, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 800), 0.5, 1e-12);
    end();
    const char *const steps[] = {"scheduler", "\"StepLR\"", "step_size", "100",
                                 "gamma",     "0.1",        NULL};
    p = read(steps, NAN);
    CHECK(p.known);
    CHECK_NEAR(km_plan_rate(&p.plan, 250), 0.01, 1e-12);
    end();
    const char *const stable[] = {"lr_scheduler_type",
                                  "\"warmup_stable_decay\"",
                                  "warmup_steps",
                                  "10",
                                  "num_stable_steps",
                                  "50",
                                  "lr_scheduler_kwargs.num_decay_steps",
                                  "40",
                                  NULL};
    p = read(stable, NAN);
    CHECK(p.known);
    CHECK_NEAR(km_plan_rate(&p.plan, 60), 1, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 80), 0.5, 1e-12);
    end();
}

static void a_table_is_a_plan(void)
{
    const char *const table[] = {"lr_table", "[[0, 0], [100, 2], [300, 1]]",
                                 NULL};
    struct km_config_plan p = read(table, 300);
    CHECK(p.known);
    CHECK_NEAR(km_plan_rate(&p.plan, 50), 0.5, 1e-12);
    CHECK_NEAR(km_plan_rate(&p.plan, 200), 0.75, 1e-12);
    end();
    const char *const odd[] = {"lr_table", "[1, 2, 3]", NULL};
    p = read(odd, 300);
    CHECK(!p.known);
    CHECK_TEXT(p.problem, "it is no list of [step, rate]");
    end();
    const char *const back[] = {"lr_table", "[[5, 1], [3, 1]]", NULL};
    p = read(back, 300);
    CHECK(!p.known && p.problem);
    end();
}

static void what_is_not_known_is_not_guessed(void)
{
    static const char *const none[] = {NULL};
    struct km_config_plan p = read(none, 1000);
    CHECK(!p.known && !p.source && !p.problem);
    end();
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"\"cosine_with_restarts\"", "it starts anew"},
        {"\"reduce_lr_on_plateau\"", "it waits for a plateau"},
        {"\"CyclicLR\"", "it goes in cycles"},
        {"\"WSD\"", "the length of its cool-down is not said"},
        {"\"step\"", "its step size or factor is not said"},
        {"\"my_own\"", "no scheduler known here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const keys[] = {"lr_scheduler", rows[i].name, NULL};
        p = read(keys, 1000);
        CHECK(!p.known);
        CHECK_TEXT(p.problem, rows[i].why);
        end();
    }
    const char *const linear[] = {"lr_scheduler", "\"linear\"", NULL};
    p = read(linear, NAN);
    CHECK(!p.known);
    CHECK_TEXT(p.problem, "the last step of the plan is not said");
    end();
}

static void a_log_follows_its_plan_or_not(void)
{
    const char *const keys[] = {
        "lr_scheduler", "\"cosine\"", "warmup_steps", "10", "lr", "0.5", NULL};
    struct km_config_plan p = read(keys, 1000);
    double step[400], rate[400];
    for (int i = 0; i < 400; i++) {
        step[i] = i + 1;
        rate[i] = 0.5 * km_plan_rate(&p.plan, i); /* logged one step late */
    }
    CHECK(km_config_plan_followed(&p, step, rate, 400));
    CHECK(km_config_plan_followed(&p, step, rate, 5)); /* still warming up */
    CHECK(km_config_plan_followed(&p, step, rate, 0));
    rate[399] = 0.1;
    CHECK(!km_config_plan_followed(&p, step, rate, 400));
    end();
}

int main(void)
{
    RUN(a_transformers_run_has_its_plan);
    RUN(a_megatron_run_has_its_plan);
    RUN(smaller_trainers_have_theirs);
    RUN(a_table_is_a_plan);
    RUN(what_is_not_known_is_not_guessed);
    RUN(a_log_follows_its_plan_or_not);
    return tap_end();
}
