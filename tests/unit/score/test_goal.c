/* test_goal.c - goals: kept, matched, and judged against runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_run.h"
#include "score/goal.h"
#include "score/goal_limit.h"
#include "score/goal_relation.h"
#include "tap.h"

#include <stdlib.h>

static struct score_run run;
static struct km_arena arena;
static struct km_scorecard card;
static struct km_score_options options;
static int64_t now_ns;

static int64_t wall(void *user)
{
    (void)user;
    return now_ns;
}

static const struct km_clock held = {wall, wall, NULL};

static void begin(void)
{
    score_run_begin(&run);
    known_run_options(&options);
    options.clock = &held;
    now_ns = score_run_start_ns + 200000000000; /* step 2000 */
}

static struct km_goal goal_of(double target)
{
    return (struct km_goal){.name = "g",
                            .runs = "lab/run-?",
                            .metric = "",
                            .currency = "",
                            .target = target,
                            .made_ns = score_run_start_ns,
                            .deadline_ns = KM_TIME_ABSENT,
                            .budget = NAN,
                            .steps = NAN,
                            .tokens = NAN};
}

static void put(const struct km_goal *goal)
{
    struct km_err err = {0};
    CHECK_INT(km_goal_put(run.store, goal, &err), KM_OK);
}

static void compute(void)
{
    CHECK_INT(score_run_card(&run, &options, &arena, &card), KM_OK);
}

static void check_value(const char *id, const char *variant, double low,
                        double high, const char *part)
{
    const struct km_figure_result *f = score_run_find(&card, id, variant);
    CHECK(f != NULL);
    if (f && !(f->value >= low && f->value <= high)) {
        printf("# %s %s is %g: %s\n", id, variant, f->value, f->reason);
    }
    CHECK(f && f->value >= low && f->value <= high);
    CHECK(f && strstr(f->reason, part) != NULL);
}

static void check_absent(const char *id, const char *variant,
                         enum km_figure_state state, const char *part)
{
    const struct km_figure_result *f = score_run_find(&card, id, variant);
    CHECK(f != NULL);
    CHECK(f && f->state == state && isnan(f->value));
    CHECK(f && strstr(f->reason, part) != NULL);
    if (f && !strstr(f->reason, part)) {
        printf("# %s\n", f->reason);
    }
}

static void a_goal_is_read_as_it_was_written(void)
{
    begin();
    struct km_goal goal = goal_of(-3.25), back;
    goal.name = "f\xc3\xbcr \"alle\"";
    goal.metric = "val/*";
    goal.currency = "EUR";
    goal.deadline_ns = 1900000000123456000;
    goal.budget = 12.5;
    goal.tokens = 1e13;
    put(&goal);
    struct km_goals goals;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    CHECK_INT(km_goals_load(run.store, NULL, NULL, &arena, &goals, NULL),
              KM_OK);
    CHECK_INT(goals.count, 1);
    back = goals.goals[0];
    CHECK_TEXT(back.name, goal.name);
    CHECK_TEXT(back.runs, goal.runs);
    CHECK_TEXT(back.metric, goal.metric);
    CHECK_TEXT(back.currency, "EUR");
    CHECK_NEAR(back.target, -3.25, 0);
    CHECK_NEAR(back.budget, 12.5, 0);
    CHECK_NEAR(back.tokens, 1e13, 0);
    CHECK(isnan(back.steps));
    CHECK(llabs(back.deadline_ns - goal.deadline_ns) < 1000);
    CHECK_INT(back.made_ns, goal.made_ns);
    CHECK_INT(km_goal_delete(run.store, goal.name, NULL), KM_OK);
    CHECK_INT(km_goals_load(run.store, NULL, NULL, &arena, &goals, NULL),
              KM_OK);
    CHECK_INT(goals.count, 0);
    score_run_end(&run, &arena);
}

