/* scorecard_text.c - the report in a terminal. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/scorecard_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/chart_text.h"
#include "report/factors_text.h"
#include "report/figure_view.h"
#include "report/matrix_text.h"
#include "report/table.h"
#include "report/text.h"

enum {
    CHART_ROWS = 12,
    SMALL_ROWS = 6,
    SIDE_BY_SIDE_FROM = 110,
    GAP = 3,
    WIDE_FROM = 90,
    WORDS_FROM = 76,
    NOTES_MAX = 64,
};

static void print_heading(const struct km_scorecard *card,
                          const struct km_terminal *terminal,
                          struct km_buf *out)
{
    struct km_str name = km_str_of(card->run_name);
    struct km_str context = km_str_of(card->context);
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_STRONG));
    km_text_plain(out, name);
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
    size_t need = km_text_width(name) + 3 + km_text_width(context);
    km_buf_append_text(out, need <= terminal->width ? "   " : "\n");
    km_terminal_line(terminal, KM_TONE_QUIET, km_str_of(card->context), out);
    km_terminal_line(terminal, KM_TONE_PLAIN, km_str_of(card->headline), out);
    km_buf_append_char(out, '\n');
}

/* Figures as rows. A wide terminal has a column for everything; a narrow one
 * joins variant to figure and state to interval. Notes stand below the table
 * with numbers where a column would cut them. */
struct figure_rows {
    const struct km_scorecard *card;
    struct km_table table;
    bool narrow, footnotes;
    bool grouped;                 /* long: families have headings */
    bool marks;                   /* too narrow for words: ~ is weak */
    const char *notes[NOTES_MAX]; /* each text once */
    size_t note_count;
};

static void interval_text(const struct km_figure_view *view, char *out,
                          size_t size)
{
    if (view->interval == KM_INTERVAL_EXACT) {
        (void)snprintf(out, size, "exact");
    } else if (view->interval == KM_INTERVAL_NONE) {
        (void)snprintf(out, size, "%s", view->has_value ? "--" : "");
    } else if (!*view->high.text || !*view->low.text) {
        (void)snprintf(out, size, "%s %s", *view->low.text ? "from" : "up to",
                       *view->low.text ? view->low.text : view->high.text);
    } else if (view->other_level) {
        (void)snprintf(out, size, "%s .. %s (%s)", view->low.text,
                       view->high.text, view->level.text);
    } else {
        (void)snprintf(out, size, "%s .. %s", view->low.text, view->high.text);
    }
}

/* Number of the note, from 1; 0 for none. */
static size_t note_number(struct figure_rows *rows, const char *note)
{
    if (!*note) {
        return 0;
    }
    for (size_t i = 0; i < rows->note_count; i++) {
        if (strcmp(rows->notes[i], note) == 0) {
            return i + 1;
        }
    }
    if (rows->note_count == NOTES_MAX) {
        return 0;
    }
    rows->notes[rows->note_count++] = note;
    return rows->note_count;
}

static void open_group(struct figure_rows *rows,
                       const struct km_figure_view *view)
{
    char text[512];
    if (view->opens_group) {
        int len = (int)(view->group.len < 400 ? view->group.len : 400);
        (void)snprintf(text, sizeof text, "  %.*s", len, view->group.ptr);
        km_table_heading(&rows->table, km_str_of(text), KM_TONE_QUIET);
    }
}

