/* test_levers.c - levers told from chance, from each other, and from nothing.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_levers.h"
#include "score/card.h"
#include "score/halving.h"
#include "score/practice.h"
#include "score_run.h"
#include "tap.h"

static struct cohort_build build;
static struct km_scorecard card;
static const struct km_lever_options to_4 = {.target = 4, .axis = KM_AXIS_STEP};

static void begin(void)
{
    cohort_build_begin(&build);
    card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
}

static const struct km_figure_result *find(const char *id, const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    CHECK(found != NULL);
    static struct km_figure_result none;
    return found ? found : &none;
}

static void a_known_sweep_gives_back_its_effects(void)
{
    begin();
    known_levers_build(&build);
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    const struct km_figure_result *f =
        find("levers.effect", "optimizer muon against adamw");
    CHECK_NEAR(f->value, 1.2, 1e-3);
    CHECK(f->lo > 1.18 && f->hi < 1.22 && f->lo < 1.2 && f->hi > 1.2);
    CHECK_INT(f->state, KM_FIGURE_OK);
    CHECK_INT(f->n, 12);
    CHECK(strstr(f->rung, "matched, 2 blocks"));
    f = find("levers.effect", "width 768 against 512");
    CHECK_NEAR(f->value, 1 / 1.1, 1e-3);
    f = find("levers.importance", "optimizer");
    CHECK(f->value > 0.7 && f->value < 0.85);
    CHECK_INT(f->state, KM_FIGURE_OK);
    CHECK(strstr(card.headline, "optimizer muon against adamw: 1.20x"));
    cohort_build_end(&build);
}

static void settings_that_change_together_are_not_told_apart(void)
{
    begin();
    for (int i = 0; i < 8; i++) {
        struct km_member *member =
            cohort_build_run(&build, km_arena_printf(&build.arena, "r%d", i),
                             500 + 100 * (i % 2) + i);
        cohort_build_set(member, "batch_size", i % 2 ? "32" : "64");
        cohort_build_set(member, "lr", i % 2 ? "0.1" : "0.2");
        cohort_build_set(member, "width", i == 7 ? "1" : i % 2 ? "2" : "1");
    }
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    /* equal cuts are one factor, nearly equal ones are named */
    const struct km_figure_result *f =
        find("levers.importance", "batch_size (with lr)");
    bool named = false;
    for (size_t i = 0; i < f->evidence_count; i++) {
        named = named || strstr(f->evidence[i], "closest to width");
    }
    CHECK(named);
    CHECK(score_run_find(&card, "levers.importance", "lr") == NULL);
    cohort_build_end(&build);
}

static void nearly_the_same_cut_is_confounded_and_gives_no_number(void)
{
    begin();
    for (int i = 0; i < 40; i++) {
        struct km_member *member =
            cohort_build_run(&build, km_arena_printf(&build.arena, "r%d", i),
                             500 + 100 * (i % 2) + i);
        cohort_build_set(member, "lr", i % 2 ? "0.1" : "0.2");
        cohort_build_set(member, "width", i == 39 || i % 2 == 0 ? "1" : "2");
    }
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    const struct km_figure_result *f = find("levers.importance", "lr");
    CHECK_INT(f->state, KM_FIGURE_INSUFFICIENT);
    CHECK(isnan(f->value) && strstr(f->reason, "confounded"));
    cohort_build_end(&build);
}

static void chance_alone_is_told_from_chance_in_at_most_one_of_twenty(void)
{
    int told = 0, all = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t state = seed * 7919;
        begin();
        for (int i = 0; i < 16; i++) {
            struct km_member *member = cohort_build_run(
                &build, km_arena_printf(&build.arena, "r%d", i),
                500 * exp(0.05 * score_run_noise(&state)));
            cohort_build_set(member, "a", i % 2 ? "x" : "y");
            cohort_build_set(member, "b", i / 2 % 2 ? "x" : "y");
            cohort_build_set(member, "c", i / 4 % 4 ? "x" : "y");
        }
        CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
        bool any = false;
        for (size_t i = 0; i < card.count; i++) {
            any = any || (strcmp(card.results[i].figure->id,
                                 "levers.importance") == 0 &&
                          card.results[i].state == KM_FIGURE_OK);
        }
        told += any;
        all++;
        cohort_build_end(&build);
    }
    printf("# %d of %d families of three settings without effect\n", told, all);
    CHECK(told <= 18); /* 10 expected at 5 %, 18 is 2.6 standard errors above */
}

static void unmatched_runs_get_an_effect_with_a_caveat(void)
{
    begin();
    for (int i = 0; i < 8; i++) {
        struct km_member *member =
            cohort_build_run(&build, km_arena_printf(&build.arena, "r%d", i),
                             (i < 4 ? 600 : 500) + i);
        cohort_build_set(member, "optimizer", i < 4 ? "adamw" : "muon");
        cohort_build_set(member, "width",
                         km_arena_printf(&build.arena, "%d", 100 + 10 * i));
    }
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    const struct km_figure_result *f =
        find("levers.effect", "optimizer muon against adamw");
    CHECK_INT(f->state, KM_FIGURE_WEAK);
    CHECK(strstr(f->reason, "not causal"));
    cohort_build_end(&build);
}

