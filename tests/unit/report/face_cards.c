/* face_cards.c - invented cards, one for each way of drawing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "face_cards.h"

#include <math.h>

static struct km_scorecard card_new(const char *name, const char *headline)
{
    return (struct km_scorecard){.run_name = name,
                                 .context = "invented",
                                 .headline = headline,
                                 .target = NAN,
                                 .level = 0.8};
}

struct km_scorecard face_card_matrix(void)
{
    enum { TASKS = 6 };
    static const char *const tasks[TASKS] = {
        "mnli", "cb", "wic", "copa", "qqp", "a task with a long name/boolqa"};
    static double value[TASKS][TASKS];
    static struct km_matrix matrix = {.id = "tasks",
                                      .title = "accuracy after each task",
                                      .unit = "%",
                                      .row_title = "after training on",
                                      .column_title = "evaluated on",
                                      .better = KM_BETTER_HIGHER,
                                      .row_count = TASKS,
                                      .column_count = TASKS,
                                      .rows = tasks,
                                      .columns = tasks,
                                      .value = &value[0][0]};
    for (int r = 0; r < TASKS; r++) {
        for (int c = 0; c < TASKS; c++) {
            value[r][c] = c > r ? (double)NAN : 91 - 3.7 * c - 4.1 * (r - c);
        }
    }
    struct km_scorecard card =
        card_new("continual/lora", "Forgets 4.1 % a task.");
    card.matrices = &matrix;
    card.matrix_count = 1;
    return card;
}

struct km_scorecard face_card_drift(void)
{
    enum { FEATURES = 5, WEEKS = 48 };
    static const char *const features[FEATURES] = {
        "age", "income", "<b>latitude</b>", "rooms", "\033[31mpopulation"};
    static char names[WEEKS][8];
    static const char *weeks[WEEKS];
    static double value[FEATURES][WEEKS];
    static struct km_matrix matrix = {.id = "drift",
                                      .title = "drift by feature and week",
                                      .unit = "1",
                                      .row_title = "feature",
                                      .column_title = "week",
                                      .better = KM_BETTER_LOWER,
                                      .row_count = FEATURES,
                                      .column_count = WEEKS,
                                      .rows = features,
                                      .columns = weeks,
                                      .value = &value[0][0]};
    for (int c = 0; c < WEEKS; c++) {
        names[c][0] = 'W';
        names[c][1] = (char)('0' + (c + 1) / 10);
        names[c][2] = (char)('0' + (c + 1) % 10);
        weeks[c] = names[c];
        for (int r = 0; r < FEATURES; r++) {
            value[r][c] = 0.01 * pow(10, 0.05 * c * (r + 1) / 2);
        }
    }
    value[2][7] = NAN;
    struct km_scorecard card =
        card_new("shop/ranker", "Three features drifted.");
    card.matrices = &matrix;
    card.matrix_count = 1;
    return card;
}

struct km_scorecard face_card_survival(void)
{
    enum { STEPS = 7 };
    static const double x[2][STEPS] = {{0, 300, 420, 510, 640, 700, 1200},
                                       {0, 450, 620, 800, 990, 1100, 1200}};
    static const double y[2][STEPS] = {{1, .8, .6, .4, .2, 0, 0},
                                       {1, .83, .67, .5, .33, .17, .17}};
    static double lo[2][STEPS], hi[2][STEPS];
    static struct km_curve curves[2];
    static const char *const names[] = {"lab/muon/seed-0", "lab/adamw/seed-0"};
    for (int c = 0; c < 2; c++) {
        for (int i = 0; i < STEPS; i++) {
            double half = 0.6 * sqrt(y[c][i] * (1 - y[c][i]));
            lo[c][i] = fmax(y[c][i] - half, 0);
            hi[c][i] = fmin(y[c][i] + half, 1);
        }
        curves[c] = (struct km_curve){.id = "survival",
                                      .title = "not at the target yet",
                                      .unit = "1",
                                      .axis = KM_AXIS_STEP,
                                      .kind = "step",
                                      .name = names[c],
                                      .count = STEPS,
                                      .x = x[c],
                                      .y = y[c],
                                      .lo = lo[c],
                                      .hi = hi[c]};
    }
    struct km_scorecard card = card_new("comparison", "muon gets there first.");
    card.curves = curves;
    card.curve_count = 2;
    return card;
}

struct km_scorecard face_card_goodput(void)
{
    enum { BINS = 24, USES = 5 };
    static const char *const names[USES] = {"productive", "start-up", "stall",
                                            "evaluation", "checkpoint"};
    static double x[BINS], y[USES][BINS];
    static struct km_curve curves[USES];
    for (int i = 0; i < BINS; i++) {
        x[i] = 300.0 * (i + 0.5);
        y[1][i] = i < 2 ? 0.5 - 0.2 * i : 0;
        y[2][i] = i >= 9 && i < 13 ? 0.35 : 0.01;
        y[3][i] = i % 6 == 5 ? 0.12 : 0.02;
        y[4][i] = 0;
        y[0][i] = 1 - y[1][i] - y[2][i] - y[3][i];
    }
    for (int c = 0; c < USES; c++) {
        curves[c] = (struct km_curve){.id = "goodput",
                                      .title = "where the time went",
                                      .unit = "1",
                                      .axis = KM_AXIS_SECOND,
                                      .kind = "stack",
                                      .name = names[c],
                                      .count = BINS,
                                      .x = x,
                                      .y = y[c]};
    }
    struct km_scorecard card =
        card_new("lab/run", "Goodput 0.87; the rest went into a stall.");
    card.curves = curves;
    card.curve_count = USES;
    return card;
}

struct km_scorecard face_card_frontier(void)
{
    enum { PLACES = 7, FRONT = 4 };
    static const char *const names[PLACES] = {
        "sweep/small/lr-1e-3/seed-0", "sweep/small/lr-3e-3/seed-0",
        "sweep/base/lr-1e-3/seed-0",  "sweep/base/lr-3e-3/seed-0",
        "sweep/large/lr-1e-3/seed-0", "sweep/large/lr-3e-3/seed-0",
        "sweep/<i>huge</i>/seed-0"};
    static const double cost[PLACES] = {1.1, 1.1, 4.2, 4.3, 17, 18, 71};
    static const double loss[PLACES] = {3.9, 3.82, 3.5, 3.61, 3.31, 3.33, 3.1};
    static const int front[FRONT] = {1, 2, 4, 6};
    static double lo[PLACES], hi[PLACES], x[FRONT], y[FRONT];
    static struct km_curve curves[PLACES + 1];
    for (int i = 0; i <= PLACES; i++) {
        curves[i] =
            (struct km_curve){.id = "frontier",
                              .title = "loss against cost",
                              .unit = "nat",
                              .axis = KM_AXIS_CURRENCY,
                              .kind = i < PLACES ? "points" : "line",
                              .name = i < PLACES ? names[i] : "frontier",
                              .x_unit = "EUR",
                              .x_title = "cost",
                              .count = i < PLACES ? 1 : FRONT,
                              .x = i < PLACES ? &cost[i] : x,
                              .y = i < PLACES ? &loss[i] : y};
        if (i < PLACES && i != 3) { /* one has no second seed */
            lo[i] = loss[i] - 0.05;
            hi[i] = loss[i] + 0.05;
            curves[i].lo = &lo[i];
            curves[i].hi = &hi[i];
        }
        if (i < FRONT) {
            x[i] = cost[front[i]];
            y[i] = loss[front[i]];
        }
    }
    struct km_scorecard card = card_new("levers", "Three are dominated.");
    card.curves = curves;
    card.curve_count = PLACES + 1;
    return card;
}

