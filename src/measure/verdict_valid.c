/* verdict_valid.c - overfitting, evaluation by evaluation. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "measure/robust.h"
#include "measure/trend.h"
#include "measure/verdict.h"

static const double LOSS_PERCENT = 2, P_MAX = 0.01, P_MAX_ALONE = 0.001,
                    LINE_LEVEL = 0.975;
enum { RISES = 3, LEFT_OUT = 3, LOOKS = 20 };

void km_overfit_init(struct km_overfit *overfit)
{
    memset(overfit, 0, sizeof *overfit);
    overfit->best = overfit->best_x = overfit->value = NAN;
    overfit->p = overfit->slope = overfit->slope_lo = NAN;
}

/* Both trends since the best evaluation rise; what they say stays for the
 * evidence. */
static bool trends_rise(struct km_overfit *o, size_t n, double *scratch)
{
    /* the best was chosen for being low, and what came next was near it */
    const double *x = o->x + LEFT_OUT, *y = o->y + LEFT_OUT;
    const double *gaps = o->gap + LEFT_OUT;
    n -= LEFT_OUT;
    double *t = scratch, *rest = scratch + KM_OVERFIT_SINCE_MAX;
    struct km_line gap_line, line;
    bool with_gap = true;
    for (size_t i = 0; i < n; i++) {
        t[i] = log(x[i]);
        with_gap = with_gap && isfinite(gaps[i]);
    }
    const double *gap = with_gap ? gaps : y;
    if (!km_line_fit(t, gap, n, rest, &gap_line) ||
        !km_line_fit(t, y, n, rest, &line)) {
        return false;
    }
    double p = km_trend_rise_p(gap, n, gap_line.n_eff);
    double df = fmax(line.n_eff - 2, 1);
    double least = line.slope - km_t_quantile(LINE_LEVEL, df) * line.se;
    /* one look an evaluation: of many each spends less */
    double looks = fmin(1, LOOKS / (double)o->points);
    if (!(p < looks * (with_gap ? P_MAX : P_MAX_ALONE)) || !(least > 0)) {
        return false;
    }
    o->with_gap = with_gap;
    o->p = p;
    o->slope = line.slope;
    o->slope_lo = least;
    return true;
}

void km_overfit_add(struct km_overfit *o, double x, double y, double gap,
                    double negligible, double *scratch)
{
    struct km_episode *stands = km_episodes_standing(&o->episodes);
    o->rises = o->points && y > o->value ? o->rises + 1 : 0;
    o->value = y;
    o->points++;
    if (!(y >= o->best)) {
        o->best = y;
        o->best_x = x;
        o->since = 0;
        if (stands) {
            stands->until = x;
        }
        return;
    }
    if (o->since >= KM_OVERFIT_SINCE_MAX) {
        size_t bytes = (KM_OVERFIT_SINCE_MAX - 1) * sizeof *o->x;
        memmove(o->x, o->x + 1, bytes);
        memmove(o->y, o->y + 1, bytes);
        memmove(o->gap, o->gap + 1, bytes);
    }
    o->since++;
    size_t n =
        o->since < KM_OVERFIT_SINCE_MAX ? o->since : KM_OVERFIT_SINCE_MAX;
    o->x[n - 1] = x;
    o->y[n - 1] = y;
    o->gap[n - 1] = gap;
    double percent = 100 * (y - o->best) / fabs(o->best);
    if (stands) {
        stands->size = percent;
        return;
    }
    bool worse = percent > LOSS_PERCENT || o->rises >= RISES;
    if (o->since >= KM_OVERFIT_SINCE_MIN + LEFT_OUT && worse &&
        y - o->best > negligible && trends_rise(o, n, scratch)) {
        stands = km_episodes_open(&o->episodes, o->best_x, x);
        stands->size = percent;
        stands->level = o->best;
    }
}
