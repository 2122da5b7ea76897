/* line.c - cutting text into lines. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/line.h"

#include <inttypes.h>

#include "base/limits.h"
#include "base/number.h"

static bool is_zeros(struct km_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] != '\0') {
            return false;
        }
    }
    return true;
}

enum km_line_cut km_line_cut(struct km_str bytes, bool last,
                             struct km_str *line, size_t *used)
{
    if (bytes.len == 0) {
        return KM_LINE_MORE;
    }
    size_t end = km_str_find(bytes, '\n', 0);
    bool whole = end < bytes.len;
    if (!whole && bytes.ptr[0] == '\0' && is_zeros(bytes)) {
        return KM_LINE_ZEROS;
    }
    if (!whole && !last) {
        return KM_LINE_MORE;
    }
    *used = whole ? end + 1 : end;
    if (end > 0 && bytes.ptr[end - 1] == '\r') {
        end--;
    }
    *line = (struct km_str){bytes.ptr, end};
    return whole ? KM_LINE_WHOLE : KM_LINE_OPEN;
}

enum km_code km_line_check(struct km_str bytes, uint64_t offset,
                           struct km_err *err)
{
    if (bytes.len > KM_LINE_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "byte %" PRIu64 ": a line is longer than %d MiB", offset,
                       KM_LINE_BYTES_MAX / KM_MIB);
    }
    return KM_OK;
}

bool km_line_integers(struct km_str saved, int64_t *words, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count && saved.len; i++) {
        if (at > saved.len) {
            return false;
        }
        size_t end = km_str_find(saved, ' ', at);
        if (!km_integer_parse((struct km_str){saved.ptr + at, end - at},
                              &words[i])) {
            return false;
        }
        at = end + 1;
    }
    return true;
}
