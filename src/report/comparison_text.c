/* comparison_text.c - the figures of several runs side by side in a terminal.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/comparison.h"
#include "report/scorecard_text.h"
#include "report/table.h"
#include "report/text.h"

enum {
    NAME_WIDTH = 30, /* of a run over its column */
    RUNS_SIDE_BY_SIDE = 5,
};

/* Some of the cards, side by side. */
struct side_by_side {
    const struct km_scorecard *cards;
    size_t count, from, runs; /* runs of them from here on */
    size_t name_width;        /* columns of a run's name, at most */
    bool folded;              /* variants below their figures */
    const char *ellipsis;
    struct km_column columns[2 + RUNS_SIDE_BY_SIDE];
    struct km_table table;
};

static void head_columns(struct side_by_side *s)
{
    s->columns[0] = (struct km_column){"figure", KM_ALIGN_LEFT, true};
    s->columns[1] = (struct km_column){"unit", KM_ALIGN_LEFT, false};
    for (size_t r = 0; r < s->runs; r++) {
        struct km_buf name;
        km_buf_init(&name, 4096);
        km_text_name(&name, km_comparison_name(s->cards, s->count, s->from + r),
                     s->name_width, s->ellipsis);
        const char *kept =
            name.bytes ? km_arena_copy(s->table.arena, name.bytes, name.len)
                       : "";
        s->columns[2 + r] =
            (struct km_column){kept ? kept : "", KM_ALIGN_RIGHT, true};
        km_buf_finish(&name);
    }
}

static void fill_side_by_side(struct side_by_side *s)
{
    struct km_table *table = &s->table;
    const struct km_figure *last = NULL;
    struct km_comparison_row row = {0};
    head_columns(s);
    km_table_init(table, table->arena, s->columns, 2 + s->runs);
    while (km_comparison_next(s->cards, s->count, &row)) {
        if (s->folded && row.figure != last) {
            km_table_heading(table, km_str_of(row.figure->id), KM_TONE_PLAIN);
        }
        last = row.figure;
        km_table_cellf(table, KM_TONE_PLAIN, "%s%s%s",
                       s->folded ? "" : row.figure->id,
                       s->folded      ? "  "
                       : *row.variant ? " "
                                      : "",
                       row.variant);
        km_table_cell(table, km_str_of(km_unit_shown(row.unit)), KM_TONE_QUIET);
        for (size_t r = 0; r < s->runs; r++) {
            struct km_figure_view view;
            bool there =
                km_comparison_view(&s->cards[s->from + r], &row, &view);
            km_table_cellf(table, there ? view.tone : KM_TONE_QUIET, "%s%s",
                           there ? view.value.text : "",
                           there && view.result->state == KM_FIGURE_WEAK ? " ~"
                                                                         : "");
        }
    }
}

/* Shorter names, then variants below their figures, then fewer runs, until
 * nothing is cut. */
static void fit_side_by_side(struct side_by_side *s, size_t width)
{
    static const struct {
        size_t name_width;
        bool folded;
    } ways[] = {{NAME_WIDTH, false},
                {NAME_WIDTH / 2, false},
                {NAME_WIDTH, true},
                {NAME_WIDTH / 2, true}};
    enum { WAYS = sizeof ways / sizeof *ways };
    size_t rest = s->count - s->from;
    s->runs = rest < RUNS_SIDE_BY_SIDE ? rest : RUNS_SIDE_BY_SIDE;
    for (size_t way = s->folded ? 2 : 0;; way = (way + 1) % WAYS) {
        s->name_width = ways[way].name_width;
        s->folded = ways[way].folded;
        fill_side_by_side(s);
        bool last = way + 1 == WAYS;
        if (km_table_width(&s->table) <= width || (last && s->runs == 1)) {
            return;
        }
        s->runs -= last;
    }
}

enum km_code km_comparison_text(const struct km_scorecard *cards, size_t count,
                                const struct km_terminal *terminal,
                                struct km_arena *arena, struct km_buf *out,
                                struct km_err *err)
{
    struct side_by_side side = {.cards = cards,
                                .count = count,
                                .ellipsis = terminal->unicode ? "…" : "~",
                                .table = {.arena = arena}};
    for (; side.from < count; side.from += side.runs) {
        fit_side_by_side(&side, terminal->width);
        km_buf_append_char(out, '\n');
        enum km_code code = km_table_print(&side.table, terminal, out, err);
        if (code) {
            return code;
        }
    }
    km_terminal_line(
        terminal, KM_TONE_QUIET,
        KM_STR(
            "~ weak: not calibrated, or the interval spans zero. Values side "
            "by side; no verdict is drawn."),
        out);
    return KM_OK;
}
