/* lines.h - what every benchmark needs: clocks, medians, a folder of its own,
 * and the line that tools/bench.py reads. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BENCH_LINES_H
#define KM_BENCH_LINES_H

#include <stddef.h>
#include <time.h>

enum { KM_BENCH_PATH_BYTES = 512 };

/* Goals and peers may be missing: 0 and NULL. */
struct km_bench_line {
    const char *name;
    double value;
    const char *unit;
    double goal;
    int higher_is_better;
    const char *peer;
    double peer_value;
};

void km_bench_say(const struct km_bench_line *line);

/* CLOCK_MONOTONIC, or CLOCK_THREAD_CPUTIME_ID: processor time, which others on
 * the machine do not lengthen. Exact for a hundred days. */
double km_bench_now_ns(clockid_t clock);

/* Sorts the values. */
double km_bench_median(double *values, size_t count);

/* A new folder in TMPDIR, else /var/tmp, which is a disk more often than /tmp.
 * Ends the program when there is none. */
void km_bench_folder_make(char path[static KM_BENCH_PATH_BYTES]);
void km_bench_folder_remove(const char *path);

#endif