static void name_cells(struct figure_rows *rows,
                       const struct km_figure_view *view)
{
    const struct km_figure_result *result = view->result;
    int len = view->variant.len < 400 ? (int)view->variant.len : 400;
    const char *variant = view->variant.ptr;
    if (view->opens_group && !rows->marks && !view->repeats) {
        km_table_heading(&rows->table, km_str_of(result->figure->id),
                         KM_TONE_PLAIN);
    }
    if (rows->marks) {
        if (!view->repeats) {
            km_table_heading(&rows->table, km_str_of(result->figure->id),
                             KM_TONE_PLAIN);
        }
        open_group(rows, view);
        km_table_cellf(&rows->table, KM_TONE_QUIET, "  %s%.*s",
                       view->group.len ? "  " : "", len, variant);
        return;
    }
    open_group(rows, view);
    if (view->group.len && rows->narrow) {
        km_table_cellf(&rows->table, KM_TONE_PLAIN, "    %.*s", len, variant);
    } else if (view->group.len) {
        km_table_cell(&rows->table, KM_STR(""), KM_TONE_PLAIN);
        km_table_cell(&rows->table, view->variant, KM_TONE_QUIET);
    } else if (!rows->narrow) {
        km_table_cell(&rows->table,
                      km_str_of(view->repeats ? "" : result->figure->id),
                      KM_TONE_PLAIN);
        km_table_cell(&rows->table, view->variant, KM_TONE_QUIET);
    } else if (view->repeats) {
        km_table_cellf(&rows->table, KM_TONE_PLAIN, "  %.*s", len, variant);
    } else {
        km_table_cellf(&rows->table, KM_TONE_PLAIN, "%s%s%.*s",
                       result->figure->id, len ? " " : "", len, variant);
    }
}

static void state_cells(struct figure_rows *rows,
                        const struct km_figure_view *view)
{
    char interval[160];
    interval_text(view, interval, sizeof interval);
    bool silent = strcmp(view->state, "OK") == 0;
    if (rows->narrow) {
        const char *state = silent ? "" : view->state;
        if (rows->marks && view->result->state == KM_FIGURE_WEAK) {
            state = "~";
        } else if (rows->marks && view->result->state == KM_FIGURE_CENSORED) {
            state = ""; /* the value has its sign */
        }
        km_table_cellf(&rows->table, view->tone, "%s%s%s", interval,
                       *interval && *state ? " " : "", state);
        return;
    }
    km_table_cell(&rows->table, km_str_of(interval),
                  view->interval == KM_INTERVAL_RANGE ? view->tone
                                                      : KM_TONE_QUIET);
    km_table_cell(&rows->table, km_str_of(view->state), view->tone);
}

static void note_cell(struct figure_rows *rows,
                      const struct km_figure_view *view)
{
    if (!rows->footnotes) {
        km_table_cell(&rows->table, km_str_of(view->note), KM_TONE_QUIET);
        return;
    }
    size_t number = note_number(rows, view->note);
    if (number) {
        km_table_cellf(&rows->table, KM_TONE_QUIET, "%zu", number);
    } else {
        km_table_cell(&rows->table, KM_STR(""), KM_TONE_QUIET);
    }
}

static void fill_rows(struct figure_rows *rows)
{
    for (size_t i = 0; i < rows->card->count; i++) {
        if (!km_figure_applies(&rows->card->results[i])) {
            continue;
        }
        struct km_figure_view view = km_figure_view_of(rows->card, i);
        if (rows->grouped && view.opens) {
            if (rows->table.cell_count) {
                km_table_heading(&rows->table, KM_STR(""), KM_TONE_PLAIN);
            }
            km_table_heading(
                &rows->table,
                km_str_of(km_family_title(view.result->figure).text),
                KM_TONE_QUIET);
        }
        name_cells(rows, &view);
        km_table_cell(&rows->table, km_str_of(view.value.text),
                      view.has_value ? KM_TONE_STRONG : KM_TONE_QUIET);
        km_table_cell(
            &rows->table,
            km_str_of(view.has_value ? km_unit_shown(view.result->unit) : ""),
            KM_TONE_QUIET);
        state_cells(rows, &view);
        note_cell(rows, &view);
    }
}

static void print_notes(const struct figure_rows *rows,
                        const struct km_terminal *terminal, struct km_buf *out)
{
    for (size_t i = 0; i < rows->note_count; i++) {
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_QUIET));
        km_buf_printf(out, "%3zu  ", i + 1);
        km_text_wrap(out, km_str_of(rows->notes[i]), terminal->width - 5, 5);
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
        km_buf_append_char(out, '\n');
    }
}

/* What tells paths apart stands at their ends, of words at their beginning. */
static enum km_align name_align(const struct km_scorecard *card)
{
    for (size_t i = 0; i < card->count; i++) {
        const char *slash = strchr(card->results[i].variant, '/');
        if (slash && strchr(slash + 1, '/')) {
            return KM_ALIGN_MIDDLE;
        }
    }
    return KM_ALIGN_LEFT;
}

