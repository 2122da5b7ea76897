/* tinylm.h - a small transformer language model that really learns, in C.
 *
 * Bytes in, next byte out: token and place embeddings; blocks of causal
 * attention and a squared-ReLU layer, each behind an RMS norm; a linear head.
 * Gradients are written by hand and held against finite differences in
 * tests/unit/examples/test_tinylm.c.
 *
 *     text.c  the bytes        kernels.c  matrices and norms
 *     model.c forward, backward   optimizer.c  AdamW, Lion, schedules
 *     checkpoint.c  save, restore      train.c  the loop, with libknotmeter
 *
 * The same seed gives the same numbers, with one thread or two: the batch is
 * always cut into two shards. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TINYLM_H
#define TINYLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef REAL
#define REAL float /* double in the gradient test */
#endif

enum { VOCAB = 256, SHARDS = 2, LAYERS_MAX = 16 };

struct shape {
    int dim, layers, heads, context;
};

/* Where each matrix stands in the one array of parameters. */
struct layout {
    size_t tokens, places, last_gain, head, count;
    struct {
        size_t gain1, qkv, out, gain2, up, down;
    } layer[LAYERS_MAX];
};

struct layer_memory {
    REAL *in, *norm1, *scale1, *qkv, *weights, *mixed, *middle, *norm2, *scale2,
        *wide, *active;
};

/* What one shard needs for `sequences` sequences. */
struct shard {
    int sequences;
    struct layer_memory layer[LAYERS_MAX];
    REAL *last, *norm, *scale, *logits;
    REAL *d_stream, *d_norm, *d_qkv, *d_mixed, *d_wide, *d_weights;
    REAL *gradient; /* of all parameters */
    double loss;    /* summed over the shard's tokens */
    void *memory;
};

struct model {
    struct shape shape;
    struct layout layout;
    REAL *parameters;
    struct shard shard[SHARDS];
};

/* False when memory is short. `sequences` per step, over all shards. */
bool model_create(struct model *model, const struct shape *shape, int sequences,
                  uint64_t seed);
void model_destroy(struct model *model);

/* One shard: `inputs` and `targets` have sequences x context bytes. Sets
 * shard->loss; with `scale` above 0 also adds scale x gradient of the summed
 * loss to shard->gradient. */
void model_run(const struct model *model, struct shard *shard,
               const unsigned char *inputs, const unsigned char *targets,
               REAL scale);

/* kernels.c: rows x in times in x out. Backward adds to d_weight and sets or
 * adds to d_in. */
void matrix_forward(REAL *out, const REAL *in, const REAL *weight, int rows,
                    int in_dim, int out_dim);
void matrix_backward(REAL *d_in, REAL *d_weight, const REAL *d_out,
                     const REAL *in, const REAL *weight, int rows, int in_dim,
                     int out_dim);
void norm_forward(REAL *out, REAL *scale, const REAL *in, const REAL *gain,
                  int rows, int dim);
void norm_backward(REAL *d_in, REAL *d_gain, const REAL *d_out, const REAL *in,
                   const REAL *scale, const REAL *gain, int rows, int dim);
void attention_forward(REAL *out, REAL *weights, const REAL *qkv, int context,
                       int heads, int dim);
void attention_backward(REAL *d_qkv, REAL *d_weights, const REAL *d_out,
                        const REAL *weights, const REAL *qkv, int context,
                        int heads, int dim);
/* Turns logits into their gradient; returns the summed loss. */
double loss_backward(REAL *logits, const unsigned char *targets, int rows,
                     REAL scale);

/* text.c */
struct text {
    unsigned char *bytes;
    size_t count, train_count; /* the rest is for validation */
};
bool text_load(struct text *text, char *const *paths, int path_count);
void text_free(struct text *text);
/* Sequences of step `step`: the same for the same seed, whatever went before.
 */
void text_batch(const struct text *text, bool validation, uint64_t seed,
                uint64_t step, int sequences, int context,
                unsigned char *inputs, unsigned char *targets);
uint64_t random_at(uint64_t seed, uint64_t index);

/* optimizer.c */
enum optimizer_kind { ADAMW, LION };
enum schedule_kind { COSINE, WSD, CONSTANT };
struct optimizer {
    enum optimizer_kind kind;
    REAL *first, *second; /* moments */
    double beta1, beta2, decay;
};
bool optimizer_create(struct optimizer *optimizer, size_t count);
void optimizer_destroy(struct optimizer *optimizer);
void optimizer_step(struct optimizer *optimizer, REAL *parameters,
                    const REAL *gradient, size_t count, double rate,
                    uint64_t step);
/* Euclidean norm; scales the gradient down to `most`. */
double gradient_clip(REAL *gradient, size_t count, double most);
double rate_at(enum schedule_kind kind, double peak, uint64_t step,
               uint64_t warmup, uint64_t steps);

/* checkpoint.c: 0, or -1 with a sentence on standard error */
int checkpoint_save(const char *path, const struct model *model,
                    const struct optimizer *optimizer, uint64_t step);
int checkpoint_load(const char *path, struct model *model,
                    struct optimizer *optimizer, uint64_t *step);

#endif
