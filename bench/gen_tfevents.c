/* gen_tfevents.c - writes a TensorBoard event file of any size, seeded.
 *
 *     gen_tfevents FILE EVENTS [1|2] [TAGS] [SEED]
 *
 * 1: TF1's simple_value as torch writes it (default), 2: TF2's scalar tensors
 * with metadata in every value. TAGS scalars are logged at each step, one event
 * each. The same arguments give the same bytes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "../tests/unit/source/tf_build.h"

enum { FLUSH_BYTES = 1 << 20 };

static struct km_buf value, summary;

/* One scalar event, framed, behind `file`. */
static void put_scalar(struct km_buf *file, struct km_buf *event, int kind,
                       double wall, int64_t step, const char *tag, float number)
{
    put_event(event, wall, step);
    put_text(&value, 1, tag);
    if (kind == 1) {
        put_float(&value, 2, number);
    } else {
        static const char metadata[] = "\x0a\x09\x0a\x07scalars";
        char tensor[] = "\x08\x01\x12\x00\x2a\x04....";
        memcpy(tensor + 6, &number, sizeof number);
        put_bytes(&value, 8, tensor, sizeof tensor - 1);
        put_bytes(&value, 9, metadata, sizeof metadata - 1);
    }
    put_message(&summary, 1, &value);
    put_message(event, 5, &summary);
    put_record(file, event);
}

/* A loss-like value from a seeded generator. */
static float next_value(uint64_t *seed, int64_t step)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return 2.0f / (1.0f + (float)step * 1e-4f) +
           (float)(*seed >> 40) * 0x1p-24f * 0.1f;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "gen_tfevents FILE EVENTS [1|2] [TAGS] [SEED]\n");
        return 2;
    }
    int64_t events = strtoll(argv[2], NULL, 10);
    int kind = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 1;
    int tags = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 10;
    uint64_t seed = argc > 5 ? strtoull(argv[5], NULL, 10) : 1;
    FILE *out = fopen(argv[1], "wb");
    if (!out || tags < 1) {
        perror(argv[1]);
        return 1;
    }
    struct km_buf file, event;
    struct km_buf *const all[] = {&file, &event, &value, &summary};
    for (size_t i = 0; i < 4; i++) {
        km_buf_init(all[i], (size_t)4 * FLUSH_BYTES);
    }
    put_event(&event, 1.7e9, 0);
    put_text(&event, 3, "brain.Event:2");
    put_record(&file, &event);
    for (int64_t i = 0; i < events; i++) {
        char tag[64];
        int64_t step = i / tags;
        (void)snprintf(tag, sizeof tag, "train/metric_%d", (int)(i % tags));
        put_scalar(&file, &event, kind, 1.7e9 + (double)i * 0.001, step, tag,
                   next_value(&seed, step));
        if (file.len > FLUSH_BYTES || i + 1 == events) {
            if (fwrite(file.bytes, 1, file.len, out) != file.len) {
                perror(argv[1]);
                return 1;
            }
            km_buf_reset(&file);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        km_buf_finish(all[i]);
    }
    return fclose(out) ? 1 : 0;
}
