/* verdict_trend.c - plateaus and reversals, look by look. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "measure/robust.h"
#include "measure/verdict.h"

static const double AHEAD = 1.25, LEVEL = 0.90, GROWTH = 0.05;
static const double NEGLIGIBLE = 0.001;
static const double ENTROPY_LOW = 0.5, ENTROPY_HIGH = 12;
enum { IN_A_ROW = 2 };

const double km_plateau_windows[2] = {1.5, 2.5};

size_t km_look_next(size_t count)
{
    size_t next = count + (size_t)ceil(GROWTH * (double)count);
    return next < KM_LOOK_FIRST ? KM_LOOK_FIRST : next;
}

bool km_look_at(const double *x, const double *y, size_t count, double rho,
                double *scratch, struct km_look *look)
{
    *look = (struct km_look){0};
    struct km_local_velocity local;
    if (!km_velocity_over(x, y, count, rho, KM_LOCAL_POINTS_MIN,
                          KM_LOOK_POINTS_MAX, LEVEL, scratch, &local)) {
        return false;
    }
    double ahead = sqrt(local.x_from * local.x_to) * log(AHEAD);
    *look = (struct km_look){.x = local.x_to,
                             .x_from = local.x_from,
                             .gain = {local.velocity.value * ahead,
                                      local.velocity.lo * ahead,
                                      local.velocity.hi * ahead},
                             .se = local.se * ahead,
                             .n = local.n};
    return true;
}

double km_negligible(double level, bool nats)
{
    double share = NEGLIGIBLE * fabs(level);
    bool entropy = nats && level >= ENTROPY_LOW && level <= ENTROPY_HIGH;
    return entropy ? fmax(share, NEGLIGIBLE) : share;
}

void km_plateau_init(struct km_plateau *plateau)
{
    *plateau = (struct km_plateau){.since = {NAN, NAN}};
}

void km_plateau_add(struct km_plateau *plateau, const struct km_look looks[2],
                    double negligible, bool explained)
{
    struct km_episode *stands = km_episodes_standing(&plateau->episodes);
    bool sharp = false, improves = false;
    int met = -1;
    for (int i = 0; i < 2; i++) {
        const struct km_look *look = &looks[i];
        if (!look->n) {
            continue;
        }
        plateau->last = *look;
        sharp = sharp || look->gain.hi - look->gain.value <= negligible;
        improves = improves || look->gain.lo > negligible;
        bool flat = look->gain.hi <= negligible &&
                    look->gain.hi >= -negligible && !explained;
        plateau->since[i] = plateau->row[i] ? plateau->since[i] : look->x_from;
        plateau->row[i] = flat ? plateau->row[i] + 1 : 0;
        if (plateau->row[i] >= IN_A_ROW && met < 0) {
            met = i;
        }
    }
    plateau->looks++;
    plateau->sharp += sharp && !explained;
    if (stands && improves && met < 0) {
        stands->until = plateau->last.x;
    } else if (!stands && met >= 0) {
        stands = km_episodes_open(&plateau->episodes, plateau->since[met],
                                  looks[met].x);
        stands->size = looks[met].gain.hi;
        stands->level = negligible;
        plateau->fired = looks[met];
    }
}

void km_regime_init(struct km_regime *regime)
{
    *regime = (struct km_regime){.since = NAN, .model = NAN, .se = NAN};
}

void km_regime_add(struct km_regime *regime, double model,
                   const struct km_local_velocity *local)
{
    struct km_episode *stands = km_episodes_standing(&regime->episodes);
    double v = local->velocity.value;
    bool turned = v < -KM_REGIME_SIGMAS * local->se &&
                  (stands || km_velocity_disagrees(model, local));
    regime->looks++;
    regime->since = regime->row ? regime->since : local->x_from;
    regime->row = turned ? regime->row + 1 : 0;
    if (stands && v > 2 * local->se) {
        stands->until = local->x_to;
    } else if (!stands && regime->row >= IN_A_ROW) {
        km_episodes_open(&regime->episodes, regime->since, local->x_to)->size =
            v;
        regime->model = model;
        regime->se = local->se;
    }
}

void km_regime_add_level(struct km_regime *regime,
                         const struct km_episode *spike, double x)
{
    bool now = spike && spike->lasting && spike->lasted >= x;
    if (now && !km_episodes_standing(&regime->episodes)) {
        struct km_episode *episode =
            km_episodes_open(&regime->episodes, spike->onset, spike->lasted);
        episode->size = spike->size;
        episode->level = spike->level;
        episode->lasting = true;
    }
}
