/* model.c - the transformer: its parameters, forward and backward. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tinylm.h"

static size_t take(size_t *count, size_t size)
{
    size_t at = *count;
    *count += size;
    return at;
}

static void lay_out(struct layout *layout, const struct shape *shape)
{
    const size_t dim = (size_t)shape->dim;
    size_t count = 0;
    layout->tokens = take(&count, VOCAB * dim);
    layout->places = take(&count, (size_t)shape->context * dim);
    for (int i = 0; i < shape->layers; i++) {
        layout->layer[i].gain1 = take(&count, dim);
        layout->layer[i].qkv = take(&count, 3 * dim * dim);
        layout->layer[i].out = take(&count, dim * dim);
        layout->layer[i].gain2 = take(&count, dim);
        layout->layer[i].up = take(&count, 4 * dim * dim);
        layout->layer[i].down = take(&count, 4 * dim * dim);
    }
    layout->last_gain = take(&count, dim);
    layout->head = take(&count, dim * VOCAB);
    layout->count = count;
}

/* Normal numbers by Box and Muller. */
static void fill_normal(REAL *out, size_t count, double deviation,
                        uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        double a = ((double)(random_at(seed, 2 * i) >> 11) + 1) * 0x1p-53;
        double b = (double)(random_at(seed, 2 * i + 1) >> 11) * 0x1p-53;
        out[i] =
            (REAL)(deviation * sqrt(-2 * log(a)) * cos(6.283185307179586 * b));
    }
}

static void fill_one(REAL *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = 1;
    }
}

static void start_parameters(struct model *model, uint64_t seed)
{
    const struct layout *at = &model->layout;
    const size_t dim = (size_t)model->shape.dim;
    const double wide = 0.4 / sqrt((double)dim);
    const double into_stream = wide / sqrt(2.0 * model->shape.layers);
    REAL *p = model->parameters;
    fill_normal(p, at->count, wide, seed);
    fill_normal(p + at->tokens, VOCAB * dim, 0.1, seed + 1);
    fill_normal(p + at->places, (size_t)model->shape.context * dim, 0.02,
                seed + 2);
    for (int i = 0; i < model->shape.layers; i++) {
        uint64_t own = seed + 10 + 2 * (uint64_t)i;
        fill_one(p + at->layer[i].gain1, dim);
        fill_one(p + at->layer[i].gain2, dim);
        fill_normal(p + at->layer[i].out, dim * dim, into_stream, own);
        fill_normal(p + at->layer[i].down, 4 * dim * dim, into_stream, own + 1);
    }
    fill_one(p + at->last_gain, dim);
}

/* Hands out pieces of one block; with base NULL it only adds them up. */
static REAL *piece(REAL *base, size_t *at, size_t count)
{
    REAL *out = base ? base + *at : NULL;
    *at += (count + 15) & ~(size_t)15;
    return out;
}

static size_t divide(struct shard *shard, REAL *base, const struct shape *shape,
                     size_t parameters)
{
    const size_t rows = (size_t)shard->sequences * (size_t)shape->context;
    const size_t dim = (size_t)shape->dim, wide = rows * dim;
    size_t at = 0;
    for (int i = 0; i < shape->layers; i++) {
        struct layer_memory *layer = &shard->layer[i];
        layer->in = piece(base, &at, wide);
        layer->norm1 = piece(base, &at, wide);
        layer->scale1 = piece(base, &at, rows);
        layer->qkv = piece(base, &at, 3 * wide);
        layer->weights = piece(
            base, &at, rows * (size_t)shape->heads * (size_t)shape->context);
        layer->mixed = piece(base, &at, wide);
        layer->middle = piece(base, &at, wide);
        layer->norm2 = piece(base, &at, wide);
        layer->scale2 = piece(base, &at, rows);
        layer->wide = piece(base, &at, 4 * wide);
        layer->active = piece(base, &at, 4 * wide);
    }
    shard->last = piece(base, &at, wide);
    shard->norm = piece(base, &at, wide);
    shard->scale = piece(base, &at, rows);
    shard->logits = piece(base, &at, rows * VOCAB);
    shard->d_stream = piece(base, &at, wide);
    shard->d_norm = piece(base, &at, wide);
    shard->d_qkv = piece(base, &at, 3 * wide);
    shard->d_mixed = piece(base, &at, wide);
    shard->d_wide = piece(base, &at, 4 * wide);
    shard->d_weights = piece(base, &at, (size_t)shape->context);
    shard->gradient = piece(base, &at, parameters);
    return at;
}

