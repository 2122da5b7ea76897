/* fleet_order.c - which runs of a fleet are shown, in which order. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "score/fleet.h"
#include "store/store_rules.h"

const char *const km_fleet_sort_names[KM_FLEET_SORTS] = {
    [KM_FLEET_NEWEST] = "newest",
    [KM_FLEET_NAME] = "name",
    [KM_FLEET_VELOCITY] = "velocity",
    [KM_FLEET_BEST] = "best",
};

/* What qsort compares by; there is one at a time a thread. */
static _Thread_local const struct km_fleet *sorted;
static _Thread_local enum km_fleet_sort sorted_by;

/* More of it comes first. */
static double key_of(const struct km_fleet_row *row)
{
    const struct km_fleet_card *card = row->card;
    double value = sorted_by == KM_FLEET_VELOCITY     ? card->velocity.value
                   : card->better == KM_BETTER_HIGHER ? card->last.value
                                                      : -card->last.value;
    return isfinite(value) ? value : -(double)INFINITY;
}

static int compare(const void *a, const void *b)
{
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const struct km_fleet_row *x = &sorted->rows[i], *y = &sorted->rows[k];
    if (sorted_by == KM_FLEET_NEWEST && x->going != y->going) {
        return x->going ? -1 : 1;
    }
    if (sorted_by == KM_FLEET_VELOCITY || sorted_by == KM_FLEET_BEST) {
        double of_x = key_of(x), of_y = key_of(y);
        if (of_x > of_y || of_x < of_y) {
            return of_x > of_y ? -1 : 1;
        }
    }
    int by = sorted_by == KM_FLEET_NAME
                 ? km_run_compare(&x->run, &y->run, KM_ORDER_NAME)
                 : 0;
    return by ? by : i < k ? -1 : 1; /* as they were listed */
}

size_t km_fleet_arrange(const struct km_fleet *fleet, enum km_fleet_sort sort,
                        bool (*keep)(void *user,
                                     const struct km_fleet_row *row),
                        void *user, size_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        if (!keep || keep(user, &fleet->rows[i])) {
            order[count++] = i;
        }
    }
    sorted = fleet;
    sorted_by = sort;
    qsort(order, count, sizeof *order, compare);
    return count;
}
