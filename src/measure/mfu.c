/* mfu.c - counting products of matrices. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/mfu.h"

#include <math.h>

static double either(double value, double otherwise)
{
    return value > 0 ? value : otherwise;
}

void km_model_complete(struct km_model *model)
{
    model->head_size = either(model->head_size, model->width / model->heads);
    model->value_size = either(model->value_size, model->head_size);
    model->kv_heads = either(model->kv_heads, model->heads);
}

/* Parameters of the feed-forward part of a layer that a token passes. */
static double feed_forward(const struct km_model *model)
{
    double matrices = model->gated ? 3 : 2;
    double wide = either(model->feed_forward, 4 * model->width);
    if (!(model->experts > 1)) {
        return matrices * model->width * wide;
    }
    double used = either(model->experts_per_token, NAN) +
                  either(model->shared_experts, 0);
    double router = model->width * model->experts;
    return used * matrices * model->width * either(model->expert_width, wide) +
           router;
}

static double from_shape(const struct km_model *model)
{
    double queries = model->width * model->heads * model->head_size;
    double keys = model->width * model->kv_heads * model->head_size;
    double values = model->width * model->kv_heads * model->value_size;
    double out = model->heads * model->value_size * model->width;
    return model->layers *
               (queries + keys + values + out + feed_forward(model)) +
           model->vocabulary * model->width;
}

double km_model_products(const struct km_model *model, bool *exact)
{
    bool mixture = model->experts > 1;
    double stated = model->active_parameters > 0 ? model->active_parameters
                    : mixture                    ? (double)NAN
                                                 : model->parameters;
    *exact = stated > 0;
    if (!*exact) {
        return from_shape(model);
    }
    double lookups = model->embedding_parameters;
    if (!(lookups > 0)) {
        lookups = model->tied_known && !model->tied
                      ? model->vocabulary * model->width
                      : 0;
    }
    return lookups > 0 && lookups < stated ? stated - lookups : stated;
}

double km_model_attention_flop(const struct km_model *model)
{
    return 6 * model->layers * model->heads *
           (model->head_size + model->value_size) * model->sequence;
}

double km_model_hardware_flop(const struct km_model *model, double products)
{
    double attention = km_model_attention_flop(model);
    double read_out = either(model->vocabulary * model->width, 0);
    double once = 6 * products + either(attention, 0);
    switch (model->recompute) {
    case KM_RECOMPUTE_NONE:
        return once;
    case KM_RECOMPUTE_ATTENTION:
        return once + attention / 3;
    case KM_RECOMPUTE_FULL: /* the output layer lies outside the layers */
        return once + 2 * (products - read_out) + either(attention, 0) / 3;
    case KM_RECOMPUTE_UNKNOWN:
        break;
    }
    return NAN;
}
