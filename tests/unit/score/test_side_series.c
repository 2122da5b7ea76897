/* test_side_series.c - ranks and gradient noise, from names to figures. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/side_series.h"

#include "score_run.h"
#include "tap.h"

static struct km_arena arena;
static struct km_scorecard card;

static void a_rank_is_found_in_label_or_name(void)
{
    static const struct {
        const char *metric, *labels;
        long rank;
        const char *base;
    } rows[] = {
        {"step_time", "rank=3", 3, "step_time"},
        {"step_time", "host=a,rank=12,x=1", 12, "step_time"},
        {"step_time", "frank=3", -1, NULL},
        {"step_time", "rank=3x", -1, NULL},
        {"step_time", "rank=", -1, NULL},
        {"step_time/rank3", "", 3, "step_time"},
        {"rank_3/step_time", "", 3, "step_time"},
        {"perf/rank-7/step_time", "", 7, "perf/step_time"},
        {"step_time.rank0", "", 0, "step_time"},
        {"step_time/crank3", "", -1, NULL},
        {"step_time/rank", "", -1, NULL},
        {"step_time/rank3b", "", -1, NULL},
        {"rank", "", -1, NULL},
        {"step_time/rank99999999999999999999", "", -1, NULL},
        {"", "", -1, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char base[64] = "";
        long rank = km_rank_of(km_str_of(rows[i].metric),
                               km_str_of(rows[i].labels), base, sizeof base);
        bool same = rank == rows[i].rank &&
                    (rank < 0 || strcmp(base, rows[i].base) == 0);
        CHECK(same);
        if (!same) {
            printf("# %s %s: %ld %s\n", rows[i].metric, rows[i].labels, rank,
                   base);
        }
    }
}

struct fleet {
    int ranks, steps;
    int slow_rank; /* -1: none */
    double slow;
    int missing_to; /* the last rank logs nothing up to this step */
};

/* Each rank logs under its label, in an order of its own. */
static const struct km_figure_result *fleet_card(const struct fleet *fleet,
                                                 struct score_run *r)
{
    score_run_begin(r);
    for (int step = 1; step <= fleet->steps; step++) {
        score_run_point(r, "train/loss", step, step, 3);
    }
    for (int k = fleet->ranks - 1; k >= 0; k--) {
        char label[32];
        uint64_t state = 77 + (uint64_t)k;
        (void)snprintf(label, sizeof label, "rank=%d", k);
        uint32_t series =
            km_batch_series(&r->batch, r->run, r->attempt,
                            KM_STR("perf/step_time"), km_str_of(label));
        for (int step = 1; step <= fleet->steps; step++) {
            double seconds = 1 + 0.03 * score_run_noise(&state);
            seconds *= k == fleet->slow_rank ? fleet->slow : 1;
            if (k < fleet->ranks - 1 || step > fleet->missing_to) {
                km_batch_point(
                    &r->batch, series,
                    (struct km_point){step, KM_TIME_ABSENT, seconds});
            }
        }
    }
    CHECK_INT(score_run_card(r, NULL, &arena, &card), KM_OK);
    return score_run_find(&card, "speed.straggler", "slowest rank");
}

static void the_slow_rank_is_named_and_nobody_else(void)
{
    static const struct {
        struct fleet fleet;
        double value;
        const char *reason;
        int from; /* first step that is looked at */
    } rows[] = {
        {{8, 500, 5, 1.2, 0}, 0.2, "a straggler: rank 5", 1},
        {{8, 500, -1, 1, 0}, 0.0, "none stands out", 1},
        {{8, 500, 5, 1.2, 300}, 0.2, "a straggler: rank 5", 301},
        {{2, 6000, 1, 1.3, 0}, 0.3, "a straggler: rank 1", 1905},
        {{8, 500, 5, 1.2, 490}, NAN, "fewer than 20 steps", 0},
        {{1, 500, 0, 1.2, 0}, NAN, "no step times of two ranks", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct score_run r;
        const struct km_figure_result *f = fleet_card(&rows[i].fleet, &r);
        CHECK(f && strstr(f->reason, rows[i].reason));
        printf("# %zu: %g %s\n", i, f ? f->value : 0.0, f ? f->reason : "");
        if (f && !isnan(rows[i].value)) {
            CHECK_NEAR(f->value, rows[i].value, 0.02);
            CHECK_NEAR(f->window_from, rows[i].from, 1);
        } else {
            CHECK(f && isnan(f->value));
        }
        score_run_end(&r, &arena);
    }
}

/* Norms whose expectation is that of |G|^2 = 2 and a trace of 640. */
static const struct km_figure_result *noise_card(int steps, bool sizes,
                                                 struct score_run *r)
{
    uint64_t state = 5;
    score_run_begin(r);
    if (sizes) {
        score_run_config(r, "noise_batch_small", "4");
        score_run_config(r, "noise_batch_big", "32");
    }
    for (int step = 1; step <= steps; step++) {
        double small =
            sqrt(2 + 640.0 / 4) * (1 + 0.1 * score_run_noise(&state));
        double big = sqrt(2 + 640.0 / 32) * (1 + 0.1 * score_run_noise(&state));
        score_run_point(r, "train/loss", step, step, 3);
        score_run_point(r, "grads/grad_norm_small", step, step, small);
        if (step % 2 == 0) {
            score_run_point(r, "grads/grad_norm_big", step, step, big);
        }
    }
    CHECK_INT(score_run_card(r, NULL, &arena, &card), KM_OK);
    return score_run_find(&card, "speed.noise_scale", "");
}

static void the_noise_scale_has_an_interval_that_holds_the_truth(void)
{
    struct score_run r;
    const struct km_figure_result *f = noise_card(4000, true, &r);
    CHECK(f && f->lo < 320 && 320 < f->hi && f->state == KM_FIGURE_OK);
    CHECK(f && f->n == 2000); /* at the steps that both have */
    f = score_run_find(&card, "speed.noise_scale", "over the batch");
    CHECK(f && strstr(f->reason, "larger batch would lose few"));
    CHECK(f && f->value > 5 && f->value < 20);
    score_run_end(&r, &arena);

    f = noise_card(100, true, &r);
    CHECK(f && isnan(f->value) && strstr(f->reason, "50 steps with both"));
    score_run_end(&r, &arena);

    f = noise_card(4000, false, &r);
    CHECK(f && isnan(f->value) && strstr(f->reason, "sizes of the two"));
    score_run_end(&r, &arena);
}

static void a_scale_as_logged_is_shown_as_logged(void)
{
    struct score_run r;
    score_run_begin(&r);
    for (int step = 1; step <= 1000; step++) {
        score_run_point(&r, "train/loss", step, step, 3);
        score_run_point(&r, "train/noise_scale", step, step,
                        step > 800 ? 500 : 100);
    }
    CHECK_INT(score_run_card(&r, NULL, &arena, &card), KM_OK);
    const struct km_figure_result *f =
        score_run_find(&card, "speed.noise_scale", "");
    CHECK(f && f->state == KM_FIGURE_WEAK);
    CHECK_NEAR(f ? f->value : 0, 500, 1e-12);
    f = score_run_find(&card, "speed.noise_scale", "over the batch");
    CHECK(f && isnan(f->value) && strstr(f->reason, "samples per step"));
    score_run_end(&r, &arena);
}

int main(void)
{
    RUN(a_rank_is_found_in_label_or_name);
    RUN(the_slow_rank_is_named_and_nobody_else);
    RUN(the_noise_scale_has_an_interval_that_holds_the_truth);
    RUN(a_scale_as_logged_is_shown_as_logged);
    return tap_end();
}
