/* html_figures.c - the scorecard as a table whose rows open. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/figure_view.h"
#include "report/html_parts.h"
#include "report/text.h"

/* Half the bar stands for an interval bound this far from the value. */
#define BAR_REACH 0.3
enum { BAR_WIDTH = 72 };

void km_html_escape(struct km_buf *out, const char *text)
{
    km_text_html(out, km_str_of(text));
}

/* A line may end behind a slash. */
static void html_path(struct km_buf *out, struct km_str path)
{
    for (size_t at = 0; at < path.len;) {
        const struct km_str rest = {path.ptr + at, path.len - at};
        size_t slash = km_str_find(rest, '/', 0);
        size_t len = slash < rest.len ? slash + 1 : rest.len;
        km_text_html(out, (struct km_str){rest.ptr, len});
        km_buf_append_text(out, len < rest.len ? "<wbr>" : "");
        at += len;
    }
}

void km_html_name(struct km_buf *out, const char *name, size_t width)
{
    km_html_name_part(out, name, km_str_of(name), width);
}

void km_html_name_part(struct km_buf *out, const char *name,
                       struct km_str shown, size_t width)
{
    struct km_buf kept;
    km_buf_init(&kept, 64 * 1024);
    km_text_name(&kept, shown, width, "…");
    km_buf_append_text(out, "<span title=\"");
    km_html_escape(out, name);
    km_buf_append_text(out, "\">");
    html_path(out, (struct km_str){kept.bytes, kept.len});
    km_buf_append_text(out, "</span>");
    km_buf_finish(&kept);
}

static const char *class_of(enum km_figure_state state)
{
    static const char *const names[] = {
        "ok", "weak", "insufficient", "censored", "other", "stale", "other"};
    return names[state];
}

static double bar_x(double value, double bound)
{
    double share = (bound - value) / fabs(value) / BAR_REACH;
    share = fmin(fmax(share, -1), 1);
    return BAR_WIDTH / 2.0 + share * (BAR_WIDTH / 2.0 - 4);
}

/* A bound: what is true lies somewhere beyond it. */
static void beyond_bar(struct km_buf *out)
{
    km_buf_printf(out,
                  "<svg class=bar viewBox=\"0 0 %d 16\" role=img><title>at "
                  "least this</title><path class=zero d=\"M%.1f 3v10\"/>"
                  "<path class=beyond d=\"M%.1f 8H%dm-5 -4l5 4-5 4\"/></svg>",
                  BAR_WIDTH, BAR_WIDTH / 2.0, BAR_WIDTH / 2.0, BAR_WIDTH - 4);
}

/* The interval as a share of the value: short is sharp. */
static void relative_bar(const struct km_figure_result *result,
                         struct km_buf *out)
{
    double value = result->value;
    if (result->state == KM_FIGURE_CENSORED && isfinite(value)) {
        beyond_bar(out);
        return;
    }
    if (!isfinite(value) || value == 0 || isnan(result->lo) ||
        isnan(result->hi)) {
        return;
    }
    double low = bar_x(value, result->lo), high = bar_x(value, result->hi);
    km_buf_printf(out,
                  "<svg class=bar viewBox=\"0 0 %d 16\" role=img><title>%+.1f "
                  "%% to %+.1f %% of the value</title>"
                  "<path class=zero d=\"M%.1f 3v10\"/>"
                  "<path class=span d=\"M%.1f 8H%.1f",
                  BAR_WIDTH, 100 * (result->lo - value) / fabs(value),
                  100 * (result->hi - value) / fabs(value), BAR_WIDTH / 2.0,
                  low, high);
    /* ends that reach beyond the bar are open, others closed */
    if (low > 4.1) {
        km_buf_printf(out, "M%.1f 5v6", low);
    }
    if (high < BAR_WIDTH - 4.1) {
        km_buf_printf(out, "M%.1f 5v6", high);
    }
    km_buf_printf(out, "\"/><circle class=dot cx=%.1f cy=8 r=3 /></svg>",
                  BAR_WIDTH / 2.0);
}

static void detail(struct km_buf *out, const char *term, const char *text)
{
    if (*text) {
        km_buf_printf(out, "<dt>%s<dd>", term);
        km_html_escape(out, text);
    }
}

static void details(const struct km_figure_result *result, struct km_buf *out)
{
    const struct km_figure *figure = result->figure;
    km_buf_append_text(out, "<dl>");
    detail(out, "meaning", figure->summary);
    detail(out, "formula", figure->formula);
    detail(out, "note", result->reason);
    detail(out, "method", result->method);
    detail(out, "interval", result->rung);
    if (isfinite(result->window_from) && isfinite(result->window_to) &&
        result->window_to > result->window_from) {
        km_buf_printf(out, "<dt>window<dd>%s to %s ",
                      km_show_value(result->window_from).text,
                      km_show_value(result->window_to).text);
        km_html_escape(out, km_axis_name(result->window_axis));
    }
    if (result->n) {
        km_buf_printf(out, "<dt>points<dd>%s", km_show_count(result->n).text);
    }
    for (size_t i = 0; i < result->evidence_count; i++) {
        detail(out, i ? "" : "evidence", result->evidence[i]);
    }
    detail(out, "source", figure->source);
    detail(out, "id", figure->id);
    km_buf_append_text(out, "</dl>");
}

