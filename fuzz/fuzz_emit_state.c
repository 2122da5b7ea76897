/* fuzz_emit_state.c - a saved state of the emitter, from a store that anybody
 * may have written: refused, or taken and saved again byte for byte. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "source/emit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct km_emit_options options = {
        .origin_id = 7,
        .run = {.project = KM_STR("p"),
                .external_id = KM_STR("r"),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .order_key = KM_STR("file"),
        .saved = {(const char *)bytes, len},
    };
    struct km_emit *emit = km_emit_create(&options, NULL);
    if (!emit) {
        return 0;
    }
    static const char *const names[] = {"a", "b"};
    for (int64_t step = 0; step < 8; step++) {
        km_emit_value(emit, km_str_of(names[step % 2]), step % 3,
                      KM_TIME_ABSENT, 1);
    }
    km_emit_restart(emit, 3, "told");
    km_emit_value(emit, KM_STR("a"), 4, 5, 1);
    struct km_buf saved, again;
    km_buf_init(&saved, KM_EMIT_STATE_BYTES_MAX);
    km_buf_init(&again, KM_EMIT_STATE_BYTES_MAX);
    km_emit_save(emit, &saved);
    bool failed = km_emit_failed(emit);
    km_emit_destroy(emit);
    options.saved = (struct km_str){saved.bytes, saved.len};
    emit = km_emit_create(&options, NULL);
    assert(emit || failed);
    if (emit) {
        km_emit_save(emit, &again);
        assert(again.len == saved.len &&
               memcmp(again.bytes, saved.bytes, saved.len) == 0);
        km_emit_destroy(emit);
    }
    km_buf_finish(&saved);
    km_buf_finish(&again);
    return 0;
}
