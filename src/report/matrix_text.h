/* matrix_text.h - a matrix as a heat map of letters.
 *
 * Every cell carries its value, so that the map reads without colours; a
 * terminal with a palette lays the scale under it, another gets a shade beside
 * it. A hole is a dot. What is too wide goes on in a block below. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_MATRIX_TEXT_H
#define KM_REPORT_MATRIX_TEXT_H

#include "base/buf.h"
#include "report/terminal.h"
#include "score/figure.h"

/* Appends lines of at most the terminal's width. */
void km_matrix_text(const struct km_matrix *matrix,
                    const struct km_terminal *terminal, struct km_buf *out);

#endif
