/* test_compare.c - speed-up, its factors, and verdicts that may be believed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_compare.h"
#include "score/compare_speed.h"
#include "score/seeds.h"
#include "score_run.h"
#include "tap.h"

static struct cohort_build build;
static struct km_scorecard card;
static struct km_compare_options options;
static uint32_t group[BUILD_RUNS_MAX];

static void begin(void)
{
    cohort_build_begin(&build);
    km_compare_options_init(&options);
    memset(group, 0xff, sizeof group);
    card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
}

static const struct km_figure_result *find(const char *id, const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    CHECK(found != NULL);
    static struct km_figure_result none = {.reason = "", .rung = ""};
    return found ? found : &none;
}

static void factors_multiply_to_the_speedup_exactly(void)
{
    begin();
    known_compare_build(&build, 4, group);
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK_NEAR(find("compare.speedup", "per step")->value, 1.2, 1e-4);
    double data = find("compare.speedup", "factor: data efficiency")->value;
    double speed = find("compare.speedup", "factor: throughput")->value;
    double price = find("compare.speedup", "factor: price")->value;
    CHECK_NEAR(data, 1.5, 1e-3);      /* 1.2 x 1000/800 */
    CHECK_NEAR(speed, 0.8, 1e-9);     /* 800 against 1000 tokens in 0.1 s */
    CHECK_NEAR(price, 1 / 1.2, 1e-9); /* 0.12 against 0.1 EUR a second */
    CHECK_NEAR(data * speed,
               find("compare.speedup", "per active second")->value, 1e-12);
    CHECK_NEAR(data * speed * price,
               find("compare.speedup", "per currency")->value, 1e-12);
    CHECK(strstr(card.headline, "1.20x as fast per active second"));
    cohort_build_end(&build);
}

static void a_clear_difference_with_seeds_is_decided(void)
{
    begin();
    known_compare_build(&build, 4, group);
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    const struct km_figure_result *v = find("compare.verdict", "");
    CHECK_INT(v->state, KM_FIGURE_OK);
    CHECK_TEXT(v->reason, "muon is better");
    CHECK(v->hi < 0 && v->level > 0.95);
    /* the sequence is wider than one look */
    const struct km_figure_result *q = find("compare.quality", "");
    CHECK(q->value == v->value && q->hi - q->lo < v->hi - v->lo);
    cohort_build_end(&build);
}

static void one_run_an_arm_without_history_is_undecidable(void)
{
    for (int gap = 0; gap < 3; gap++) {
        begin();
        known_compare_build(&build, 1, group);
        build.cohort.members[0].valid.last -= gap * 10.0;
        CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
        const struct km_figure_result *v = find("compare.verdict", "");
        CHECK_INT(v->state, KM_FIGURE_INSUFFICIENT);
        CHECK(isnan(v->value) && strstr(v->reason, "UNDECIDABLE: one run an "
                                                   "arm"));
        const struct km_figure_result *s = find("compare.speedup", "per step");
        CHECK_INT(s->state, KM_FIGURE_WEAK);
        CHECK(isnan(s->lo) && strstr(s->reason, "nobody knows"));
        cohort_build_end(&build);
    }
}

/* Seeds of another configuration, to say how much seeds differ. */
static void add_history(size_t seeds, double sd)
{
    uint64_t state = 5;
    for (size_t s = 0; s < seeds; s++) {
        struct km_member *member = cohort_build_run(
            &build, km_arena_printf(&build.arena, "lab/other-%zu", s),
            550 * (1 + 0.002 * score_run_noise(&state)));
        cohort_build_set(member, "optimizer", "sgd");
        member->valid.last += sd * score_run_noise(&state);
        member->state = KM_RUN_FINISHED;
    }
}

static void history_of_seeds_lets_one_run_an_arm_be_judged(void)
{
    begin();
    known_compare_build(&build, 1, group);
    add_history(20, 0.005);
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    const struct km_figure_result *v = find("compare.verdict", "");
    CHECK_TEXT(v->reason, "muon is better"); /* 0.19 nat, 40 deviations */
    CHECK_TEXT(find("compare.speedup", "per step")->rung,
               "seed noise of other configurations");
    cohort_build_end(&build);
    begin();
    known_compare_build(&build, 1, group);
    add_history(20, 0.2); /* one deviation: nothing can be said */
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    v = find("compare.verdict", "");
    CHECK_INT(v->state, KM_FIGURE_WEAK);
    CHECK(strstr(v->reason, "NEED ") && strstr(v->reason, " MORE SEEDS"));
    cohort_build_end(&build);
}