static void figure_name(const struct km_figure_view *view, struct km_buf *out)
{
    const struct km_figure_result *result = view->result;
    km_buf_append_text(out, "<th scope=row><details><summary>");
    if ((!view->repeats || !*result->variant) && !view->group.len) {
        km_html_escape(out, result->figure->title);
        km_buf_append_text(out, *result->variant ? " " : "");
    }
    km_buf_append_text(out, "<span class=variant");
    if (view->variant.len < strlen(result->variant)) {
        km_buf_append_text(out, " title=\"");
        km_html_escape(out, result->variant);
        km_buf_append_text(out, "\"");
    }
    km_buf_append_text(out, ">");
    html_path(out, view->variant);
    km_buf_append_text(out, "</span>");
    bool silent = strcmp(view->state, "OK") == 0;
    if (!silent) {
        km_buf_append_text(out, " <span class=state>");
        km_html_escape(out, view->state);
        km_buf_append_text(out, "</span>");
    }
    /* between runs the words are the figure: who is better, by how many seeds
     */
    bool telling =
        result->figure->scope == KM_SCOPE_RUNS && *result->reason != '\0';
    if ((!silent || telling) && *view->note && !view->told) {
        km_buf_append_text(out, "<span class=note>");
        km_html_escape(out, view->note);
        km_buf_append_text(out, "</span>");
    }
    km_buf_append_text(out, "</summary>");
    details(result, out);
    km_buf_append_text(out, "</details>");
}

static void figure_row(const struct km_figure_view *view, struct km_buf *out)
{
    const struct km_figure_result *result = view->result;
    km_buf_printf(out, "<tr class=\"%s%s\">",
                  strcmp(view->state, "STANDS") == 0 ? "weak"
                                                     : class_of(result->state),
                  view->repeats || view->group.len ? " more" : "");
    figure_name(view, out);
    km_buf_append_text(out, "<td class=num><span class=value>");
    km_html_escape(out, view->value.text);
    km_buf_append_text(out, "</span>");
    if (view->has_value) {
        km_buf_append_text(out, " <span class=unit>");
        km_html_escape(out, km_unit_shown(result->unit));
        km_buf_append_text(out, "</span>");
    }
    if (view->interval == KM_INTERVAL_RANGE) {
        km_buf_printf(out, "<span class=range>%s .. %s%s%s%s</span>",
                      view->low.text, view->high.text,
                      view->other_level ? " (" : "",
                      view->other_level ? view->level.text : "",
                      view->other_level ? ")" : "");
    } else if (view->interval == KM_INTERVAL_EXACT) {
        km_buf_append_text(out, "<span class=range>exact</span>");
    }
    km_buf_append_text(out, "<td>");
    relative_bar(result, out);
    km_buf_append_char(out, '\n');
}

static bool group_was_said(const struct km_scorecard *card, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (!km_figure_applies(&card->results[i]) &&
            strcmp(km_figure_group(&card->results[i]),
                   km_figure_group(&card->results[index])) == 0) {
            return true;
        }
    }
    return false;
}

/* Verdicts that were looked for and not seen: good news, in one line. */
static void quiet_line(const struct km_scorecard *card, struct km_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < card->count; i++) {
        if (card->results[i].state == KM_FIGURE_QUIET) {
            km_buf_append_text(out, any ? ", "
                                        : "<p class=below>No verdict fired: ");
            km_html_escape(out, card->results[i].figure->title);
            any = true;
        }
    }
    km_buf_append_text(out, any ? ".</p>\n" : "");
}

static bool is_folded(const struct km_figure_result *result)
{
    return !km_figure_applies(result) && result->state != KM_FIGURE_QUIET;
}

/* What does not apply, by reason, folded away. */
static void not_applicable(const struct km_scorecard *card, struct km_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < card->count; i++) {
        const char *group = km_figure_group(&card->results[i]);
        if (!is_folded(&card->results[i]) || group_was_said(card, i)) {
            continue;
        }
        km_buf_append_text(out, any ? ""
                                    : "<details class=missing><summary>"
                                      "Not applicable here"
                                      "</summary><dl>");
        any = true;
        km_buf_append_text(out, "<dt>");
        km_html_escape(out, group);
        km_buf_append_text(out, "<dd>");
        bool more = false;
        for (size_t k = i; k < card->count; k++) {
            const struct km_figure_result *result = &card->results[k];
            if (!is_folded(result) ||
                strcmp(km_figure_group(result), group) != 0) {
                continue;
            }
            km_buf_append_text(out, more ? ", " : "");
            km_html_escape(out, result->figure->title);
            km_buf_append_text(out, *result->variant ? " " : "");
            km_html_escape(out, result->variant);
            more = true;
        }
    }
    km_buf_append_text(out, any ? "</dl></details>\n" : "");
}

void km_html_figures(const struct km_scorecard *card, struct km_buf *out)
{
    km_buf_printf(out,
                  "<div><table><thead><tr><th>Figure<th class=num>Value, %.0f "
                  "%% interval<th></thead><tbody>\n",
                  100 * card->level);
    bool grouped = km_figures_are_many(card);
    for (size_t i = 0; i < card->count; i++) {
        if (km_figure_applies(&card->results[i])) {
            struct km_figure_view view = km_figure_view_of(card, i);
            if (grouped && view.opens) {
                km_buf_append_text(out, "</tbody><tbody><tr class=family><th "
                                        "colspan=3 scope=rowgroup>");
                km_html_escape(out, km_family_title(view.result->figure).text);
                km_buf_append_char(out, '\n');
            }
            if (view.opens_group) {
                km_buf_append_text(out, "<tr class=group><th colspan=3>");
                km_html_escape(out, view.result->figure->title);
                km_buf_append_text(out, " <span class=variant>");
                html_path(out, view.group);
                km_buf_append_text(out, "</span>\n");
            }
            figure_row(&view, out);
        }
    }
    km_buf_append_text(out, "</tbody></table>\n");
    quiet_line(card, out);
    not_applicable(card, out);
    km_buf_append_text(out, "</div>\n");
}
