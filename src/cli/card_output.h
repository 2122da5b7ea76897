/* card_output.h - what commands that print scorecards have in common.
 *
 * A comparison, a forecast, a matrix of tasks are scorecards too: figures,
 * curves and matrices under a headline. So they share the options below, and
 * text, JSON, CSV, Markdown and HTML.
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_CARD_OUTPUT_H
#define KM_CLI_CARD_OUTPUT_H

#include "cli/cli.h"
#include "score/cohort.h"
#include "score/scorecard.h"

/* Rows of a command's table of options, without the comma behind them: how it
 * is shown, and what a run is judged by (see km_card_options). */
#define KM_CARD_SHOWN_OPTIONS                                                  \
    {"format",                                                                 \
     "FORMAT",                                                                 \
     "text, json, csv or markdown",                                            \
     KM_OPTION_CHOICE,                                                         \
     0,                                                                        \
     "text|json|csv|markdown",                                                 \
     0},                                                                       \
        {"html",                                                               \
         "FILE",                                                               \
         "write a page with charts; - for the output",                         \
         KM_OPTION_FILE,                                                       \
         0,                                                                    \
         NULL,                                                                 \
         0},                                                                   \
        {"width",                                                              \
         "COLUMNS",                                                            \
         "columns of tables and charts, 60 to 160",                            \
         KM_OPTION_COUNT,                                                      \
         0,                                                                    \
         NULL,                                                                 \
         1},                                                                   \
    {                                                                          \
        "ascii", NULL, "draw with ASCII", KM_OPTION_FLAG, 0, NULL, 0           \
    }
#define KM_CARD_JUDGED_OPTIONS                                                   \
    {"target", "VALUE",  "the loss to reach", KM_OPTION_NUMBER, 0,               \
     NULL,     -HUGE_VAL},                                                       \
        {"horizon", "STEP", "the planned last step", KM_OPTION_NUMBER, 0,        \
         NULL,      1},                                                          \
        {"price", "AMOUNT", "for one accelerator and hour", KM_OPTION_NUMBER, 0, \
         NULL,    0},                                                            \
        {"price-per-step",                                                       \
         "AMOUNT",                                                               \
         "for one step",                                                         \
         KM_OPTION_NUMBER,                                                       \
         0,                                                                      \
         NULL,                                                                   \
         0},                                                                     \
        {"currency", "NAME", "the money, like EUR", KM_OPTION_TEXT, 0, NULL, 0}, \
        {"accelerators", "N", "devices of the run", KM_OPTION_NUMBER, 0,         \
         NULL,           0},                                                     \
        {"peak-tflops", "N", "peak of one device, TFLOP/s", KM_OPTION_NUMBER, 0, \
         NULL,          0},                                                      \
    {                                                                            \
        "tokens-per-step", "N", "tokens of one step", KM_OPTION_NUMBER, 0,       \
            NULL, 0                                                              \
    }

/* Of commands that show verdicts, which take it into their options. */
#define KM_CARD_VERDICT_OPTION                                                 \
    {                                                                          \
        "negligible", "GAIN", "a gain not worth waiting for, for verdicts",    \
            KM_OPTION_NUMBER, 0, NULL, 0                                       \
    }

/* What the command line, else the user's file, says of `run`. */
void km_card_options(struct km_cli *cli, const struct km_run_row *run,
                     struct km_score_options *options);

/* An empty card of several runs. */
struct km_scorecard km_card_new(struct km_cli *cli, const char *name);

/* Loads runs, each judged by km_card_options(). */
enum km_code km_card_cohort(struct km_cli *cli, struct km_store *store,
                            const struct km_run_row *rows, size_t count,
                            struct km_cohort *cohort, struct km_err *err);

/* Writes the cards as --html, --json or --format says, else as text. */
enum km_code km_card_output(struct km_cli *cli, struct km_scorecard *cards,
                            size_t count, struct km_err *err);

#endif
