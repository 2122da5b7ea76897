/* buf.c - growth by doubling up to the cap, failure remembered. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void km_buf_init(struct km_buf *buf, size_t max)
{
    *buf = (struct km_buf){.max = max};
}

/* Makes room for `len` more bytes and the closing NUL. */
static bool grow(struct km_buf *buf, size_t len)
{
    if (buf->failed) {
        return false;
    }
    if (len > buf->max || buf->len > buf->max - len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + len + 1;
    if (need <= buf->cap) {
        return true;
    }
    size_t cap = buf->cap ? buf->cap * 2 : 256;
    if (cap < need) {
        cap = need;
    }
    char *bytes = realloc(buf->bytes, cap);
    if (!bytes) {
        buf->failed = true;
        return false;
    }
    buf->bytes = bytes;
    buf->cap = cap;
    return true;
}

char *km_buf_reserve(struct km_buf *buf, size_t len)
{
    return grow(buf, len) ? buf->bytes + buf->len : NULL;
}

void km_buf_append(struct km_buf *buf, const void *bytes, size_t len)
{
    if (grow(buf, len)) {
        if (len) {
            memcpy(buf->bytes + buf->len, bytes, len);
        }
        buf->len += len;
        buf->bytes[buf->len] = '\0';
    }
}

void km_buf_append_text(struct km_buf *buf, const char *text)
{
    km_buf_append(buf, text, strlen(text));
}

void km_buf_append_char(struct km_buf *buf, char c)
{
    km_buf_append(buf, &c, 1);
}

void km_buf_printf(struct km_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
    } else if (grow(buf, (size_t)len)) {
        (void)vsnprintf(buf->bytes + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void km_buf_consume(struct km_buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0) {
        return;
    }
    memmove(buf->bytes, buf->bytes + len, buf->len - len);
    buf->len -= len;
    buf->bytes[buf->len] = '\0';
}

void km_buf_reset(struct km_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->bytes) {
        buf->bytes[0] = '\0';
    }
}

void km_buf_finish(struct km_buf *buf)
{
    free(buf->bytes);
    *buf = (struct km_buf){.max = buf->max};
}
