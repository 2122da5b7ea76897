/* axis.c - what a number or text says about time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/axis.h"

#include <math.h>

#include "base/clock.h"
#include "base/number.h"

enum { TIME_TEXT_BYTES_MAX = 64 };

/* 1e9 s is in 2001, 4.2e9 s in 2103; the scales do not overlap. */
static const struct {
    double low;
    int64_t ns; /* of one unit */
} scales[] = {{1e9, 1000000000}, {1e12, 1000000}, {1e15, 1000}, {1e18, 1}};

bool km_axis_time_of(double value, int64_t *time_ns)
{
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if (value >= scales[i].low && value < scales[i].low * 4.2) {
            double whole = floor(value);
            double rest = (value - whole) * (double)scales[i].ns;
            *time_ns = (int64_t)whole * scales[i].ns + (int64_t)(rest + 0.5);
            return true;
        }
    }
    return false;
}

bool km_axis_time(const struct km_json_token *token, int64_t *time_ns)
{
    double value;
    if (token->kind == KM_JSON_INTEGER && token->integer >= INT64_C(1) << 53) {
        bool fits = token->integer >= INT64_C(1000000000000000000) &&
                    token->integer < INT64_C(4200000000000000000);
        if (fits) {
            *time_ns = token->integer; /* exact */
        }
        return fits;
    }
    if (token->kind == KM_JSON_INTEGER || token->kind == KM_JSON_NUMBER) {
        return km_axis_time_of(token->number, time_ns);
    }
    if (token->kind != KM_JSON_STRING ||
        token->text.len > TIME_TEXT_BYTES_MAX) {
        return false;
    }
    if (km_number_parse(token->text, &value)) {
        return km_axis_time_of(value, time_ns);
    }
    return km_time_parse(token->text.ptr, token->text.len, time_ns) != 0;
}