static void notes_that_are_no_goals_are_counted_and_passed_over(void)
{
    static const char *const wrong[] = {
        "{}", "[1]", "{\"runs\": 3, \"target\": 1}", "{\"runs\": \"a\"",
        "{\"runs\":\"*\",\"target\":\"x\",\"a\":{\"target\":4}}"};
    begin();
    for (size_t i = 0; i < 5; i++) {
        char key[2] = {(char)('a' + i), '\0'};
        const struct km_note note = {.kind = KM_STR("goal"),
                                     .key = km_str_of(key),
                                     .time_ns = KM_TIME_ABSENT,
                                     .json = km_str_of(wrong[i])};
        CHECK_INT(km_store_put_notes(run.store, &note, 1, NULL), KM_OK);
    }
    struct km_goals goals;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    CHECK_INT(km_goals_load(run.store, NULL, NULL, &arena, &goals, NULL),
              KM_OK);
    CHECK_INT(goals.count, 0);
    CHECK_INT(goals.unreadable, 5);
    score_run_end(&run, &arena);
}

static void deadlines_are_spans_dates_and_times(void)
{
    int64_t at, now = 1700000000000000000;
    CHECK(km_deadline_parse("+3d", now, &at));
    CHECK_INT(at - now, 3 * 86400 * INT64_C(1000000000));
    CHECK(km_deadline_parse("+1.5h", now, &at));
    CHECK_INT(at - now, 5400 * INT64_C(1000000000));
    CHECK(km_deadline_parse("2026-01-01", now, &at));
    CHECK_INT(at, 1767312000 * INT64_C(1000000000));
    CHECK(km_deadline_parse("2026-01-01T10:00:00Z", now, &at));
    CHECK_INT(at, 1767261600 * INT64_C(1000000000));
    static const char *const wrong[] = {
        "",    "+",     "+d",  "+3",   "3d",         "+-3d",
        "+0d", "+nand", "+3y", "soon", "2026-13-01", "+999999w"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!km_deadline_parse(wrong[i], now, &at));
    }
}

static void a_target_ahead_has_a_chance_that_rises_with_the_limit(void)
{
    static const double steps[] = {2010, 2300, 2400, 3000};
    double before = 0;
    for (size_t i = 0; i < 4; i++) {
        begin();
        known_run_log(&run, 1, KNOWN_STEPS, 0);
        struct km_goal goal = goal_of(4.0);
        goal.steps = steps[i];
        put(&goal);
        compute();
        const struct km_figure_result *p =
            score_run_find(&card, "goal.probability", "g: steps");
        CHECK(p && p->state == KM_FIGURE_WEAK && p->value >= before);
        before = p ? p->value : 2;
        CHECK(i > 0 || before <= 0.02);
        CHECK(i < 3 || before >= 0.98);
        check_value("goal.margin", "g: steps", steps[i] - 2400, steps[i] - 2370,
                    "cold");
        check_value("goal.spent", "g: steps", 2000 / steps[i] - 1e-12,
                    2000 / steps[i] + 1e-12, "2000 of");
        score_run_end(&run, &arena);
    }
}

static void a_deadline_and_a_budget_go_by_the_measured_rates(void)
{
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    struct km_goal goal = goal_of(4.0);
    goal.deadline_ns = now_ns + 100000000000; /* 1000 steps of 0.1 s */
    goal.budget = 3;
    goal.tokens = 1024 * 3000;
    put(&goal);
    compute();
    check_value("goal.margin", "g: deadline", 0.0165, 0.0175, "cold");
    check_value("goal.margin", "g: budget", 0.6, 0.63, "cold");
    check_value("goal.margin", "g: tokens", 0.6 * 1.024, 0.63 * 1.024, "cold");
    check_value("goal.spent", "g: deadline", 0.66, 0.67, " h");
    check_value("goal.probability", "g: budget", 0.9, 1, "cold");
    bool data = false, line = false, band = false;
    for (size_t i = 0; i < card.curve_count; i++) {
        const struct km_curve *c = &card.curves[i];
        if (strcmp(c->id, "goal") == 0) {
            data |= strcmp(c->kind, "data") == 0;
            line |= strcmp(c->kind, "line") == 0 && c->count == 2 &&
                    fabs(c->y[1] - 100) < 1e-9 && fabs(c->x[1] - 3000) < 2;
            band |= strcmp(c->kind, "forecast") == 0 && c->lo[5] <= c->y[5] &&
                    c->y[5] <= c->hi[5];
        }
    }
    CHECK(data && line && band);
    score_run_end(&run, &arena);
}