bool model_create(struct model *model, const struct shape *shape, int sequences,
                  uint64_t seed)
{
    memset(model, 0, sizeof *model);
    model->shape = *shape;
    lay_out(&model->layout, shape);
    model->parameters = calloc(model->layout.count, sizeof(REAL));
    bool whole = model->parameters != NULL;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &model->shard[i];
        shard->sequences = (sequences + i) / SHARDS;
        size_t count = divide(shard, NULL, shape, model->layout.count);
        shard->memory = calloc(count, sizeof(REAL));
        whole = whole && shard->memory;
        if (shard->memory) {
            (void)divide(shard, shard->memory, shape, model->layout.count);
        }
    }
    if (!whole) {
        model_destroy(model);
        return false;
    }
    start_parameters(model, seed);
    return true;
}

void model_destroy(struct model *model)
{
    free(model->parameters);
    for (int i = 0; i < SHARDS; i++) {
        free(model->shard[i].memory);
    }
    memset(model, 0, sizeof *model);
}

static void embed(const struct model *model, REAL *out,
                  const unsigned char *inputs, int rows)
{
    const int dim = model->shape.dim;
    for (int n = 0; n < rows; n++, out += dim) {
        const REAL *token = model->parameters + model->layout.tokens +
                            (size_t)inputs[n] * (size_t)dim;
        const REAL *place = model->parameters + model->layout.places +
                            (size_t)(n % model->shape.context) * (size_t)dim;
        for (int i = 0; i < dim; i++) {
            out[i] = token[i] + place[i];
        }
    }
}

static void embed_backward(const struct model *model, REAL *gradient,
                           const REAL *d_out, const unsigned char *inputs,
                           int rows)
{
    const int dim = model->shape.dim;
    for (int n = 0; n < rows; n++, d_out += dim) {
        REAL *token =
            gradient + model->layout.tokens + (size_t)inputs[n] * (size_t)dim;
        REAL *place = gradient + model->layout.places +
                      (size_t)(n % model->shape.context) * (size_t)dim;
        for (int i = 0; i < dim; i++) {
            token[i] += d_out[i];
            place[i] += d_out[i];
        }
    }
}

static void add(REAL *out, const REAL *a, const REAL *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = a[i] + b[i];
    }
}

/* Layer `index` from layer->in to `out`. */
static void layer_forward(const struct model *model, struct shard *shard,
                          int index, REAL *out)
{
    const struct shape *shape = &model->shape;
    const int dim = shape->dim, context = shape->context;
    const int rows = shard->sequences * context;
    const size_t wide = (size_t)rows * (size_t)dim;
    struct layer_memory *layer = &shard->layer[index];
    const REAL *p = model->parameters;
    norm_forward(layer->norm1, layer->scale1, layer->in,
                 p + model->layout.layer[index].gain1, rows, dim);
    matrix_forward(layer->qkv, layer->norm1, p + model->layout.layer[index].qkv,
                   rows, dim, 3 * dim);
    for (int s = 0; s < shard->sequences; s++) {
        size_t row = (size_t)s * (size_t)context;
        attention_forward(
            layer->mixed + row * (size_t)dim,
            layer->weights + row * (size_t)shape->heads * (size_t)context,
            layer->qkv + row * 3 * (size_t)dim, context, shape->heads, dim);
    }
    matrix_forward(layer->middle, layer->mixed,
                   p + model->layout.layer[index].out, rows, dim, dim);
    add(layer->middle, layer->middle, layer->in, wide);
    norm_forward(layer->norm2, layer->scale2, layer->middle,
                 p + model->layout.layer[index].gain2, rows, dim);
    matrix_forward(layer->wide, layer->norm2, p + model->layout.layer[index].up,
                   rows, dim, 4 * dim);
    for (size_t i = 0; i < 4 * wide; i++) {
        REAL x = layer->wide[i] > 0 ? layer->wide[i] : 0;
        layer->active[i] = x * x;
    }
    matrix_forward(out, layer->active, p + model->layout.layer[index].down,
                   rows, 4 * dim, dim);
    add(out, out, layer->middle, wide);
}

