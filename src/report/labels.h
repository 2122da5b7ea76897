/* labels.h - places for words beside what they name, without overlaps. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_LABELS_H
#define KM_REPORT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

enum { KM_LABELS_MAX = 64, KM_BOXES_MAX = 128 };

/* Moves the wanted places at[0..count) apart until neighbours are `gap` from
 * each other and all lie within [low, high], as near to where they wanted to be
 * as that allows; their order stays. False, and nothing is moved, when there
 * are too many. */
bool km_labels_spread(double *at, size_t count, double gap, double low,
                      double high);

struct km_box {
    double left, top, right, bottom;
};

/* The boxes that are taken. */
struct km_boxes {
    struct km_box taken[KM_BOXES_MAX];
    size_t count;
    struct km_box room; /* all of them lie in it */
};

/* Takes the box when nothing else is there and it is within the room. */
bool km_boxes_take(struct km_boxes *boxes, struct km_box box);
/* Takes it in any case. */
void km_boxes_block(struct km_boxes *boxes, struct km_box box);

#endif
