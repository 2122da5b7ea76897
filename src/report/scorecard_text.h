/* scorecard_text.h - scorecards for a terminal, for Markdown and for tables.
 *
 * Ownership: appends to `out`; the arena holds what is only needed meanwhile.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_SCORECARD_TEXT_H
#define KM_REPORT_SCORECARD_TEXT_H

#include "base/buf.h"
#include "report/terminal.h"
#include "score/figure.h"

/* Headline, figures, charts. */
enum km_code km_scorecard_text(const struct km_scorecard *card,
                               const struct km_terminal *terminal,
                               struct km_arena *arena, struct km_buf *out,
                               struct km_err *err);

/* The figures of several runs side by side. */
enum km_code km_comparison_text(const struct km_scorecard *cards, size_t count,
                                const struct km_terminal *terminal,
                                struct km_arena *arena, struct km_buf *out,
                                struct km_err *err);

void km_scorecard_markdown(const struct km_scorecard *card, struct km_buf *out);
void km_comparison_markdown(const struct km_scorecard *cards, size_t count,
                            struct km_buf *out);

/* One line a result; the heading once. */
void km_scorecard_csv_heading(struct km_buf *out);
void km_scorecard_csv(const struct km_scorecard *card, struct km_buf *out);

#endif
