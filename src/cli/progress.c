/* progress.c - rate and remaining time from bytes done so far. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>

#include "report/quantity.h"

#define MILLISECOND_NS INT64_C(1000000)
enum { BAR_COLUMNS = 20, BAR_EVERY_MS = 100, LINE_EVERY_MS = 10000 };

void km_progress_init(struct km_progress *progress, struct km_cli *cli)
{
    int64_t now = km_clock_monotonic_ns(cli->clock);
    *progress = (struct km_progress){.cli = cli, .start_ns = now};
    progress->shown_ns = now;
}

/* Eighths of a column where letters allow it. */
static void draw_bar(struct km_buf *out, const struct km_terminal *terminal,
                     double share)
{
    static const char *const eighths[] = {"",  "▏", "▎", "▍",
                                          "▌", "▋", "▊", "▉"};
    int filled = (int)(share * BAR_COLUMNS * 8 + 0.5);
    filled = filled < 0                 ? 0
             : filled > BAR_COLUMNS * 8 ? BAR_COLUMNS * 8
                                        : filled;
    if (!terminal->unicode) {
        km_buf_append_char(out, '[');
        for (int i = 0; i < BAR_COLUMNS; i++) {
            km_buf_append_char(out, i < filled / 8 ? '#' : '.');
        }
        km_buf_append_char(out, ']');
        return;
    }
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_ACCENT));
    for (int i = 0; i < filled / 8; i++) {
        km_buf_append_text(out, "█");
    }
    km_buf_append_text(out, eighths[filled % 8]);
    int used = filled / 8 + (filled % 8 != 0);
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_QUIET));
    for (int i = used; i < BAR_COLUMNS; i++) {
        km_buf_append_text(out, "·");
    }
    km_buf_append_text(out, km_terminal_tone(terminal, KM_TONE_PLAIN));
}

void km_progress_line(struct km_buf *out, const struct km_terminal *terminal,
                      const struct km_import_progress *now, int64_t elapsed_ns)
{
    double seconds = (double)elapsed_ns / 1e9;
    double share = now->bytes_found
                       ? (double)now->bytes_done / (double)now->bytes_found
                       : 0;
    share = share > 1 ? 1 : share;
    if (!now->counting && terminal->is_terminal) {
        draw_bar(out, terminal, share);
        km_buf_append_char(out, ' ');
    }
    if (!now->counting) {
        km_buf_printf(out, "%3.0f %%  ", 100 * share);
    }
    km_buf_printf(out, "%s of %s%s files", km_show_count(now->files_done).text,
                  km_show_count(now->files_found).text,
                  now->counting ? " or more" : "");
    km_buf_printf(out, "  %s", km_show_bytes(now->bytes_done).text);
    if (seconds > 0.2) {
        double rate = (double)now->bytes_done / seconds;
        km_buf_printf(out, "  %s/s", km_show_bytes((uint64_t)rate).text);
        km_buf_printf(out, "  %s points/s",
                      km_show_scaled((double)now->points / seconds).text);
    }
    if (!now->counting && seconds > 0.5 && share > 0.01 && share < 1) {
        double left_ns = (double)elapsed_ns * (1 - share) / share;
        km_buf_printf(out, "  %s left", km_show_span_ns((int64_t)left_ns).text);
    }
}

void km_progress_show(struct km_progress *progress,
                      const struct km_import_progress *now)
{
    struct km_cli *cli = progress->cli;
    int64_t at = km_clock_monotonic_ns(cli->clock);
    int64_t every = (cli->messages.is_terminal ? BAR_EVERY_MS : LINE_EVERY_MS) *
                    MILLISECOND_NS;
    if (cli->quiet || at - progress->shown_ns < every) {
        return;
    }
    struct km_buf line;
    km_buf_init(&line, 4096);
    km_progress_line(&line, &cli->messages, now, at - progress->start_ns);
    if (cli->messages.is_terminal) {
        (void)fprintf(stderr, "\r%s\033[K", line.bytes ? line.bytes : "");
        progress->drawn = true;
    } else {
        (void)fprintf(stderr, "%s\n", line.bytes ? line.bytes : "");
    }
    (void)fflush(stderr);
    km_buf_finish(&line);
    progress->shown_ns = at;
}

void km_progress_clear(struct km_progress *progress)
{
    if (progress->drawn) {
        (void)fputs("\r\033[K", stderr);
        progress->drawn = false;
    }
}
