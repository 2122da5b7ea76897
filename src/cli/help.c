/* help.c - `km help`: what there is, and how each command is used. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/suggest.h"
#include "report/text.h"

enum { HELP_WIDTH_MAX = 88, NAME_COLUMN = 26 };

static void heading(struct km_cli *cli, const char *text)
{
    km_buf_printf(&cli->out, "\n%s%s%s\n",
                  km_terminal_tone(&cli->terminal, KM_TONE_STRONG), text,
                  km_terminal_tone(&cli->terminal, KM_TONE_PLAIN));
}

static size_t help_width(const struct km_cli *cli)
{
    return cli->terminal.width < HELP_WIDTH_MAX ? cli->terminal.width
                                                : HELP_WIDTH_MAX;
}

/* "  name   explanation", the explanation wrapped in its own column. */
static void print_pair(struct km_cli *cli, const char *name, const char *help,
                       size_t column)
{
    km_buf_append_text(&cli->out, "  ");
    km_buf_append_text(&cli->out, name);
    size_t used = 2 + strlen(name);
    if (used + 2 > column) {
        km_buf_append_char(&cli->out, '\n');
        used = 0;
    }
    km_buf_printf(&cli->out, "%*s", (int)(column - used), "");
    struct km_buf wrapped;
    km_buf_init(&wrapped, 4096);
    km_text_wrap(&wrapped, km_str_of(help), help_width(cli) - column, 0);
    for (const char *at = wrapped.bytes; at && *at; at++) {
        km_buf_append_char(&cli->out, *at);
        if (*at == '\n') {
            km_buf_printf(&cli->out, "%*s", (int)column, "");
        }
    }
    km_buf_append_char(&cli->out, '\n');
    km_buf_finish(&wrapped);
}

static void print_option(struct km_cli *cli, const struct km_option *option)
{
    char name[96];
    char letter[8] = "    ";
    if (option->letter) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    (void)snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name,
                   option->hint ? " " : "", option->hint ? option->hint : "");
    print_pair(cli, name, option->help, NAME_COLUMN + 2);
}

static void print_overview(struct km_cli *cli)
{
    struct km_buf *out = &cli->out;
    km_buf_append_text(out,
                       "Knotmeter measures how fast a model is learning.\n\n"
                       "usage: km COMMAND [OPTIONS] [WORDS]\n");
    heading(cli, "Commands");
    for (size_t i = 0; i < km_command_count; i++) {
        print_pair(cli, km_commands[i].name, km_commands[i].help, 14);
    }
    heading(cli, "Options of every command");
    for (size_t i = 0; i < km_option_common_count; i++) {
        print_option(cli, &km_options_common[i]);
    }
    heading(cli, "Begin with");
    km_buf_append_text(out, "  km import runs/        read a folder of logs\n"
                            "  km runs                see what was found\n"
                            "  km report NAME         ask how fast it learns\n"
                            "  km help COMMAND        read on\n");
}

/* Paragraphs are separated by an empty line in the row. */
static void print_about(struct km_cli *cli, const char *about)
{
    for (const char *at = about; *at;) {
        const char *end = strstr(at, "\n\n");
        size_t len = end ? (size_t)(end - at) : strlen(at);
        km_buf_append_char(&cli->out, '\n');
        km_text_wrap(&cli->out, (struct km_str){at, len}, help_width(cli), 0);
        km_buf_append_char(&cli->out, '\n');
        at += len + (end ? 2 : 0);
    }
}

static void print_command(struct km_cli *cli, const struct km_command *command)
{
    km_buf_printf(&cli->out, "km %s: %s\n\nusage: km %s [OPTIONS]%s%s\n",
                  command->name, command->help, command->name,
                  *command->usage ? " " : "", command->usage);
    print_about(cli, command->about);
    if (command->option_count) {
        heading(cli, "Options");
    }
    for (size_t i = 0; i < command->option_count; i++) {
        print_option(cli, &command->options[i]);
    }
    heading(cli, "Options of every command");
    for (size_t i = 0; i < km_option_common_count; i++) {
        print_option(cli, &km_options_common[i]);
    }
    if (command->example) {
        heading(cli, "Example");
        km_buf_printf(&cli->out, "  %s\n", command->example);
    }
}

static void print_errors(struct km_cli *cli)
{
    km_buf_append_text(&cli->out, "exit  meaning\n");
    for (int code = KM_OK; code < KM_CODE_COUNT; code++) {
        km_buf_printf(&cli->out, "%4d  %s\n", km_code_exit((enum km_code)code),
                      km_code_meaning((enum km_code)code));
    }
}

enum km_code km_help_print(struct km_cli *cli, const struct km_command *command,
                           struct km_err *err)
{
    (void)err;
    if (command) {
        print_command(cli, command);
    } else {
        print_overview(cli);
    }
    return KM_OK;
}

enum km_code km_run_help(struct km_cli *cli, struct km_err *err)
{
    if (cli->args->word_count == 0) {
        return km_help_print(cli, NULL, err);
    }
    const char *topic = cli->args->words[0];
    if (strcmp(topic, "errors") == 0 ||
        km_str_starts(km_str_of(topic), KM_STR("exit"))) {
        print_errors(cli);
        return KM_OK;
    }
    const struct km_command *command = km_command_find(topic);
    if (command) {
        return km_help_print(cli, command, err);
    }
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, topic);
    for (size_t i = 0; i < km_command_count; i++) {
        km_suggest_offer(&suggestion, km_commands[i].name);
    }
    km_suggest_offer(&suggestion, "errors");
    return km_fail(err, KM_EUSAGE, "there is no help on %.64s%s%s", topic,
                   suggestion.nearest ? "; the nearest is " : "; see `km help`",
                   suggestion.nearest ? suggestion.nearest : "");
}
