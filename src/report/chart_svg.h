/* chart_svg.h - a chart as inline SVG, styled by the page around it.
 *
 * Text is written at its real size, so a chart is drawn once for wide pages and
 * once for narrow ones; the style sheet shows one of them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_CHART_SVG_H
#define KM_REPORT_CHART_SVG_H

#include "base/buf.h"
#include "report/chart.h"

struct km_svg_size {
    const char *name; /* class: "wide", "narrow" */
    double width, height;
};

void km_chart_svg(const struct km_chart *chart, struct km_svg_size size,
                  struct km_buf *out);

/* A line of signs and words for the inks of a chart. */
void km_chart_legend_html(const struct km_chart *chart, struct km_buf *out);

#endif
