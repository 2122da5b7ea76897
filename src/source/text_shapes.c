/* text_shapes.c - the table of line shapes: one row per logger. The first row
 * that fits and gives at least one value wins. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/text_shape.h"

const struct km_text_shape km_text_shapes[] = {
    /* validate step: 10  loss:  3.2114  memory: 10.05GiB(12.6%) */
    {.name = "torchtitan validation",
     .anchor = "validate step:",
     .needs = "loss:",
     .prefix = "validate/",
     .pairs = KM_TEXT_WORDS},
    /* step: 10  loss:  8.1  memory: 0.5GiB(0.6%)  tps: 1,234  mfu: 3.1% */
    {.name = "torchtitan",
     .anchor = "step: ",
     .needs = "loss:",
     .pairs = KM_TEXT_WORDS},
    /* step:125/5100 val_loss:3.28 train_time:870349ms step_avg:178.90ms */
    {.name = "modded-nanogpt",
     .anchor = "step:",
     .pairs = KM_TEXT_WORDS,
     .flags = KM_TEXT_AT_START | KM_TEXT_TIGHT},
    /* final_int8_zlib_roundtrip_exact val_loss:2.0726 val_bpb:1.2243 */
    {.name = "final values",
     .anchor = "final_",
     .pairs = KM_TEXT_WORDS,
     .flags = KM_TEXT_AT_START | KM_TEXT_SUMMARY},
    /* s:250 trl:6.01 lr:0.0006 norm:0.42 */
    {.name = "llm.c",
     .anchor = "s:",
     .pairs = KM_TEXT_WORDS,
     .flags = KM_TEXT_AT_START | KM_TEXT_TIGHT | KM_TEXT_NAMED_ONLY,
     .names = {{"tel", "val_loss"},
               {"trl", "train_loss"},
               {"eval", "eval"},
               {"lr", "lr"},
               {"norm", "norm"}}},
    /* iter 10: loss 9.8, time 120.31ms, mfu 3.20% */
    {.name = "nanoGPT",
     .anchor = "iter ",
     .after = ":",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_AT_START,
     .names = {{"time", "iter_time_ms"}, {"val time", "val_time_ms"}}},
    /* step 250: train loss 2.1, val loss 2.2 */
    {.name = "nanoGPT evaluation",
     .anchor = "step ",
     .after = ":",
     .needs = "loss",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_AT_START},
    /* Epoch 1 | iter 8 step 2 | loss train: 9.1, val: n/a | iter time: ... */
    {.name = "litgpt",
     .anchor = "step ",
     .after = "|",
     .needs = "Epoch ",
     .pairs = KM_TEXT_LIST,
     .names = {{"loss train", "train_loss"},
               {"val", "val_loss"},
               {"iter time", "iter_time_ms"}}},
    /* step    0 | loss: 10.9 | lr 1e-4 | norm: 1.2 | dt: 338.9ms */
    {.name = "step and bars",
     .anchor = "step ",
     .after = "|",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_AT_START},
    /* validation loss at iteration 100 on test set | lm loss value: 9.0 | */
    {.name = "Megatron test",
     .anchor = "loss at iteration ",
     .needs = "test set",
     .prefix = "test/",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_TO_BAR,
     .names = {{"lm loss value", "lm_loss"}, {"lm loss PPL", "lm_loss_PPL"}}},
    {.name = "Megatron validation",
     .anchor = "loss at iteration ",
     .needs = "|",
     .prefix = "validation/",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_TO_BAR,
     .names = {{"lm loss value", "lm_loss"}, {"lm loss PPL", "lm_loss_PPL"}}},
    /* [...] iteration  10/ 100 | consumed samples: 160 | lm loss: 9.1E+00 | */
    {.name = "Megatron",
     .anchor = "iteration ",
     .after = "|",
     .pairs = KM_TEXT_LIST},
    /* epoch=0/micro_step=10/global_step=10, RunningAvgSamplesPerSec=1.2, ... */
    {.name = "DeepSpeed timer",
     .anchor = "global_step=",
     .after = ",",
     .pairs = KM_TEXT_LIST},
    /* [Rank 0] step=10, skipped=0, lr=[0.001], mom=[(0.9, 0.999)] */
    {.name = "DeepSpeed",
     .anchor = "step=",
     .after = ",",
     .needs = "skipped=",
     .pairs = KM_TEXT_LIST},
    /* [step=10/1000,epoch=1,eta=1:02:03], then "    train/CE loss=10.9" */
    {.name = "OLMo-core",
     .anchor = "[step=",
     .pairs = KM_TEXT_LIST,
     .flags = KM_TEXT_BLOCK},
    /* Step 12 | loss:1.81 lr:2e-05 tokens_per_second_per_gpu:1050.3 */
    {.name = "torchtune",
     .anchor = "Step ",
     .after = "|",
     .pairs = KM_TEXT_WORDS},
    /* Step    10: Loss=0.0123, Best Loss=0.0120, Grad Norm=1.7e-01 */
    {.name = "step and values",
     .anchor = "Step ",
     .after = ":",
     .needs = "=",
     .pairs = KM_TEXT_LIST},
};

const size_t km_text_shape_count =
    sizeof km_text_shapes / sizeof km_text_shapes[0];
