/* fuzz_npz.c - any bytes as a NumPy archive and as a lone array. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct km_source_options options = {.salvage = false};
    if (len > 1 << 16) {
        return 0;
    }
    fuzz_source(&km_source_npz, "evaluations.npz", &options, bytes, len);
    return 0;
}
