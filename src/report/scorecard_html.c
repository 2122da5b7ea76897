/* scorecard_html.c - the page: headline, charts, figures; several runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/scorecard_html.h"

#include <math.h>

#include "base/clock.h"
#include "report/chart_svg.h"
#include "report/comparison.h"
#include "report/html_parts.h"

extern const char *const km_report_css[]; /* report.css, line by line */

static void chart_figure(const struct km_chart *chart, bool main_chart,
                         struct km_buf *out)
{
    struct km_svg_size wide = {"wide", 760, main_chart ? 340 : 190};
    struct km_svg_size narrow = {"narrow", 358, main_chart ? 260 : 170};
    km_buf_append_text(out, "<figure><figcaption><h3>");
    km_html_escape(out, chart->title);
    km_buf_append_text(out, "</h3><span class=unit>");
    km_html_escape(out, km_chart_unit(chart).text);
    km_buf_append_text(out, "</span>");
    if (chart->curve_count > 1 || km_chart_has(chart, KM_INK_BAND) ||
        km_chart_has(chart, KM_INK_SERIES)) {
        km_chart_legend_html(chart, out);
    }
    km_buf_append_text(out, "</figcaption>\n");
    km_chart_svg(chart, wide, out);
    km_chart_svg(chart, narrow, out);
    if (isfinite(chart->cut)) {
        km_buf_printf(out,
                      "<p class=below>The opening is cut off: it begins at up "
                      "to %s ",
                      km_show_value(chart->cut).text);
        km_html_escape(out, chart->unit);
        km_buf_append_text(out, ".</p>");
    }
    if (chart->left_out) {
        km_buf_printf(out, "<p class=below>%zu more are not drawn.</p>",
                      chart->left_out);
    }
    km_buf_append_text(out, "</figure>\n");
}

static void marks_line(const struct km_scorecard *card, struct km_buf *out)
{
    for (size_t i = 0; i < card->mark_count; i++) {
        km_buf_append_text(out, i ? ", " : "<p class=below>Hairlines: ");
        km_html_escape(out, card->marks[i].text);
    }
    km_buf_append_text(out, card->mark_count ? ".</p>" : "");
}

static void run_section(const struct km_scorecard *card, size_t index,
                        struct km_buf *out)
{
    struct km_chart charts[KM_CHARTS_MAX];
    size_t count = km_charts_of(card, charts);
    km_buf_printf(out, "<section id=run%zu><h2>", index + 1);
    km_html_escape(out, card->run_name);
    km_buf_append_text(out, "</h2><p class=context>");
    km_html_escape(out, card->context);
    km_buf_append_text(out, "</p><p class=lead>");
    km_html_escape(out, card->headline);
    km_buf_append_text(out, "</p>\n<div class=page><div class=charts>\n");
    bool factors = km_html_factors(card, out);
    for (size_t i = 0; i < count; i++) {
        chart_figure(&charts[i], i == 0, out);
    }
    if (count + card->matrix_count == 0 && !factors) {
        km_buf_append_text(out, "<p class=below>There is nothing to draw "
                                "yet.</p>");
    }
    marks_line(card, out);
    for (size_t i = 0; i < card->matrix_count; i++) {
        km_html_matrix(&card->matrices[i], out);
    }
    km_buf_append_text(out, "</div>\n");
    km_html_figures(card, out);
    km_buf_append_text(out, "</div></section>\n");
}

/* `before` sections stand before those of the cards. */
static void overview(const struct km_scorecard *cards, size_t count,
                     size_t before, struct km_buf *out)
{
    km_buf_printf(out, "<section><h2>%zu runs side by side</h2><ul class=runs>",
                  count);
    for (size_t c = 0; c < count; c++) {
        km_buf_printf(out,
                      "<li><span class=\"c%zu\"><span class=key></span></span>"
                      "<a href=\"#run%zu\">",
                      c % KM_HTML_RUN_COLOURS, before + c + 1);
        km_html_name(out, cards[c].run_name, 64);
        km_buf_append_text(out, "</a><br>");
        km_html_escape(out, cards[c].headline);
    }
    km_buf_append_text(out, "</ul><div class=page style=\"display:block\">\n");
    km_html_comparison(cards, count, out);
    km_buf_append_text(out, "<p class=below>Values side by side; no verdict is "
                            "drawn from them.</p></div></section>\n");
}

void km_report_html(const struct km_scorecard *cards, size_t count,
                    const struct km_html_options *options, struct km_buf *out)
{
    char written[32];
    km_time_format(options->written_ns, written, sizeof written);
    km_buf_append_text(
        out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
             "<meta name=viewport content=\"width=device-width, "
             "initial-scale=1\">\n"
             "<meta http-equiv=Content-Security-Policy content=\"default-src "
             "'none'; style-src 'unsafe-inline'\">\n<title>");
    km_html_escape(out, count == 1 ? cards[0].run_name : "Knotmeter report");
    km_buf_append_text(out, "</title>\n<style>\n");
    for (size_t i = 0; km_report_css[i]; i++) {
        km_buf_append_text(out, km_report_css[i]);
    }
    km_buf_append_text(out, "</style></head>\n<body><main><header><h1>"
                            "knotmeter report</h1></header>\n");
    size_t first = km_comparison_first(cards, count);
    for (size_t c = 0; c < count; c++) {
        if (c == first && count - first > 1) {
            overview(cards + first, count - first, first, out);
        }
        run_section(&cards[c], c, out);
    }
    km_buf_append_text(
        out, "<footer>Dots are data, the line is the fitted curve, dashes are "
             "its forecast, shades are intervals. A bar beside a figure shows "
             "its interval as a share of the value: half a bar is 30 %, an "
             "open end reaches beyond. Hollow or dashed: weak; an arrow: at "
             "least so much. ");
    km_buf_printf(out,
                  "Written by knotmeter %s, %s.</footer></main></body>"
                  "</html>\n",
                  options->version, written);
}
