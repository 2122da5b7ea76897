/* lines.c - the helpers of lines.h. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

void km_bench_say(const struct km_bench_line *line)
{
    printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"better\":\"%s\"",
           line->name, line->value, line->unit,
           line->higher_is_better ? "higher" : "lower");
    if (line->goal > 0) {
        printf(",\"goal\":%.6g", line->goal);
    }
    if (line->peer) {
        printf(",\"peer\":\"%s\",\"peer_value\":%.6g", line->peer,
               line->peer_value);
    }
    printf("}\n");
    (void)fflush(stdout);
}

double km_bench_now_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare_values(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double km_bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_values);
    return values[count / 2];
}

void km_bench_folder_make(char path[static KM_BENCH_PATH_BYTES])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(path, KM_BENCH_PATH_BYTES, "%.400s/km-bench-XXXXXX",
                   base && *base ? base : "/var/tmp");
    if (!mkdtemp(path)) {
        perror(path);
        exit(1);
    }
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

void km_bench_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
