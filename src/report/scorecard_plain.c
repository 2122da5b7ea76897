/* scorecard_plain.c - scorecards as Markdown and as CSV. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>

#include "base/number.h"
#include "report/comparison.h"
#include "report/matrix_view.h"
#include "report/scorecard_text.h"
#include "report/text.h"

static void markdown_cell(struct km_buf *out, const char *text)
{
    km_text_markdown(out, km_str_of(text));
    km_buf_append_text(out, " | ");
}

static void markdown_row(struct km_buf *out, const struct km_figure_view *view)
{
    const struct km_figure_result *result = view->result;
    km_buf_append_text(out, "| ");
    markdown_cell(out, result->figure->id);
    markdown_cell(out, result->variant);
    markdown_cell(out, view->value.text);
    markdown_cell(out, view->has_value ? result->unit : "");
    if (view->interval == KM_INTERVAL_RANGE) {
        km_buf_printf(out, "%s .. %s (%s) | ", view->low.text, view->high.text,
                      view->level.text);
    } else {
        markdown_cell(out, view->interval == KM_INTERVAL_EXACT ? "exact" : "");
    }
    markdown_cell(out, view->state);
    km_text_markdown(out, km_str_of(view->note));
    km_buf_append_text(out, " |\n");
}

static void markdown_matrix(const struct km_matrix *matrix, struct km_buf *out)
{
    struct km_matrix_view view = km_matrix_view_of(matrix);
    km_buf_append_text(out, "\n### ");
    km_text_markdown(out, km_str_of(matrix->title));
    km_buf_append_text(out, "\n\n| ");
    markdown_cell(out, matrix->row_title);
    for (size_t c = 0; c < matrix->column_count; c++) {
        markdown_cell(out, matrix->columns[c]);
    }
    km_buf_append_text(out, "\n|---|");
    for (size_t c = 0; c < matrix->column_count; c++) {
        km_buf_append_text(out, "---:|");
    }
    for (size_t r = 0; r < matrix->row_count; r++) {
        km_buf_append_text(out, "\n| ");
        markdown_cell(out, matrix->rows[r]);
        for (size_t c = 0; c < matrix->column_count; c++) {
            km_buf_printf(out, "%s | ", km_matrix_cell(&view, r, c).text);
        }
    }
    km_buf_append_char(out, '\n');
}

void km_scorecard_markdown(const struct km_scorecard *card, struct km_buf *out)
{
    km_buf_append_text(out, "## ");
    km_text_markdown(out, km_str_of(card->run_name));
    km_buf_append_text(out, "\n\n");
    km_text_markdown(out, km_str_of(card->context));
    km_buf_append_text(out, "\n\n**");
    km_text_markdown(out, km_str_of(card->headline));
    km_buf_append_text(out,
                       "**\n\n| figure | variant | value | unit | interval "
                       "| state | note |\n"
                       "|---|---|---:|---|---|---|---|\n");
    for (size_t i = 0; i < card->count; i++) {
        struct km_figure_view view = km_figure_view_of(card, i);
        markdown_row(out, &view);
    }
    for (size_t i = 0; i < card->matrix_count; i++) {
        markdown_matrix(&card->matrices[i], out);
    }
}

void km_comparison_markdown(const struct km_scorecard *cards, size_t count,
                            struct km_buf *out)
{
    km_buf_append_text(out, "\n## Side by side\n\n| figure | unit | ");
    for (size_t c = 0; c < count; c++) {
        markdown_cell(out, cards[c].run_name);
    }
    km_buf_append_text(out, "\n|---|---|");
    for (size_t c = 0; c < count; c++) {
        km_buf_append_text(out, "---:|");
    }
    km_buf_append_char(out, '\n');
    struct km_comparison_row row = {0};
    while (km_comparison_next(cards, count, &row)) {
        km_buf_append_text(out, "| ");
        km_text_markdown(out, km_str_of(row.figure->id));
        km_buf_append_char(out, ' ');
        markdown_cell(out, row.variant);
        markdown_cell(out, row.unit);
        for (size_t c = 0; c < count; c++) {
            struct km_figure_view view;
            bool there = km_comparison_view(&cards[c], &row, &view);
            markdown_cell(out, there ? view.value.text : "");
        }
        km_buf_append_char(out, '\n');
    }
}

void km_scorecard_csv_heading(struct km_buf *out)
{
    km_buf_append_text(out,
                       "run,figure,variant,value,unit,low,high,level,state,"
                       "reason,method,rung,n\r\n");
}

static void csv_text(struct km_buf *out, const char *text)
{
    km_text_csv(out, km_str_of(text));
    km_buf_append_char(out, ',');
}

static void csv_number(struct km_buf *out, double value)
{
    char text[KM_NUMBER_BYTES];
    if (!isnan(value)) {
        km_buf_append(out, text, km_number_format(value, text));
    }
    km_buf_append_char(out, ',');
}

void km_scorecard_csv(const struct km_scorecard *card, struct km_buf *out)
{
    for (size_t i = 0; i < card->count; i++) {
        const struct km_figure_result *result = &card->results[i];
        csv_text(out, card->run_name);
        csv_text(out, result->figure->id);
        csv_text(out, result->variant);
        csv_number(out, result->value);
        csv_text(out, result->unit);
        csv_number(out, result->lo);
        csv_number(out, result->hi);
        csv_number(out, result->level);
        csv_text(out, km_figure_state_name(result->state));
        csv_text(out, result->reason);
        csv_text(out, result->method);
        csv_text(out, result->rung);
        km_buf_printf(out, "%" PRIu64 "\r\n", result->n);
    }
}
