/* target.c - the first crossing that lasts. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/target.h"

#include <math.h>

struct km_crossing km_target_observed(const double *x, const double *y,
                                      size_t count, double target)
{
    struct km_crossing found = {0};
    size_t at = count;
    for (size_t i = 0; i < count && at == count; i++) {
        bool last = i + 1 == count;
        if (y[i] <= target && (last || y[i + 1] <= target)) {
            at = i;
            found.confirmed = !last;
        }
    }
    if (at == count) {
        return found;
    }
    found.reached = true;
    found.until = found.after = found.x = x[at];
    if (at > 0) {
        found.after = x[at - 1];
        double drop = y[at - 1] - y[at];
        double share = drop > 0 ? (y[at - 1] - target) / drop : 1;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        found.x = x[at - 1] * pow(x[at] / x[at - 1], share);
    }
    return found;
}
