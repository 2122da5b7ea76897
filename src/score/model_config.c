/* model_config.c - keys of model configs, and peaks by the device's name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/model_config.h"

#include <math.h>
#include <string.h>

#include "measure/device.h"
#include "score/config_keys.h"

enum slot {
    LAYERS,
    HEADS,
    KV_HEADS,
    HEAD_SIZE,
    VALUE_SIZE,
    WIDTH,
    FEED_FORWARD,
    VOCABULARY,
    ACTIVE,
    EMBEDDING,
    EXPERTS,
    EXPERTS_PER_TOKEN,
    EXPERT_WIDTH,
    SHARED_EXPERTS,
    GATED,
    ACTIVATION,
    TIED,
    UNTIED,
    CHECKPOINTING,
    RECOMPUTE,
    PEAK,
    PEAK_TERA,
    SLOTS,
};

static const struct km_config_key keys[] = {
    {"n_layer", LAYERS, KM_CONFIG_POSITIVE},
    {"n_layers", LAYERS, KM_CONFIG_POSITIVE},
    {"num_layers", LAYERS, KM_CONFIG_POSITIVE},
    {"num_hidden_layers", LAYERS, KM_CONFIG_POSITIVE},
    {"layers", LAYERS, KM_CONFIG_POSITIVE}, /* km_run_model() */
    {"n_head", HEADS, KM_CONFIG_POSITIVE},
    {"n_heads", HEADS, KM_CONFIG_POSITIVE},
    {"num_heads", HEADS, KM_CONFIG_POSITIVE},
    {"num_attention_heads", HEADS, KM_CONFIG_POSITIVE},
    {"heads", HEADS, KM_CONFIG_POSITIVE},
    {"n_kv_heads", KV_HEADS, KM_CONFIG_POSITIVE},
    {"num_key_value_heads", KV_HEADS, KM_CONFIG_POSITIVE},
    {"num_query_groups", KV_HEADS, KM_CONFIG_POSITIVE},
    {"head_dim", HEAD_SIZE, KM_CONFIG_POSITIVE},
    {"kv_channels", HEAD_SIZE, KM_CONFIG_POSITIVE},
    {"v_head_dim", VALUE_SIZE, KM_CONFIG_POSITIVE},
    {"n_embd", WIDTH, KM_CONFIG_POSITIVE},
    {"hidden_size", WIDTH, KM_CONFIG_POSITIVE},
    {"d_model", WIDTH, KM_CONFIG_POSITIVE},
    {"ffn_hidden_size", FEED_FORWARD, KM_CONFIG_POSITIVE},
    {"intermediate_size", FEED_FORWARD, KM_CONFIG_POSITIVE},
    {"d_ff", FEED_FORWARD, KM_CONFIG_POSITIVE},
    {"vocab_size", VOCABULARY, KM_CONFIG_POSITIVE},
    {"padded_vocab_size", VOCABULARY, KM_CONFIG_POSITIVE},
    {"active_params", ACTIVE, KM_CONFIG_POSITIVE},
    {"num_active_params", ACTIVE, KM_CONFIG_POSITIVE},
    {"embedding_params", EMBEDDING, KM_CONFIG_POSITIVE},
    {"num_experts", EXPERTS, KM_CONFIG_POSITIVE},
    {"num_local_experts", EXPERTS, KM_CONFIG_POSITIVE},
    {"num_experts_per_tok", EXPERTS_PER_TOKEN, KM_CONFIG_POSITIVE},
    {"moe_top_k", EXPERTS_PER_TOKEN, KM_CONFIG_POSITIVE},
    {"moe_router_topk", EXPERTS_PER_TOKEN, KM_CONFIG_POSITIVE},
    {"moe_intermediate_size", EXPERT_WIDTH, KM_CONFIG_POSITIVE},
    {"moe_ffn_hidden_size", EXPERT_WIDTH, KM_CONFIG_POSITIVE},
    {"n_shared_experts", SHARED_EXPERTS, KM_CONFIG_POSITIVE},
    {"gated_linear_unit", GATED, KM_CONFIG_TEXT},
    {"swiglu", GATED, KM_CONFIG_TEXT},
    {"hidden_act", ACTIVATION, KM_CONFIG_TEXT},
    {"activation", ACTIVATION, KM_CONFIG_TEXT},
    {"tie_word_embeddings", TIED, KM_CONFIG_TEXT},
    {"tie_embeddings", TIED, KM_CONFIG_TEXT},
    {"untie_embeddings_and_output_weights", UNTIED, KM_CONFIG_TEXT},
    {"gradient_checkpointing", CHECKPOINTING, KM_CONFIG_TEXT},
    {"recompute_granularity", RECOMPUTE, KM_CONFIG_TEXT},
    {"peak_flops", PEAK, KM_CONFIG_POSITIVE},
    {"flops_promised", PEAK, KM_CONFIG_POSITIVE},
    {"peak_tflops", PEAK_TERA, KM_CONFIG_POSITIVE},
};

