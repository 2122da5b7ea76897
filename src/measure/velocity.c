/* velocity.c - slopes of the fitted curve and of the last stretch. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/velocity.h"

#include <math.h>

#include "measure/conformal.h"
#include "measure/robust.h"

static const double RHO_START = 1.25, RHO_FACTOR = 1.25, RHO_END = 2.5;
static const double SIGNIFICANT = 2, STEEPENED_SIGMAS = 2.5,
                    STEEPENED_TIMES = 1.3;

const struct km_velocity_band km_velocity_band_cold = {KM_VELOCITY_BAND_LOW,
                                                       KM_VELOCITY_BAND_HIGH};

struct km_estimate km_velocity_model(const struct km_fit *fit, double x,
                                     double level, double relative_se_axis)
{
    return km_velocity_model_within(fit, x, level, relative_se_axis,
                                    km_velocity_band_cold);
}

bool km_velocity_band_learn(const double *ratio, const unsigned *group,
                            size_t count, double level, double *scratch,
                            struct km_velocity_band *band)
{
    double *known = scratch, *weight = scratch + count;
    double *rest = weight + count;
    for (size_t i = 0; i < count; i++) {
        known[i] = isfinite(ratio[i]) ? ratio[i] : (double)NAN;
    }
    size_t groups = km_conformal_weights(known, group, count, weight, rest);
    return km_conformal_cross(known, weight, count, groups, level, rest,
                              &band->low, &band->high);
}

/* Root of the sum of squares; a reach below 0 (the band lies on the other side
 * of the value) keeps its sign. */
static double join(double reach, double rest)
{
    return reach < 0 ? reach + sqrt(rest) : sqrt(reach * reach + rest);
}

struct km_estimate km_velocity_model_within(const struct km_fit *fit, double x,
                                            double level,
                                            double relative_se_axis,
                                            struct km_velocity_band band)
{
    double v = -km_fit_slope(fit, x);
    if (!isfinite(fit->se_slope)) {
        return (struct km_estimate){v, NAN, NAN};
    }
    double df = fmax(fit->n_eff - 3, 1);
    double z = km_t_quantile(0.5 + level / 2, df);
    double statistical = z * fit->se_slope * (v > 0 ? v : 0) /
                         fmax(-km_fit_slope(fit, fit->x_now), 1e-300);
    if (!(v > 0)) {
        statistical = z * fit->se_slope;
    }
    double axis = z * relative_se_axis * v;
    /* a band away from 1 (history: gains fall short) shifts the centre of the
     * error, not the value */
    double low = (1 - band.low) * v, high = (band.high - 1) * v;
    double rest = statistical * statistical + axis * axis;
    return (struct km_estimate){v, v - join(low, rest), v + join(high, rest)};
}

/* Copies ln x and y of a window, averaged in groups when there are many. */
static size_t take_window(const double *x, const double *y, size_t from,
                          size_t count, size_t most, double *t, double *v)
{
    size_t n = count - from, group = 1 + (n - 1) / most;
    size_t groups = 0;
    for (size_t i = from; i < count; i += group) {
        size_t end = i + group < count ? i + group : count;
        double sx = 0, sy = 0;
        for (size_t j = i; j < end; j++) {
            sx += x[j];
            sy += y[j];
        }
        t[groups] = log(sx / (double)(end - i));
        v[groups] = sy / (double)(end - i);
        groups++;
    }
    return groups;
}

static size_t find_x(const double *x, size_t count, double bound)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x[middle] < bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool km_velocity_over(const double *x, const double *y, size_t count,
                      double rho, size_t points_min, size_t most, double level,
                      double *scratch, struct km_local_velocity *out)
{
    double *t = scratch, *v = scratch + KM_LOCAL_POINTS_MAX;
    double *rest = v + KM_LOCAL_POINTS_MAX;
    size_t from = count ? find_x(x, count, x[count - 1] / rho) : 0;
    struct km_line line;
    if (count == 0 || count - from < points_min ||
        !km_line_fit(t, v, take_window(x, y, from, count, most, t, v), rest,
                     &line)) {
        return false;
    }
    double centre = sqrt(x[from] * x[count - 1]);
    double df = fmax(line.n_eff - 2, 1);
    double half = km_t_quantile(0.5 + level / 2, df) * line.se / centre;
    double value = -line.slope / centre;
    *out = (struct km_local_velocity){
        .velocity = {value, value - half, value + half},
        .se = line.se / centre,
        .x_from = x[from],
        .x_to = x[count - 1],
        .n = count - from,
        .n_eff = line.n_eff};
    return true;
}

bool km_velocity_local(const double *x, const double *y, size_t count,
                       size_t points_min, double level, double *scratch,
                       struct km_local_velocity *out)
{
    return km_velocity_local_of(x, y, count, points_min, KM_LOCAL_POINTS_MAX,
                                level, scratch, out);
}

bool km_velocity_local_of(const double *x, const double *y, size_t count,
                          size_t points_min, size_t most, double level,
                          double *scratch, struct km_local_velocity *out)
{
    *out = (struct km_local_velocity){0};
    bool found = false;
    for (double rho = RHO_START; count && rho <= RHO_END * 1.0001;
         rho = rho < RHO_END ? fmin(rho * RHO_FACTOR, RHO_END) : 2 * RHO_END) {
        if (!km_velocity_over(x, y, count, rho, points_min, most, level,
                              scratch, out)) {
            continue;
        }
        found = true;
        if (fabs(out->velocity.value) >= SIGNIFICANT * out->se) {
            break;
        }
    }
    return found;
}

struct km_estimate km_ratio_fieller(double a, double se_a, double b,
                                    double se_b, double z)
{
    double ratio = a / b, g = z * z * se_b * se_b / (b * b);
    if (!(g < 1)) {
        return (struct km_estimate){ratio, NAN, NAN};
    }
    double spread = se_a * se_a * (1 - g) + ratio * ratio * se_b * se_b;
    double half = z / fabs(b) * sqrt(spread);
    return (struct km_estimate){ratio, (ratio - half) / (1 - g),
                                (ratio + half) / (1 - g)};
}

double km_velocity_steepened(const struct km_fit *fit,
                             const struct km_local_velocity *local)
{
    double centre = sqrt(local->x_from * local->x_to);
    double model =
        (km_fit_value(fit, local->x_from) - km_fit_value(fit, local->x_to)) /
        log(local->x_to / local->x_from) / centre;
    double v = local->velocity.value;
    bool steeper = model > 0 && v > STEEPENED_TIMES * model &&
                   v > model + STEEPENED_SIGMAS * local->se;
    return steeper ? v / model : 1;
}

bool km_velocity_disagrees(double model, const struct km_local_velocity *local)
{
    double v = local->velocity.value;
    return model * v < 0 && fabs(model - v) > SIGNIFICANT * local->se;
}
