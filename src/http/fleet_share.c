/* fleet_share.c - a lock, and a look when it is time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fleet_share.h"

static const int64_t MS = 1000000;

bool km_fleet_share_init(struct km_fleet_share *share, struct km_store *store,
                         const struct km_score_options *options)
{
    share->clock = options->clock ? options->clock : &km_clock_system;
    share->looked_ns = 0;
    share->more = false;
    km_fleet_init(&share->fleet, store, options);
    return pthread_mutex_init(&share->lock, NULL) == 0;
}

void km_fleet_share_finish(struct km_fleet_share *share)
{
    km_fleet_finish(&share->fleet);
    (void)pthread_mutex_destroy(&share->lock);
}

enum km_code km_fleet_share_hold(struct km_fleet_share *share, bool anew,
                                 struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NEWEST,
                                         .limit = KM_FLEET_RUNS_MAX};
    (void)pthread_mutex_lock(&share->lock);
    int64_t now_ns = km_clock_monotonic_ns(share->clock);
    if (!anew && share->looked_ns &&
        now_ns - share->looked_ns < KM_FLEET_LOOK_MS * MS) {
        return KM_OK;
    }
    enum km_code code = km_fleet_list(&share->fleet, &filter, err);
    if (code == KM_OK) {
        code = km_fleet_compute(&share->fleet, 0, 0, KM_FLEET_BUDGET_MS * MS,
                                &share->more, err);
    }
    share->looked_ns = code ? 0 : km_clock_monotonic_ns(share->clock);
    return code;
}

enum km_code km_fleet_share_compute(struct km_fleet_share *share,
                                    const size_t *rows, size_t count,
                                    struct km_err *err)
{
    int64_t begun_ns = km_clock_monotonic_ns(share->clock);
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && share->more && code == KM_OK; i++) {
        if (km_clock_monotonic_ns(share->clock) - begun_ns >
            KM_FLEET_BUDGET_MS * MS) {
            break;
        }
        if (!share->fleet.rows[rows[i]].fresh) {
            code = km_fleet_compute(&share->fleet, rows[i], 1, 0, &share->more,
                                    err);
        }
    }
    return code;
}

void km_fleet_share_release(struct km_fleet_share *share)
{
    (void)pthread_mutex_unlock(&share->lock);
}
