/* test_verdicts.c - verdicts on a run's card: what they are when nothing can be
 * said, what a learning rate explains, and that the past stays as it was. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "score_run.h"
#include "tap.h"

static struct score_run run;
static struct km_arena arena;
static struct km_scorecard card;
static struct km_score_options options;
static uint64_t noise;

static const char *const ids[] = {"nonfinite",  "spike",       "diverged",
                                  "plateau",    "overfitting", "underfitting",
                                  "memorising", "stalled",     "regime_change"};
enum { VERDICTS = sizeof ids / sizeof *ids };

static void begin(void)
{
    score_run_begin(&run);
    km_score_options_init(&options);
    noise = 21;
}

static void compute(void)
{
    CHECK_INT(score_run_card(&run, &options, &arena, &card), KM_OK);
}

static const struct km_figure_result *find(const char *name)
{
    char id[64];
    (void)snprintf(id, sizeof id, "verdict.%s", name);
    const struct km_figure_result *found = score_run_find(&card, id, NULL);
    CHECK(found != NULL);
    return found;
}

static void check_state(const char *name, enum km_figure_state state,
                        const char *part)
{
    const struct km_figure_result *f = find(name);
    bool good = f && f->state == state && strstr(f->reason, part);
    CHECK(good);
    if (f && !good) {
        printf("# %s is %s: %s\n", name, km_figure_state_name(f->state),
               f->reason);
    }
}

static double learnt(double x)
{
    return 2 + pow(x / 1000 + 0.1, -0.5);
}

static void put(int64_t step, double value)
{
    score_run_point(&run, "train/loss", step, 0.5 * (double)step,
                    value + 0.02 * score_run_noise(&noise));
}

/* Nothing fires and every state has a reason. */
static void check_calm(void)
{
    for (size_t i = 0; i < VERDICTS; i++) {
        const struct km_figure_result *f = find(ids[i]);
        CHECK(f && isnan(f->value) && *f->reason);
        CHECK(f && (f->state == KM_FIGURE_QUIET ||
                    f->state == KM_FIGURE_INSUFFICIENT ||
                    f->state == KM_FIGURE_NOT_APPLICABLE));
    }
    CHECK_INT(card.mark_count, 0);
}

