/* terminal.c - width, letters and colours, from the stream and environment. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/terminal.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"
#include "report/text.h"

enum { WIDTH_UNKNOWN = 100 };

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* The first variable that is set decides, as in POSIX. */
static bool locale_is_utf8(void)
{
    const char *locale = variable("LC_ALL");
    if (!locale) {
        locale = variable("LC_CTYPE");
    }
    if (!locale) {
        locale = variable("LANG");
    }
    const char *dot = locale ? strchr(locale, '.') : NULL;
    return dot && (strncasecmp(dot, ".utf-8", 6) == 0 ||
                   strncasecmp(dot, ".utf8", 5) == 0);
}

static size_t width_of(int fd)
{
    int64_t columns = 0;
    const char *text = variable("COLUMNS");
    struct winsize size;
    if ((!text || !km_integer_parse(km_str_of(text), &columns)) &&
        ioctl(fd, TIOCGWINSZ, &size) == 0) {
        columns = size.ws_col;
    }
    if (columns <= 0) {
        return WIDTH_UNKNOWN;
    }
    if (columns < KM_TERMINAL_WIDTH_MIN) {
        return KM_TERMINAL_WIDTH_MIN;
    }
    return columns > KM_TERMINAL_WIDTH_MAX ? KM_TERMINAL_WIDTH_MAX
                                           : (size_t)columns;
}

static enum km_palette palette_of(const char *term)
{
    const char *depth = variable("COLORTERM");
    if (depth &&
        (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0)) {
        return KM_PALETTE_TRUE;
    }
    return term && strstr(term, "256color") ? KM_PALETTE_256 : KM_PALETTE_TONES;
}

void km_terminal_judge(struct km_terminal *terminal, int fd)
{
    const char *term = variable("TERM");
    terminal->is_terminal = isatty(fd) == 1;
    terminal->unicode = locale_is_utf8();
    terminal->colour = terminal->is_terminal && !variable("NO_COLOR") &&
                       !(term && strcmp(term, "dumb") == 0);
    terminal->palette = terminal->colour ? palette_of(term) : KM_PALETTE_TONES;
    terminal->width = width_of(fd);
}

const char *km_terminal_tone(const struct km_terminal *terminal,
                             enum km_tone tone)
{
    static const char *const sequences[] = {
        [KM_TONE_PLAIN] = "\033[0m",  [KM_TONE_STRONG] = "\033[1m",
        [KM_TONE_QUIET] = "\033[2m",  [KM_TONE_ACCENT] = "\033[34m",
        [KM_TONE_GOOD] = "\033[32m",  [KM_TONE_WATCH] = "\033[33m",
        [KM_TONE_BAD] = "\033[31;1m",
    };
    /* blue, vermillion, green, purple, orange, sky, yellow, grey: the order of
     * Okabe and Ito, which colour-blind eyes tell apart */
    static const char *const series[2][KM_TONE_SERIES_COUNT] = {
        {"\033[34m", "\033[33m", "\033[32m", "\033[35m", "\033[31m", "\033[36m",
         "\033[93m", "\033[90m"},
        {"\033[38;5;32m", "\033[38;5;166m", "\033[38;5;36m", "\033[38;5;175m",
         "\033[38;5;214m", "\033[38;5;117m", "\033[38;5;227m",
         "\033[38;5;245m"}};
    if (!terminal->colour) {
        return "";
    }
    if (tone >= KM_TONE_SERIES) {
        assert(tone < KM_TONE_SERIES + KM_TONE_SERIES_COUNT);
        return series[terminal->palette != KM_PALETTE_TONES]
                     [tone - KM_TONE_SERIES];
    }
    return sequences[tone];
}

void km_terminal_line(const struct km_terminal *terminal, enum km_tone tone,
                      struct km_str text, struct km_buf *out)
{
    km_buf_append_text(out, km_terminal_tone(terminal, tone));
    km_text_wrap(out, text, terminal->width, 0);
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
    km_buf_append_char(out, '\n');
}

enum km_tone km_tone_of_series(size_t series)
{
    return (enum km_tone)(KM_TONE_SERIES + series % KM_TONE_SERIES_COUNT);
}

/* One hue from pale to dark: told apart by lightness alone. */
static struct km_escape heat_256(double share)
{
    static const struct {
        int colour;
        bool dark;
    } steps[] = {{255, false}, {153, false}, {117, false}, {74, false},
                 {31, false},  {24, true},   {17, true}};
    enum { STEPS = sizeof steps / sizeof steps[0] };
    struct km_escape out;
    size_t at = (size_t)fmin(share * STEPS, STEPS - 1);
    (void)snprintf(out.text, sizeof out.text, "\033[48;5;%d;38;5;%dm",
                   steps[at].colour, steps[at].dark ? 231 : 16);
    return out;
}

static struct km_escape heat_true(double share)
{
    static const int stops[3][3] = {
        {236, 243, 249}, {72, 150, 206}, {0, 45, 90}};
    struct km_escape out;
    double at = 2 * share, part = at - floor(fmin(at, 1));
    const int *from = stops[at < 1 ? 0 : 1], *to = stops[at < 1 ? 1 : 2];
    int colour[3];
    for (int i = 0; i < 3; i++) {
        colour[i] = (int)lround(from[i] + part * (to[i] - from[i]));
    }
    (void)snprintf(out.text, sizeof out.text, "\033[48;2;%d;%d;%d;38;2;%sm",
                   colour[0], colour[1], colour[2],
                   share > 0.62 ? "255;255;255" : "0;0;0");
    return out;
}

struct km_escape km_terminal_heat(const struct km_terminal *terminal,
                                  double share)
{
    assert(share >= 0 && share <= 1);
    switch (terminal->palette) {
    case KM_PALETTE_256:
        return heat_256(share);
    case KM_PALETTE_TRUE:
        return heat_true(share);
    case KM_PALETTE_TONES:
        break;
    }
    return (struct km_escape){""};
}
