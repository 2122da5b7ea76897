/* log.c - one formatted line per event, written with a single call. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static _Atomic int level_max = KM_LOG_WARN;

void km_log_level_set(enum km_log_level level)
{
    atomic_store(&level_max, (int)level);
}

void km_logf(enum km_log_level level, const char *event, const char *format,
             ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if ((int)level > atomic_load(&level_max)) {
        return;
    }
    char line[1024], when[32];
    km_time_format(km_clock_wall_ns(&km_clock_system), when, sizeof when);
    int len =
        snprintf(line, sizeof line, "%s %s %s ", when, names[level], event);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + len, sizeof line - (size_t)len - 1, format, args);
    va_end(args);
    size_t end = strlen(line);
    for (size_t i = 0; i < end; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[end++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, end);
    (void)written;
}
