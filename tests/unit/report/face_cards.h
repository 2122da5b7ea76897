/* face_cards.h - invented cards, one for each way of drawing.
 *
 * Ownership: a card borrows static arrays; one of a kind at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_REPORT_FACE_CARDS_H
#define KM_TESTS_REPORT_FACE_CARDS_H

#include "score/figure.h"

struct km_scorecard face_card_matrix(void);   /* continual learning, holes */
struct km_scorecard face_card_drift(void);    /* too many cells for values */
struct km_scorecard face_card_survival(void); /* stairs with bands */
struct km_scorecard face_card_goodput(void);  /* a stack of shares */
struct km_scorecard face_card_frontier(void); /* places over costs */
struct km_scorecard face_card_fan(void);      /* 50, 80, 95 % of a forecast */
struct km_scorecard face_card_arms(void);     /* more lines than colours */
struct km_scorecard face_card_factors(void);  /* a speed-up as a product */
struct km_scorecard face_card_long(void);     /* figures of many families */
struct km_scorecard face_card_parted(void);   /* variants of several parts */

struct face_card_row {
    const char *name;
    struct km_scorecard (*make)(void);
};
extern const struct face_card_row face_cards[];
extern const size_t face_card_count;

#endif
