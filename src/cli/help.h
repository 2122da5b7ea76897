/* help.h - help, man page and completions, all from the table of commands. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_HELP_H
#define KM_CLI_HELP_H

#include "base/buf.h"
#include "cli/command.h"

/* NULL: the overview. Goes to the command's output. */
enum km_code km_help_print(struct km_cli *cli, const struct km_command *command,
                           struct km_err *err);

/* troff for man(1), one page for all commands. */
void km_man_write(struct km_buf *out);

/* Markdown: docs/cli.md is exactly this. */
void km_manual_markdown(struct km_buf *out);

void km_completion_bash(struct km_buf *out);
void km_completion_zsh(struct km_buf *out);
void km_completion_fish(struct km_buf *out);

enum km_code km_run_help(struct km_cli *cli, struct km_err *err);
enum km_code km_run_man(struct km_cli *cli, struct km_err *err);
enum km_code km_run_completion(struct km_cli *cli, struct km_err *err);
enum km_code km_run_version(struct km_cli *cli, struct km_err *err);

#endif
