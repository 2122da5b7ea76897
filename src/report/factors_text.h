/* factors_text.h - the factors of a speed-up as bars of letters. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_FACTORS_TEXT_H
#define KM_REPORT_FACTORS_TEXT_H

#include "base/buf.h"
#include "report/terminal.h"
#include "score/figure.h"

/* Appends nothing when the card has no factors; else a line before. */
void km_factors_text(const struct km_scorecard *card,
                     const struct km_terminal *terminal, struct km_buf *out);

#endif