static enum km_recompute recompute_of(const struct km_config_value *of)
{
    const char *granularity = of[RECOMPUTE].text;
    if (granularity && strcmp(granularity, "selective") == 0) {
        return KM_RECOMPUTE_ATTENTION;
    }
    if (granularity && strcmp(granularity, "full") == 0) {
        return KM_RECOMPUTE_FULL;
    }
    return km_config_true(of[CHECKPOINTING].text) ? KM_RECOMPUTE_FULL
           : of[CHECKPOINTING].text               ? KM_RECOMPUTE_NONE
                                                  : KM_RECOMPUTE_UNKNOWN;
}

static bool is_gated(const struct km_config_value *of)
{
    const char *activation = of[ACTIVATION].text;
    return km_config_true(of[GATED].text) ||
           (activation &&
            (km_glob_match(KM_STR("*silu*"), km_str_of(activation)) ||
             km_glob_match(KM_STR("*glu*"), km_str_of(activation))));
}

static void find_peak(const struct km_config_value *of,
                      const struct km_run_facts *facts,
                      const struct km_score_options *options,
                      struct km_arena *arena, struct km_model_facts *out)
{
    const struct km_device *device = km_device_find(facts->device);
    out->peak_flops = NAN;
    out->peak_source = facts->device
                           ? km_arena_printf(arena,
                                             "no peak known of the device %s: "
                                             "--peak-tflops",
                                             facts->device)
                           : "device not known: gpu_name in the config, or "
                             "--peak-tflops";
    if (options->peak_flops > 0) {
        out->peak_flops = options->peak_flops;
        out->peak_source = "--peak-tflops";
    } else if (of[PEAK].number > 0 || of[PEAK_TERA].number > 0) {
        bool whole = of[PEAK].number > 0;
        out->peak_flops = whole ? of[PEAK].number : 1e12 * of[PEAK_TERA].number;
        out->peak_source = km_arena_printf(
            arena, "config: %s", whole ? of[PEAK].key : of[PEAK_TERA].key);
    } else if (device) {
        out->peak_flops = device->peak_flops;
        out->peak_source =
            km_arena_printf(arena, "dense BF16 peak of %s", device->name);
    }
}

enum km_code km_model_facts_load(struct km_store *store, uint64_t run_id,
                                 const struct km_run_facts *facts,
                                 const struct km_score_options *options,
                                 struct km_arena *arena,
                                 struct km_model_facts *out, struct km_err *err)
{
    enum { KEYS = sizeof keys / sizeof *keys };
    struct km_config_value of[SLOTS];
    enum km_code code =
        km_config_values(store, run_id, keys, KEYS, arena, of, SLOTS, err);
    if (code) {
        return code;
    }
    out->model = (struct km_model){
        .layers = of[LAYERS].number,
        .heads = of[HEADS].number,
        .kv_heads = of[KV_HEADS].number,
        .head_size = of[HEAD_SIZE].number,
        .value_size = of[VALUE_SIZE].number,
        .width = of[WIDTH].number,
        .feed_forward = of[FEED_FORWARD].number,
        .vocabulary = of[VOCABULARY].number,
        .sequence = facts->sequence_length,
        .parameters = facts->parameters,
        .active_parameters = of[ACTIVE].number,
        .embedding_parameters = of[EMBEDDING].number,
        .experts = of[EXPERTS].number,
        .experts_per_token = of[EXPERTS_PER_TOKEN].number,
        .expert_width = of[EXPERT_WIDTH].number,
        .shared_experts = of[SHARED_EXPERTS].number,
        .gated = is_gated(of),
        .tied = km_config_true(of[TIED].text) ||
                (of[UNTIED].text && !km_config_true(of[UNTIED].text)),
        .tied_known = of[TIED].text || of[UNTIED].text,
        .recompute = recompute_of(of),
    };
    km_model_complete(&out->model);
    find_peak(of, facts, options, arena, out);
    return KM_OK;
}