static bool any_weak(const struct km_scorecard *card)
{
    bool any = false;
    for (size_t i = 0; i < card->count; i++) {
        any = any || card->results[i].state == KM_FIGURE_WEAK;
    }
    return any;
}

static enum km_code print_figures(const struct km_scorecard *card,
                                  const struct km_terminal *terminal,
                                  struct km_arena *arena, struct km_buf *out,
                                  struct km_err *err)
{
    char interval[32];
    (void)snprintf(interval, sizeof interval, "%.0f %% interval",
                   100 * card->level);
    const struct km_column wide[] = {
        {"figure", KM_ALIGN_LEFT, false}, {"", KM_ALIGN_LEFT, false},
        {"value", KM_ALIGN_RIGHT, false}, {"unit", KM_ALIGN_LEFT, false},
        {interval, KM_ALIGN_LEFT, false}, {"state", KM_ALIGN_LEFT, false},
        {"note", KM_ALIGN_LEFT, false}};
    const struct km_column narrow[] = {{"figure", name_align(card), true},
                                       {"value", KM_ALIGN_RIGHT, false},
                                       {"unit", KM_ALIGN_LEFT, true},
                                       {interval, KM_ALIGN_LEFT, false},
                                       {"", KM_ALIGN_RIGHT, false}};
    struct figure_rows rows = {.card = card,
                               .grouped = km_figures_are_many(card),
                               .narrow = terminal->width < WIDE_FROM,
                               .marks = terminal->width < WORDS_FROM};
    for (int attempt = 0; attempt < 4; attempt++) {
        rows.narrow = rows.narrow || attempt >= 2;
        rows.marks = rows.marks || attempt == 3;
        rows.note_count = 0;
        km_table_init(&rows.table, arena, rows.narrow ? narrow : wide,
                      rows.narrow ? 5 : 7);
        rows.footnotes = rows.narrow || attempt > 0;
        fill_rows(&rows);
        if (km_table_width(&rows.table) <= terminal->width) {
            break;
        }
    }
    if (rows.table.cell_count == 0) {
        km_buf_append_text(out, "no figures\n");
        return KM_OK;
    }
    enum km_code code = km_table_print(&rows.table, terminal, out, err);
    print_notes(&rows, terminal, out);
    if (rows.marks && any_weak(card)) {
        km_buf_append_text(out, "  ~  "); /* among the notes */
        km_terminal_line(terminal, KM_TONE_QUIET, KM_STR("weak"), out);
    }
    return code;
}

/* True when a result before `index` is told in the same line. */
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

/* What has no row, one line a reason: "no price given: cost.spent, ...". */
static void print_not_applicable(const struct km_scorecard *card,
                                 const struct km_terminal *terminal,
                                 struct km_buf *out)
{
    struct km_buf line;
    km_buf_init(&line, 16 * 1024);
    for (size_t i = 0; i < card->count; i++) {
        const char *group = km_figure_group(&card->results[i]);
        if (km_figure_applies(&card->results[i]) || group_was_said(card, i)) {
            continue;
        }
        km_buf_printf(&line, "%s:", group);
        for (size_t k = i; k < card->count; k++) {
            const struct km_figure_result *result = &card->results[k];
            if (!km_figure_applies(result) &&
                strcmp(km_figure_group(result), group) == 0) {
                km_buf_printf(&line, " %s%s%s,", km_figure_id_told(result),
                              *result->variant ? " " : "", result->variant);
            }
        }
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_QUIET));
        km_buf_append_text(out, "  -  ");
        km_text_wrap(out, (struct km_str){line.bytes, line.len - 1},
                     terminal->width - 5, 5);
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
        km_buf_append_char(out, '\n');
        km_buf_reset(&line);
    }
    km_buf_finish(&line);
}

