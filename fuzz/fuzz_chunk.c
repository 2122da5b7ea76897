/* fuzz_chunk.c - the chunk decoder on hostile bytes, past its checksum too. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct km_chunk_codec *codec;
    static unsigned char blob[KM_CHUNK_BYTES_MAX];
    static struct km_point points[KM_CHUNK_POINTS_MAX];
    struct km_columns columns;
    codec = codec ? codec : km_chunk_codec_create();
    if (!codec || len > sizeof blob) {
        return 0;
    }
    (void)km_chunk_decode(codec, bytes, len, &columns, NULL);
    memcpy(blob, bytes, len);
    if (len >= 8) {
        uint32_t crc = km_crc32c(km_crc32c(0, blob, 4), blob + 8, len - 8);
        memcpy(blob + 4, &crc, sizeof crc);
    }
    if (km_chunk_decode(codec, blob, len, &columns, NULL) != KM_OK) {
        return 0;
    }
    /* what decodes can be encoded again, to the same points */
    size_t count = columns.count;
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct km_point){columns.steps[i], columns.times_ns[i],
                                      columns.values[i]};
    }
    size_t again = km_chunk_encode(codec, points, count, blob);
    assert(km_chunk_decode(codec, blob, again, &columns, NULL) == KM_OK);
    assert(columns.count == count);
    for (size_t i = 0; i < count; i++) {
        assert(columns.steps[i] == points[i].step);
        assert(columns.times_ns[i] == points[i].time_ns);
        assert(memcmp(&columns.values[i], &points[i].value, 8) == 0);
    }
    return 0;
}