static void nothing_to_compare_says_what_is_missing(void)
{
    begin();
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    CHECK_INT(find("levers.importance", NULL)->state, KM_FIGURE_INSUFFICIENT);
    CHECK_INT(km_frontier_add(&build.cohort, &card, NULL), KM_OK);
    CHECK_INT(find("levers.frontier", NULL)->state, KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
    begin();
    for (int i = 0; i < 6; i++) {
        (void)cohort_build_run(&build, "same", 500);
    }
    CHECK_INT(km_levers_add(&build.cohort, &to_4, &card, NULL), KM_OK);
    CHECK_INT(find("levers.importance", NULL)->state, KM_FIGURE_NOT_APPLICABLE);
    cohort_build_end(&build);
    begin();
    known_levers_build(&build);
    const struct km_lever_options never = {.target = 0.001,
                                           .axis = KM_AXIS_TOKEN};
    CHECK_INT(km_levers_add(&build.cohort, &never, &card, NULL), KM_OK);
    CHECK_INT(find("levers.importance", NULL)->state, KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
}

static void the_frontier_names_who_is_dominated(void)
{
    begin();
    known_levers_build(&build);
    CHECK_INT(km_frontier_add(&build.cohort, &card, NULL), KM_OK);
    size_t dominated = 0;
    for (size_t i = 0; i < card.count; i++) {
        dominated += strstr(card.results[i].reason, "dominated by") != NULL;
    }
    /* muon at width 512 costs least and loses least */
    CHECK_INT(card.count, 4);
    CHECK_INT(dominated, 3);
    CHECK_INT(card.curve_count, 4); /* a frontier of one place is no line */
    cohort_build_end(&build);
}

static struct km_scorecard forecast_card(const char *name, uint64_t id,
                                         double value, double half,
                                         const char *rung)
{
    struct km_scorecard one = {
        .arena = &build.arena, .run_id = id, .run_name = name, .level = 0.8};
    struct km_figure_result result =
        km_result_new("forecast.final", "validation", "nat");
    result.value = value;
    result.lo = value - half;
    result.hi = value + half;
    result.level = 0.8;
    result.rung = rung;
    CHECK_INT(km_card_add(&one, result, NULL, NULL), KM_OK);
    return one;
}

static void halving_stops_the_hopeless_and_spares_the_control_group(void)
{
    const struct km_halving_options options = {2, 0, 0.05};
    const char *rung = "cross-run conformal, 24 configurations";
    begin();
    struct km_scorecard cards[] = {
        forecast_card("a", 1, 3.0, 0.02, rung),
        forecast_card("b", 2, 3.01, 0.02, rung),
        forecast_card("c", 3, 3.5, 0.02, rung),
        forecast_card("d", 20, 3.6, 0.02, rung),
    };
    CHECK_INT(km_halving_add(cards, 4, &options, &card, NULL), KM_OK);
    CHECK_TEXT(find("halving.advice", "b")->reason, "go on");
    CHECK(strstr(find("halving.advice", "c")->reason, "stop: "));
    CHECK(strstr(find("halving.advice", "d")->reason, "control group"));
    CHECK(strstr(card.headline, "1 of 4 runs can be stopped"));
    /* twelve configurations cannot show an error rarer than one in thirteen */
    cards[2] = forecast_card("c", 3, 3.5, 0.02,
                             "cross-run conformal, 12 configurations");
    card.count = 0;
    CHECK_INT(km_halving_add(cards, 4, &options, &card, NULL), KM_OK);
    CHECK(strstr(card.headline, "All 4 runs should go on"));
    cards[1] = forecast_card("b", 2, 3.01, 0.02, "own past forecasts, 15");
    card.count = 0;
    CHECK_INT(km_halving_add(cards, 4, &options, &card, NULL), KM_OK);
    CHECK_INT(find("halving.advice", "c")->state, KM_FIGURE_WEAK);
    CHECK(strstr(card.headline, "No advice"));
    card.count = 0;
    CHECK_INT(km_halving_add(cards, 1, &options, &card, NULL), KM_OK);
    CHECK_INT(find("halving.advice", NULL)->state, KM_FIGURE_INSUFFICIENT);
    cohort_build_end(&build);
}

static void practices_are_known_by_the_keys_people_use(void)
{
    static const struct {
        const char *key, *practice;
    } rows[] = {{"trainer.optimizer", "optimiser"},
                {"per-device-train-batch-size", "batch size"},
                {"load_in_4bit", "quantisation"},
                {"model/sparsity", "pruning"},
                {"distill_alpha", "distillation"},
                {"data.mixup_alpha", "data augmentation"},
                {"init_from", "incremental training"},
                {"tensor_parallel_size", "parallelism"},
                {"lr_scheduler_type", "learning rate and schedule"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct km_practice *found = km_practice_find(rows[i].key);
        CHECK_TEXT(found ? found->name : "none", rows[i].practice);
    }
    CHECK(km_practice_find("colour") == NULL);
    CHECK(km_practice_find("") == NULL);
}

int main(void)
{
    RUN(a_known_sweep_gives_back_its_effects);
    RUN(settings_that_change_together_are_not_told_apart);
    RUN(nearly_the_same_cut_is_confounded_and_gives_no_number);
    RUN(chance_alone_is_told_from_chance_in_at_most_one_of_twenty);
    RUN(unmatched_runs_get_an_effect_with_a_caveat);
    RUN(nothing_to_compare_says_what_is_missing);
    RUN(the_frontier_names_who_is_dominated);
    RUN(halving_stops_the_hopeless_and_spares_the_control_group);
    RUN(practices_are_known_by_the_keys_people_use);
    return tap_end();
}
