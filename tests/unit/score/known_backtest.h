/* known_backtest.h - the finished runs of the worked back-test. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_KNOWN_BACKTEST_H
#define KM_TESTS_KNOWN_BACKTEST_H

#include "score/figure.h"

void known_backtest_make(struct km_arena *arena, struct km_scorecard *card);

#endif
