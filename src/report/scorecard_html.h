/* scorecard_html.h - one self-contained page: no network, no script.
 *
 * Text of logs passes through km_text_html() and nowhere else. The page works
 * from 390 to 1440 pixels, in light and dark, and on paper. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_SCORECARD_HTML_H
#define KM_REPORT_SCORECARD_HTML_H

#include "base/buf.h"
#include "score/figure.h"

struct km_html_options {
    int64_t written_ns;  /* said at the foot of the page */
    const char *version; /* of the program */
};

void km_report_html(const struct km_scorecard *cards, size_t count,
                    const struct km_html_options *options, struct km_buf *out);

#endif
