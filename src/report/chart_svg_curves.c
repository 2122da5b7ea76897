/* chart_svg_curves.c - bands, layers, dots, lines and names in SVG. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/labels.h"
#include "report/svg_plot.h"
#include "report/text.h"

enum {
    DOTS_MAX = 600,
    SIDE_NAME_MAX = 24, /* letters of a name beside the plot */
    PLACE_NAME_MAX = 28,
    NAME_GAP = 15,  /* from line to line of names */
    SIDE_SIGN = 26, /* between the plot and a name */
};
#define LETTER 6.6 /* width of one, about */

double km_svg_x(const struct km_svg_plot *p, double x)
{
    return km_chart_x(p->chart, x) * p->width;
}

double km_svg_y(const struct km_svg_plot *p, double y)
{
    double at = km_chart_y(p->chart, y) * p->height;
    return fmin(fmax(at, -1000), 10000); /* far outside, still drawable */
}

/* A polyline broken where values are not finite. */
static void draw_line(const struct km_svg_plot *p, const struct km_curve *curve,
                      const char *class_name, bool stairs)
{
    km_buf_printf(p->out, "<path class=\"%s\" d=\"", class_name);
    bool pen_down = false;
    for (size_t i = 0; i < curve->count; i++) {
        bool there = isfinite(curve->y[i]) && isfinite(curve->x[i]);
        if (there && pen_down && stairs) {
            km_buf_printf(p->out, "H%.1fV%.1f", km_svg_x(p, curve->x[i]),
                          km_svg_y(p, curve->y[i]));
        } else if (there) {
            km_buf_printf(p->out, "%s%.1f %.1f", pen_down ? "L" : "M",
                          km_svg_x(p, curve->x[i]), km_svg_y(p, curve->y[i]));
        }
        pen_down = there;
    }
    km_buf_append_text(p->out, "\"/>");
}

static void draw_dots(const struct km_svg_plot *p, const struct km_curve *curve,
                      const char *class_name)
{
    km_buf_printf(p->out, "<path class=%s d=\"", class_name);
    for (size_t i = 0; i < curve->count; i++) {
        double y = isfinite(curve->y[i]) ? km_svg_y(p, curve->y[i]) : -1000;
        if (y >= -4 && y <= p->height + 4) {
            km_buf_printf(p->out, "M%.1f %.1fh0", km_svg_x(p, curve->x[i]), y);
        }
    }
    km_buf_append_text(p->out, "\"/>");
}

/* Many points: the lowest and highest of each half pixel, which keeps every
 * extreme. */
static void draw_envelope(const struct km_svg_plot *p,
                          const struct km_curve *curve, const char *class_name)
{
    km_buf_printf(p->out, "<path class=\"%s line\" d=\"", class_name);
    bool pen_down = false;
    for (size_t i = 0; i < curve->count;) {
        double column = floor(km_svg_x(p, curve->x[i]) * 2);
        struct km_span span = {NAN, NAN};
        for (;
             i < curve->count && floor(km_svg_x(p, curve->x[i]) * 2) == column;
             i++) {
            double y = curve->y[i];
            span.low = isfinite(y) && !(span.low <= y) ? y : span.low;
            span.high = isfinite(y) && !(span.high >= y) ? y : span.high;
        }
        if (isfinite(span.low)) {
            km_buf_printf(p->out, "%s%.1f %.1fV%.1f", pen_down ? "L" : "M",
                          column / 2, km_svg_y(p, span.high),
                          km_svg_y(p, span.low));
            pen_down = true;
        }
        i += isnan(column) ? 1 : 0; /* a place that is not a number */
    }
    km_buf_append_text(p->out, "\"/>");
}

/* One edge of a band, forwards; under stairs a bound holds until the next. */
static void edge(const struct km_svg_plot *p, const struct km_curve *curve,
                 const double *y, size_t from, size_t end, bool stairs)
{
    for (size_t k = from; k < end; k++) {
        double x = km_svg_x(p, curve->x[k]), at = km_svg_y(p, y[k]);
        if (k > from && stairs) {
            km_buf_printf(p->out, "H%.1fV%.1f", x, at);
        } else {
            km_buf_printf(p->out, "%s%.1f %.1f", k > from ? "L" : "M", x, at);
        }
    }
}

static void edge_back(const struct km_svg_plot *p, const struct km_curve *curve,
                      const double *y, size_t from, size_t end, bool stairs)
{
    for (size_t k = end; k > from; k--) {
        double x = km_svg_x(p, curve->x[k - 1]);
        double at = km_svg_y(p, y[k - 1]);
        if (k < end && stairs) {
            km_buf_printf(p->out, "V%.1fH%.1f", at, x);
        } else {
            km_buf_printf(p->out, "L%.1f %.1f", x, at);
        }
    }
    km_buf_append_text(p->out, "Z\"/>");
}

