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

const struct face_card_row face_cards[] = {
    {"matrix", face_card_matrix},
    {"drift", face_card_drift},
};
const size_t face_card_count = sizeof face_cards / sizeof *face_cards;
