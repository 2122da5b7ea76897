/* text.c - one decoder, four ways to write what it found. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include <stdint.h>
#include <string.h>

struct glyph {
    struct km_str bytes; /* of the text, one code point or one bad byte */
    uint32_t code;
    bool inert; /* may be shown as it is */
};

/* Marks that turn or hide text: direction, joiners used to hide, separators,
 * byte order marks, tags. */
static bool turns_or_hides(uint32_t code)
{
    return (code >= 0x200b && code <= 0x200f && code != 0x200d) ||
           (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0x061c ||
           code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
           (code >= 0xe0000 && code <= 0xe007f) || code == 0xad;
}

static uint32_t code_of(const unsigned char *b, size_t len)
{
    if (len == 1) {
        return b[0];
    }
    uint32_t code = b[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (b[i] & 0x3f);
    }
    return code;
}

static struct glyph next_glyph(struct km_str text, size_t at)
{
    const unsigned char *b = (const unsigned char *)text.ptr + at;
    size_t len = b[0] < 0x80 ? 1 : b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    struct km_str bytes = {text.ptr + at, len};
    if (len > text.len - at || !km_utf8_is_valid(bytes)) {
        return (struct glyph){{text.ptr + at, 1}, 0xfffd, false};
    }
    uint32_t code = code_of(b, len);
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    return (struct glyph){bytes, code, !control && !turns_or_hides(code)};
}

static void append_str(struct km_buf *out, struct km_str text)
{
    km_buf_append(out, text.ptr, text.len);
}

void km_text_plain(struct km_buf *out, struct km_str text)
{
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = next_glyph(text, at);
        append_str(out, glyph.inert ? glyph.bytes : KM_STR("?"));
        at += glyph.bytes.len;
    }
}

void km_text_html(struct km_buf *out, struct km_str text)
{
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = next_glyph(text, at);
        at += glyph.bytes.len;
        if (!glyph.inert) {
            append_str(out, glyph.code == '\n' || glyph.code == '\t'
                                ? KM_STR(" ")
                                : KM_STR("\xef\xbf\xbd"));
            continue;
        }
        switch (glyph.code) {
        case '&':
            km_buf_append_text(out, "&amp;");
            break;
        case '<':
            km_buf_append_text(out, "&lt;");
            break;
        case '>':
            km_buf_append_text(out, "&gt;");
            break;
        case '"':
            km_buf_append_text(out, "&quot;");
            break;
        case '\'':
            km_buf_append_text(out, "&#39;");
            break;
        default:
            append_str(out, glyph.bytes);
        }
    }
}

void km_text_csv(struct km_buf *out, struct km_str text)
{
    bool formula = text.len && memchr("=+-@\t\r", text.ptr[0], 6) != NULL;
    bool quote = formula;
    for (size_t i = 0; i < text.len && !quote; i++) {
        quote = memchr(",\"\r\n;", text.ptr[i], 5) != NULL;
    }
    if (quote) {
        km_buf_append_char(out, '"');
    }
    if (formula) {
        km_buf_append_char(out, '\'');
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') {
            km_buf_append_char(out, '"');
        }
        if (text.ptr[i] != '\0') {
            km_buf_append_char(out, text.ptr[i]);
        }
    }
    if (quote) {
        km_buf_append_char(out, '"');
    }
}

void km_text_markdown(struct km_buf *out, struct km_str text)
{
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = next_glyph(text, at);
        at += glyph.bytes.len;
        if (!glyph.inert) {
            km_buf_append_char(out, glyph.code == '\n' ? ' ' : '?');
            continue;
        }
        if (glyph.code == '<') {
            km_buf_append_text(out, "&lt;");
            continue;
        }
        if (glyph.code == '&') {
            km_buf_append_text(out, "&amp;");
            continue;
        }
        if (glyph.code < 0x80 && strchr("\\`*_[]|#>!~", (int)glyph.code)) {
            km_buf_append_char(out, '\\');
        }
        append_str(out, glyph.bytes);
    }
}

static size_t glyph_width(struct glyph glyph)
{
    return glyph.inert ? km_utf8_width(glyph.bytes) : 1;
}

size_t km_text_width(struct km_str text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.len;) {
        struct glyph glyph = next_glyph(text, at);
        width += glyph_width(glyph);
        at += glyph.bytes.len;
    }
    return width;
}

static void append_blanks(struct km_buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        km_buf_append_char(out, ' ');
    }
}

/* The longest head of `text` that takes at most `width` columns. */
static struct km_str head_of(struct km_str text, size_t width)
{
    size_t used = 0, at = 0;
    while (at < text.len) {
        struct glyph glyph = next_glyph(text, at);
        size_t more = glyph_width(glyph);
        if (used + more > width) {
            break;
        }
        used += more;
        at += glyph.bytes.len;
    }
    return (struct km_str){text.ptr, at};
}