static void draw_band(const struct km_svg_plot *p,
                      const struct km_chart_curve *row)
{
    const struct km_curve *curve = row->curve;
    for (size_t i = 0; i < curve->count;) {
        size_t end = i;
        while (end < curve->count && isfinite(curve->lo[end]) &&
               isfinite(curve->hi[end])) {
            end++;
        }
        if (end > i + 1) {
            km_buf_append_text(p->out, "<path class=\"band");
            if (row->ink == KM_INK_SERIES) {
                km_buf_printf(p->out, " c%zu", row->series);
            } else if (row->of_valid) {
                km_buf_append_text(p->out, " ofvalid");
            }
            km_buf_append_text(p->out, "\" d=\"");
            edge(p, curve, curve->hi, i, end, row->stairs);
            edge_back(p, curve, curve->lo, i, end, row->stairs);
        }
        i = end + (end == i);
    }
}

/* Runs of a layer in which there is something of it. */
static void draw_layer(const struct km_svg_plot *p, size_t layer)
{
    const struct km_chart_curve *row = &p->chart->curves[layer];
    const struct km_curve *curve = row->curve;
    km_buf_printf(p->out, "<path class=\"layer c%zu\" d=\"", row->series);
    for (size_t i = 0; i < curve->count; i++) {
        double y = fmax(curve->y[i], 0); /* 0 for what is not a number */
        km_buf_printf(p->out, "%s%.1f %.1f", i ? "L" : "M",
                      km_svg_x(p, curve->x[i]),
                      km_svg_y(p, km_chart_below(p->chart, layer, i) + y));
    }
    for (size_t i = curve->count; i > 0; i--) {
        km_buf_printf(p->out, "L%.1f %.1f", km_svg_x(p, curve->x[i - 1]),
                      km_svg_y(p, km_chart_below(p->chart, layer, i - 1)));
    }
    km_buf_append_text(p->out, "Z\"><title>");
    km_text_html(p->out, km_str_of(curve->name ? curve->name : curve->title));
    km_buf_append_text(p->out, "</title></path>");
}

/* A place with its whiskers: full when no other beats it, else hollow. */
static void draw_place(const struct km_svg_plot *p,
                       const struct km_chart_curve *row)
{
    const struct km_curve *curve = row->curve;
    for (size_t i = 0; i < curve->count; i++) {
        double x = km_svg_x(p, curve->x[i]);
        if (!isfinite(x) || !isfinite(curve->y[i])) {
            continue;
        }
        km_buf_printf(p->out, "<g class=\"place%s\">",
                      row->ahead ? " ahead" : "");
        if (curve->lo && curve->hi && isfinite(curve->lo[i]) &&
            isfinite(curve->hi[i])) {
            km_buf_printf(p->out, "<path d=\"M%.1f %.1fV%.1f\"/>", x,
                          km_svg_y(p, curve->lo[i]), km_svg_y(p, curve->hi[i]));
        }
        km_buf_printf(p->out, "<circle cx=%.1f cy=%.1f r=4><title>", x,
                      km_svg_y(p, curve->y[i]));
        km_text_html(p->out, km_str_of(curve->name ? curve->name : ""));
        km_buf_append_text(p->out, "</title></circle></g>");
    }
}

static void draw_curve(const struct km_svg_plot *p, size_t index,
                       enum km_ink ink)
{
    static const char *const classes[] = {
        "band",     "layer",       "ghost",           "data", "valid", "fit",
        "forecast", "fit ofvalid", "forecast ofvalid"};
    static const char *const series[KM_CHART_SERIES] = {
        "series c0", "series c1", "series c2", "series c3",
        "series c4", "series c5", "series c6", "series c7"};
    const struct km_chart_curve *row = &p->chart->curves[index];
    const struct km_curve *curve = row->curve;
    if (ink == KM_INK_BAND && km_chart_curve_has_band(row)) {
        draw_band(p, row);
    } else if (row->ink != ink || ink == KM_INK_BAND) {
        return;
    } else if (ink == KM_INK_STACK) {
        draw_layer(p, index);
    } else if (ink == KM_INK_PLACE) {
        draw_place(p, row);
    } else if (ink == KM_INK_SERIES) {
        draw_line(p, curve, series[row->series], row->stairs);
    } else if (km_ink_is_line(ink)) {
        draw_line(p, curve, classes[ink], row->stairs);
    } else if (curve->name && ink == KM_INK_GHOST) {
        draw_line(p, curve, "ghost line", row->stairs);
    } else if (curve->count > DOTS_MAX) {
        draw_envelope(p, curve, classes[ink]);
    } else {
        if (ink == KM_INK_VALID) {
            draw_line(p, curve, "valid line", false);
        }
        draw_dots(p, curve, classes[ink]);
    }
}

void km_svg_curves(const struct km_svg_plot *p)
{
    for (enum km_ink ink = KM_INK_BAND; ink < KM_INK_COUNT; ink++) {
        for (size_t i = 0; i < p->chart->curve_count; i++) {
            draw_curve(p, i, ink);
        }
    }
}