static void runs_of_nothing_are_calm(void)
{
    static const struct {
        int points;
        double value, slope;
    } rows[] = {{0, 0, 0},       {1, 3, 0},        {2, 3, -1},
                {40, 3, 0},      {3000, 3, 0},     {3000, 0, 0},
                {3000, -1e9, 0}, {3000, 1e99, 0}, {3000, 1e-300, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin();
        score_run_point(&run, "other", 1, 0, 1);
        for (int k = 1; k <= rows[i].points; k++) {
            double value = rows[i].value + rows[i].slope * k;
            score_run_point(&run, "train/loss", k, 0.5 * k, value);
            if (k % 10 == 0) {
                score_run_point(&run, "val/loss", k, 0.5 * k, value);
            }
        }
        compute();
        for (size_t v = 0; v < VERDICTS; v++) {
            const struct km_figure_result *f = find(ids[v]);
            bool flat = strcmp(ids[v], "plateau") == 0 && rows[i].points >= 40;
            CHECK(f && *f->reason && (flat || isnan(f->value)));
            /* a curve that never moves is a plateau, never a divergence */
            CHECK(f && (!flat || f->state == KM_FIGURE_OK));
        }
        score_run_end(&run, &arena);
    }
}

static void who_waits_for_less_sees_a_plateau_later(void)
{
    for (int asked = 0; asked < 2; asked++) {
        begin();
        options.negligible = asked ? 0.2 : (double)NAN;
        for (int64_t step = 1; step <= 2000; step++) {
            put(step, learnt((double)step));
        }
        compute();
        check_state("plateau", asked ? KM_FIGURE_OK : KM_FIGURE_QUIET, "");
        score_run_end(&run, &arena);
    }
}

static void a_healthy_run_is_calm_and_says_so(void)
{
    begin();
    for (int64_t step = 1; step <= 2000; step++) {
        put(step, learnt((double)step));
    }
    compute();
    check_calm();
    check_state("spike", KM_FIGURE_QUIET, "not seen");
    check_state("overfitting", KM_FIGURE_NOT_APPLICABLE, "no validation");
    check_state("underfitting", KM_FIGURE_INSUFFICIENT, "ended");
    score_run_end(&run, &arena);
}

static void values_that_are_none_are_counted_and_may_be_all(void)
{
    begin();
    for (int64_t step = 1; step <= 50; step++) {
        score_run_point(&run, "train/loss", step, NAN,
                        step % 2 ? (double)NAN : (double)INFINITY);
        score_run_point(&run, "grad_norm", step, NAN,
                        step == 7 ? (double)INFINITY : 1);
    }
    compute();
    const struct km_figure_result *f = find("nonfinite");
    CHECK(f && f->state == KM_FIGURE_OK);
    CHECK_NEAR(f ? f->value : 0, 1, 0);
    CHECK_TEXT(f ? f->rung : "", "stands");
    CHECK(f && strstr(f->evidence[0], "50 values"));
    CHECK(f && strstr(f->evidence[1], "grad_norm: 1 value"));
    CHECK(strstr(card.headline, "Not finite since step 1") != NULL);
    score_run_end(&run, &arena);
}

static void restarts_duplicates_and_steps_below_one_are_survived(void)
{
    begin();
    for (int64_t step = -5; step <= 900; step++) {
        put(step, step < 600 ? learnt(fmax((double)step, 1)) : 9);
        put(step, 3);
    }
    score_run_attempt(&run, 1);
    for (int64_t step = 580; step <= 1500; step++) {
        put(step, learnt((double)step));
    }
    for (int64_t step = 200; step > 0; step--) {
        score_run_point(&run, "val/loss", step, NAN, 3);
    }
    compute();
    CHECK(find("diverged") && find("spike"));
    score_run_end(&run, &arena);
}

/* A flat end: a plateau, unless a falling or raised rate explains it. */
static void flat_with(int rate)
{
    begin();
    if (rate == 3) {
        score_run_config(&run, "lr_scheduler_type", "\"linear\"");
        score_run_config(&run, "max_steps", "4000");
    }
    for (int64_t step = 1; step <= 3500; step++) {
        double x = (double)step;
        put(step, learnt(fmin(x, 900)));
        if (rate == 1 || rate == 2) {
            double fallen = 1 - fmax(x - 400, 0) / 4000;
            score_run_point(&run, "lr", step, NAN,
                            1e-3 * (rate == 1 ? fallen : 1));
        }
    }
    compute();
}

static void a_falling_rate_explains_a_flat_end(void)
{
    static const bool explained[] = {false, true, false, true};
    for (int rate = 0; rate < 4; rate++) {
        flat_with(rate);
        if (explained[rate]) {
            check_state("plateau", KM_FIGURE_INSUFFICIENT, "learning rate");
        } else {
            check_state("plateau", KM_FIGURE_OK, "since step");
            CHECK(strstr(card.headline, "On a plateau since") != NULL);
        }
        score_run_end(&run, &arena);
    }
}

/* The loss turns round at step 2000; with its rate raised, or without. */
static void a_raised_rate_explains_a_rise(void)
{
    for (int raised = 0; raised < 2; raised++) {
        begin();
        for (int64_t step = 1; step <= 3000; step++) {
            double x = (double)step, past = fmax(x - 2000, 0);
            put(step, learnt(fmin(x, 2000)) + 0.0003 * past);
            score_run_point(&run, "lr", step, NAN,
                            1e-3 * (raised ? 1 + past / 100 : 1));
        }
        compute();
        if (raised) {
            check_state("regime_change", KM_FIGURE_QUIET, "");
        } else {
            check_state("regime_change", KM_FIGURE_OK, "since step");
            CHECK_NEAR(find("regime_change")->value, 2000, 400);
        }
        score_run_end(&run, &arena);
    }
}

static int64_t an_hour_later(void *user)
{
    (void)user;
    return score_run_start_ns + 3600 * INT64_C(1000000000);
}

static void a_silent_run_that_says_it_runs_is_stalled(void)
{
    const struct km_clock clock = {.wall_ns = an_hour_later};
    for (int state = 0; state < 2; state++) {
        begin();
        const struct km_run_meta meta = {.project = KM_STR("lab"),
                                         .external_id = KM_STR("run-2"),
                                         .state = state ? KM_RUN_RUNNING
                                                        : KM_RUN_FINISHED,
                                         .created_ns = KM_TIME_ABSENT,
                                         .ended_ns = KM_TIME_ABSENT};
        run.run = km_batch_run(&run.batch, &meta);
        run.id = run.batch.runs[run.run].id;
        score_run_attempt(&run, 0);
        options.clock = &clock;
        for (int64_t step = 1; step <= 500; step++) {
            put(step, learnt((double)step));
        }
        compute();
        if (state) {
            check_state("stalled", KM_FIGURE_OK, "silent for 0.9");
            CHECK(strstr(card.headline, "No sign of life") != NULL);
        } else {
            check_state("stalled", KM_FIGURE_QUIET, "");
        }
        score_run_end(&run, &arena);
    }
}

/* Every hairline of an early card stands on the later ones. */
static void what_was_seen_stays_where_it_was(void)
{
    static double before[64];
    size_t known = 0;
    for (int64_t last = 700; last <= 3500; last += 700) {
        begin();
        for (int64_t step = 1; step <= last; step++) {
            double x = (double)step;
            double spike = step % 600 < 12 && step > 600 ? 1 : 0;
            double worse = 0.4 * log(fmax(x, 1500) / 1500);
            put(step, learnt(fmin(x, 1500)) + spike + worse);
            if (step % 50 == 0) {
                score_run_point(&run, "val/loss", step, NAN,
                                learnt(fmin(x, 1500)) + worse);
            }
        }
        compute();
        CHECK(card.mark_count >= known);
        for (size_t i = 0; i < known; i++) {
            bool there = false;
            for (size_t k = 0; k < card.mark_count; k++) {
                there |= fabs(card.marks[k].x - before[i]) < 0.5;
            }
            CHECK(there);
        }
        known = 0;
        for (size_t k = 0; k < card.mark_count && known < 64; k++) {
            before[known++] = card.marks[k].x;
        }
        score_run_end(&run, &arena);
    }
    CHECK(known >= 5);
}

int main(void)
{
    RUN(runs_of_nothing_are_calm);
    RUN(who_waits_for_less_sees_a_plateau_later);
    RUN(a_healthy_run_is_calm_and_says_so);
    RUN(values_that_are_none_are_counted_and_may_be_all);
    RUN(restarts_duplicates_and_steps_below_one_are_survived);
    RUN(a_falling_rate_explains_a_flat_end);
    RUN(a_raised_rate_explains_a_rise);
    RUN(a_silent_run_that_says_it_runs_is_stalled);
    RUN(what_was_seen_stays_where_it_was);
    return tap_end();
}