static void what_is_reached_ended_or_passed_needs_no_forecast(void)
{
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    struct km_goal goal = goal_of(4.5);
    goal.steps = 5000;
    put(&goal);
    goal.name = "late";
    goal.steps = 1000;
    put(&goal);
    goal.name = "then";
    goal.steps = NAN;
    goal.deadline_ns = score_run_start_ns + 190000000000;
    put(&goal);
    goal.name = "gone";
    goal.target = 4.0;
    put(&goal);
    compute();
    check_value("goal.probability", "g: steps", 1, 1, "reached at step 1");
    check_value("goal.probability", "late: steps", 0, 0, "too late");
    check_value("goal.probability", "then: deadline", 1, 1, "reached");
    check_value("goal.probability", "gone: deadline", 0, 0, "has passed");
    check_absent("goal.margin", "gone: deadline", KM_FIGURE_NOT_APPLICABLE,
                 "has passed");
    check_value("goal.margin", "late: steps", -600, -490, "too late");
    score_run_end(&run, &arena);
}

static void what_is_missing_is_named(void)
{
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    options.price_per_accelerator_hour = NAN;
    struct km_goal goal = goal_of(4.0);
    goal.budget = 10;
    put(&goal);
    goal.name = "other";
    goal.metric = "accuracy";
    put(&goal);
    goal.name = "nobody";
    goal.runs = "other/*";
    put(&goal);
    compute();
    check_absent("goal.probability", "g: budget", KM_FIGURE_NOT_APPLICABLE,
                 "--price");
    check_absent("goal.probability", "other", KM_FIGURE_NOT_APPLICABLE,
                 "judged here: val/loss and train/loss");
    CHECK(!score_run_find(&card, "goal.probability", "nobody: budget"));
    score_run_end(&run, &arena);
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    goal = goal_of(4.0);
    goal.budget = 10;
    goal.currency = "USD";
    put(&goal);
    compute();
    check_absent("goal.probability", "g: budget", KM_FIGURE_NOT_APPLICABLE,
                 "in USD and the price in EUR");
    score_run_end(&run, &arena);
}

static void a_target_below_the_floor_is_never_reached(void)
{
    begin();
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    struct km_goal goal = goal_of(1.0);
    goal.steps = 1e6;
    put(&goal);
    compute();
    check_value("goal.probability", "g: steps", 0, 0.02, "looked to step");
    const struct km_figure_result *f =
        score_run_find(&card, "goal.margin", "g: steps");
    CHECK(f && f->state == KM_FIGURE_CENSORED && strstr(f->reason, "never"));
    score_run_end(&run, &arena);
}

static void a_reward_is_to_be_risen_to(void)
{
    begin();
    for (int64_t step = 1; step <= 1000; step++) {
        score_run_point(&run, "episode_reward", step, NAN,
                        100 - 100 * pow((double)step / 50 + 1, -0.6));
    }
    struct km_goal goal = goal_of(88);
    goal.steps = 4000;
    put(&goal);
    goal.name = "done";
    goal.target = 50;
    put(&goal);
    compute();
    check_value("goal.probability", "done: steps", 1, 1, "reached");
    check_value("goal.probability", "g: steps", 0.5, 0.99, "cold");
    check_value("goal.margin", "g: steps", 1500, 2900, "");
    score_run_end(&run, &arena);
}

static void runs_without_data_are_states(void)
{
    begin();
    score_run_point(&run, "train/loss", 1, NAN, 3);
    struct km_goal goal = goal_of(2);
    goal.steps = 10;
    goal.deadline_ns = now_ns + 1000;
    put(&goal);
    compute();
    check_absent("goal.probability", "g: steps", KM_FIGURE_INSUFFICIENT,
                 "points");
    check_absent("goal.probability", "g: deadline", KM_FIGURE_NOT_APPLICABLE,
                 "");
    score_run_end(&run, &arena);
}

