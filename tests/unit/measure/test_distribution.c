/* test_distribution.c - distributions against SciPy, see tests/oracle. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "measure/distribution.h"
#include "tap.h"

static const char *path;

static double apply(const char *name, const double *a)
{
    return strcmp(name, "normal_cdf") == 0        ? km_normal_cdf(a[0])
           : strcmp(name, "normal_quantile") == 0 ? km_normal_quantile(a[0])
           : strcmp(name, "t_cdf") == 0           ? km_t_cdf(a[0], a[1])
           : strcmp(name, "t_quantile") == 0      ? km_t_quantile(a[0], a[1])
           : strcmp(name, "f_cdf") == 0           ? km_f_cdf(a[0], a[1], a[2])
           : strcmp(name, "f_noncentral_cdf") == 0
               ? km_f_noncentral_cdf(a[0], a[1], a[2], a[3])
           : strncmp(name, "f_noncentrality", 15) == 0
               ? km_f_noncentrality(a[0], a[1], a[2], a[3])
           : strcmp(name, "chi2_quantile") == 0 ? km_chi2_quantile(a[0], a[1])
           : strcmp(name, "chi2_cdf") == 0      ? km_chi2_cdf(a[0], a[1])
           : strcmp(name, "beta_cdf") == 0      ? km_beta_cdf(a[0], a[1], a[2])
           : strcmp(name, "binomial_cdf") == 0
               ? km_binomial_cdf(a[0], a[1], a[2])
               : (double)NAN;
}

static void every_value_is_that_of_scipy(void)
{
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    char line[200], name[32];
    int rows = 0;
    while (file && fgets(line, sizeof line, file)) {
        double a[5];
        int read = sscanf(line, "%31s %lf %lf %lf %lf %lf", name, &a[0], &a[1],
                          &a[2], &a[3], &a[4]) -
                   1;
        if (line[0] == '#' || read < 2) {
            continue;
        }
        double expected = a[read - 1], actual = apply(name, a);
        double bound = 1e-11 * fabs(expected) + 1e-13;
        if (strcmp(name, "f_noncentrality_far") == 0) {
            bound = 1e-5 * expected;
        }
        if (!(fabs(actual - expected) <= bound)) {
            printf("# %s", line);
        }
        CHECK_NEAR(actual, expected, bound);
        rows++;
    }
    CHECK(rows > 240);
    if (file) {
        (void)fclose(file);
    }
}

static void extremes_have_their_limits(void)
{
    CHECK_INT(km_f_cdf(INFINITY, 3, 4), 1);
    CHECK_INT(km_f_cdf(0, 3, 4), 0);
    CHECK_INT(km_chi2_cdf(INFINITY, 4), 1);
    CHECK_INT(km_binomial_cdf(-1, 5, 0.5), 0);
    CHECK_INT(km_binomial_cdf(5, 5, 0.5), 1);
}

/* statsmodels 0.14, proportion_confint(method="wilson") */
static void wilson_bounds_are_those_of_statsmodels(void)
{
    double lo, hi;
    km_wilson(0.8, 10, 0.95, &lo, &hi);
    CHECK_NEAR(lo, 0.49016247153664183, 1e-12);
    CHECK_NEAR(hi, 0.9433178485456247, 1e-12);
    km_wilson(0, 7, 0.8, &lo, &hi);
    CHECK_NEAR(lo, 0, 1e-15);
    CHECK_NEAR(hi, 0.1900374059553338, 1e-12);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "tests/oracle/distribution.txt";
    RUN(every_value_is_that_of_scipy);
    RUN(extremes_have_their_limits);
    RUN(wilson_bounds_are_those_of_statsmodels);
    return tap_end();
}
