/* fuzz_wandb.c - any bytes as a W&B log, strict and salvaged: no crash, and the
 * cuts between reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/wandb.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct km_source_options options = {.salvage = false};
    if (len > 1 << 17) {
        return 0;
    }
    fuzz_source(&km_source_wandb, "run-a.wandb", &options, bytes, len);
    options.salvage = true;
    fuzz_source(&km_source_wandb, "run-a.wandb", &options, bytes, len);
    return 0;
}
