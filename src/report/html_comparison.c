/* html_comparison.c - several runs side by side. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/comparison.h"
#include "report/html_parts.h"

enum { FOREST_WIDTH = 200, FOREST_ROW = 12 };

static void widen(double *low, double *high, double value)
{
    if (isfinite(value)) {
        *low = fmin(*low, value);
        *high = fmax(*high, value);
    }
}

static double place(double low, double high, double value)
{
    return 6 + (value - low) / (high - low) * (FOREST_WIDTH - 12);
}

static void forest_line(struct km_buf *out, size_t run,
                        const struct km_figure_result *result, double low,
                        double high)
{
    double y = FOREST_ROW * (double)run + FOREST_ROW / 2.0;
    km_buf_printf(out, "<g class=\"c%zu%s\">", run % KM_HTML_RUN_COLOURS,
                  result->state == KM_FIGURE_WEAK ? " weak" : "");
    if (isfinite(result->lo) && isfinite(result->hi)) {
        km_buf_printf(out, "<line x1=%.1f x2=%.1f y1=%.1f y2=%.1f />",
                      place(low, high, result->lo),
                      place(low, high, result->hi), y, y);
    }
    km_buf_printf(out, "<circle cx=%.1f cy=%.1f r=3 /></g>",
                  place(low, high, result->value), y);
}

/* Each run a line with its interval, all on the scale of this row. */
static void forest(const struct km_scorecard *cards, size_t count,
                   const struct km_comparison_row *row, struct km_buf *out)
{
    double low = INFINITY, high = -INFINITY;
    struct km_figure_view view;
    for (size_t c = 0; c < count; c++) {
        if (km_comparison_view(&cards[c], row, &view) && view.has_value) {
            widen(&low, &high, view.result->value);
            widen(&low, &high, view.result->lo);
            widen(&low, &high, view.result->hi);
        }
    }
    if (!(low < high)) {
        return;
    }
    km_buf_printf(out, "<svg class=forest viewBox=\"0 0 %d %zu\">",
                  FOREST_WIDTH, FOREST_ROW * count);
    if (low <= 0 && high >= 0) {
        km_buf_printf(out, "<path class=zero d=\"M%.1f 0V%zu\"/>",
                      place(low, high, 0), FOREST_ROW * count);
    }
    for (size_t c = 0; c < count; c++) {
        if (km_comparison_view(&cards[c], row, &view) && view.has_value) {
            forest_line(out, c, view.result, low, high);
        }
    }
    km_buf_append_text(out, "</svg>");
}

static void comparison_cell(const struct km_scorecard *card,
                            const struct km_comparison_row *row,
                            struct km_buf *out)
{
    struct km_figure_view view;
    if (!km_comparison_view(card, row, &view)) {
        km_buf_append_text(out, "<td class=num>");
        return;
    }
    bool weak = view.result->state == KM_FIGURE_WEAK;
    km_buf_printf(out, "<td class=\"num%s\"><span class=value>",
                  weak ? " weak" : "");
    km_html_escape(out, view.value.text);
    km_buf_append_text(out, "</span>");
    if (view.interval == KM_INTERVAL_RANGE) {
        km_buf_printf(out, "<span class=range>%s .. %s</span>", view.low.text,
                      view.high.text);
    }
    if (weak || !view.has_value) {
        km_buf_append_text(out, "<span class=\"range state\">");
        km_html_escape(out, view.state);
        km_buf_append_text(out, "</span>");
    }
}

void km_html_comparison(const struct km_scorecard *cards, size_t count,
                        struct km_buf *out)
{
    km_buf_append_text(out, "<div class=scroll><table><thead><tr><th>Figure");
    for (size_t c = 0; c < count; c++) {
        km_buf_printf(
            out,
            "<th class=num><span class=name><span class=\"c%zu\"><span "
            "class=key></span></span>",
            c % KM_HTML_RUN_COLOURS);
        km_html_name_part(out, cards[c].run_name,
                          km_comparison_name(cards, count, c), 32);
        km_buf_append_text(out, "</span>");
    }
    km_buf_append_text(
        out, "<th class=wide>Intervals on one scale</thead><tbody>\n");
    struct km_comparison_row row = {0};
    while (km_comparison_next(cards, count, &row)) {
        km_buf_append_text(out, "<tr><th scope=row>");
        km_html_escape(out, row.figure->title);
        km_buf_append_text(out, " <span class=variant>");
        km_html_escape(out, row.variant);
        km_buf_append_text(out, "</span><span class=note>");
        km_html_escape(out, km_unit_shown(row.unit));
        km_buf_append_text(out, "</span>");
        for (size_t c = 0; c < count; c++) {
            comparison_cell(&cards[c], &row, out);
        }
        km_buf_append_text(out, "<td class=wide>");
        forest(cards, count, &row, out);
        km_buf_append_char(out, '\n');
    }
    km_buf_append_text(out, "</tbody></table></div>\n");
}
