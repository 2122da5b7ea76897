/* demo_card.h - an invented scorecard with everything a face can show.
 *
 * A power law with noise, its fit, a forecast with a band, an earlier attempt,
 * marks, and a result in every state. Names are hostile when asked for. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TESTS_REPORT_DEMO_CARD_H
#define KM_TESTS_REPORT_DEMO_CARD_H

#include <math.h>

#include "score/figure.h"

#define HOSTILE "<img src=x onerror=alert(1)>\033[31m\n\xe2\x80\xae|`=1+1"

static const struct km_figure demo_figures[] = {
    {"learn.velocity", "Learning velocity", "nat/Mtok", KM_BETTER_HIGHER,
     "a loss", "How much loss a unit of resource takes away now.",
     "v = -dL/dx of the fitted curve", "Kaplan et al. 2020", KM_SCOPE_RUN, 0, NULL},
    {"learn.relative_velocity", "Relative velocity", "1", KM_BETTER_HIGHER,
     "a loss", "The local exponent.", "-d ln(L - E) / d ln x",
     "Hestness et al. 2017", KM_SCOPE_RUN, 0, NULL},
    {"forecast.final", "Loss at the horizon", "nat", KM_BETTER_LOWER, "a loss",
     "Where the curve will be.", "L(x_end)", "Hoffmann et al. 2022", KM_SCOPE_RUN, 0, NULL},
    {"forecast.time_to_target", "Time to target", "step", KM_BETTER_LOWER,
     "a target", "When the target is reached.", "min x: L(x) <= target",
     "this project", KM_SCOPE_RUN, 0, NULL},
    {"speed.throughput", "Throughput", "Mtok/s", KM_BETTER_HIGHER, "tokens",
     "Tokens per second.", "sum of tokens / sum of time", "MLPerf", KM_SCOPE_RUN, 0, NULL},
    {"valid.gap", "Generalisation gap", "nat", KM_BETTER_LOWER, "both losses",
     "Validation minus training loss.", "L_valid - L_train", "this project",
     KM_SCOPE_RUN, 0, NULL},
    {"cost.spent", "Spent", "EUR", KM_BETTER_LOWER, "a price", "Money so far.",
     "hours x price", "this project", KM_SCOPE_RUN, 0, NULL},
    {"verdict.spike", "Spike", "step", KM_BETTER_NEITHER, "a loss", "A jump.",
     "mean of 5", "this project", KM_SCOPE_RUN, 0.01, NULL},
    {"verdict.overfitting", "Overfitting", "step", KM_BETTER_NEITHER,
     "validation", "Worse since the best.", "Mann-Kendall", "Prechelt 1998",
     KM_SCOPE_RUN, 0.01, NULL},
    {"verdict.plateau", "Plateau", "step", KM_BETTER_NEITHER, "a loss",
     "Nothing more comes.", "95 % bound", "Huber 1964", KM_SCOPE_RUN, 0.01, NULL},
    {"verdict.memorising", "Memorising", "step", KM_BETTER_NEITHER, "epochs",
     "Steps down at epochs.", "drop", "this project", KM_SCOPE_RUN, 0.01, NULL},
};

enum { DEMO_POINTS = 240, DEMO_RESULTS = 12, DEMO_CURVES = 8 };

struct demo {
    struct km_scorecard card;
    struct km_figure_result results[DEMO_RESULTS];
    struct km_curve curves[DEMO_CURVES];
    struct km_mark marks[2];
    double x[DEMO_CURVES][DEMO_POINTS], y[DEMO_CURVES][DEMO_POINTS];
    double lo[DEMO_CURVES][DEMO_POINTS], hi[DEMO_CURVES][DEMO_POINTS];
};

static double demo_loss(double step)
{
    return 2.9 + 9.5 * pow(step + 4, -0.42);
}

/* A fixed, even sequence in place of noise. */
static double demo_noise(size_t i)
{
    double turn = (double)i * 0.6180339887;
    return turn - floor(turn) - 0.5;
}

static struct km_curve *demo_curve(struct demo *demo, const char *id,
                                   const char *title, const char *unit,
                                   const char *kind, size_t count)
{
    size_t c = demo->card.curve_count++;
    demo->curves[c] =
        (struct km_curve){.id = id,
                          .title = title,
                          .unit = unit,
                          .axis = KM_AXIS_STEP,
                          .kind = kind,
                          .count = count,
                          .x = demo->x[c],
                          .y = demo->y[c]};
    return &demo->curves[c];
}

