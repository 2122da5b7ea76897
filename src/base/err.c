/* err.c - the table of outcomes and the one place that formats a failure. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int http, exit;
    const char *meaning;
} codes[] = {
#define KM_CODE_ROW(name, http, exit, meaning) {#name, http, exit, meaning},
    KM_CODES(KM_CODE_ROW)
#undef KM_CODE_ROW
};

/* Keeps printable bytes and UTF-8; what could steer a terminal becomes '?'. */
static void replace_controls(char *text)
{
    for (unsigned char *byte = (unsigned char *)text; *byte; byte++) {
        if (*byte < 0x20 || *byte == 0x7f) {
            *byte = '?';
        }
    }
}

__attribute__((format(printf, 3, 0))) static void
format_message(struct km_err *err, enum km_code code, const char *format,
               va_list args)
{
    err->code = code;
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    replace_controls(err->message);
}

enum km_code km_fail(struct km_err *err, enum km_code code, const char *format,
                     ...)
{
    assert(code > KM_OK && code < KM_CODE_COUNT);
    if (err) {
        va_list args;
        va_start(args, format);
        format_message(err, code, format, args);
        va_end(args);
    }
    return code;
}

static enum km_code code_of_errno(int errno_value)
{
    switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
        return KM_ENOSPACE;
    case ENOENT:
        return KM_ENOTFOUND;
    case ENOMEM:
        return KM_EMEMORY;
    default:
        return KM_EIO;
    }
}

enum km_code km_fail_errno(struct km_err *err, int errno_value,
                           const char *format, ...)
{
    enum km_code code = code_of_errno(errno_value);
    if (err) {
        va_list args;
        va_start(args, format);
        format_message(err, code, format, args);
        va_end(args);
        size_t used = strlen(err->message);
        (void)snprintf(err->message + used, sizeof err->message - used, ": %s",
                       strerror(errno_value));
    }
    return code;
}

const char *km_code_name(enum km_code code)
{
    assert(code >= KM_OK && code < KM_CODE_COUNT);
    return codes[code].name;
}

const char *km_code_meaning(enum km_code code)
{
    assert(code >= KM_OK && code < KM_CODE_COUNT);
    return codes[code].meaning;
}

int km_code_http(enum km_code code)
{
    assert(code >= KM_OK && code < KM_CODE_COUNT);
    return codes[code].http;
}

int km_code_exit(enum km_code code)
{
    assert(code >= KM_OK && code < KM_CODE_COUNT);
    return codes[code].exit;
}
