/* svg_plot.h - the plot area that the parts of a chart in SVG share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_SVG_PLOT_H
#define KM_REPORT_SVG_PLOT_H

#include "base/buf.h"
#include "report/chart.h"

struct km_svg_plot {
    const struct km_chart *chart;
    struct km_buf *out;
    double left, top, width, height; /* of the plot area */
    double side;                     /* room right of it for names; 0: none */
};

/* Units of the drawing from the left and top of the plot area. */
double km_svg_x(const struct km_svg_plot *p, double x);
double km_svg_y(const struct km_svg_plot *p, double y);

/* What lies inside of the plot area, in the order of painting. */
void km_svg_curves(const struct km_svg_plot *p);
/* Names beside the ends of lines, and beside places. */
void km_svg_names(const struct km_svg_plot *p);
/* Room that names beside the plot need; 0 when there are none. */
double km_svg_side(const struct km_chart *chart);

#endif
