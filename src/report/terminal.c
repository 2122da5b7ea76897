/* terminal.c - width, letters and colours, from the stream and environment. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/terminal.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"

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

void km_terminal_judge(struct km_terminal *terminal, int fd)
{
    const char *term = variable("TERM");
    terminal->is_terminal = isatty(fd) == 1;
    terminal->unicode = locale_is_utf8();
    terminal->colour = terminal->is_terminal && !variable("NO_COLOR") &&
                       !(term && strcmp(term, "dumb") == 0);
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
    assert(tone <= KM_TONE_BAD);
    return terminal->colour ? sequences[tone] : "";
}
