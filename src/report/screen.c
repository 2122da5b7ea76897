/* screen.c - the alternate screen, and what keys send. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report/screen.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/limits.h"

enum {
    WIDTH_UNKNOWN = 80,
    HEIGHT_UNKNOWN = 24,
    SEQUENCE_MS = 25, /* the rest of what one key sends */
    SEQUENCE_BYTES = 8,
};

static void put(const char *bytes, size_t len)
{
    while (len) {
        ssize_t done = write(STDOUT_FILENO, bytes, len);
        if (done < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        if (done > 0) {
            bytes += done;
            len -= (size_t)done;
        }
    }
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

bool km_screen_open(struct km_screen *screen)
{
    *screen = (struct km_screen){.open = false};
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->before)) {
        return false;
    }
    struct termios modes = screen->before;
    modes.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes)) {
        return false;
    }
    put_text("\033[?1049h\033[?25l\033[?7l\033[H\033[2J");
    screen->open = true;
    km_screen_size(screen);
    return true;
}

void km_screen_close(struct km_screen *screen)
{
    if (screen->open) {
        put_text("\033[?7h\033[?25h\033[?1049l");
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before);
        screen->open = false;
    }
}

void km_screen_size(struct km_screen *screen)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col;
    screen->width = known ? size.ws_col : WIDTH_UNKNOWN;
    screen->height = known && size.ws_row ? size.ws_row : HEIGHT_UNKNOWN;
}

void km_screen_show(struct km_screen *screen, struct km_str text)
{
    struct km_buf frame;
    km_buf_init(&frame, 4 * KM_MIB);
    /* the terminal shows it as a whole, where it knows how */
    km_buf_append_text(&frame, "\033[?2026h\033[H");
    size_t rows = 0;
    for (size_t at = 0; at < text.len && rows < screen->height; rows++) {
        size_t end = km_str_find(text, '\n', at);
        km_buf_append_text(&frame, rows ? "\r\n" : "");
        km_buf_append(&frame, text.ptr + at, end - at);
        km_buf_append_text(&frame, "\033[0m\033[K");
        at = end + 1;
    }
    km_buf_append_text(&frame, "\033[J\033[?2026l");
    if (!frame.failed) {
        put(frame.bytes, frame.len);
    }
    km_buf_finish(&frame);
}

static bool wait_for_byte(int wait_ms)
{
    struct pollfd row = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&row, 1, wait_ms) > 0;
}

/* What follows ESC: "[A", "OB", "[5~". */
static int sequence_key(void)
{
    static const struct {
        const char *text;
        int key;
    } rows[] = {
        {"[A", KM_KEY_UP},   {"[B", KM_KEY_DOWN},     {"OA", KM_KEY_UP},
        {"OB", KM_KEY_DOWN}, {"[5~", KM_KEY_PAGE_UP}, {"[6~", KM_KEY_PAGE_DOWN},
        {"[H", KM_KEY_HOME}, {"[F", KM_KEY_END},      {"OH", KM_KEY_HOME},
        {"OF", KM_KEY_END},  {"[1~", KM_KEY_HOME},    {"[4~", KM_KEY_END}};
    char text[SEQUENCE_BYTES + 1] = "";
    for (size_t len = 0; len < SEQUENCE_BYTES && wait_for_byte(SEQUENCE_MS);) {
        if (read(STDIN_FILENO, &text[len], 1) != 1) {
            break;
        }
        text[++len] = '\0';
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (strcmp(text, rows[i].text) == 0) {
                return rows[i].key;
            }
        }
        bool ends = len > 1 && text[len - 1] >= '@' && text[len - 1] <= '~';
        if (ends) {
            return KM_KEY_NONE; /* a key that means nothing here */
        }
    }
    return *text ? KM_KEY_NONE : KM_KEY_ESCAPE;
}

int km_screen_key(int wait_ms)
{
    unsigned char byte;
    if (!wait_for_byte(wait_ms)) {
        return KM_KEY_NONE;
    }
    ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        return KM_KEY_GONE;
    }
    if (got < 0) {
        return KM_KEY_NONE;
    }
    return byte == 27 ? sequence_key() : byte == '\r' ? KM_KEY_ENTER : byte;
}