/* The longest tail of `text` that takes at most `width` columns. */
static struct km_str tail_of(struct km_str text, size_t width)
{
    size_t total = km_text_width(text), passed = 0, at = 0;
    while (at < text.len && total - passed > width) {
        struct glyph glyph = next_glyph(text, at);
        passed += glyph_width(glyph);
        at += glyph.bytes.len;
    }
    return (struct km_str){text.ptr + at, text.len - at};
}

/* Exactly `width` columns of a text that is longer: `tail_room` of them from
 * its end. */
static void cut(struct km_buf *out, struct km_str text, size_t width,
                size_t tail_room, const char *ellipsis)
{
    size_t mark = km_utf8_width(km_str_of(ellipsis));
    size_t room = width > mark ? width - mark : 0;
    struct km_str tail = tail_of(text, tail_room <= room ? tail_room : room);
    struct km_str head = head_of(text, room - km_text_width(tail));
    km_text_plain(out, head);
    size_t used = km_text_width(head) + km_text_width(tail);
    if (mark <= width) {
        km_buf_append_text(out, ellipsis);
        used += mark;
    }
    km_text_plain(out, tail);
    append_blanks(out, width > used ? width - used : 0);
}

/* A component like 8384493d-dba9-4991-b16b-8696953f5e6d. */
static bool is_long_hex(struct km_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!memchr("0123456789abcdefABCDEF-", part.ptr[i], 23)) {
            return false;
        }
    }
    return part.len >= 20;
}

/* The name without its components `from` to `dropped`, long hex shortened. */
static void shorten(struct km_buf *out, struct km_str text, size_t from,
                    size_t dropped, const char *ellipsis)
{
    size_t index = 0;
    for (size_t at = 0; at <= text.len; index++) {
        size_t end = km_str_find(text, '/', at);
        struct km_str part = {text.ptr + at, end - at};
        at = end + 1;
        if (index >= from && index <= dropped) {
            km_buf_append_text(out, index == from && from ? "/" : "");
            km_buf_append_text(out, index == from ? ellipsis : "");
            continue;
        }
        km_buf_append_text(out, index ? "/" : "");
        bool hex = is_long_hex(part);
        km_buf_append(out, part.ptr, hex ? 8 : part.len);
        km_buf_append_text(out, hex ? ellipsis : "");
    }
}

/* Names of runs are paths: what tells them apart stands at the end. */
void km_text_name(struct km_buf *out, struct km_str name, size_t width,
                  const char *ellipsis)
{
    size_t slashes = 0;
    for (size_t i = 0; i < name.len; i++) {
        slashes += name.ptr[i] == '/';
    }
    if (km_text_width(name) <= width) {
        append_str(out, name);
        return;
    }
    size_t start = out->len;
    size_t tries = slashes > 1 ? slashes - 1 : 1;
    for (size_t dropped = 0; dropped < tries + (slashes ? 1 : 0); dropped++) {
        bool headless = dropped == tries; /* then without the first, too */
        size_t last = headless && slashes > 1 ? slashes - 2 : dropped;
        shorten(out, name, !headless, headless && slashes == 1 ? 0 : last,
                ellipsis);
        if (out->failed ||
            km_text_width((struct km_str){out->bytes + start,
                                          out->len - start}) <= width) {
            return;
        }
        out->len = start;
    }
    struct km_buf least;
    km_buf_init(&least, 64 * 1024);
    shorten(&least, name, 1, 0, ellipsis);
    cut(out, (struct km_str){least.bytes, least.len}, width,
        slashes ? width : width * 3 / 4, ellipsis);
    km_buf_finish(&least);
}

void km_text_fit(struct km_buf *out, struct km_str text, size_t width,
                 enum km_align align, const char *ellipsis)
{
    size_t need = km_text_width(text);
    if (need <= width) {
        append_blanks(out, align == KM_ALIGN_RIGHT ? width - need : 0);
        km_text_plain(out, text);
        append_blanks(out, align != KM_ALIGN_RIGHT ? width - need : 0);
        return;
    }
    if (align == KM_ALIGN_MIDDLE) {
        struct km_buf name;
        km_buf_init(&name, 64 * 1024);
        km_text_name(&name, text, width, ellipsis);
        struct km_str shown = {name.bytes, name.len};
        size_t used = km_text_width(shown);
        km_text_plain(out, shown);
        append_blanks(out, width > used ? width - used : 0);
        km_buf_finish(&name);
        return;
    }
    cut(out, text, width, 0, ellipsis);
}

void km_text_wrap(struct km_buf *out, struct km_str text, size_t width,
                  size_t indent)
{
    size_t column = 0;
    while (text.len) {
        size_t span = km_str_find(text, ' ', 0);
        struct km_str word = {text.ptr, span};
        size_t need = km_text_width(word);
        if (column && column + 1 + need > width) {
            km_buf_append_char(out, '\n');
            append_blanks(out, indent);
            column = indent;
        } else if (column && span) {
            km_buf_append_char(out, ' ');
            column++;
        }
        km_text_plain(out, word);
        column += need;
        while (span < text.len && text.ptr[span] == ' ') {
            span++;
        }
        text = (struct km_str){text.ptr + span, text.len - span};
    }
}
