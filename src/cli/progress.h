/* progress.h - how far an import is: a bar on a terminal, lines in a pipe.
 *
 * Writes to stderr: at most ten times a second on a terminal, at most every ten
 * seconds elsewhere, so that a short import into a file leaves no trace. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_PROGRESS_H
#define KM_CLI_PROGRESS_H

#include "cli/cli.h"
#include "ingest/ingest.h"

struct km_progress {
    struct km_cli *cli;
    int64_t start_ns, shown_ns;
    bool drawn; /* a bar stands on the present line */
};

void km_progress_init(struct km_progress *progress, struct km_cli *cli);
void km_progress_show(struct km_progress *progress,
                      const struct km_import_progress *now);
/* Takes the bar away, so that a line can be written. */
void km_progress_clear(struct km_progress *progress);

/* The line itself: pure, for tests. `elapsed_ns` since the start. */
void km_progress_line(struct km_buf *out, const struct km_terminal *terminal,
                      const struct km_import_progress *now, int64_t elapsed_ns);

#endif
