/* goodput.c - a book of seconds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/goodput.h"

#include <assert.h>
#include <math.h>

void km_goodput_init(struct km_goodput *book, double from, double to)
{
    *book = (struct km_goodput){.from = from, .to = to, .reached = from};
}

/* The bin of a time; the last one holds what is beyond. */
static size_t bin_of(const struct km_goodput *book, double time)
{
    double width = (book->to - book->from) / KM_GOODPUT_BINS;
    double place = (time - book->from) / width;
    const size_t last = (size_t)KM_GOODPUT_BINS - 1;
    return place < (double)last ? (size_t)fmax(place, 0) : last;
}

/* Puts `seconds` from `reached` on into the bins they lie in. */
static void spread(struct km_goodput *book, enum km_time_use use,
                   double seconds)
{
    const size_t last = (size_t)KM_GOODPUT_BINS - 1;
    double width = (book->to - book->from) / KM_GOODPUT_BINS;
    double at = book->reached, end = at + seconds;
    if (!(width > 0)) {
        return;
    }
    for (size_t bin = bin_of(book, at); bin < last; bin++) {
        double edge = book->from + width * ((double)bin + 1);
        double stop = fmin(fmax(edge, at), end);
        book->bins[use][bin] += stop - at;
        at = stop;
    }
    book->bins[use][last] += end - at;
}

static void book_seconds(struct km_goodput *book, enum km_time_use use,
                         double seconds)
{
    if (seconds > 0) {
        spread(book, use, seconds);
        book->seconds[use] += seconds;
        book->reached += seconds;
        book->count[use]++;
    }
}

double km_goodput_add(struct km_goodput *book, double until, double expected,
                      enum km_time_use use, enum km_time_use rest)
{
    double seconds = until - book->reached;
    if (!(seconds >= 0)) {
        book->backwards += isnan(until) ? 0 : 1;
        return 0;
    }
    double first = fmin(fmax(expected, 0), seconds);
    first = isnan(first) ? 0 : first;
    book_seconds(book, use, first);
    book_seconds(book, rest, seconds - first);
    return seconds - first;
}