/* What a chart does not show. */
static void print_cut(const struct km_chart *chart,
                      const struct km_terminal *terminal, struct km_buf *out)
{
    char text[400];
    if (isfinite(chart->cut)) {
        (void)snprintf(text, sizeof text,
                       "the opening is cut off: the highest %.200s is %s "
                       "%.60s",
                       chart->title, km_show_value(chart->cut).text,
                       chart->unit);
        km_terminal_line(terminal, KM_TONE_QUIET, km_str_of(text), out);
    }
    if (chart->left_out) {
        (void)snprintf(text, sizeof text, "%zu more are not drawn",
                       chart->left_out);
        km_terminal_line(terminal, KM_TONE_QUIET, km_str_of(text), out);
    }
}

static void print_lines(const struct km_chart_lines *left,
                        const struct km_chart_lines *right, struct km_buf *out)
{
    size_t count = left->count;
    if (right && right->count > count) {
        count = right->count;
    }
    for (size_t i = 0; i < count; i++) {
        if (i < left->count) {
            km_buf_append(out, left->lines[i].ptr, left->lines[i].len);
        } else if (right) {
            km_buf_printf(out, "%*s", (int)left->width, "");
        }
        if (right && i < right->count) {
            km_buf_printf(out, "%*s", GAP, "");
            km_buf_append(out, right->lines[i].ptr, right->lines[i].len);
        }
        while (out->len && out->bytes[out->len - 1] == ' ') {
            out->len--;
        }
        km_buf_append_char(out, '\n');
    }
}

/* The first chart over the full width, the others in pairs where two fit. */
static enum km_code print_charts(const struct km_scorecard *card,
                                 const struct km_terminal *terminal,
                                 struct km_arena *arena, struct km_buf *out,
                                 struct km_err *err)
{
    struct km_chart charts[KM_CHARTS_MAX];
    size_t count = km_charts_of(card, charts);
    bool pairs = terminal->width >= SIDE_BY_SIDE_FROM;
    for (size_t i = 0; i < count;) {
        bool pair = pairs && i > 0 && i + 1 < count;
        size_t width = pair ? (terminal->width - GAP) / 2 : terminal->width;
        struct km_chart_lines lines[2];
        for (size_t k = 0; k <= (size_t)pair; k++) {
            enum km_code code = km_chart_text(&charts[i + k], terminal, width,
                                              i ? SMALL_ROWS : CHART_ROWS,
                                              arena, &lines[k], err);
            if (code) {
                return code;
            }
        }
        km_buf_append_char(out, '\n');
        print_lines(&lines[0], pair ? &lines[1] : NULL, out);
        for (size_t k = 0; k <= (size_t)pair; k++) {
            print_cut(&charts[i + k], terminal, out);
        }
        i += pair ? 2 : 1;
    }
    return KM_OK;
}

static void print_marks(const struct km_scorecard *card,
                        const struct km_terminal *terminal, struct km_buf *out)
{
    struct km_buf line;
    km_buf_init(&line, 16 * 1024);
    for (size_t i = 0; i < card->mark_count; i++) {
        km_buf_append_text(&line, i ? ", " : "");
        km_buf_append_text(&line, card->marks[i].text);
    }
    if (line.len) {
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_QUIET));
        km_buf_append_text(out, terminal->unicode ? "┊ " : "| ");
        km_text_wrap(out, (struct km_str){line.bytes, line.len},
                     terminal->width - 2, 2);
        km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
        km_buf_append_char(out, '\n');
    }
    km_buf_finish(&line);
}

enum km_code km_scorecard_text(const struct km_scorecard *card,
                               const struct km_terminal *terminal,
                               struct km_arena *arena, struct km_buf *out,
                               struct km_err *err)
{
    print_heading(card, terminal, out);
    enum km_code code = print_figures(card, terminal, arena, out, err);
    if (code) {
        return code;
    }
    print_not_applicable(card, terminal, out);
    km_factors_text(card, terminal, out);
    code = print_charts(card, terminal, arena, out, err);
    print_marks(card, terminal, out);
    for (size_t i = 0; i < card->matrix_count; i++) {
        km_buf_append_char(out, '\n');
        km_matrix_text(&card->matrices[i], terminal, out);
    }
    return code;
}
