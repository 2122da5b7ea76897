/* test_target_group.c - survival curves of groups that are known. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cohort_build.h"
#include "score/target_group.h"
#include "tap.h"

static struct cohort_build build;
static struct km_scorecard card;

static void begin(void)
{
    cohort_build_begin(&build);
    card = (struct km_scorecard){.arena = &build.arena, .level = 0.8};
}

static void runs_leave_the_curve_when_they_get_there(void)
{
    static const uint32_t group[] = {0, 0, 0, 0, 1};
    begin();
    (void)cohort_build_run(&build, "a1", 500);
    (void)cohort_build_run(&build, "a2", 1000);
    struct km_member *late = cohort_build_run(&build, "a3", 5000);
    struct km_member *lost = cohort_build_run(&build, "a4", 5000);
    late->x_now = 2000;
    lost->x_now = 700;
    lost->state = KM_RUN_FAILED;
    struct km_member *none = cohort_build_run(&build, "b1", 100);
    none->valid.count = 0;
    CHECK_INT(
        km_target_group_add(&build.cohort, group, 2, NULL, 4, &card, NULL),
        KM_OK);
    CHECK_INT(card.curve_count, 1);
    const struct km_curve *c = &card.curves[0];
    CHECK_TEXT(c->kind, "step");
    CHECK_TEXT(c->name, "a1");
    CHECK_INT(c->count, 4);
    CHECK_NEAR(c->x[1], 500, 1e-6);
    CHECK_NEAR(c->y[1], 0.75, 1e-12); /* the failed one is still at risk */
    CHECK_NEAR(c->x[2], 1000, 1e-6);
    CHECK_NEAR(c->y[2], 0.5, 1e-12);
    CHECK_NEAR(c->x[3], 2000, 0);
    CHECK(c->lo[1] < 0.75 && c->hi[1] > 0.75);
    cohort_build_end(&build);
}

static void nobody_there_is_a_flat_line(void)
{
    static const uint32_t group[] = {0};
    static const char *const names[] = {"all"};
    begin();
    cohort_build_run(&build, "a1", 9000)->x_now = 2000;
    CHECK_INT(
        km_target_group_add(&build.cohort, group, 1, names, 4, &card, NULL),
        KM_OK);
    CHECK_INT(card.curve_count, 1);
    CHECK_TEXT(card.curves[0].name, "all");
    CHECK_NEAR(card.curves[0].y[card.curves[0].count - 1], 1, 0);
    cohort_build_end(&build);
}

int main(void)
{
    RUN(runs_leave_the_curve_when_they_get_there);
    RUN(nobody_there_is_a_flat_line);
    return tap_end();
}
