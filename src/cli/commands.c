/* commands.c - the table of commands: to add one, add its row. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <math.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/help.h"

const struct km_option km_options_common[] = {
    {"store", "DIR", "the store to work with", KM_OPTION_FOLDER, 0, NULL, 0},
    {"json", NULL, "print JSON, one object per line", KM_OPTION_FLAG, 0, NULL,
     0},
    {"quiet", NULL, "print results and errors only", KM_OPTION_FLAG, 'q', NULL,
     0},
    {"no-color", NULL, "print without colours", KM_OPTION_FLAG, 0, NULL, 0},
    {"help", NULL, "explain the command and do nothing", KM_OPTION_FLAG, 'h',
     NULL, 0},
};
const size_t km_option_common_count =
    sizeof km_options_common / sizeof km_options_common[0];

static const struct km_option import_options[] = {
    {"project", "NAME",
     "the project of what is imported; else the name of the folder, or of the "
     "nearest one above it that is not called like logs, runs or output",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"run", "NAME", "one run for everything; else each file's place says it",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"format", "NAME", "read as this format; else by content", KM_OPTION_TEXT,
     0, NULL, 0},
    {"pattern", "REGEX",
     "lines of a text log, with the named groups step and one per metric; a "
     "file named with it is read as one",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"columns", "MAP",
     "columns of a table, as step=Step,loss=val_loss; run=NAME makes a run of "
     "each value, config.lr=rate a setting",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"salvage", NULL, "go on behind damage and count what was left out",
     KM_OPTION_FLAG, 0, NULL, 0},
    {"follow", NULL, "stay, and read what is added until interrupted",
     KM_OPTION_FLAG, 'f', NULL, 0},
    {"verbose", NULL,
     "name also what is unchanged or not recognised, and show warnings, those "
     "of earlier imports too",
     KM_OPTION_FLAG, 'v', NULL, 0},
};

static const struct km_option runs_options[] = {
    {"project", "NAME", "runs of this project only", KM_OPTION_TEXT, 0, NULL,
     0},
    {"sort", "ORDER", "name, or newest", KM_OPTION_CHOICE, 0, "name|newest", 0},
    {"limit", "N", "at most so many of these runs", KM_OPTION_COUNT, 'n', NULL,
     1},
    {"names", NULL, "print names only", KM_OPTION_FLAG, 0, NULL, 0},
    {"settings", NULL,
     "print what was chosen for each run: its settings, tags and final values",
     KM_OPTION_FLAG, 0, NULL, 0},
};

static const struct km_option metrics_options[] = {
    {"metric", "GLOB", "metrics of this name, with * and ?", KM_OPTION_TEXT, 0,
     NULL, 0},
};

static const struct km_option evals_options[] = {
    {"task", "GLOB", "tasks of this name, with * and ?", KM_OPTION_TEXT, 0,
     NULL, 0},
};

static const struct km_option report_options[] = {
    {"reference", "RUN",
     "a run that saw the same batches, to take their noise out of the slope; "
     "else one with the same data_order_id",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"follow", NULL,
     "stay, and show the report of one run anew as it grows, until it ends or "
     "you interrupt",
     KM_OPTION_FLAG, 'f', NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
    KM_CARD_VERDICT_OPTION,
};

static const struct km_option run_options[] = {
    {"project", "NAME",
     "the run belongs to it; $KNOTMETER_PROJECT, else the folder's name",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"name", "NAME", "what people see; $KNOTMETER_RUN_NAME, else the id",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"id", "ID", "a known id resumes that run; $KNOTMETER_RUN_ID, else made up",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"dir", "DIR",
     "where the journal is written; $KNOTMETER_DIR, else knotmeter",
     KM_OPTION_FOLDER, 0, NULL, 0},
    {"watch", "DIR", "read the logs that appear there too, as logs of this run",
     KM_OPTION_FOLDER, 0, NULL, 0},
    {"pattern", "REGEX",
     "lines that the known shapes do not fit: named groups step, planned, "
     "time, "
     "metrics",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"no-output", NULL, "do not read what the command prints", KM_OPTION_FLAG,
     0, NULL, 0},
    {"every", "SECONDS",
     "how often to look at processor and memory; 10, 0: never",
     KM_OPTION_NUMBER, 0, NULL, 0},
};

static const struct km_option top_options[] = {
    {"every", "SECONDS", "how often to look for changes; 2", KM_OPTION_NUMBER,
     0, NULL, 0.1},
    {"once", NULL, "print the table and end", KM_OPTION_FLAG, 0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
};

static const struct km_option serve_options[] = {
    {"listen", "ADDRESS",
     "127.0.0.1; from other machines: 0.0.0.0, or one address of this one",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"port", "N", "7878; 0: any that is free", KM_OPTION_COUNT, 'p', NULL, 0},
    {"host", "NAME", "a name that clients reach this server by, with its port",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"tokens", "FILE", "who may do what; else `tokens` in the store's folder",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"verbose", NULL, "a line on stderr for each request", KM_OPTION_FLAG, 'v',
     NULL, 0},
};

static const struct km_option sync_options[] = {
    {"to", "URL", "the server, as http://HOST:7878; else $KNOTMETER_URL",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"token-file", "FILE", "holds the token; else $KNOTMETER_TOKEN",
     KM_OPTION_FILE, 0, NULL, 0},
    {"wait", "SECONDS",
     "give up when nothing has gone through for so long; 60, with --follow "
     "86400",
     KM_OPTION_NUMBER, 0, NULL, 0},
    {"timeout", "SECONDS", "cut a silent connection; 30", KM_OPTION_COUNT, 0,
     NULL, 1},
    {"follow", NULL, "stay and ship what is added", KM_OPTION_FLAG, 'f', NULL,
     0},
    {"until-closed", NULL, "with --follow: end when every writer has ended",
     KM_OPTION_FLAG, 0, NULL, 0},
    {"until-exit", "PID", "with --follow: end when this process has ended",
     KM_OPTION_COUNT, 0, NULL, 1},
};

static const struct km_option compare_options[] = {
    {"by", "KEY",
     "arms are the values of this setting; `km runs --settings` shows them",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"delta", "AMOUNT", "smallest difference that matters; 0.1 %",
     KM_OPTION_NUMBER, 0, NULL, 0},
    {"power", "SHARE", "of finding it, for the seeds that are advised; 0.8",
     KM_OPTION_NUMBER, 0, NULL, 0},
    {"workloads", "NAME=TARGET,...",
     "only a performance profile over these; NAME is part of a run's name; "
     "NAME:METRIC>=TARGET (or <=) names the metric",
     KM_OPTION_TEXT, 0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option seeds_options[] = {
    {"delta", "AMOUNT", "the difference to be found; 0.1 %", KM_OPTION_NUMBER,
     0, NULL, 0},
    {"power", "SHARE", "of finding it; 0.8", KM_OPTION_NUMBER, 0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option levers_options[] = {
    {"axis", "AXIS", "what a run took: else time, tokens or steps",
     KM_OPTION_CHOICE, 0,
     "step|token|sample|epoch|second|active|accelerator|flop|currency", 0},
    {"key", "GLOB", "settings of this name, with * and ?", KM_OPTION_TEXT, 0,
     NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option halving_options[] = {
    {"eta", "N", "one in N goes on for sure; 4", KM_OPTION_NUMBER, 0, NULL, 1},
    {"margin", "AMOUNT", "how much better than the best counts; 0",
     KM_OPTION_NUMBER, 0, NULL, 0},
    {"risk", "SHARE", "highest probability of stopping the best; 0.05",
     KM_OPTION_NUMBER, 0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option tasks_options[] = {
    {"metric", "GLOB", "scores of this name; else those of most tasks",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"reference", "RUN", "a run that was trained on all tasks at once",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"scratch", "RUN",
     "runs that learned the same task without a parent; else those whose "
     "settings say the same task",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"baseline", "RUN", "runs that the last stage shall be faster than",
     KM_OPTION_TEXT, 0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option forecast_options[] = {
    {"at", "STEP,...", "steps to forecast besides the last one", KM_OPTION_TEXT,
     0, NULL, 0},
    {"no-keep", NULL, "do not keep what is said for the record", KM_OPTION_FLAG,
     0, NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
    KM_CARD_JUDGED_OPTIONS,
};

static const struct km_option backtest_options[] = {
    {"history", "KIND",
     "what a run may learn from: configurations that began earlier, or all "
     "others",
     KM_OPTION_CHOICE, 0, "earlier|others", 0},
    KM_CARD_SHOWN_OPTIONS,
};

static const struct km_option goal_options[] = {
    {"run", "GLOB", "add: for runs of this name, with * and ?", KM_OPTION_TEXT,
     0, NULL, 0},
    {"metric", "GLOB", "add: the metric; else the validation or training loss",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"target", "VALUE", "add: the value to reach", KM_OPTION_NUMBER, 0, NULL,
     -HUGE_VAL},
    {"deadline", "WHEN", "add: a date or time (UTC), or +3d, +12h",
     KM_OPTION_TEXT, 0, NULL, 0},
    {"budget", "AMOUNT", "add: money that may be spent", KM_OPTION_NUMBER, 0,
     NULL, 0},
    {"steps", "N", "add: steps that it may take", KM_OPTION_NUMBER, 0, NULL, 0},
    {"tokens", "N", "add: tokens that it may take", KM_OPTION_NUMBER, 0, NULL,
     0},
    {"horizon", "STEP", "show: the planned last step", KM_OPTION_NUMBER, 0,
     NULL, 1},
    {"price", "AMOUNT", "show: for one accelerator and hour", KM_OPTION_NUMBER,
     0, NULL, 0},
    {"price-per-step", "AMOUNT", "show: for one step", KM_OPTION_NUMBER, 0,
     NULL, 0},
    {"currency", "NAME", "the money, like EUR", KM_OPTION_TEXT, 0, NULL, 0},
    {"accelerators", "N", "show: devices of the run", KM_OPTION_NUMBER, 0, NULL,
     0},
    {"peak-tflops", "N", "show: peak of one device, TFLOP/s", KM_OPTION_NUMBER,
     0, NULL, 0},
    {"tokens-per-step", "N", "show: tokens of one step", KM_OPTION_NUMBER, 0,
     NULL, 0},
    KM_CARD_SHOWN_OPTIONS,
};

static const struct km_option explain_options[] = {
    {"names", NULL, "print names only", KM_OPTION_FLAG, 0, NULL, 0},
    KM_CARD_JUDGED_OPTIONS,
    KM_CARD_VERDICT_OPTION,
};

static const struct km_option export_options[] = {
    {"format", "FORMAT", "csv, jsonl or binary", KM_OPTION_CHOICE, 0,
     "csv|jsonl|binary", 0},
    {"metric", "GLOB", "metrics of this name, with * and ?", KM_OPTION_TEXT, 0,
     NULL, 0},
    {"axis", "AXIS", "add the place on this axis, by the run's measured rate",
     KM_OPTION_CHOICE, 0,
     "step|token|sample|epoch|second|active|accelerator|flop|currency", 0},
    {"output", "FILE", "write there instead of the output", KM_OPTION_FILE, 'o',
     NULL, 0},
};

static const struct km_option config_options[] = {
    {"example", NULL, "print a file to begin with", KM_OPTION_FLAG, 0, NULL, 0},
    {"roles", NULL, "list the roles that metrics can have", KM_OPTION_FLAG, 0,
     NULL, 0},
};

static const struct km_option doctor_options[] = {
    {"deep", NULL, "read every chunk again and recompute every summary",
     KM_OPTION_FLAG, 0, NULL, 0},
    {"repair", NULL, "mend what can be mended without inventing anything",
     KM_OPTION_FLAG, 0, NULL, 0},
};

static const struct km_option gc_options[] = {
    {"delete", NULL, "delete the runs that are named", KM_OPTION_FLAG, 0, NULL,
     0},
    {"keep-newest", "N", "with --delete: all but the newest N runs",
     KM_OPTION_COUNT, 0, NULL, 0},
    {"dry-run", NULL, "only say what would be deleted", KM_OPTION_FLAG, 'n',
     NULL, 0},
};

static const struct km_option man_options[] = {
    {"markdown", NULL, "as Markdown instead of troff", KM_OPTION_FLAG, 0, NULL,
     0},
};

const struct km_command km_commands[] = {
    {"import", "PATH...", "read logs into the store",
     "Recognises files by their content: event files, tables, text logs, "
     "databases, journals. A folder becomes a project, what lies in it becomes "
     "runs. Importing again reads only what is new, whatever the file is now "
     "called.\n\n"
     "A file that cannot be read is named with the reason, and the others go "
     "on; the exit status is that of the worst. Nothing outside the named "
     "paths is opened.",
     "km import runs/ --project speedrun", KM_WORD_PATH, 1, -1,
     KM_OPTION_TABLE(import_options), km_run_import, 0},
    {"run", "[--] COMMAND...", "start a training command and record it",
     "The command runs as it would without: its terminal, its input, the "
     "signals it gets, and its exit status are its own. Lines that it prints "
     "in "
     "a known shape (docs/formats/text_log.md) become points, beside processor "
     "and memory use; the run is in the store while it goes on. With "
     "$KNOTMETER_URL set it goes to that server instead.\n\n"
     "The first word that is no option begins the command. A command that uses "
     "the client library itself joins the run. A command that cannot be found "
     "gives 127, one that cannot be run 126, as shells have it.",
     "km run --project speedrun -- torchrun --nproc-per-node 8 train.py",
     KM_WORD_NONE, 1, -1, KM_OPTION_TABLE(run_options), km_run_run,
     KM_COMMAND_WORDS_LAST},
    {"serve", "", "watch and feed the store over HTTP",
     "Prints its address and serves until interrupted. Only this machine is "
     "listened to unless --listen says otherwise; what is sent needs a token "
     "even from here: one is made at the first start, in the file `tokens` of "
     "the store's folder. docs/protocol.md says what is spoken.",
     "km serve --port 7878", KM_WORD_NONE, 0, 0, KM_OPTION_TABLE(serve_options),
     km_run_serve, 0},
    {"top", "[TEXT]", "watch all runs in the terminal, live",
     "A line a run, those under way first: its loss, how fast it learns, its "
     "speed, where it is going, and the gravest verdict that stands. Keys: j "
     "and "
     "k or arrows choose, enter shows the report, s sorts, r leaves those "
     "under "
     "way, / searches, q ends. TEXT is a part of the name, project or group. "
     "Where the output is no terminal the table is printed once.",
     "km top speedrun", KM_WORD_RUN, 0, 1, KM_OPTION_TABLE(top_options),
     km_run_top, 0},
    {"sync", "FOLDER...", "ship journals to a server",
     "Sends what the client library wrote, and nothing twice: the server says "
     "where each journal goes on. What fails in passing is tried again; "
     "nothing is deleted, so what did not go goes with the next `km sync`. A "
     "program whose $KNOTMETER_URL is set starts one by itself.\n\n"
     "The exit status says what stands in the way: 13 the token, 10 the "
     "network, 9 a busy server, 11 a full one, 5 no server of this kind or no "
     "journal, 4 other answers, 3 a damaged journal (the others have gone).",
     "km sync knotmeter --to http://metrics.lab:7878", KM_WORD_PATH, 1, -1,
     KM_OPTION_TABLE(sync_options), km_run_sync, 0},
    {"runs", "[RUN...]", "list runs",
     "One line a run: its state, how far it came, and the last value of its "
     "validation or training loss, reward or score. In a pipe names are never "
     "shortened. RUN is project/name, a name or an external id, a part of one "
     "of them that no other run has, or a pattern with * and ?.",
     "km runs 'speedrun/*' --sort newest", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(runs_options), km_run_runs, 0},
    {"metrics", "[RUN...]", "list what was logged",
     "One line a series: its role, the number of points, and where they begin "
     "and end. Values that are not finite are counted and never part of min, "
     "max or sum.",
     "km metrics value-embed --metric '*loss*'", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(metrics_options), km_run_metrics, 0},
    {"evals", "[RUN...]", "list results of evaluations",
     "One line a result: task, metric, value, standard error and number of "
     "items.",
     "km evals --task 'arc*'", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(evals_options), km_run_evals, 0},
    {"report", "[RUN...]", "say how fast runs learn",
     "A sentence, then the figures with unit, interval and state, then charts "
     "of loss, velocity and throughput. Without RUN: the newest runs. Several "
     "runs are shown one by one and then side by side.\n\n"
     "A figure's state is OK, WEAK (its interval is not calibrated or spans "
     "zero), INSUFFICIENT (the note says what is missing) or CENSORED (the "
     "value is a bound). Intervals are 80 % unless said otherwise.",
     "km report value-embed record-11 --target 3.28 --html report.html",
     KM_WORD_RUN, 0, -1, KM_OPTION_TABLE(report_options), km_run_report, 0},
    {"compare", "[RUN...]", "say which of two arms learns faster and better",
     "Two words are two arms, each with all runs that it names; one word or "
     "none makes an arm of every configuration, whose seeds stand together; "
     "--by KEY makes an arm of every value of a setting. How many times as "
     "fast the first arm reaches the losses of the second, on every axis, with "
     "its factors; the difference at the same step; and a verdict that may be "
     "looked at as often as you like: one arm is better, no difference that "
     "matters, NEED n MORE SEEDS, or UNDECIDABLE.\n\n"
     "With --target: when half of each arm has reached it and how long they "
     "are "
     "short of it on average, with runs that have not yet counted as such.\n\n"
     "Other configurations of the project that have seeds, among its newest "
     "500 "
     "runs, say how much seeds differ. More than two arms are ranked and held "
     "against the best.",
     "km compare 'lab/muon-*' 'lab/adamw-*'", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(compare_options), km_run_compare_arms, 0},
    {"seeds", "[RUN...]", "say how much seeds differ and how many are needed",
     "The spread of final values over the seeds of each configuration, pooled, "
     "and how many seeds an arm find a difference of --delta.",
     "km seeds 'lab/*' --delta 0.005", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(seeds_options), km_run_seeds, 0},
    {"levers", "[RUN...]", "say which settings moved learning",
     "Over all runs, or those named: how much of the differences in time to "
     "target goes with each setting, and how many times as fast one value is "
     "as another, over runs that are equal otherwise where there are any. "
     "Settings that always changed together are not told apart. Then quality "
     "against cost: which configuration is dominated.\n\n"
     "Without --target, the lowest loss that nine of ten runs reached.",
     "km levers 'sweep/*' --key optimizer", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(levers_options), km_run_levers, 0},
    {"halving", "[RUN...]", "say which runs under way to stop",
     "Successive halving by forecast: a run is stopped when it is not among "
     "the best 1/eta and the probability that it ends as the best is below "
     "--risk. Never before the forecasts are calibrated on finished runs. One "
     "run in 20 is never stopped, so that the advice can be checked.",
     "km halving 'sweep/*' --eta 3", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(halving_options), km_run_halving, 0},
    {"tasks", "[PROJECT|RUN...]", "say what training on one task did to others",
     "The score on every task after every stage of training, as a matrix, and "
     "what follows from it: accuracy, backward and forward transfer, "
     "forgetting, the half-life of what is retained. A stage is a stage of "
     "the evaluations, or a run that names its parent. Several lineages are "
     "held against each other: which forgets less, which learns new tasks "
     "better; those of one configuration are seeds.\n\n"
     "Where the runs have curves: how long the last stage took, on every "
     "axis, how many times as fast it was as training from scratch, what the "
     "earlier tasks were worth for it, and whether new tasks take longer and "
     "longer.\n\n"
     "A cell that is missing takes away only the figures that need it. Scores "
     "of different versions of a task are refused.",
     "km tasks continual --metric exact_match", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(tasks_options), km_run_tasks, 0},
    {"forecast", "[RUN...]", "say where runs under way are going",
     "The value at the planned last step and on the way, the time to --target "
     "and its chance, each with an interval and where that is from: finished "
     "runs of the same project, own past forecasts, or a cold start. The plan "
     "of the learning rate is read from the log or the config.\n\n"
     "What is said is kept and, when it has come due, scored: "
     "forecast.skill is that record.",
     "km forecast 'lab/big-*' --target 3.28 --at 50000", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(forecast_options), km_run_forecast, 0},
    {"backtest", "[RUN...]", "say how good forecasts have been",
     "Forecasts every finished run as it was at 20, 40, 60 and 80 % of its "
     "plan, from what was known then, and compares with what came: error "
     "relative to \"nothing changes\" and to a log-log line, how often the "
     "intervals held, by learning-rate regime and forecaster. One that loses "
     "to the last value is switched off. Seeds of one configuration count "
     "once.",
     "km backtest 'sweep/*' --history others", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(backtest_options), km_run_backtest, 0},
    {"goal", "add|list|show|remove [NAME]",
     "set targets with a deadline and a budget",
     "A goal says which runs shall bring which metric to which value, and "
     "until "
     "when or for how much. `km goal show` and every report of such a run say "
     "how likely it is, what is left, and draw the progress against the pace "
     "that is needed.\n\n"
     "A deadline that is only a date means the end of that day. A deadline "
     "needs a clock in the log, a budget a price.",
     "km goal add launch --run 'lab/big-*' --target 3.28 --deadline +3d "
     "--budget 500",
     KM_WORD_NONE, 1, 2, KM_OPTION_TABLE(goal_options), km_run_goal, 0},
    {"explain", "[FIGURE...] [RUN]", "say what a figure means",
     "Unit, formula, what it needs and where it is from. FIGURE is an id, a "
     "family like learn, or a pattern with * and ?; without it all are "
     "listed. A last word that is no figure names a run: then also what the "
     "figure is there and the evidence, of a verdict since when and how often "
     "such a one is wrong.",
     "km explain verdict.spike value-embed", KM_WORD_FIGURE, 0, -1,
     KM_OPTION_TABLE(explain_options), km_run_explain, KM_COMMAND_NO_CONFIG},
    {"export", "[RUN...]", "write points as CSV, JSON lines or binary",
     "Every point of every attempt, in the store's order. In CSV, text that a "
     "spreadsheet would run as a formula gets an apostrophe before it. "
     "docs/formats/export.md describes all three.",
     "km export value-embed --metric loss --format csv -o loss.csv",
     KM_WORD_RUN, 0, -1, KM_OPTION_TABLE(export_options), km_run_export, 0},
    {"doctor", "", "check the store, and mend it",
     "Checks structure, counts and checksums; never writes without --repair.",
     "km doctor --deep", KM_WORD_NONE, 0, 0, KM_OPTION_TABLE(doctor_options),
     km_run_doctor, 0},
    {"gc", "[RUN...]", "merge, give back space, delete runs",
     "Without words it merges small chunks and gives back space. Runs are "
     "deleted only with --delete.",
     "km gc --delete 'old/*' --dry-run", KM_WORD_RUN, 0, -1,
     KM_OPTION_TABLE(gc_options), km_run_gc, 0},
    {"config", "", "show what is configured",
     "The file, the store in use, and what is set; docs/config.md describes "
     "the keys. Options of the command "
     "line come before the file.",
     "km config --example > ~/.config/knotmeter/config.yaml", KM_WORD_NONE, 0,
     0, KM_OPTION_TABLE(config_options), km_run_config, 0},
    {"completion", "bash|zsh|fish", "print completions for a shell",
     "Load them with `source <(km completion bash)`, with `km completion zsh > "
     "_km` in a folder of $fpath, or with `km completion fish | source`.",
     NULL, KM_WORD_NONE, 1, 1, NULL, 0, km_run_completion,
     KM_COMMAND_NO_CONFIG},
    {"man", "", "print the manual", "As troff for man(1): `km man | man -l -`.",
     NULL, KM_WORD_NONE, 0, 0, KM_OPTION_TABLE(man_options), km_run_man,
     KM_COMMAND_NO_CONFIG},
    {"version", "", "print the version, and those of the libraries", "", NULL,
     KM_WORD_NONE, 0, 0, NULL, 0, km_run_version, KM_COMMAND_NO_CONFIG},
    {"help", "[COMMAND]", "explain a command; errors: the exit codes",
     "`km help errors` lists the exit codes.", NULL, KM_WORD_NONE, 0, 1, NULL,
     0, km_run_help, KM_COMMAND_NO_CONFIG},
};
const size_t km_command_count = sizeof km_commands / sizeof km_commands[0];

const struct km_command *km_command_find(const char *name)
{
    for (size_t i = 0; i < km_command_count; i++) {
        if (strcmp(km_commands[i].name, name) == 0) {
            return &km_commands[i];
        }
    }
    return NULL;
}
