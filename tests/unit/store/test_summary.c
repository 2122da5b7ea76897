/* test_summary.c - a summary merged in pieces is the summary of the whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "tap.h"

static const struct km_point points[] = {
    {5, KM_TIME_ABSENT, (double)NAN},
    {3, 100, 2.0},
    {9, 90, -1.0},
    {-4, KM_TIME_ABSENT, (double)INFINITY},
    {7, 120, 0.5},
    {7, KM_TIME_ABSENT, -(double)INFINITY},
};
enum { POINTS = sizeof points / sizeof points[0] };

static void check_whole(const struct km_series_summary *whole)
{
    CHECK_INT(whole->n, POINTS);
    CHECK(whole->n_nan == 1 && whole->n_posinf == 1 && whole->n_neginf == 1);
    CHECK(isnan(whole->first) && isinf(whole->last) && whole->last < 0);
    CHECK_NEAR(whole->min, -1, 0);
    CHECK_NEAR(whole->max, 2, 0);
    CHECK_NEAR(whole->sum, 1.5, 0);
    CHECK_INT(whole->first_step, 5);
    CHECK_INT(whole->last_step, 7);
    CHECK_INT(whole->min_step, -4);
    CHECK_INT(whole->max_step, 9);
    CHECK_INT(whole->first_time_ns, 100);
    CHECK_INT(whole->last_time_ns, 120);
}

static void any_cut_gives_the_same_summary(void)
{
    for (size_t cut = 0; cut <= POINTS; cut++) {
        struct km_series_summary added, left, right;
        km_series_summary_init(&added);
        km_series_summary_init(&left);
        km_series_summary_init(&right);
        km_series_summary_add(&left, points, cut);
        km_series_summary_add(&right, points + cut, POINTS - cut);
        km_series_summary_merge(&left, &right);
        check_whole(&left);
        km_series_summary_add(&added, points, cut);
        km_series_summary_add(&added, points + cut, POINTS - cut);
        check_whole(&added);
    }
}

static void nothing_has_no_extremes(void)
{
    struct km_series_summary summary;
    km_series_summary_init(&summary);
    km_series_summary_add(&summary, points, 0);
    CHECK(summary.n == 0 && isnan(summary.min) && isnan(summary.first));
    CHECK(summary.first_step == KM_STEP_ABSENT);
    km_series_summary_add(&summary, points, 1); /* NaN alone */
    CHECK(summary.n == 1 && isnan(summary.min) && isnan(summary.max));
    CHECK_NEAR(summary.sum, 0, 0);
}

int main(void)
{
    RUN(any_cut_gives_the_same_summary);
    RUN(nothing_has_no_extremes);
    return tap_end();
}
