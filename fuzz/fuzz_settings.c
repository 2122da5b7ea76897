/* fuzz_settings.c - any bytes as JSON and as YAML settings: no crash, and the
 * cuts between reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct km_source_options options = {.salvage = false};
    if (len > 1 << 16) {
        return 0;
    }
    fuzz_source(&km_source_settings, "config.json", &options, bytes, len);
    fuzz_source(&km_source_settings, "config.yaml", &options, bytes, len);
    return 0;
}
