/* fuzz_pattern.c - first line: a --pattern; the rest: the log it is tried on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/text_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct km_str all = {(const char *)bytes, len};
    size_t line = km_str_find(all, '\n', 0);
    if (len > 1 << 12 || line == len || line == 0) {
        return 0;
    }
    const struct km_source_options options = {.pattern = {all.ptr, line}};
    fuzz_source(&km_source_text_log, "a.log", &options, bytes + line + 1,
                len - line - 1);
    return 0;
}
