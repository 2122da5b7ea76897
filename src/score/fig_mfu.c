/* fig_mfu.c - speed.mfu and speed.hfu: of what the devices could compute. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "score/card.h"
#include "score/model_config.h"
#include "score/speed.h"

/* What a utilisation is made of. */
struct work {
    double tokens_per_second;
    double products, attention, flop; /* of a token */
    double devices, peak;
    bool exact;
    const char *missing; /* NULL: nothing */
};

static struct work find_work(const struct km_score_input *input)
{
    const struct km_model_facts *facts = input->model;
    const struct km_rate *tokens = &input->axes.rate[KM_AXIS_TOKEN];
    const struct km_score_options *options = input->options;
    struct work w = {.missing = NULL};
    w.devices = options->accelerators > 0 ? options->accelerators
                                          : input->facts.accelerators;
    w.peak = facts->peak_flops;
    w.products = km_model_products(&facts->model, &w.exact);
    w.attention = km_model_attention_flop(&facts->model);
    w.flop = 6 * w.products + (isnan(w.attention) ? 0 : w.attention);
    if (!input->timed) {
        w.missing = "no times, step times or training time";
    } else if (!tokens->known) {
        w.missing = tokens->source;
    } else if (isnan(w.products)) {
        w.missing = "neither parameters nor the model's shape in the config: "
                    "num_parameters, or n_layer, n_embd, vocab_size";
    } else if (isnan(w.peak)) {
        w.missing = facts->peak_source;
    } else if (!(w.devices > 0)) {
        w.missing = "number of devices not known: world_size in the config, or "
                    "--accelerators";
    } else {
        w.tokens_per_second =
            tokens->per_step / input->throughput.seconds_per_step;
    }
    return w;
}

static enum km_code add(const struct km_score_input *input, const char *id,
                        const struct work *w, double flop,
                        struct km_scorecard *card, struct km_err *err)
{
    struct km_arena *arena = card->arena;
    struct km_figure_result result = km_result_new(id, "", "1");
    struct km_evidence evidence = {0};
    result.value = w->tokens_per_second * flop / (w->devices * w->peak);
    km_speed_interval(&input->throughput, card->level, &result);
    result.method = "FLOP of the tokens over the peak of the devices";
    result.window_from = input->throughput_from;
    result.window_to = input->throughput_to;
    result.n = input->throughput.count;
    if (input->timeline.estimated) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "rests on estimated times";
    } else if (isnan(w->attention)) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "without attention: layers, heads or sequence length "
                        "not in the config";
    } else if (!w->exact) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "parameters counted from the shape, without biases";
    }
    if (result.value > 1) {
        result.state = KM_FIGURE_WEAK;
        result.reason = "above 1: devices, peak or tokens per step are wrong";
    }
    km_evidence_add(
        &evidence,
        km_arena_printf(arena,
                        "%.4g GFLOP a token: 6 x %.4g M parameters "
                        "in products, %.3g in attention",
                        flop / 1e9, w->products / 1e6,
                        isnan(w->attention) ? 0 : w->attention / 1e9));
    km_evidence_add(&evidence,
                    km_arena_printf(arena,
                                    "%.4g tok/s on %g device%s of %.4g "
                                    "TFLOP/s: %s",
                                    w->tokens_per_second, w->devices,
                                    w->devices > 1 ? "s" : "", w->peak / 1e12,
                                    input->model->peak_source));
    return km_card_add(card, result, &evidence, err);
}

KM_FIGURE_COMPUTE(km_compute_mfu)
{
    struct work w = find_work(input);
    return w.missing
               ? km_card_add_absent(card, "speed.mfu", "", "1",
                                    KM_FIGURE_NOT_APPLICABLE, w.missing, err)
               : add(input, "speed.mfu", &w, w.flop, card, err);
}

KM_FIGURE_COMPUTE(km_compute_hfu)
{
    struct work w = find_work(input);
    double flop = km_model_hardware_flop(&input->model->model, w.products);
    if (!w.missing && isnan(flop)) {
        w.missing = "not known whether activations are recomputed: "
                    "gradient_checkpointing in the config";
    }
    return w.missing
               ? km_card_add_absent(card, "speed.hfu", "", "1",
                                    KM_FIGURE_NOT_APPLICABLE, w.missing, err)
               : add(input, "speed.hfu", &w, flop, card, err);
}
