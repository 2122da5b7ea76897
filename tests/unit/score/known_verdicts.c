/* known_verdicts.c - the worked examples of verdicts, all of them made of
 *
 *     f(x) = 2 + (x/1000 + 0.1)^-0.5, noise of 0.02, half a second a step
 *
 * faults  + 1 at steps 1501 to 1520, 600 s without a step after 2000, NaN from
 *         2501 to 2503
 * turned  back to f(1) within 200 steps after 1000
 * epochs  of 400 steps; training falls by 0.2 at the start of each from the
 *         third on; validation is best at step 800 and rises by 0.3 for each
 *         unit of ln step since
 * flat    f(1000) from 1000 on
 * short   1500 planned steps at a constant rate */
/* SPDX-License-Identifier: Apache-2.0 */
#include "known_verdicts.h"

#include "score_run.h"

enum { EPOCH = 400, TURN = 1000 };

struct making {
    struct score_run run;
    uint64_t noise;
};

static double learnt(double x)
{
    return 2 + pow(x / 1000 + 0.1, -0.5);
}

static void begin(struct making *m)
{
    score_run_begin(&m->run);
    m->noise = 11;
}

static void put(struct making *m, const char *metric, int64_t step,
                double seconds, double value)
{
    score_run_point(&m->run, metric, step, seconds,
                    value + 0.02 * score_run_noise(&m->noise));
}

static void finish(struct making *m, struct km_arena *arena,
                   struct km_scorecard *card)
{
    (void)score_run_card(&m->run, NULL, arena, card);
    km_batch_finish(&m->run.batch);
    km_store_close(m->run.store);
}

void known_faults_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct making m;
    begin(&m);
    for (int64_t step = 1; step <= 3000; step++) {
        double seconds = 0.5 * (double)step + (step > 2000 ? 600 : 0);
        double spike = step > 1500 && step <= 1520 ? 1 : 0;
        bool lost = step > 2500 && step <= 2503;
        put(&m, "train/loss", step, seconds,
            lost ? (double)NAN : learnt((double)step) + spike);
    }
    finish(&m, arena, card);
}

void known_turned_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct making m;
    begin(&m);
    for (int64_t step = 1; step <= 3000; step++) {
        double x = (double)step, back = fmin(fmax((x - TURN) / 200, 0), 1);
        put(&m, "train/loss", step, NAN,
            learnt(x) + back * (learnt(1) - learnt(x)));
    }
    finish(&m, arena, card);
}

void known_epochs_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct making m;
    begin(&m);
    for (int64_t step = 1; step <= 10 * EPOCH; step++) {
        double x = (double)step;
        int64_t epoch = (step - 1) / EPOCH;
        double fallen = 0.2 * (double)(epoch > 1 ? epoch - 1 : 0);
        put(&m, "train/loss", step, NAN, learnt(x) - fallen);
        score_run_point(&m.run, "epoch", step, NAN, (x - 1) / EPOCH);
        if (step % 100 == 0) {
            double best = 2 * EPOCH, worse = 0.3 * log(fmax(x, best) / best);
            score_run_point(&m.run, "val/loss", step, NAN,
                            learnt(fmin(x, best)) + 0.05 + worse);
        }
    }
    finish(&m, arena, card);
}

void known_flat_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct making m;
    begin(&m);
    for (int64_t step = 1; step <= 4000; step++) {
        put(&m, "train/loss", step, NAN, learnt(fmin((double)step, TURN)));
    }
    finish(&m, arena, card);
}

void known_short_make(struct km_arena *arena, struct km_scorecard *card)
{
    struct making m;
    begin(&m);
    score_run_config(&m.run, "max_steps", "1500");
    score_run_config(&m.run, "lr_scheduler_type", "\"constant\"");
    for (int64_t step = 1; step <= 1500; step++) {
        put(&m, "train/loss", step, NAN, learnt((double)step));
        if (step % 100 == 0) {
            score_run_point(&m.run, "val/loss", step, NAN,
                            learnt((double)step) + 0.01);
        }
    }
    finish(&m, arena, card);
}
