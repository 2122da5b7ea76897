/* reduce.c - M4: what a line chart shows is unchanged at bucket width. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/reduce.h"

#include <assert.h>
#include <string.h>

#include "series/bins.h"

/* Writes the first, lowest, highest and last of points [from, to). */
static size_t put_bucket(const double *x, const double *y, size_t from,
                         size_t to, double *x_out, double *y_out)
{
    size_t low = from, high = from, last = to - 1;
    double lowest = y[from], highest = y[from];
    for (size_t i = from; i < to; i++) {
        if (y[i] < lowest) {
            lowest = y[i];
            low = i;
        }
        if (y[i] > highest) {
            highest = y[i];
            high = i;
        }
    }
    size_t early = low < high ? low : high, late = low < high ? high : low;
    const size_t picks[] = {from, early, late, last};
    size_t written = 0;
    for (size_t p = 0; p < 4; p++) {
        if (p == 0 || picks[p] != picks[p - 1]) {
            x_out[written] = x[picks[p]];
            y_out[written] = y[picks[p]];
            written++;
        }
    }
    return written;
}

size_t km_reduce(const double *x, const double *y, size_t count, double *x_out,
                 double *y_out, size_t room)
{
    assert(room >= 4);
    if (count <= room) {
        if (count) {
            memcpy(x_out, x, count * sizeof *x);
            memcpy(y_out, y, count * sizeof *y);
        }
        return count;
    }
    size_t buckets = room / 4, from = 0, written = 0;
    double width = (x[count - 1] - x[0]) / (double)buckets;
    for (size_t b = 0; b < buckets && from < count; b++) {
        double edge = x[0] + width * (double)(b + 1);
        size_t to = b == buckets - 1
                        ? count
                        : from + km_bins_find(x + from, count - from, edge);
        if (to > from) {
            written +=
                put_bucket(x, y, from, to, x_out + written, y_out + written);
        }
        from = to;
    }
    return written;
}