static bool ends_somewhere(const struct km_curve *curve, size_t *last)
{
    for (*last = curve->count; *last > 0; --*last) {
        if (isfinite(curve->y[*last - 1])) {
            --*last;
            return true;
        }
    }
    return false;
}

double km_svg_side(const struct km_chart *chart)
{
    size_t widest = 0;
    for (size_t i = 0; i < chart->curve_count; i++) {
        size_t width = chart->curves[i].ink == KM_INK_SERIES
                           ? km_text_width(km_chart_name(chart, i))
                           : 0;
        widest = width > widest ? width : widest;
    }
    widest = widest < SIDE_NAME_MAX ? widest : SIDE_NAME_MAX;
    return widest ? LETTER * (double)widest + SIDE_SIGN : 0;
}

static void put_name(const struct km_svg_plot *p, size_t index, size_t width)
{
    struct km_buf shown;
    km_buf_init(&shown, 64 * 1024);
    km_text_name(&shown, km_chart_name(p->chart, index), width, "…");
    km_text_html(p->out, (struct km_str){shown.bytes, shown.len});
    km_buf_append_text(p->out, "<title>");
    km_text_html(p->out, km_str_of(p->chart->curves[index].curve->name));
    km_buf_append_text(p->out, "</title></text>");
    km_buf_finish(&shown);
}

static void name_lines(const struct km_svg_plot *p)
{
    double at[KM_CHART_CURVES_MAX];
    size_t index[KM_CHART_CURVES_MAX], count = 0, last;
    for (size_t i = 0; i < p->chart->curve_count && p->side > 0; i++) {
        const struct km_chart_curve *row = &p->chart->curves[i];
        if (row->ink == KM_INK_SERIES && km_chart_name(p->chart, i).len &&
            ends_somewhere(row->curve, &last)) {
            at[count] = km_svg_y(p, row->curve->y[last]);
            index[count++] = i;
        }
    }
    if (!km_labels_spread(at, count, NAME_GAP, 0, p->height)) {
        return; /* the legend has them */
    }
    for (size_t i = 0; i < count; i++) {
        km_buf_printf(p->out,
                      "<path class=\"series c%zu\" d=\"M%.1f %.1fh10\"/>"
                      "<text class=sname x=%.1f y=%.1f>",
                      p->chart->curves[index[i]].series, p->left + p->width + 6,
                      p->top + at[i], p->left + p->width + 22,
                      p->top + at[i] + 4);
        put_name(p, index[i], SIDE_NAME_MAX);
    }
}

/* Beside the place, above or below: where nothing else is. */
static bool find_room(struct km_boxes *boxes, double x, double y, double width,
                      struct km_box *box, bool *left)
{
    const double places[][2] = {{7, -11},          {9, 0},
                                {-9 - width, 0},   {7, 11},
                                {-7 - width, -11}, {-7 - width, 11}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double at = x + places[i][0], middle = y + places[i][1];
        *box = (struct km_box){at, middle - 7, at + width, middle + 7};
        *left = places[i][0] < 0;
        if (km_boxes_take(boxes, *box)) {
            return true;
        }
    }
    return false;
}

static void name_places(const struct km_svg_plot *p)
{
    struct km_boxes boxes = {.room = {0, 0, p->width, p->height}};
    for (size_t i = 0; i < p->chart->curve_count; i++) {
        const struct km_curve *curve = p->chart->curves[i].curve;
        if (p->chart->curves[i].ink == KM_INK_PLACE) {
            double x = km_svg_x(p, curve->x[0]), y = km_svg_y(p, curve->y[0]);
            km_boxes_block(&boxes, (struct km_box){x - 5, y - 5, x + 5, y + 5});
        }
    }
    /* those ahead choose first */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < p->chart->curve_count; i++) {
            const struct km_chart_curve *row = &p->chart->curves[i];
            struct km_str name = km_chart_name(p->chart, i);
            struct km_box box;
            bool left;
            if (row->ink != KM_INK_PLACE || row->ahead != (pass == 0)) {
                continue;
            }
            size_t letters = km_text_width(name);
            letters = letters < PLACE_NAME_MAX ? letters : PLACE_NAME_MAX;
            if (letters && find_room(&boxes, km_svg_x(p, row->curve->x[0]),
                                     km_svg_y(p, row->curve->y[0]),
                                     LETTER * (double)letters, &box, &left)) {
                km_buf_printf(
                    p->out, "<text class=\"pname%s\" x=%.1f y=%.1f%s>",
                    row->ahead ? " ahead" : "",
                    p->left + (left ? box.right : box.left),
                    p->top + box.top + 11, left ? " text-anchor=end" : "");
                put_name(p, i, PLACE_NAME_MAX);
            }
        }
    }
}

void km_svg_names(const struct km_svg_plot *p)
{
    name_lines(p);
    name_places(p);
}