static void demo_fill_curves(struct demo *demo)
{
    struct km_curve *ghost =
        demo_curve(demo, "loss", "training loss", "nat", "ghost", 40);
    (void)demo_curve(demo, "loss", "training loss", "nat", "data", 240);
    struct km_curve *valid =
        demo_curve(demo, "valid", "validation loss", "nat", "data", 12);
    struct km_curve *fit =
        demo_curve(demo, "loss", "training loss", "nat", "fit", 100);
    struct km_curve *ahead =
        demo_curve(demo, "loss", "training loss", "nat", "forecast", 60);
    struct km_curve *velocity = demo_curve(
        demo, "velocity", "learning velocity", "nat/Mtok", "fit", 100);
    struct km_curve *speed =
        demo_curve(demo, "throughput", "throughput", "Mtok/s", "data", 120);
    for (size_t i = 0; i < DEMO_POINTS; i++) {
        double step = 5.0 * (double)i;
        if (i < ghost->count) {
            demo->x[0][i] = 500 + 3.0 * (double)i;
            demo->y[0][i] = demo_loss(demo->x[0][i]) + 0.06 * demo_noise(i) +
                            0.004 * (double)i;
        }
        demo->x[1][i] = step;
        demo->y[1][i] = demo_loss(step) + 0.16 * demo_noise(i);
        if (i < valid->count) {
            demo->x[2][i] = 100.0 * (double)(i + 1);
            demo->y[2][i] = demo_loss(demo->x[2][i]) + 0.03;
        }
        if (i < fit->count) {
            demo->x[3][i] = 480 + 7.2 * (double)i;
            demo->y[3][i] = demo_loss(demo->x[3][i]);
            demo->x[5][i] = demo->x[3][i];
            demo->y[5][i] = 9.5 * 0.42 * pow(demo->x[3][i] + 4, -1.42) * 10;
            demo->lo[5][i] = demo->y[5][i] * 0.85;
            demo->hi[5][i] = demo->y[5][i] * 1.2;
        }
        if (i < ahead->count) {
            double more = 20.0 * (double)i;
            demo->x[4][i] = 1195 + more;
            demo->y[4][i] = demo_loss(demo->x[4][i]);
            demo->lo[4][i] = demo->y[4][i] - 0.00006 * more - 0.01;
            demo->hi[4][i] = demo->y[4][i] + 0.00009 * more + 0.01;
        }
        if (i < speed->count) {
            demo->x[6][i] = 10.0 * (double)i;
            demo->y[6][i] = 2.1 + 0.05 * demo_noise(i) - (i == 61 ? 0.9 : 0);
        }
    }
    ahead->lo = demo->lo[4];
    ahead->hi = demo->hi[4];
    velocity->lo = demo->lo[5];
    velocity->hi = demo->hi[5];
}

static void demo_add(struct demo *demo, size_t figure, const char *variant,
                     const char *unit, double value, double lo, double hi,
                     enum km_figure_state state, const char *reason)
{
    static const char *const evidence[] = {"series loss", "240 points"};
    demo->results[demo->card.count++] = (struct km_figure_result){
        .figure = &demo_figures[figure],
        .variant = variant,
        .unit = unit,
        .value = value,
        .lo = lo,
        .hi = hi,
        .level = 0.8,
        .method = "power law, window 0.4, Huber",
        .rung = isnan(lo) ? "" : "cold start, not calibrated",
        .window_from = 480,
        .window_to = 1195,
        .n = 143,
        .n_eff = NAN,
        .evidence = evidence,
        .evidence_count = 2,
        .state = state,
        .reason = reason,
    };
}

/* `faster` scales what is good about the run. */
static void demo_fill(struct demo *demo, const char *name, double faster)
{
    *demo = (struct demo){.card = {
                              .run_name = name,
                              .context = "2 attempts, finished 2 h ago, 8 x "
                                         "H100, 162 M parameters",
                              .headline =
                                  "Learning at 0.0184 nat per Mtok [0.0158, "
                                  "0.0236]; on course for 3.28 nat at step "
                                  "2400.",
                              .target = 3.28,
                              .level = 0.8,
                          }};
    demo->card.results = demo->results;
    demo->card.curves = demo->curves;
    demo->card.marks = demo->marks;
    demo_fill_curves(demo);
    demo->marks[0] = (struct km_mark){612, "restart", "attempt 2 from 612"};
    demo->marks[1] = (struct km_mark){900, "checkpoint", "checkpoint 900"};
    demo->card.mark_count = 2;
    demo_add(demo, 0, "per token", "nat/Mtok", 0.0184 * faster, 0.0158 * faster,
             0.0236 * faster, KM_FIGURE_OK, "");
    demo_add(demo, 0, "per second", "nat/s", 0.0131 * faster, 0.0112 * faster,
             0.0168 * faster, KM_FIGURE_WEAK, "the interval is not calibrated");
    demo_add(demo, 1, "", "1", NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT,
             "the floor is not identified before 40 % of the run");
    demo_add(demo, 2, "", "nat", 3.2779, 3.2712, 3.2861, KM_FIGURE_OK, "");
    demo_add(demo, 3, "", "step", 2400, NAN, NAN, KM_FIGURE_CENSORED,
             "not reached before the horizon");
    demo_add(demo, 4, "", "Mtok/s", 2.11 * faster, 2.10 * faster, 2.12 * faster,
             KM_FIGURE_OK, "");
    demo_add(demo, 5, "", "nat", 0.004, -0.003, 0.011, KM_FIGURE_WEAK,
             "the interval spans zero");
    demo_add(demo, 6, "", "EUR", NAN, NAN, NAN, KM_FIGURE_NOT_APPLICABLE,
             "no price given");
    demo_add(demo, 7, "", "step", 612, NAN, NAN, KM_FIGURE_OK, "back at 640");
    demo->results[demo->card.count - 1].rung = "over";
    demo_add(demo, 8, "", "step", 700, NAN, NAN, KM_FIGURE_OK, "since step 700");
    demo->results[demo->card.count - 1].rung = "stands";
    demo_add(demo, 9, "", "step", NAN, NAN, NAN, KM_FIGURE_QUIET, "not seen");
    demo_add(demo, 10, "", "step", NAN, NAN, NAN, KM_FIGURE_INSUFFICIENT,
             "fewer than two epochs");
}

#endif