/* Takes shard->d_stream from the layer's output to its input. */
static void layer_backward(const struct model *model, struct shard *shard,
                           int index)
{
    const struct shape *shape = &model->shape;
    const int dim = shape->dim, context = shape->context;
    const int rows = shard->sequences * context;
    const size_t wide = (size_t)rows * (size_t)dim;
    struct layer_memory *layer = &shard->layer[index];
    const REAL *p = model->parameters;
    REAL *g = shard->gradient;
    matrix_backward(shard->d_wide, g + model->layout.layer[index].down,
                    shard->d_stream, layer->active,
                    p + model->layout.layer[index].down, rows, 4 * dim, dim);
    for (size_t i = 0; i < 4 * wide; i++) {
        REAL x = layer->wide[i] > 0 ? layer->wide[i] : 0;
        shard->d_wide[i] *= 2 * x;
    }
    matrix_backward(shard->d_norm, g + model->layout.layer[index].up,
                    shard->d_wide, layer->norm2,
                    p + model->layout.layer[index].up, rows, dim, 4 * dim);
    norm_backward(shard->d_stream, g + model->layout.layer[index].gain2,
                  shard->d_norm, layer->middle, layer->scale2,
                  p + model->layout.layer[index].gain2, rows, dim);
    matrix_backward(shard->d_mixed, g + model->layout.layer[index].out,
                    shard->d_stream, layer->mixed,
                    p + model->layout.layer[index].out, rows, dim, dim);
    memset(shard->d_qkv, 0, 3 * wide * sizeof(REAL));
    for (int s = 0; s < shard->sequences; s++) {
        size_t row = (size_t)s * (size_t)context;
        attention_backward(
            shard->d_qkv + row * 3 * (size_t)dim, shard->d_weights,
            shard->d_mixed + row * (size_t)dim,
            layer->weights + row * (size_t)shape->heads * (size_t)context,
            layer->qkv + row * 3 * (size_t)dim, context, shape->heads, dim);
    }
    matrix_backward(shard->d_norm, g + model->layout.layer[index].qkv,
                    shard->d_qkv, layer->norm1,
                    p + model->layout.layer[index].qkv, rows, dim, 3 * dim);
    norm_backward(shard->d_stream, g + model->layout.layer[index].gain1,
                  shard->d_norm, layer->in, layer->scale1,
                  p + model->layout.layer[index].gain1, rows, dim);
}

void model_run(const struct model *model, struct shard *shard,
               const unsigned char *inputs, const unsigned char *targets,
               REAL scale)
{
    const struct shape *shape = &model->shape;
    const int dim = shape->dim, rows = shard->sequences * shape->context;
    const REAL *p = model->parameters;
    embed(model, shape->layers ? shard->layer[0].in : shard->last, inputs,
          rows);
    for (int i = 0; i < shape->layers; i++) {
        bool last = i + 1 == shape->layers;
        layer_forward(model, shard, i,
                      last ? shard->last : shard->layer[i + 1].in);
    }
    norm_forward(shard->norm, shard->scale, shard->last,
                 p + model->layout.last_gain, rows, dim);
    matrix_forward(shard->logits, shard->norm, p + model->layout.head, rows,
                   dim, VOCAB);
    shard->loss = loss_backward(shard->logits, targets, rows, scale);
    if (!(scale > 0)) {
        return;
    }
    matrix_backward(shard->d_norm, shard->gradient + model->layout.head,
                    shard->logits, shard->norm, p + model->layout.head, rows,
                    dim, VOCAB);
    memset(shard->d_stream, 0, (size_t)rows * (size_t)dim * sizeof(REAL));
    norm_backward(shard->d_stream, shard->gradient + model->layout.last_gain,
                  shard->d_norm, shard->last, shard->scale,
                  p + model->layout.last_gain, rows, dim);
    for (int i = shape->layers - 1; i >= 0; i--) {
        layer_backward(model, shard, i);
    }
    embed_backward(model, shard->gradient, shard->d_stream, inputs, rows);
}
