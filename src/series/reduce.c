/* reduce.c - M4: what a line chart shows is unchanged at bucket width. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "series/reduce.h"

#include <assert.h>
#include <string.h>

#include "series/bins.h"

/* Writes the first, lowest, highest and last of points [from, to). */
static size_t put_bucket(const struct km_extremes *curve, const double *x,
                         size_t from, size_t to, double *x_out, double *y_out)
{
    const double *y = curve->y;
    size_t low, high, last = to - 1;
    km_extremes_find(curve, from, to, &low, &high);
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
    const struct km_extremes none = {.y = y};
    return km_reduce_known(x, &none, count, x_out, y_out, room);
}

size_t km_reduce_known(const double *x, const struct km_extremes *curve,
                       size_t count, double *x_out, double *y_out, size_t room)
{
    const double *y = curve->y;
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
            written += put_bucket(curve, x, from, to, x_out + written,
                                  y_out + written);
        }
        from = to;
    }
    return written;
}
