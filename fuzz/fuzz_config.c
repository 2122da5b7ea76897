/* fuzz_config.c - any text as a config file: no crash, and what was understood
 * can be printed and read again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct km_arena arena;
    struct km_config config, again;
    struct km_err err;
    struct km_buf out;
    km_arena_init(&arena, 64 * KM_MIB);
    km_buf_init(&out, 16 * KM_MIB);
    km_config_init(&config);
    const struct km_str text = {(const char *)bytes, len};
    if (km_config_parse("config.yaml", text, &arena, &config, &err) == KM_OK) {
        km_config_print(&config, &out);
        km_config_init(&again);
        const struct km_str printed = {out.bytes, out.len};
        if (!out.failed && km_config_parse("printed", printed, &arena, &again,
                                           &err) != KM_OK) {
            abort();
        }
    }
    km_buf_finish(&out);
    km_arena_finish(&arena);
    return 0;
}
