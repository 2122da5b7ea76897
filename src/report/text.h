/* text.h - names and sentences made harmless for where they are shown.
 *
 * Everything that came out of a log is hostile: it may hold escape sequences,
 * line ends, marks that turn the reading direction, HTML, formulas. One
 * function per place; nothing else in this floor writes foreign text.
 * Ownership: appends to the caller's buffer. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_TEXT_H
#define KM_REPORT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* For a terminal or a plain line: control characters, line ends, direction
 * marks and bytes that are not UTF-8 become '?'. */
void km_text_plain(struct km_buf *out, struct km_str text);

/* For HTML text and quoted attributes: & < > " ' escaped, and as above with
 * U+FFFD. */
void km_text_html(struct km_buf *out, struct km_str text);

/* One CSV field (RFC 4180). Text that a spreadsheet would run as a formula
 * (begins with = + - @, tab or CR) gets an apostrophe before it. */
void km_text_csv(struct km_buf *out, struct km_str text);

/* For a cell or a line of Markdown: what has a meaning is escaped. */
void km_text_markdown(struct km_buf *out, struct km_str text);

/* Columns of what km_text_plain() would show. */
size_t km_text_width(struct km_str text);

/* MIDDLE: on the left, and what is too long is cut in its middle, because names
 * that are long together begin alike. */
enum km_align { KM_ALIGN_LEFT, KM_ALIGN_RIGHT, KM_ALIGN_MIDDLE };

/* As km_text_plain, filled with blanks or shortened to exactly `width` columns;
 * `ellipsis` stands at the place of what was cut. */
void km_text_fit(struct km_buf *out, struct km_str text, size_t width,
                 enum km_align align, const char *ellipsis);

/* A name of a run in at most `width` columns, not filled up: long hex and the
 * middle of its path give way first. Not yet harmless: pass it on to one of the
 * functions above. */
void km_text_name(struct km_buf *out, struct km_str name, size_t width,
                  const char *ellipsis);

/* Breaks at blanks to lines of at most `width` columns, each but the first
 * begun with `indent` blanks; ends without a line end. */
void km_text_wrap(struct km_buf *out, struct km_str text, size_t width,
                  size_t indent);

#endif
