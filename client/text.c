/* text.c - small texts: JSON values, file names, the sentences on stderr. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *km_client_copy(const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    char *copy = text ? malloc(size) : NULL;
    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

char *km_client_json_text(const char *text)
{
    if (!text) {
        return km_client_copy("null");
    }
    size_t len = strlen(text), at = 0;
    if (!km_utf8_is_valid(km_str_of(text))) {
        return km_client_copy("\"(not UTF-8)\"");
    }
    char *out = malloc(6 * len + 3);
    if (!out) {
        return NULL;
    }
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            out[at++] = '\\';
            out[at++] = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            at += (size_t)snprintf(out + at, 7, "\\u%04x", c);
        } else {
            out[at++] = (char)c;
        }
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}

/* The shortest of 15 to 17 digits that reads back the same. The host program
 * may have set a locale with another decimal point. */
char *km_client_json_number(double value)
{
    char text[48], plain[48];
    size_t at = 0;
    if (!isfinite(value)) {
        return km_client_copy(isnan(value) ? "\"NaN\""
                              : value > 0  ? "\"Infinity\""
                                           : "\"-Infinity\"");
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    for (size_t i = 0; text[i]; i++) {
        bool known = strchr("0123456789+-e", text[i]) != NULL;
        if (known || (at > 0 && plain[at - 1] != '.')) {
            plain[at++] = known ? text[i] : '.';
        }
    }
    plain[at] = '\0';
    return km_client_copy(plain);
}

/* A run's id as a folder: what could steer a path or a terminal is escaped. */
char *km_client_file_name(const char *key)
{
    enum { PLAIN_MAX = 200 }; /* file systems end at 255 bytes */
    size_t len = strlen(key), at = 0;
    char *out = malloc(3 * len + 1);
    if (!out) {
        return NULL;
    }
    for (size_t i = 0; i < len && at < PLAIN_MAX; i++) {
        unsigned char c = (unsigned char)key[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9');
        if (letter || c == '_' || c == '-' || (c == '.' && at > 0)) {
            out[at++] = (char)c;
        } else {
            at += (size_t)snprintf(out + at, 4, "%%%02X", c);
        }
    }
    out[at] = '\0';
    return out;
}

/* Whoever reads standard error may be gone or slow: the sentence is dropped
 * rather than waited for, and a broken pipe's signal is taken back. */
static void write_sentence(const char *text, size_t len)
{
    const struct timespec now = {0};
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    sigset_t broken, before, pending;
    if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) {
        return;
    }
    (void)sigemptyset(&broken);
    (void)sigaddset(&broken, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &broken, &before);
    bool failed = write(STDERR_FILENO, text, len) < 0 && errno == EPIPE;
    if (failed && !sigismember(&pending, SIGPIPE)) {
        (void)sigtimedwait(&broken, NULL, &now);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void km_client_say(struct km_run *run, const char *format, ...)
{
    enum { SENTENCES_MAX = 3 }; /* the same trouble again is only counted */
    char text[PIPE_BUF] = "knotmeter: "; /* a writable pipe has that room */
    if (run->quiet || atomic_fetch_add(&run->said, 1) >= SENTENCES_MAX) {
        return;
    }
    size_t len = strlen(text), room = sizeof text - len - 1;
    va_list args;
    va_start(args, format);
    int want = vsnprintf(text + len, room, format, args);
    va_end(args);
    if (want > 0) {
        len += (size_t)want < room ? (size_t)want : room - 1;
        text[len++] = '\n';
        write_sentence(text, len);
    }
}
