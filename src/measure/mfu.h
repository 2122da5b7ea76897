/* mfu.h - floating point operations of a transformer's token.
 *
 *     F = 6 (N - N_emb) + 6 L H (d_qk + d_v) T
 *
 * forward and backward: two operations a multiply-add, three passes. PaLM
 * (Chowdhery et al. 2022, arXiv:2204.02311, appendix B) writes the second term
 * 12 L H Q T with d_qk = d_v = Q. No discount for causal masks; recomputed
 * activations do not count (MLPerf's utilisation says the same). N_emb are
 * parameters that are only looked up: not those of an embedding that is the
 * output layer too. Of a mixture of experts, N are the parameters a token
 * passes.
 * Threads: any.   Document: docs/metrics.md#speed.mfu */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_MFU_H
#define KM_MEASURE_MFU_H

#include <stdbool.h>

enum km_recompute {
    KM_RECOMPUTE_UNKNOWN,
    KM_RECOMPUTE_NONE,
    KM_RECOMPUTE_ATTENTION, /* "selective" */
    KM_RECOMPUTE_FULL,      /* every layer's forward pass once more */
};

/* NaN: not known. */
struct km_model {
    double layers, heads, kv_heads, head_size, value_size, width;
    double feed_forward, vocabulary, sequence;
    double parameters;        /* all of them */
    double active_parameters; /* that a token passes */
    double embedding_parameters;
    double experts, experts_per_token, expert_width, shared_experts;
    bool gated; /* three matrices in the feed-forward part, not two */
    bool tied;  /* input embedding = output layer */
    bool tied_known;
    enum km_recompute recompute;
};

/* Fills in what follows from the rest: head_size = width / heads, value_size =
 * head_size, kv_heads = heads. */
void km_model_complete(struct km_model *model);

/* Parameters that take part in a token's products (N - N_emb), of a completed
 * model: stated, less lookups; else from the shape without biases and norms.
 * `*exact` says whether the number was stated. NaN: neither is known. */
double km_model_products(const struct km_model *model, bool *exact);

/* 6 L H (d_qk + d_v) T; NaN: not known. */
double km_model_attention_flop(const struct km_model *model);

/* Operations the device does for a token's F: recomputed ones too. `products`
 * as above. NaN: recomputation not known. */
double km_model_hardware_flop(const struct km_model *model, double products);

#endif