static void equal_arms_with_many_seeds_differ_by_less_than_delta(void)
{
    begin();
    known_compare_build(&build, 30, group);
    for (size_t i = 0; i < build.cohort.count; i++) {
        build.cohort.members[i].valid.last = 3 + 0.001 * (double)(i % 30);
    }
    options.delta = 0.05;
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK_TEXT(find("compare.verdict", "")->reason,
               "no difference of 0.05 or more");
    cohort_build_end(&build);
}

static void before_an_eighth_of_the_plan_nothing_is_decided(void)
{
    begin();
    known_compare_build(&build, 4, group);
    for (size_t i = 0; i < build.cohort.count; i++) {
        struct km_member *member = &build.cohort.members[i];
        member->facts.max_steps = 20000;
        member->state = KM_RUN_RUNNING;
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK(strstr(find("compare.verdict", "")->reason, "no eighth"));
    card.count = 0;
    for (size_t i = 0; i < build.cohort.count; i++) {
        build.cohort.members[i].facts.max_steps = 7000; /* past a quarter */
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    const struct km_figure_result *v = find("compare.verdict", "");
    CHECK_NEAR(v->level, 1 - 0.05 * 0.10, 1e-12);
    CHECK(strstr(find("compare.quality", "")->reason, "step 1750, 0.25"));
    cohort_build_end(&build);
}

static void different_plans_are_compared_at_their_ends_only(void)
{
    begin();
    known_compare_build(&build, 4, group);
    for (size_t i = 0; i < 4; i++) {
        build.cohort.members[i].facts.max_steps = 4000; /* half-way */
        build.cohort.members[i].state = KM_RUN_RUNNING;
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK(strstr(find("compare.verdict", "")->reason,
                 "only the ends can be compared"));
    cohort_build_end(&build);
}

static void a_loss_that_the_other_never_reached_is_a_bound(void)
{
    begin();
    known_compare_build(&build, 2, group);
    for (size_t i = 0; i < 2; i++) {
        double *y = (double *)(uintptr_t)build.cohort.members[i].valid.y;
        for (size_t k = 0; k < BUILD_PLACES; k++) {
            y[k] = 0.5 - 0.001 * (double)k;
        }
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    const struct km_figure_result *s = find("compare.speedup", "per step");
    CHECK_INT(s->state, KM_FIGURE_CENSORED);
    CHECK_NEAR(s->value, 200, 1e-9); /* step 2000 over step 10 */
    CHECK(strstr(card.headline, "muon reached losses that adamw never did"));
    cohort_build_end(&build);
}

static void arms_without_the_metric_are_refused_in_words(void)
{
    begin();
    known_compare_build(&build, 2, group);
    for (size_t i = 2; i < 4; i++) {
        build.cohort.members[i].valid.metric = "val/accuracy";
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK_INT(find("compare.speedup", NULL)->state, KM_FIGURE_INSUFFICIENT);
    CHECK_INT(find("compare.verdict", NULL)->state, KM_FIGURE_INSUFFICIENT);
    CHECK(strstr(card.context, "2 without that metric left out"));
    cohort_build_end(&build);
}

static void copies_of_one_run_are_no_seeds(void)
{
    begin();
    known_compare_build(&build, 3, group);
    for (size_t i = 0; i < build.cohort.count; i++) {
        build.cohort.members[i].valid.last = group[i] ? 3 : 2;
    }
    CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
    CHECK(strstr(find("compare.verdict", NULL)->reason, "are they copies?"));
    cohort_build_end(&build);
}

/* The verdict alone, over groups 0 and 1. */
static enum km_outcome judged(void)
{
    static const char *const names[] = {"a", "b"};
    const struct km_seed_spread none = {.pooled = NAN};
    struct km_arm arms[2];
    struct km_arm_metric metric;
    struct km_verdict verdict;
    CHECK_INT(km_arms_build(&build.cohort, group, names, 2, &build.arena, arms,
                            &metric, NULL),
              KM_OK);
    km_verdict_judge(&arms[0], &arms[1], &none, &options, 1, NULL, &build.arena,
                     &verdict);
    return verdict.outcome;
}

/* Pairs of arms of one configuration, two to four seeds each, looked at at
 * every checkpoint while seeds arrive; noise as measured between real seeds. */
static void
seeds_of_one_configuration_are_decided_in_at_most_one_of_twenty(void)
{
    enum { TRIALS = 200, SEEDS = 6 };
    int decided = 0;
    uint64_t state = 77;
    for (int trial = 0; trial < TRIALS; trial++) {
        bool any = false;
        begin();
        known_compare_build(&build, SEEDS, group);
        for (size_t i = 0; i < build.cohort.count; i++) {
            /* one offset a run, and evaluations that wander about it */
            struct km_member *member = &build.cohort.members[i];
            double *y = (double *)(uintptr_t)member->valid.y;
            double offset = 0.004 * score_run_noise(&state), walk = 0;
            for (size_t k = 0; k < BUILD_PLACES; k++) {
                walk = 0.9 * walk + 0.002 * score_run_noise(&state);
                y[k] = 4 / sqrt(member->valid.x[k] / 550) + offset + walk;
            }
            member->valid.last = y[BUILD_PLACES - 1];
        }
        for (size_t seeds = 2; seeds <= SEEDS && !any; seeds++) {
            for (size_t i = 0; i < build.cohort.count; i++) {
                group[i] =
                    i % SEEDS < seeds ? (uint32_t)(i / SEEDS) : UINT32_MAX;
            }
            for (int c = 0; c < 4 && !any; c++) {
                static const double plans[] = {16000, 8000, 4000, 2000};
                for (size_t i = 0; i < build.cohort.count; i++) {
                    build.cohort.members[i].facts.max_steps = plans[c];
                }
                enum km_outcome outcome = judged();
                any = outcome == KM_OUTCOME_A || outcome == KM_OUTCOME_B;
            }
        }
        decided += any;
        cohort_build_end(&build);
    }
    printf("# %d of %d pairs of one configuration decided\n", decided, TRIALS);
    CHECK(decided <= 10);
}

/* History of ten configurations whose seeds agree with each other, and arms of
 * another configuration whose own seeds differ four times as much. */
static void own_seeds_refute_a_history_that_does_not_fit(void)
{
    enum { TRIALS = 400 };
    static const double history[10] = {1.1e-6, 0.8e-6, 1e-6, 1.3e-6, 0.7e-6,
                                       0.9e-6, 1e-6,   1e-6, 1.2e-6, 1e-6};
    static const double df[10] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    static const char *const names[] = {"a", "b"};
    double scratch[10];
    struct km_seed_spread spread = {.pooled = 1e-6, .df = 20, .groups = 10};
    CHECK(km_moderate_fit(history, df, 10, scratch, &spread.final));
    CHECK_NEAR(spread.final.df, KM_MODERATE_DF_MAX, 0);
    uint64_t state = 5;
    int decided = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        struct km_arm arms[2];
        struct km_arm_metric metric;
        struct km_verdict verdict;
        begin();
        known_compare_build(&build, 4, group);
        for (size_t i = 0; i < build.cohort.count; i++) {
            build.cohort.members[i].valid.last =
                2 + 0.004 * score_run_noise(&state);
        }
        CHECK_INT(km_arms_build(&build.cohort, group, names, 2, &build.arena,
                                arms, &metric, NULL),
                  KM_OK);
        km_verdict_judge(&arms[0], &arms[1], &spread, &options, 1, NULL,
                         &build.arena, &verdict);
        decided +=
            verdict.outcome == KM_OUTCOME_A || verdict.outcome == KM_OUTCOME_B;
        cohort_build_end(&build);
    }
    printf("# %d of %d decided\n", decided, TRIALS);
    CHECK(decided <= 0.05 * TRIALS);
}

/* Arms of two configurations with six seeds each; nothing but configurations
 * and seeds differs. */
static void seeds_of_few_configurations_are_not_independent(void)
{
    enum { TRIALS = 200 };
    uint64_t state = 31;
    int decided = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        begin();
        for (int config = 0; config < 4; config++) {
            double offset = 0.02 * score_run_noise(&state);
            for (int seed = 0; seed < 6; seed++) {
                struct km_member *member = cohort_build_run(
                    &build,
                    km_arena_printf(&build.arena, "c%d-%d", config, seed), 500);
                cohort_build_set(member, "lr",
                                 km_arena_printf(&build.arena, "%d", config));
                member->valid.last += offset + 0.002 * score_run_noise(&state);
                member->state = KM_RUN_FINISHED;
                group[build.cohort.count - 1] = config < 2 ? 0 : 1;
            }
        }
        CHECK_INT(known_compare_run(&build, group, &options, &card), KM_OK);
        decided +=
            strstr(find("compare.verdict", "")->reason, "better") != NULL;
        CHECK(strstr(card.context, "mixes configurations"));
        cohort_build_end(&build);
    }
    printf("# %d of %d decided\n", decided, TRIALS);
    CHECK(decided <= 0.05 * TRIALS);
}

/* The last of three is ahead at every step and has come half as far. */
static void arms_are_ranked_where_all_have_been(void)
{
    static const char *const names[] = {"a", "b", "c"};
    const struct km_seed_spread none = {.pooled = NAN};
    struct km_arm arms[3];
    struct km_arm_metric metric;
    begin();
    for (int i = 0; i < 3; i++) {
        struct km_member *member =
            cohort_build_run(&build, names[i], 500 - 50 * i);
        member->facts.max_steps = 2000;
        member->state = i < 2 ? KM_RUN_FINISHED : KM_RUN_RUNNING;
        member->valid.count = i < 2 ? BUILD_PLACES : BUILD_PLACES / 2;
        member->valid.x_last = member->valid.x[member->valid.count - 1];
        member->valid.last = member->valid.y[member->valid.count - 1];
        member->x_now = member->valid.x[member->valid.count - 1];
        group[i] = (uint32_t)i;
    }
    CHECK(build.cohort.members[2].valid.last >
          build.cohort.members[0].valid.last);
    build.cohort.members[1].diverged = true;
    CHECK_INT(km_arms_build(&build.cohort, group, names, 3, &build.arena, arms,
                            &metric, NULL),
              KM_OK);
    CHECK_INT(arms[1].died, 1);
    CHECK_INT(km_compare_rank(arms, 3, &metric, &none, &options, &card, NULL),
              KM_OK);
    CHECK(strncmp(card.headline, "c is ahead", 10) == 0);
    CHECK(strstr(find("compare.quality", "c")->method, "step 1000"));
    cohort_build_end(&build);
}

/* The best of several equal arms was chosen by looking: it must not win for
 * that. */
static void the_best_of_equal_arms_wins_in_at_most_one_of_twenty(void)
{
    enum { TRIALS = 200, ARMS = 6, SEEDS = 4 };
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const struct km_seed_spread none = {.pooled = NAN};
    uint64_t state = 99;
    int won = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        struct km_arm arms[ARMS];
        struct km_arm_metric metric;
        bool any = false;
        begin();
        for (uint32_t i = 0; i < ARMS * SEEDS; i++) {
            struct km_member *member = cohort_build_run(
                &build, km_arena_printf(&build.arena, "r%u", i), 500);
            member->valid.last += 0.01 * score_run_noise(&state);
            member->state = KM_RUN_FINISHED;
            group[i] = i / SEEDS;
        }
        CHECK_INT(km_arms_build(&build.cohort, group, names, ARMS, &build.arena,
                                arms, &metric, NULL),
                  KM_OK);
        CHECK_INT(
            km_compare_rank(arms, ARMS, &metric, &none, &options, &card, NULL),
            KM_OK);
        for (size_t i = 0; i < card.count; i++) {
            any = any || strstr(card.results[i].reason, "is better");
        }
        won += any;
        cohort_build_end(&build);
    }
    printf("# %d of %d sets of six equal arms have a winner\n", won, TRIALS);
    CHECK(won <= 10);
}

static void the_spread_of_seeds_says_how_many_are_needed(void)
{
    const struct km_seeds_options asked = {.delta = 0.015, .power = 0.8};
    begin();
    add_history(20, 0.005);
    CHECK_INT(km_seeds_add(&build.cohort, &asked, &card, NULL), KM_OK);
    const struct km_figure_result *n = find("compare.seeds", "needed an arm");
    CHECK(n->value >= 2 && n->value <= 6); /* three deviations */
    CHECK(strstr(card.headline, "find a difference of 0.015"));
    card.count = 0;
    cohort_build_end(&build);
    begin();
    known_compare_build(&build, 1, group);
    CHECK_INT(km_seeds_add(&build.cohort, &asked, &card, NULL), KM_OK);
    CHECK_INT(find("compare.seeds", "needed an arm")->state,
              KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
}

int main(void)
{
    RUN(factors_multiply_to_the_speedup_exactly);
    RUN(a_clear_difference_with_seeds_is_decided);
    RUN(one_run_an_arm_without_history_is_undecidable);
    RUN(history_of_seeds_lets_one_run_an_arm_be_judged);
    RUN(equal_arms_with_many_seeds_differ_by_less_than_delta);
    RUN(before_an_eighth_of_the_plan_nothing_is_decided);
    RUN(different_plans_are_compared_at_their_ends_only);
    RUN(a_loss_that_the_other_never_reached_is_a_bound);
    RUN(arms_without_the_metric_are_refused_in_words);
    RUN(copies_of_one_run_are_no_seeds);
    RUN(seeds_of_one_configuration_are_decided_in_at_most_one_of_twenty);
    RUN(own_seeds_refute_a_history_that_does_not_fit);
    RUN(seeds_of_few_configurations_are_not_independent);
    RUN(arms_are_ranked_where_all_have_been);
    RUN(the_best_of_equal_arms_wins_in_at_most_one_of_twenty);
    RUN(the_spread_of_seeds_says_how_many_are_needed);
    return tap_end();
}
