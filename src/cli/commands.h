/* commands.h - what runs behind each row of the table of commands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_COMMANDS_H
#define KM_CLI_COMMANDS_H

#include "cli/cli.h"

enum km_code km_run_top(struct km_cli *cli, struct km_err *err);
enum km_code km_run_run(struct km_cli *cli, struct km_err *err);
enum km_code km_run_serve(struct km_cli *cli, struct km_err *err);
enum km_code km_run_sync(struct km_cli *cli, struct km_err *err);
enum km_code km_run_import(struct km_cli *cli, struct km_err *err);
enum km_code km_run_runs(struct km_cli *cli, struct km_err *err);
enum km_code km_run_metrics(struct km_cli *cli, struct km_err *err);
enum km_code km_run_evals(struct km_cli *cli, struct km_err *err);
enum km_code km_run_forecast(struct km_cli *cli, struct km_err *err);
enum km_code km_run_backtest(struct km_cli *cli, struct km_err *err);
enum km_code km_run_compare_arms(struct km_cli *cli, struct km_err *err);
enum km_code km_run_seeds(struct km_cli *cli, struct km_err *err);
enum km_code km_run_levers(struct km_cli *cli, struct km_err *err);
enum km_code km_run_halving(struct km_cli *cli, struct km_err *err);
enum km_code km_run_tasks(struct km_cli *cli, struct km_err *err);
enum km_code km_run_report(struct km_cli *cli, struct km_err *err);
enum km_code km_run_explain(struct km_cli *cli, struct km_err *err);
enum km_code km_run_config(struct km_cli *cli, struct km_err *err);
enum km_code km_run_doctor(struct km_cli *cli, struct km_err *err);
enum km_code km_run_goal(struct km_cli *cli, struct km_err *err);
enum km_code km_run_gc(struct km_cli *cli, struct km_err *err);
enum km_code km_run_export(struct km_cli *cli, struct km_err *err);

#endif
