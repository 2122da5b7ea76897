/* fuzz_mllog.c - any bytes as an MLPerf log: no crash, and the cuts
 * between reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/json_formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct km_source_options options = {.salvage = false};
    if (len > 1 << 16) {
        return 0;
    }
    fuzz_source(&km_source_mllog, "result_0.txt", &options, bytes, len);
    return 0;
}
