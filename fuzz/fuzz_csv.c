/* fuzz_csv.c - any bytes as a CSV file of each kind: no crash, and the cuts
 * between reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct km_source_options options = {.salvage = false};
    if (len > 1 << 16) {
        return 0;
    }
    fuzz_source(&km_source_csv, "a.csv", &options, bytes, len);
    fuzz_source(&km_source_csv_monitor, "1.monitor.csv", &options, bytes, len);
    return 0;
}
