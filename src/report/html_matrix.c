/* html_matrix.c - a matrix as a table whose cells are tinted by their value. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/figure_view.h"
#include "report/html_parts.h"
#include "report/matrix_view.h"
#include "report/text.h"

/* The darkest tint: letters on it still have a contrast of 4.5 to 1. */
#define TINT_MAX 0.5
enum { NAME_WIDTH = 28 };

static void heading(const struct km_matrix *matrix, struct km_buf *out)
{
    km_buf_append_text(out, "<thead><tr><th><span class=note>");
    km_html_escape(out, matrix->row_title);
    km_buf_append_text(out, " ↓ ");
    km_html_escape(out, matrix->column_title);
    km_buf_append_text(out, " →</span>");
    for (size_t c = 0; c < matrix->column_count; c++) {
        km_buf_append_text(out, "<th scope=col><span class=name>");
        km_html_name_part(
            out, matrix->columns[c],
            km_str_distinct(matrix->columns, matrix->column_count, c),
            NAME_WIDTH);
        km_buf_append_text(out, "</span>");
    }
    km_buf_append_text(out, "</thead>");
}

static void cell(const struct km_matrix_view *view, size_t row, size_t column,
                 struct km_buf *out)
{
    double share = km_matrix_share(view, row, column);
    struct km_short value = km_matrix_cell(view, row, column);
    if (isnan(share)) {
        km_buf_append_text(out, "<td class=hole title=\"not measured\">·");
        return;
    }
    km_buf_printf(out, "<td style=\"--t:%.2f\"", TINT_MAX * share);
    if (view->dense) {
        km_buf_printf(out, " title=\"%s\">", value.text);
    } else {
        km_buf_printf(out, ">%s", value.text);
    }
}

static void scale(const struct km_matrix_view *view, struct km_buf *out)
{
    if (isnan(view->low)) {
        km_buf_append_text(out, "<p class=below>No cell has a value.</p>");
        return;
    }
    enum km_better better = view->matrix->better;
    km_buf_printf(out,
                  "<p class=\"below heatkey\"><span style=\"--t:0\">%s</span>"
                  "<span style=\"--t:%.2f\"></span>"
                  "<span style=\"--t:%.2f\">%s</span>",
                  km_matrix_end(view, false).text, TINT_MAX / 2, TINT_MAX,
                  km_matrix_end(view, true).text);
    km_buf_append_text(out, better == KM_BETTER_HIGHER  ? "higher is better. "
                            : better == KM_BETTER_LOWER ? "lower is better. "
                                                        : "");
    km_buf_append_text(out,
                       view->logarithmic ? "Tints by powers of ten. " : "");
    km_buf_append_text(out, view->hole_count ? "· not measured." : "");
    km_buf_append_text(out, "</p>");
}

void km_html_matrix(const struct km_matrix *matrix, struct km_buf *out)
{
    if (matrix->row_count == 0 || matrix->column_count == 0) {
        return;
    }
    struct km_matrix_view view = km_matrix_view_of(matrix);
    km_buf_append_text(out, "<figure><figcaption><h3>");
    km_html_escape(out, matrix->title);
    km_buf_append_text(out, "</h3><span class=unit>");
    km_html_escape(out, km_unit_shown(matrix->unit));
    km_buf_append_text(out, "</span></figcaption>\n<div class=scroll "
                            "tabindex=0 role=region aria-label=\"");
    km_html_escape(out, matrix->title);
    km_buf_printf(out, "\"><table class=\"heat%s\">",
                  view.dense ? " dense" : "");
    heading(matrix, out);
    km_buf_append_text(out, "<tbody>\n");
    for (size_t r = 0; r < matrix->row_count; r++) {
        km_buf_append_text(out, "<tr><th scope=row><span class=name>");
        km_html_name_part(out, matrix->rows[r],
                          km_str_distinct(matrix->rows, matrix->row_count, r),
                          NAME_WIDTH);
        km_buf_append_text(out, "</span>");
        for (size_t c = 0; c < matrix->column_count; c++) {
            cell(&view, r, c, out);
        }
        km_buf_append_char(out, '\n');
    }
    km_buf_append_text(out, "</tbody></table></div>\n");
    scale(&view, out);
    km_buf_append_text(out, "</figure>\n");
}
