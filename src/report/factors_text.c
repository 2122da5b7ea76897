/* factors_text.c - bars of letters, each from where the last one ended. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/factors_text.h"

#include <math.h>
#include <string.h>

#include "report/factors.h"
#include "report/text.h"

enum { NAME_MAX_WIDTH = 24, VALUE_WIDTH = 7, BAR_MAX = 72 };

struct bars {
    const struct km_factors *factors;
    const struct km_terminal *terminal;
    struct km_buf *out;
    size_t name_width, width; /* of the bars */
};

static size_t column_of(const struct bars *b, double ratio)
{
    double at = km_factors_place(b->factors, ratio) * (double)b->width;
    return (size_t)fmin(fmax(at, 0), (double)b->width - 1);
}

static void row_begin(const struct bars *b, const char *name, double ratio)
{
    km_text_fit(b->out, km_str_of(name), b->name_width, KM_ALIGN_LEFT,
                b->terminal->unicode ? "…" : "~");
    km_buf_append_text(b->out, km_terminal_tone(b->terminal, KM_TONE_STRONG));
    km_text_fit(b->out, km_str_of(km_factors_value(ratio).text), VALUE_WIDTH,
                KM_ALIGN_RIGHT, "");
    km_buf_append_text(b->out, km_terminal_tone(b->terminal, KM_TONE_PLAIN));
    km_buf_append_text(b->out, "  ");
}

/* One letter a column: the line at 1, and from..to. */
static void bar(const struct bars *b, double from, double to, const char *body,
                const char *end)
{
    bool unicode = b->terminal->unicode;
    size_t one = column_of(b, 1), low = column_of(b, fmin(from, to));
    size_t high = column_of(b, fmax(from, to));
    enum km_tone tone = to >= from ? KM_TONE_ACCENT : KM_TONE_WATCH;
    for (size_t c = 0; c < b->width; c++) {
        bool inside = c >= low && c <= high;
        bool tip = c == column_of(b, to);
        if (!inside && c != one) {
            km_buf_append_char(b->out, ' ');
            continue;
        }
        km_buf_append_text(
            b->out,
            km_terminal_tone(b->terminal, inside ? tone : KM_TONE_QUIET));
        km_buf_append_text(b->out, !inside ? unicode ? "│" : "|"
                                   : tip   ? end
                                           : body);
        km_buf_append_text(b->out,
                           km_terminal_tone(b->terminal, KM_TONE_PLAIN));
    }
}

static void row_end(const struct bars *b)
{
    while (b->out->len && b->out->bytes[b->out->len - 1] == ' ') {
        b->out->len--;
    }
    km_buf_append_char(b->out, '\n');
}

static void whole_row(const struct bars *b)
{
    const struct km_factors *factors = b->factors;
    const struct km_figure_result *whole = factors->whole;
    bool unicode = b->terminal->unicode;
    bool known = whole && isfinite(whole->lo) && isfinite(whole->hi);
    size_t at = column_of(b, factors->product), one = column_of(b, 1);
    size_t low = column_of(b, known ? whole->lo : factors->product);
    size_t high = column_of(b, known ? whole->hi : factors->product);
    row_begin(b, km_factors_whole(factors), factors->product);
    for (size_t c = 0; c < b->width; c++) {
        km_buf_append_text(b->out, c == at ? unicode ? "●" : "o"
                                   : c >= low && c <= high ? unicode ? "─" : "-"
                                   : c == one ? unicode ? "│" : "|"
                                              : " ");
    }
    row_end(b);
}

void km_factors_text(const struct km_scorecard *card,
                     const struct km_terminal *terminal, struct km_buf *out)
{
    struct km_factors factors;
    if (!km_factors_of(card, &factors)) {
        return;
    }
    struct bars b = {.factors = &factors, .terminal = terminal, .out = out};
    b.name_width = km_text_width(km_str_of(km_factors_whole(&factors)));
    for (size_t i = 0; i < factors.count; i++) {
        size_t width = km_text_width(km_str_of(factors.parts[i].name));
        b.name_width = width > b.name_width ? width : b.name_width;
    }
    b.name_width =
        b.name_width < NAME_MAX_WIDTH ? b.name_width : NAME_MAX_WIDTH;
    b.width = terminal->width - b.name_width - VALUE_WIDTH - 2;
    b.width = b.width < BAR_MAX ? b.width : BAR_MAX;
    bool unicode = terminal->unicode;
    km_buf_printf(out, "\n%sspeed-up by factors%s%s  log scale, %s is 1%s\n",
                  km_terminal_tone(terminal, KM_TONE_STRONG),
                  km_terminal_tone(terminal, KM_TONE_PLAIN),
                  km_terminal_tone(terminal, KM_TONE_QUIET),
                  unicode ? "│" : "|",
                  km_terminal_tone(terminal, KM_TONE_PLAIN));
    for (size_t i = 0; i < factors.count; i++) {
        const struct km_factor *part = &factors.parts[i];
        bool up = part->to >= part->from;
        row_begin(&b, part->name, part->ratio);
        bar(&b, part->from, part->to, unicode ? "━" : "=",
            unicode ? up ? "▶" : "◀"
            : up    ? ">"
                    : "<");
        row_end(&b);
    }
    whole_row(&b);
}
