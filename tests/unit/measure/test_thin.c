/* test_thin.c - means of neighbours that the future does not change. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>

#include "measure/thin.h"
#include "tap.h"

enum { MANY = 300000 };

static double x[MANY], y[MANY], tx[MANY], ty[MANY], later_x[MANY],
    later_y[MANY];

static void fill(void)
{
    for (int i = 0; i < MANY; i++) {
        x[i] = i + 1;
        y[i] = (double)(i % 1009 * 37 % 101);
    }
}

static void few_points_stay_as_they_are(void)
{
    fill();
    CHECK_INT(km_thin_count(0), 0);
    CHECK_INT(km_thin_count(1), 1);
    CHECK_INT(km_thin_count(KM_THIN_WHOLE), KM_THIN_WHOLE);
    km_thin(x, y, KM_THIN_WHOLE, 0, tx, ty);
    CHECK(memcmp(tx, x, KM_THIN_WHOLE * sizeof *x) == 0);
    CHECK(memcmp(ty, y, KM_THIN_WHOLE * sizeof *y) == 0);
}

static void groups_double(void)
{
    size_t w = KM_THIN_WHOLE;
    CHECK_INT(km_thin_count(w + 1), w); /* one of a pair */
    CHECK_INT(km_thin_count(w + 2), w + 1);
    CHECK_INT(km_thin_count(2 * w), w + w / 2);
    CHECK_INT(km_thin_count(4 * w), 2 * w);
    CHECK_INT(km_thin_count(8 * w), 2 * w + w / 2);
    km_thin(x, y, 4 * w, 0, tx, ty);
    CHECK_NEAR(tx[w], (double)w + 1.5, 0);
    CHECK_NEAR(tx[w + w / 2], 2.0 * (double)w + 2.5, 0);
    double sum = 0, whole = 0;
    for (size_t i = 0; i < 2 * w; i++) {
        sum += ty[i] * (i < w ? 1 : i < w + w / 2 ? 2 : 4);
    }
    for (size_t i = 0; i < 4 * w; i++) {
        whole += y[i];
    }
    CHECK_NEAR(sum, whole, 1e-6);
}

static void more_points_change_nothing_before(void)
{
    size_t all = km_thin_count(MANY);
    km_thin(x, y, MANY, 0, later_x, later_y);
    for (size_t n = 1000; n < MANY; n += 37717) {
        size_t count = km_thin_count(n);
        CHECK(count <= all);
        km_thin(x, y, n, 0, tx, ty);
        CHECK(memcmp(tx, later_x, count * sizeof *tx) == 0);
        CHECK(memcmp(ty, later_y, count * sizeof *ty) == 0);
    }
}

static void goes_on_where_it_was(void)
{
    size_t kept = 0;
    bool same = true;
    fill();
    for (size_t n = 1; n < MANY; n += n / 5 + 911) {
        size_t count = km_thin_count(n);
        km_thin(x, y, n, kept, later_x, later_y);
        km_thin(x, y, n, 0, tx, ty);
        same = same && memcmp(tx, later_x, count * sizeof *tx) == 0 &&
               memcmp(ty, later_y, count * sizeof *ty) == 0;
        kept = count;
    }
    CHECK(same);
}

int main(void)
{
    RUN(few_points_stay_as_they_are);
    RUN(groups_double);
    RUN(more_points_change_nothing_before);
    RUN(goes_on_where_it_was);
    return tap_end();
}
