/* ticks.c - the step whose number of ticks is nearest to what is wanted. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/ticks.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

static double step_for(double span, size_t wanted)
{
    static const double sizes[] = {1, 2, 2.5, 5, 10};
    double rough = span / (double)wanted;
    double power = pow(10, floor(log10(rough)));
    double best = power;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        double step = sizes[i] * power;
        if (fabs(log(step / rough)) < fabs(log(best / rough))) {
            best = step;
        }
    }
    return best;
}

/* Decimals that `step` needs: 0.25 needs two, 10 none. */
static int decimals_of(double step)
{
    int decimals = 0;
    double scaled = step;
    while (decimals < 12 &&
           fabs(scaled - round(scaled)) > 1e-6 * fabs(scaled)) {
        scaled *= 10;
        decimals++;
    }
    return decimals;
}

static void choose_scale(struct km_ticks *ticks, double low, double high)
{
    static const struct {
        double from, divisor;
        const char *prefix;
    } scales[] = {
        {1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}};
    double size = fmax(fabs(low), fabs(high));
    ticks->divisor = 1;
    ticks->prefix = "";
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (size >= scales[i].from) {
            ticks->divisor = scales[i].divisor;
            ticks->prefix = scales[i].prefix;
            return;
        }
    }
}

void km_ticks_place(struct km_ticks *ticks, double low, double high,
                    size_t wanted)
{
    assert(isfinite(low) && isfinite(high) && low < high);
    assert(wanted >= 2 && wanted <= 12);
    *ticks = (struct km_ticks){0};
    double step = step_for(high - low, wanted);
    choose_scale(ticks, low, high);
    ticks->decimals = decimals_of(step / ticks->divisor);
    double first = ceil(low / step - 1e-9);
    for (size_t i = 0; i < KM_TICKS_MAX; i++) {
        double at = (first + (double)i) * step;
        if (at > high + 1e-9 * step) {
            break;
        }
        ticks->at[ticks->count++] = at == 0 ? 0 : at;
    }
}

/* Multiples of each `every`th power of ten. */
static void place_multiples(struct km_ticks *ticks, double low, double high,
                            size_t multiples, int every)
{
    static const double sizes[] = {1, 2, 5};
    ticks->count = 0;
    int first = (int)floor(log10(low)), last = (int)ceil(log10(high));
    for (int power = first; power <= last; power++) {
        for (size_t i = 0; i < multiples && power % every == 0; i++) {
            double at = sizes[i] * pow(10, power);
            if (at >= low && at <= high && ticks->count < KM_TICKS_MAX) {
                ticks->at[ticks->count++] = at;
            }
        }
    }
}

void km_ticks_place_log(struct km_ticks *ticks, double low, double high,
                        size_t wanted)
{
    assert(low > 0 && low < high && isfinite(high) && wanted >= 2);
    *ticks = (struct km_ticks){.divisor = 1, .prefix = "", .logarithmic = true};
    place_multiples(ticks, low, high, 3, 1);
    for (int every = 1; ticks->count > wanted && every < 400; every *= 2) {
        place_multiples(ticks, low, high, 1, every);
    }
}

struct km_short km_tick_label(const struct km_ticks *ticks, size_t index)
{
    assert(index < ticks->count);
    if (ticks->logarithmic) {
        return km_show_plain(ticks->at[index]);
    }
    double shown = ticks->at[index] / ticks->divisor;
    if (shown != 0 && fabs(shown) < 1e-4) {
        struct km_short out;
        (void)snprintf(out.text, sizeof out.text, "%.3g", shown);
        return out;
    }
    return km_show_decimals(shown, ticks->decimals);
}
