/* labels.c - words moved apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/labels.h"

#include <assert.h>
#include <math.h>

/* Labels that touch form a block, which lies around the mean of what its
 * members wanted; blocks that come to touch are joined (pooling of adjacent
 * violators, on places less the gaps before them). */
bool km_labels_spread(double *at, size_t count, double gap, double low,
                      double high)
{
    size_t order[KM_LABELS_MAX], size[KM_LABELS_MAX];
    double mean[KM_LABELS_MAX];
    assert(gap > 0 && low <= high);
    if (count > KM_LABELS_MAX ||
        gap * ((double)count - 1) > high - low + 1e-9) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t k = i;
        for (; k > 0 && at[order[k - 1]] > at[i]; k--) {
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
    size_t blocks = 0;
    double last = high - gap * (double)(count ? count - 1 : 0);
    for (size_t i = 0; i < count; i++) {
        mean[blocks] = at[order[i]] - gap * (double)i;
        size[blocks++] = 1;
        while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
            double a = (double)size[blocks - 2], b = (double)size[blocks - 1];
            mean[blocks - 2] =
                (a * mean[blocks - 2] + b * mean[blocks - 1]) / (a + b);
            size[blocks - 2] += size[blocks - 1];
            blocks--;
        }
    }
    for (size_t b = 0, i = 0; b < blocks; b++) {
        double base = fmin(fmax(mean[b], low), last);
        for (size_t k = 0; k < size[b]; k++, i++) {
            at[order[i]] = base + gap * (double)i;
        }
    }
    return true;
}

static bool overlap(struct km_box a, struct km_box b)
{
    return a.left < b.right && b.left < a.right && a.top < b.bottom &&
           b.top < a.bottom;
}

void km_boxes_block(struct km_boxes *boxes, struct km_box box)
{
    if (boxes->count < sizeof boxes->taken / sizeof *boxes->taken) {
        boxes->taken[boxes->count++] = box;
    }
}

bool km_boxes_take(struct km_boxes *boxes, struct km_box box)
{
    struct km_box room = boxes->room;
    if (box.left < room.left || box.right > room.right || box.top < room.top ||
        box.bottom > room.bottom) {
        return false;
    }
    for (size_t i = 0; i < boxes->count; i++) {
        if (overlap(box, boxes->taken[i])) {
            return false;
        }
    }
    km_boxes_block(boxes, box);
    return true;
}
