/* chart_text.h - a chart in letters: Braille dots, or ASCII where letters are
 * few.
 *
 * Every line takes exactly the width that was asked for, so that charts can
 * stand side by side. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_CHART_TEXT_H
#define KM_REPORT_CHART_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "report/chart.h"
#include "report/terminal.h"

struct km_chart_lines {
    struct km_str *lines; /* without line ends */
    size_t count;
    size_t width; /* columns of each */
};

/* `rows` of plot, to which title, signs and axis add three or four lines. The
 * lines live in the arena. KM_ELIMIT when that is full. */
enum km_code km_chart_text(const struct km_chart *chart,
                           const struct km_terminal *terminal, size_t width,
                           size_t rows, struct km_arena *arena,
                           struct km_chart_lines *lines, struct km_err *err);

#endif
