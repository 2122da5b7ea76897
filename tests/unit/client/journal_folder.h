/* journal_folder.h - reads back what a program logged, for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_JOURNAL_FOLDER_H
#define KM_TESTS_JOURNAL_FOLDER_H

#include "journal/journal.h"

struct seen_point {
    char metric[64], labels[128];
    int64_t step, time_ns;
    double value;
};

struct seen {
    struct seen_point *points;
    size_t count, cap;
    uint64_t damaged, gaps, undefined;
    uint32_t segments;
    int64_t state; /* of the finish record; 0 without one */
    int64_t dropped;
    char texts[1 << 16]; /* "kind key=value\n" of every other record */
    size_t texts_len;
};

/* Reads all segments of one writer's folder, in order. */
void seen_read(struct seen *seen, const char *folder);
void seen_free(struct seen *seen);

/* A new empty folder below $TMPDIR; removed with all below it. */
const char *scratch_make(void);
void scratch_remove(void);

/* Paths of all writer folders below `dir`; up to `max`. */
size_t find_writers(const char *dir, char (*paths)[512], size_t max);

#endif
