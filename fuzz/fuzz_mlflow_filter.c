/* fuzz_mlflow_filter.c - any text as a filter and as an order: no crash, and
 * what was understood can be applied. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "tracking/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The key itself, twice: once as a text, once as a number. */
static bool get(const void *subject, enum km_entity entity, struct km_str key,
                size_t index, struct km_value *out)
{
    (void)subject;
    *out = (struct km_value){.text = key,
                             .is_number = entity == KM_ENTITY_METRIC,
                             .number = (double)key.len};
    return index < 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct km_filter filter;
    struct km_order_key key;
    struct km_arena arena;
    struct km_err err;
    const struct km_str text = {(const char *)bytes, len};
    km_arena_init(&arena, 64 * KM_MIB);
    if (km_filter_parse(text, &arena, &filter, &err) == KM_OK) {
        (void)km_filter_matches(&filter, NULL, get);
    }
    (void)km_order_parse(text, &arena, &key, &err);
    km_arena_finish(&arena);
    return 0;
}
