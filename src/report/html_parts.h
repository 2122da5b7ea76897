/* html_parts.h - the parts that scorecard_html.c puts together. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_HTML_PARTS_H
#define KM_REPORT_HTML_PARTS_H

#include "base/buf.h"
#include "score/figure.h"

enum { KM_HTML_RUN_COLOURS = 6 };

void km_html_escape(struct km_buf *out, const char *text);
/* A run's name, or what of it is `shown`, in at most `width` letters; the whole
 * as its title. */
void km_html_name(struct km_buf *out, const char *name, size_t width);
void km_html_name_part(struct km_buf *out, const char *name,
                       struct km_str shown, size_t width);

/* The figures of one run: value, interval, state; a row opens to formula,
 * source and evidence. */
void km_html_figures(const struct km_scorecard *card, struct km_buf *out);

/* Bars that multiply to a speed-up; false when the card has none. */
bool km_html_factors(const struct km_scorecard *card, struct km_buf *out);

/* Values in cells over a scale of one hue; scrolls by itself. */
void km_html_matrix(const struct km_matrix *matrix, struct km_buf *out);

/* Runs as columns, figures as rows, intervals on a common scale. */
void km_html_comparison(const struct km_scorecard *cards, size_t count,
                        struct km_buf *out);

#endif
