/* fuzz_mlruns.c - any bytes as a metric file of MLflow and as its meta.yaml. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "source/mlruns.h"
#include "source/yaml_flat.h"

static void count_pair(void *user, struct km_str key, struct km_str value)
{
    size_t *bytes = user;
    *bytes += key.len + value.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct km_str text = {(const char *)bytes, len};
    if (len > 1 << 14) {
        return 0;
    }
    for (size_t at = 0; at < len;) {
        size_t end = km_str_find(text, '\n', at);
        struct km_point point;
        if (km_mlruns_line_parse((struct km_str){text.ptr + at, end - at},
                                 &point) &&
            point.step == KM_STEP_ABSENT) {
            abort();
        }
        at = end + 1;
    }
    size_t pair_bytes = 0;
    (void)km_yaml_flat(text, count_pair, &pair_bytes, NULL);
    return 0;
}