struct km_scorecard face_card_fan(void)
{
    enum { DATA = 60, AHEAD = 40, FAN = 3 };
    static const char *const kinds[FAN] = {"forecast", "forecast50",
                                           "forecast95"};
    static const double width[FAN] = {1.28, 0.67, 1.96};
    static double x[DATA], y[DATA], ahead[AHEAD], middle[AHEAD];
    static double lo[FAN][AHEAD], hi[FAN][AHEAD];
    static struct km_curve curves[1 + FAN];
    for (int i = 0; i < DATA; i++) {
        x[i] = 10.0 * (i + 1);
        y[i] = 2.5 + 8 * pow(x[i], -0.4) + 0.03 * sin(7.0 * i);
    }
    for (int i = 0; i < AHEAD; i++) {
        ahead[i] = 600 + 15.0 * i;
        middle[i] = 2.5 + 8 * pow(ahead[i], -0.4);
        for (int f = 0; f < FAN; f++) {
            double half = width[f] * (0.01 + 0.0015 * i);
            lo[f][i] = middle[i] - half;
            hi[f][i] = middle[i] + half;
        }
    }
    curves[0] = (struct km_curve){.id = "loss",
                                  .title = "validation loss",
                                  .unit = "nat",
                                  .axis = KM_AXIS_STEP,
                                  .kind = "data",
                                  .count = DATA,
                                  .x = x,
                                  .y = y};
    for (int f = 0; f < FAN; f++) {
        curves[1 + f] = (struct km_curve){.id = "loss",
                                          .title = "forecast",
                                          .unit = "nat",
                                          .axis = KM_AXIS_STEP,
                                          .kind = kinds[f],
                                          .count = AHEAD,
                                          .x = ahead,
                                          .y = middle,
                                          .lo = lo[f],
                                          .hi = hi[f],
                                          .rung = "own past forecasts"};
    }
    struct km_scorecard card = card_new("lab/run", "On course for 2.95 nat.");
    card.target = 3;
    card.curves = curves;
    card.curve_count = 1 + FAN;
    return card;
}

