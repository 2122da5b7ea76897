/* fuzz_text_log.c - any bytes as a printed log: no crash, and the cuts between
 * reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/text_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct km_source_options options = {.salvage = false};
    if (len > 1 << 16) {
        return 0;
    }
    fuzz_source(&km_source_text_log, "a.log", &options, bytes, len);
    return 0;
}
