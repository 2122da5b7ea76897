/* thin.c - groups that double in size each time the curve has doubled. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/thin.h"

/* Whole groups of `each` points in [from, until of the points there are]. */
struct stretch {
    size_t from, until, each;
};

static struct stretch first_stretch(void)
{
    return (struct stretch){0, KM_THIN_WHOLE, 1};
}

static struct stretch after(struct stretch s)
{
    return (struct stretch){s.until, 2 * s.until, 2 * s.each};
}

static size_t groups_in(struct stretch s, size_t count)
{
    return ((count < s.until ? count : s.until) - s.from) / s.each;
}

size_t km_thin_count(size_t count)
{
    size_t groups = 0;
    for (struct stretch s = first_stretch(); s.from < count; s = after(s)) {
        groups += groups_in(s, count);
    }
    return groups;
}

void km_thin(const double *x, const double *y, size_t count, size_t kept,
             double *thin_x, double *thin_y)
{
    size_t before = 0; /* groups of the stretches before this one */
    for (struct stretch s = first_stretch(); s.from < count; s = after(s)) {
        size_t groups = groups_in(s, count);
        for (size_t g = kept > before ? kept - before : 0; g < groups; g++) {
            double sum_x = 0, sum_y = 0;
            for (size_t i = 0; i < s.each; i++) {
                sum_x += x[s.from + g * s.each + i];
                sum_y += y[s.from + g * s.each + i];
            }
            thin_x[before + g] = sum_x / (double)s.each;
            thin_y[before + g] = sum_y / (double)s.each;
        }
        before += groups;
    }
}
