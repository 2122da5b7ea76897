/* man.c - the manual, as troff for man(1) and as Markdown for docs/cli.md. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/help.h"

/* What the environment says to the program: name, meaning. */
static const char *const variables[][2] = {
    {"KNOTMETER_STORE", "The store, when --store is not given."},
    {"KNOTMETER_CONFIG", "The configuration file; without it "
                         "$XDG_CONFIG_HOME/knotmeter/config.yaml, then "
                         "~/.config/knotmeter/config.yaml."},
    {"XDG_DATA_HOME", "The store is its folder knotmeter when nothing else is "
                      "said; without it ~/.local/share/knotmeter."},
    {"NO_COLOR", "When set, no colours."},
    {"COLORTERM, TERM", "truecolor or 256color: heat maps lie on colours."},
    {"COLUMNS", "The width of tables and charts, 60 to 160."},
    {"LC_ALL, LC_CTYPE, LANG", "Charts use Unicode where the first that is set "
                               "names UTF-8, else ASCII."},
    {"SOURCE_DATE_EPOCH", "Seconds since 1970 to take as now, for output that "
                          "can be reproduced."},
};
enum { VARIABLE_COUNT = sizeof variables / sizeof variables[0] };

/* troff: a backslash is an escape, a dot or apostrophe that begins a line is a
 * request, a minus is a hyphen unless escaped. */
static void troff(struct km_buf *out, const char *text)
{
    bool begins_line = true;
    for (; *text; text++) {
        if (begins_line && (*text == '.' || *text == '\'')) {
            km_buf_append_text(out, "\\&");
        }
        if (*text == '\\') {
            km_buf_append_text(out, "\\e");
        } else if (*text == '-') {
            km_buf_append_text(out, "\\-");
        } else {
            km_buf_append_char(out, *text);
        }
        begins_line = *text == '\n';
    }
}

static void troff_about(struct km_buf *out, const char *about)
{
    while (*about) {
        const char *end = strstr(about, "\n\n");
        size_t len = end ? (size_t)(end - about) : strlen(about);
        struct km_buf part;
        km_buf_init(&part, 64 * 1024);
        km_buf_append(&part, about, len);
        km_buf_append_text(out, ".PP\n");
        troff(out, part.bytes ? part.bytes : "");
        km_buf_append_char(out, '\n');
        km_buf_finish(&part);
        about += len + (end ? 2 : 0);
    }
}

static void troff_option(struct km_buf *out, const struct km_option *option)
{
    km_buf_append_text(out, ".TP\n");
    if (option->letter) {
        km_buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    }
    km_buf_append_text(out, "\\fB\\-\\-");
    troff(out, option->name);
    km_buf_append_text(out, "\\fR");
    if (option->hint) {
        km_buf_append_text(out, " \\fI");
        troff(out, option->hint);
        km_buf_append_text(out, "\\fR");
    }
    km_buf_append_char(out, '\n');
    troff(out, option->help);
    km_buf_append_text(out, ".\n");
}

static void troff_command(struct km_buf *out, const struct km_command *command)
{
    km_buf_append_text(out, ".SS \"");
    troff(out, command->name);
    km_buf_append_text(out, "\"\n\\fBkm ");
    troff(out, command->name);
    km_buf_append_text(out, "\\fR [\\fIOPTIONS\\fR]");
    if (*command->usage) {
        km_buf_append_text(out, " \\fI");
        troff(out, command->usage);
        km_buf_append_text(out, "\\fR");
    }
    km_buf_append_char(out, '\n');
    troff_about(out, command->about);
    for (size_t i = 0; i < command->option_count; i++) {
        troff_option(out, &command->options[i]);
    }
}

void km_man_write(struct km_buf *out)
{
    km_buf_append_text(
        out, ".TH KM 1 \"\" \"knotmeter\" \"User Commands\"\n"
             ".SH NAME\nkm, knotmeter \\- measure how fast a model is "
             "learning\n.SH SYNOPSIS\n.B km\n\\fICOMMAND\\fR "
             "[\\fIOPTIONS\\fR] [\\fIWORDS\\fR]\n.SH DESCRIPTION\n"
             "Imports the logs of trainings, keeps them in a store, and "
             "answers how fast the model learns: per step, token and second, "
             "with interval and evidence, or with the words not enough "
             "data.\n.SH COMMANDS\n");
    for (size_t i = 0; i < km_command_count; i++) {
        troff_command(out, &km_commands[i]);
    }
    km_buf_append_text(out, ".SH OPTIONS OF EVERY COMMAND\n");
    for (size_t i = 0; i < km_option_common_count; i++) {
        troff_option(out, &km_options_common[i]);
    }
    km_buf_append_text(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        km_buf_append_text(out, ".TP\n.B ");
        troff(out, variables[i][0]);
        km_buf_append_char(out, '\n');
        troff(out, variables[i][1]);
        km_buf_append_char(out, '\n');
    }
    km_buf_append_text(out, ".SH EXIT STATUS\n");
    for (int code = KM_OK; code < KM_CODE_COUNT; code++) {
        km_buf_printf(out, ".TP\n.B %d\n", km_code_exit((enum km_code)code));
        troff(out, km_code_meaning((enum km_code)code));
        km_buf_append_char(out, '\n');
    }
}

static void markdown_option(struct km_buf *out, const struct km_option *option)
{
    km_buf_append_text(out, "| `");
    if (option->letter) {
        km_buf_printf(out, "-%c`, `", option->letter);
    }
    km_buf_printf(out, "--%s%s", option->name, option->hint ? " " : "");
    for (const char *at = option->hint; at && *at; at++) {
        km_buf_append_text(out, *at == '|' ? "\\" : "");
        km_buf_append_char(out, *at);
    }
    km_buf_printf(out, "` | %s |\n", option->help);
}

static void markdown_options(struct km_buf *out,
                             const struct km_option *options, size_t count)
{
    if (count) {
        km_buf_append_text(out, "\n| option | meaning |\n|---|---|\n");
    }
    for (size_t i = 0; i < count; i++) {
        markdown_option(out, &options[i]);
    }
}

void km_manual_markdown(struct km_buf *out)
{
    km_buf_append_text(
        out, "# Commands\n\nPrinted by `km man --markdown` from the table of "
             "commands; a test holds this page against it.\n");
    for (size_t i = 0; i < km_command_count; i++) {
        const struct km_command *command = &km_commands[i];
        km_buf_printf(out, "\n## km %s\n\n    km %s [OPTIONS]%s%s\n\n%s\n",
                      command->name, command->name, *command->usage ? " " : "",
                      command->usage, command->about);
        markdown_options(out, command->options, command->option_count);
        if (command->example) {
            km_buf_printf(out, "\nExample: `%s`\n", command->example);
        }
    }
    km_buf_append_text(out, "\n## Options of every command\n");
    markdown_options(out, km_options_common, km_option_common_count);
    km_buf_append_text(out, "\n## Environment\n\n| variable | meaning "
                            "|\n|---|---|\n");
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        km_buf_printf(out, "| `%s` | %s |\n", variables[i][0], variables[i][1]);
    }
    km_buf_append_text(out, "\n## Exit status\n\n| status | name | meaning "
                            "|\n|---|---|---|\n");
    for (int code = KM_OK; code < KM_CODE_COUNT; code++) {
        km_buf_printf(out, "| %d | `%s` | %s |\n",
                      km_code_exit((enum km_code)code),
                      km_code_name((enum km_code)code),
                      km_code_meaning((enum km_code)code));
    }
}
