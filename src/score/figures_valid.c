/* figures_valid.c - rows of the registry: how it does on data that it was not
 * trained on. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/card.h"

static const struct km_figure rows[] = {
    {
        .id = "valid.best",
        .title = "Best validation",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a validation loss or score",
        .summary = "The best validation value so far, and where.",
        .formula = "min over steps (max for a score)",
        .source = "Definition",
        .compute = km_compute_valid_best,
    },
    {
        .id = "valid.gap",
        .title = "Generalisation gap",
        .unit = "nat",
        .better = KM_BETTER_LOWER,
        .needs = "a validation and a training loss, at least 3 evaluations in "
                 "the last 60 % of steps",
        .summary = "How much worse the model is on validation data than on "
                   "training data, over the last evaluations.",
        .formula = "mean over the last 3 to 5 evaluations of validation minus "
                   "the training level at the same step",
        .source = "Training level: Huber line in ln x around the step; "
                  "Student's t over evaluations",
        .compute = km_compute_valid_gap,
    },
    {
        .id = "valid.velocity_ratio",
        .title = "Generalisation velocity",
        .unit = "1",
        .better = KM_BETTER_HIGHER,
        .needs = "a validation and a training loss, at least 5 evaluations in "
                 "the last 60 % of steps",
        .summary = "How much of what is learnt on training data is learnt for "
                   "validation data: 1 is all of it.",
        .formula = "slope of validation over slope of training, both of Huber "
                   "lines in ln step over x/2.5 to x",
        .source = "Fieller 1954 (interval of the ratio)",
        .compute = km_compute_velocity_ratio,
    },
};
const struct km_figure_family km_figures_valid =
    KM_FIGURE_FAMILY("valid", rows);