/* "first" against "second", over what they ask. */
static void goals_follow_from_harder_ones_that_are_due_no_later(void)
{
    const double none = NAN;
    const struct {
        double target[2], steps[2], tokens[2], sign;
        enum km_goal_relation relation;
        const char *text;
    } rows[] = {
        {{2, 3},
         {100, 200},
         {none, none},
         1,
         KM_GOALS_FOLLOWS,
         "'b' follows from 'a': to reach 2 within 100 steps is to reach 3 "
         "within 200 steps"},
        {{2, 3}, {100, 200}, {none, none}, -1, KM_GOALS_APART, ""},
        {{2, 3}, {300, 200}, {none, none}, 1, KM_GOALS_APART, ""},
        {{2, 3},
         {200, 200},
         {none, none},
         -1,
         KM_GOALS_IMPLIES,
         "'a' follows from 'b': to reach 3 within 200 steps is to reach 2 "
         "within 200 steps"},
        {{2, 2},
         {100, 100},
         {none, none},
         0,
         KM_GOALS_SAME,
         "'a' and 'b' ask the same: 2 within 100 steps"},
        {{2, 2},
         {100, 200},
         {none, none},
         0,
         KM_GOALS_FOLLOWS,
         "'b' follows from 'a': to reach 2 within 100 steps is to reach 2 "
         "within 200 steps"},
        {{2, 3}, {100, 200}, {none, none}, 0, KM_GOALS_APART, ""},
        /* another kind of limit may bind or not */
        {{2, 3}, {100, none}, {none, 5e6}, 1, KM_GOALS_APART, ""},
        {{2, 3},
         {100, 200},
         {5e6, none},
         1,
         KM_GOALS_FOLLOWS,
         "'b' follows from 'a': to reach 2 within 100 steps and within 5e+06 "
         "tokens is to reach 3 within 200 steps"},
    };
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct km_goal goals[2];
        for (int g = 0; g < 2; g++) {
            goals[g] = goal_of(rows[i].target[g]);
            goals[g].name = g ? "b" : "a";
            goals[g].steps = rows[i].steps[g];
            goals[g].tokens = rows[i].tokens[g];
        }
        CHECK_INT(km_goal_relate(&goals[0], &goals[1], rows[i].sign),
                  rows[i].relation);
        const char *text =
            km_goal_relation_text(&goals[0], &goals[1], rows[i].sign, &arena);
        CHECK_TEXT(text ? text : "", rows[i].text);
    }
    struct km_goal paid = goal_of(2), other = paid;
    paid.budget = other.budget = 5;
    paid.currency = "EUR";
    other.currency = "USD";
    CHECK_INT(km_goal_relate(&paid, &other, 1), KM_GOALS_APART);
    km_arena_finish(&arena);
}

static void a_report_says_which_goal_decides_nothing(void)
{
    begin();
    struct km_goal hard = goal_of(2.9), easy = goal_of(2.95),
                   past = goal_of(1000);
    hard.name = "hard";
    hard.steps = 3000;
    easy.name = "easy";
    easy.steps = 4000;
    past.name = "past";
    past.steps = 5000;
    put(&hard);
    put(&easy);
    put(&past);
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    compute();
    const struct km_figure_result *f =
        score_run_find(&card, "goal.probability", "easy: steps");
    bool follows = false, behind = false;
    for (size_t i = 0; f && i < f->evidence_count; i++) {
        follows = follows || strstr(f->evidence[i], "'easy' follows from "
                                                    "'hard': to reach 2.9");
    }
    CHECK(follows);
    f = score_run_find(&card, "goal.probability", "past: steps");
    for (size_t i = 0; f && i < f->evidence_count; i++) {
        behind = behind ||
                 strstr(f->evidence[i], "the target 1000 asks for nothing");
    }
    CHECK(behind);
    score_run_end(&run, &arena);
}

int main(void)
{
    RUN(a_goal_is_read_as_it_was_written);
    RUN(notes_that_are_no_goals_are_counted_and_passed_over);
    RUN(deadlines_are_spans_dates_and_times);
    RUN(a_target_ahead_has_a_chance_that_rises_with_the_limit);
    RUN(a_deadline_and_a_budget_go_by_the_measured_rates);
    RUN(what_is_reached_ended_or_passed_needs_no_forecast);
    RUN(what_is_missing_is_named);
    RUN(a_target_below_the_floor_is_never_reached);
    RUN(a_reward_is_to_be_risen_to);
    RUN(runs_without_data_are_states);
    RUN(goals_follow_from_harder_ones_that_are_due_no_later);
    RUN(a_report_says_which_goal_decides_nothing);
    return tap_end();
}
