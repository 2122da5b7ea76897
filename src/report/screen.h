/* screen.h - a full-screen terminal: frames out, keys in.
 *
 * Plain ANSI on the alternate screen; what was on the terminal before is there
 * again afterwards, whatever the program ends by that it can know of.
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_SCREEN_H
#define KM_REPORT_SCREEN_H

#include <stdbool.h>
#include <termios.h>

#include "base/buf.h"
#include "base/str.h"

enum km_key {
    KM_KEY_NONE, /* the time went by */
    KM_KEY_UP = 256,
    KM_KEY_DOWN,
    KM_KEY_PAGE_UP,
    KM_KEY_PAGE_DOWN,
    KM_KEY_HOME,
    KM_KEY_END,
    KM_KEY_ESCAPE,
    KM_KEY_GONE, /* nobody types any more */
};
enum { KM_KEY_ENTER = '\n', KM_KEY_BACKSPACE = 127 };

struct km_screen {
    struct termios before;
    bool open;
    size_t width, height; /* of the last km_screen_size() */
};

/* False: standard input and output are no terminal. */
bool km_screen_open(struct km_screen *screen);
void km_screen_close(struct km_screen *screen);
void km_screen_size(struct km_screen *screen);

/* Shows lines in place of the frame before; those that do not fit are left
 * out. `text` has its colours in it, and lines that are no wider. */
void km_screen_show(struct km_screen *screen, struct km_str text);

/* A byte that was typed, or an enum km_key; waits at most `wait_ms`. */
int km_screen_key(int wait_ms);

#endif