struct km_scorecard face_card_arms(void)
{
    enum { ARMS = 8, PLACES = 30 };
    static const char *const names[ARMS] = {
        "opt/muon/seed-0",
        "opt/adamw/seed-0",
        "opt/soap/seed-0",
        "opt/shampoo/seed-0",
        "opt/lion/seed-0",
        "opt/sgd/seed-0",
        "opt/adafactor with a very long description of itself/seed-0",
        "opt/sophia/seed-0"};
    static double x[PLACES], y[ARMS][PLACES], lo[PLACES], hi[PLACES];
    static struct km_curve curves[ARMS];
    for (int c = 0; c < ARMS; c++) {
        for (int i = 0; i < PLACES; i++) {
            x[i] = 40.0 * (i + 1);
            y[c][i] = 2.5 + (7 + 0.5 * c) * pow(x[i], -0.4);
            lo[i] = y[0][i] - 0.05;
            hi[i] = y[0][i] + 0.05;
        }
        curves[c] = (struct km_curve){.id = "overlay",
                                      .title = "validation loss",
                                      .unit = "nat",
                                      .axis = KM_AXIS_STEP,
                                      .kind = "line",
                                      .name = names[c],
                                      .count = PLACES,
                                      .x = x,
                                      .y = y[c],
                                      .lo = c ? NULL : lo,
                                      .hi = c ? NULL : hi};
    }
    struct km_scorecard card = card_new("comparison", "muon is ahead.");
    card.curves = curves;
    card.curve_count = ARMS;
    return card;
}

static struct km_figure_result result_of(const char *id, const char *variant,
                                         double value, double lo, double hi)
{
    const struct km_figure *figure = km_figure_find(km_str_of(id));
    return (struct km_figure_result){.figure = figure,
                                     .variant = variant,
                                     .unit = figure->unit,
                                     .better = figure->better,
                                     .value = value,
                                     .lo = lo,
                                     .hi = hi,
                                     .level = isnan(lo) ? (double)NAN : 0.8,
                                     .method = "invented",
                                     .rung = "",
                                     .window_from = NAN,
                                     .window_to = NAN,
                                     .n_eff = NAN,
                                     .reason = ""};
}

struct km_scorecard face_card_factors(void)
{
    enum { ROWS = 6 };
    static struct km_figure_result results[ROWS];
    const char *id = "compare.speedup";
    double product = 1.25 * 0.8 * 1.5;
    results[0] = result_of(id, "per token", 1.25, 1.2, 1.3);
    results[1] = result_of(id, "per active second", 1.0, 0.95, 1.05);
    results[2] = result_of(id, "per currency", product, 1.38, 1.63);
    results[3] = result_of(id, "factor: data efficiency", 1.25, NAN, NAN);
    results[4] = result_of(id, "factor: throughput", 0.8, NAN, NAN);
    results[5] = result_of(id, "factor: price", 1.5, NAN, NAN);
    struct km_scorecard card =
        card_new("comparison", "muon learns 1.50x as much for its money.");
    card.results = results;
    card.count = ROWS;
    return card;
}

struct km_scorecard face_card_long(void)
{
    static const char *const rows[][2] = {
        {"learn.velocity", "per token"},
        {"learn.velocity", "per step"},
        {"learn.relative_velocity", "exponent"},
        {"valid.best", ""},
        {"valid.gap", ""},
        {"forecast.final", "validation"},
        {"speed.throughput", "tokens"},
        {"cost.spent", ""},
        {"levers.frontier", "lab/sweep of <b>/wide/seed-0"},
        {"levers.frontier", "lab/sweep/wide/lr-1e-3/seed-0"},
        {"levers.frontier", "lab/sweep/deep/lr-1e-3/seed-0"},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    static struct km_figure_result results[ROWS];
    for (int i = 0; i < ROWS; i++) {
        results[i] =
            result_of(rows[i][0], rows[i][1], 1.5 + i, 1.4 + i, 1.6 + i);
    }
    results[2].state = KM_FIGURE_WEAK;
    results[2].reason = "the interval spans zero";
    struct km_scorecard card = card_new("lab/run", "Many figures.");
    card.results = results;
    card.count = ROWS;
    return card;
}

struct km_scorecard face_card_parted(void)
{
    static const char *const variants[] = {
        "loss, known schedule, as shown",
        "loss, known schedule, annealing law",
        "loss, known schedule, cold start, not calibrated",
        "val/<b>, constant rate, as shown",
        "val/<b>, constant rate, mean of pow3 and invlog3",
        "val/<b>, constant rate, log-log line",
        "over all",
    };
    enum { ROWS = sizeof variants / sizeof *variants };
    static struct km_figure_result results[ROWS + 1];
    for (int i = 0; i < ROWS; i++) {
        results[i] = result_of("backtest.relative_error", variants[i],
                               0.1 * (i + 1), 0.09 * (i + 1), 0.11 * (i + 1));
    }
    results[ROWS] =
        result_of("backtest.error", "loss, known schedule", 0.2, NAN, NAN);
    struct km_scorecard card = card_new("back-test", "Forecasts held.");
    card.results = results;
    card.count = ROWS + 1;
    return card;
}

const struct face_card_row face_cards[] = {
    {"matrix", face_card_matrix},     {"drift", face_card_drift},
    {"survival", face_card_survival}, {"goodput", face_card_goodput},
    {"frontier", face_card_frontier}, {"fan", face_card_fan},
    {"arms", face_card_arms},         {"factors", face_card_factors},
    {"long", face_card_long},         {"parted", face_card_parted},
};
const size_t face_card_count = sizeof face_cards / sizeof *face_cards;
