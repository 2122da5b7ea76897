/* known_speed.c - a run with a restart and a stall, of docs/metrics.md.
 *
 * GPT-2 of 124 M parameters, sequences of 1,024, on 8 H100: 491,520 tokens a
 * step, 0.3 s a step. The first attempt makes steps 1 to 1,000; 60 s later the
 * second begins at step 901 and makes 2,000, with a step of 120.3 s at 1,500.
 *
 *     productive 899 + 1,099 steps, 599.4 s; redone 100 steps, 30 s; restart
 *     60.3 s; stall 120 s: 809.7 s in all */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_speed.h"

#include "score_run.h"

static void log_steps(struct score_run *r, int64_t from, int64_t to,
                      double start_s, int64_t stall)
{
    double time_s = start_s;
    for (int64_t step = from; step <= to; step++) {
        time_s += step == stall ? 120.3 : 0.3;
        score_run_point(r, "train/loss", step, time_s,
                        2 + 3 * pow((double)step / 1000, -0.5));
    }
}

/* Four ranks of which the third takes 1.2 s where the others take 1 s;
 * gradients with |G|^2 = 1 and a trace of 800, seen with 8 and with 64 samples.
 */
void known_ranks_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct score_run r;
    score_run_begin(&r);
    score_run_config(&r, "noise_batch_small", "8");
    score_run_config(&r, "noise_batch_big", "64");
    for (int step = 1; step <= 400; step++) {
        score_run_point(&r, "train/loss", step, step * 1.2, 3);
        score_run_point(&r, "step_time/rank0", step, step * 1.2, 1);
        score_run_point(&r, "step_time/rank1", step, step * 1.2, 1);
        score_run_point(&r, "step_time/rank2", step, step * 1.2, 1.2);
        score_run_point(&r, "step_time/rank3", step, step * 1.2, 1);
        score_run_point(&r, "grad_norm_sq_small", step, step * 1.2,
                        1 + 800.0 / 8);
        score_run_point(&r, "grad_norm_sq_big", step, step * 1.2,
                        1 + 800.0 / 64);
    }
    (void)score_run_card(&r, NULL, arena, card);
    km_batch_finish(&r.batch);
    km_store_close(r.store);
}

/* 1,000 steps of a second after the first, 0.22 s of each for data; ten saves
 * of 10 s: of 1,100 s 220 and 100. */
void known_waits_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct score_run r;
    double time_s = 0;
    score_run_begin(&r);
    for (int step = 1; step <= 1001; step++) {
        time_s += 1;
        score_run_point(&r, "train/loss", step, time_s, 3);
        score_run_point(&r, "data_time", step, time_s, 0.22);
        if (step % 100 == 0) {
            time_s += 10;
            score_run_point(&r, "checkpoint_time", step, time_s, 10);
        }
    }
    (void)score_run_card(&r, NULL, arena, card);
    km_batch_finish(&r.batch);
    km_store_close(r.store);
}

void known_speed_make(struct km_arena *arena, struct km_scorecard *card)
{
    static const char *const config[][2] = {
        {"n_layer", "12"},
        {"n_head", "12"},
        {"n_embd", "768"},
        {"seq_len", "1024"},
        {"vocab_size", "50304"},
        {"num_parameters", "124000000"},
        {"tie_word_embeddings", "true"},
        {"gradient_checkpointing", "true"},
        {"gpu_name", "\"NVIDIA H100 80GB HBM3\""},
        {"world_size", "8"},
        {"tokens_per_step", "491520"},
    };
    struct score_run r;
    score_run_begin(&r);
    for (size_t i = 0; i < sizeof config / sizeof *config; i++) {
        score_run_config(&r, config[i][0], config[i][1]);
    }
    log_steps(&r, 1, 1000, 0, 0);
    score_run_attempt(&r, 1);
    log_steps(&r, 901, 2000, 360, 1500);
    (void)score_run_card(&r, NULL, arena, card);
    km_batch_finish(&r.batch);
    km_store_close(r.store);
}
