/* terminal.h - what the other end of a stream can show.
 *
 * Judged once from the stream and the environment; nothing else in the program
 * looks at a terminal.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_TERMINAL_H
#define KM_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum { KM_TERMINAL_WIDTH_MIN = 60, KM_TERMINAL_WIDTH_MAX = 160 };

/* Colours behind cells: only the few tones, 256 of them, or all. */
enum km_palette { KM_PALETTE_TONES, KM_PALETTE_256, KM_PALETTE_TRUE };

struct km_terminal {
    bool is_terminal;
    bool unicode; /* else ASCII only */
    bool colour;
    enum km_palette palette; /* TONES without colour */
    size_t width; /* columns, WIDTH_MIN..WIDTH_MAX; 100 when unknown */
};

/* The locale is read from LC_ALL, LC_CTYPE, LANG and never set; colours need a
 * terminal that is not "dumb", and NO_COLOR unset or empty; TERM and COLORTERM
 * say how many. */
void km_terminal_judge(struct km_terminal *terminal, int fd);

/* Colour names of what is shown; the sequences are in terminal.c. */
enum km_tone {
    KM_TONE_PLAIN,
    KM_TONE_STRONG,
    KM_TONE_QUIET,
    KM_TONE_ACCENT,
    KM_TONE_GOOD,
    KM_TONE_WATCH,
    KM_TONE_BAD,
    KM_TONE_SERIES, /* and the seven after it: what is told apart by name */
};
enum { KM_TONE_SERIES_COUNT = 8 };

/* "" when the terminal shows no colours. */
const char *km_terminal_tone(const struct km_terminal *terminal,
                             enum km_tone tone);
enum km_tone km_tone_of_series(size_t series);
/* Appends the text in this tone, broken to the width, and a line end. */
void km_terminal_line(const struct km_terminal *terminal, enum km_tone tone,
                      struct km_str text, struct km_buf *out);

struct km_escape {
    char text[48];
};
/* A background between pale (0) and dark (1), and letters that are read on it;
 * KM_TONE_PLAIN ends it. "" without a palette. */
struct km_escape km_terminal_heat(const struct km_terminal *terminal,
                                  double share);

#endif
