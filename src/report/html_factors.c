/* html_factors.c - the factors of a speed-up as bars. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/factors.h"
#include "report/html_parts.h"

enum { ROW = 28, BASE = 22 };

struct shape {
    const struct km_factors *factors;
    struct km_buf *out;
    double left, width; /* of the bars */
};

static double place(const struct shape *s, double ratio)
{
    return s->left + km_factors_place(s->factors, ratio) * s->width;
}

static void row_words(const struct shape *s, const char *name, double ratio,
                      double y)
{
    km_buf_printf(s->out, "<text class=fname x=0 y=%.1f>", y + 4);
    km_html_escape(s->out, name);
    km_buf_printf(s->out,
                  "</text><text class=said x=%.1f y=%.1f text-anchor=end>%s"
                  "</text>",
                  s->left - 12, y + 4, km_factors_value(ratio).text);
}

/* A bar, and the hairline that leads to the next one. */
static void part(const struct shape *s, const struct km_factor *part, double y)
{
    double from = place(s, part->from), to = place(s, part->to);
    row_words(s, part->name, part->ratio, y);
    km_buf_printf(s->out,
                  "<path class=\"factor %s\" d=\"M%.1f %.1fH%.1fv12H%.1fz\"/>"
                  "<path class=zero d=\"M%.1f %.1fv%d\"/>",
                  part->ratio < 1 ? "down" : "up", from, y - 6, to, from, to,
                  y + 6, ROW - 12);
}

static void whole(const struct shape *s, double y)
{
    const struct km_figure_result *result = s->factors->whole;
    double at = place(s, s->factors->product);
    row_words(s, km_factors_whole(s->factors), s->factors->product, y);
    if (result && isfinite(result->lo) && isfinite(result->hi)) {
        double low = place(s, result->lo), high = place(s, result->hi);
        km_buf_printf(s->out,
                      "<path class=whole d=\"M%.1f %.1fH%.1fM%.1f %.1fv8M%.1f "
                      "%.1fv8\"/>",
                      low, y, high, low, y - 4, high, y - 4);
    }
    km_buf_printf(s->out, "<circle class=wholedot cx=%.1f cy=%.1f r=4 />", at,
                  y);
}

static void draw(const struct km_factors *factors, const char *name,
                 double width, double left, struct km_buf *out)
{
    struct shape s = {factors, out, left, width - left - 8};
    double height = ROW * (double)(factors->count + 1);
    double one = place(&s, 1);
    km_buf_printf(out,
                  "<svg class=\"chart %s\" role=img viewBox=\"0 0 %.0f %.0f\">"
                  "<title>factors of the speed-up</title>"
                  "<path class=axis d=\"M%.1f 0v%.1f\"/>"
                  "<text x=%.1f y=%.1f text-anchor=middle>1x</text>",
                  name, width, height + BASE, one, height, one, height + 16);
    for (size_t i = 0; i < factors->count; i++) {
        part(&s, &factors->parts[i], ROW * ((double)i + 0.5));
    }
    whole(&s, ROW * ((double)factors->count + 0.5));
    km_buf_append_text(out, "</svg>\n");
}

bool km_html_factors(const struct km_scorecard *card, struct km_buf *out)
{
    struct km_factors factors;
    if (!km_factors_of(card, &factors)) {
        return false;
    }
    km_buf_append_text(out, "<figure><figcaption><h3>speed-up by factors</h3>"
                            "<span class=unit>log scale</span>"
                            "<span class=legend>");
    km_html_escape(out, km_factors_whole(&factors));
    km_buf_printf(out, " %s %s</span></figcaption>\n",
                  km_factors_value(factors.product).text,
                  km_factors_interval(&factors).text);
    draw(&factors, "wide", 760, 220, out);
    draw(&factors, "narrow", 358, 176, out);
    km_buf_append_text(out, "</figure>\n");
    return true;
}
