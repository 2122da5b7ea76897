/* completion.c - words for the Tab key: bash, zsh, fish. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/help.h"

static void each_choice(struct km_buf *out, const char *choices)
{
    for (const char *at = choices; *at; at++) {
        km_buf_append_char(out, *at == '|' ? ' ' : *at);
    }
}

/* Text inside '...' of a shell. */
static void quoted(struct km_buf *out, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'') {
            km_buf_append_text(out, "'\\''");
            continue;
        }
        if (strchr(escaped, *text)) {
            km_buf_append_char(out, '\\');
        }
        km_buf_append_char(out, *text);
    }
}

static const char *word_source(enum km_word_kind kind)
{
    switch (kind) {
    case KM_WORD_RUN:
        return "km runs --names 2>/dev/null";
    case KM_WORD_FIGURE:
        return "km explain --names 2>/dev/null";
    case KM_WORD_NONE:
    case KM_WORD_PATH:
        break;
    }
    return NULL;
}

static void bash_values(struct km_buf *out, const struct km_option *options,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct km_option *option = &options[i];
        if (option->kind == KM_OPTION_CHOICE) {
            km_buf_printf(out, "        --%s) COMPREPLY=($(compgen -W \"",
                          option->name);
            each_choice(out, option->choices);
            km_buf_append_text(out, "\" -- \"$word\")); return ;;\n");
        } else if (option->kind == KM_OPTION_FILE ||
                   option->kind == KM_OPTION_FOLDER) {
            km_buf_printf(out,
                          "        --%s) COMPREPLY=($(compgen -%c -- "
                          "\"$word\")); return ;;\n",
                          option->name,
                          option->kind == KM_OPTION_FILE ? 'f' : 'd');
        } else if (option->kind != KM_OPTION_FLAG) {
            km_buf_printf(out, "        --%s) return ;;\n", option->name);
        }
    }
}

static void bash_command(struct km_buf *out, const struct km_command *command)
{
    km_buf_printf(out, "    %s)\n        case $before in\n", command->name);
    bash_values(out, command->options, command->option_count);
    bash_values(out, km_options_common, km_option_common_count);
    km_buf_append_text(out, "        esac\n        options=\"");
    for (size_t i = 0; i < command->option_count; i++) {
        km_buf_printf(out, "--%s ", command->options[i].name);
    }
    km_buf_append_text(out, "$common\"\n");
    const char *source = word_source(command->word_kind);
    if (source) {
        km_buf_printf(out, "        words=$(%s)\n", source);
    } else if (command->word_kind == KM_WORD_PATH) {
        km_buf_append_text(out, "        files=1\n");
    }
    km_buf_append_text(out, "        ;;\n");
}

void km_completion_bash(struct km_buf *out)
{
    km_buf_append_text(
        out,
        "# bash completion of km; load it with: source <(km completion bash)\n"
        "_km() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]}\n"
        "    local before=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local command=${COMP_WORDS[1]} options= words= files= IFS=$' "
        "\\t\\n'\n    local common=\"");
    for (size_t i = 0; i < km_option_common_count; i++) {
        km_buf_printf(out, "--%s ", km_options_common[i].name);
    }
    km_buf_append_text(out, "\"\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                            "        COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; i < km_command_count; i++) {
        km_buf_printf(out, "%s ", km_commands[i].name);
    }
    km_buf_append_text(out, "\" -- \"$word\")); return\n    fi\n"
                            "    case $command in\n");
    for (size_t i = 0; i < km_command_count; i++) {
        bash_command(out, &km_commands[i]);
    }
    km_buf_append_text(
        out,
        "    esac\n"
        "    case $word in\n"
        "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
        "    *) if [ -n \"$files\" ]; then COMPREPLY=($(compgen -f -- "
        "\"$word\"))\n"
        "       else COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); fi "
        ";;\n"
        "    esac\n}\n"
        "complete -o filenames -F _km km knotmeter\n");
}

static void zsh_option(struct km_buf *out, const struct km_option *option)
{
    km_buf_printf(out, " \\\n        '--%s%s[", option->name,
                  option->kind == KM_OPTION_FLAG ? "" : "=");
    quoted(out, option->help, "[]:");
    km_buf_append_char(out, ']');
    if (option->kind != KM_OPTION_FLAG) {
        km_buf_append_char(out, ':');
        quoted(out, option->hint, "[]:");
        km_buf_append_char(out, ':');
    }
    if (option->kind == KM_OPTION_CHOICE) {
        km_buf_append_char(out, '(');
        each_choice(out, option->choices);
        km_buf_append_char(out, ')');
    } else if (option->kind == KM_OPTION_FILE) {
        km_buf_append_text(out, "_files");
    } else if (option->kind == KM_OPTION_FOLDER) {
        km_buf_append_text(out, "_files -/");
    }
    km_buf_append_char(out, '\'');
}

void km_completion_zsh(struct km_buf *out)
{
    km_buf_append_text(
        out, "#compdef km knotmeter\n"
             "# zsh completion of km; put it as _km into a folder of $fpath\n"
             "_km() {\n    local -a commands=(\n");
    for (size_t i = 0; i < km_command_count; i++) {
        km_buf_printf(out, "        '%s:", km_commands[i].name);
        quoted(out, km_commands[i].help, ":");
        km_buf_append_text(out, "'\n");
    }
    km_buf_append_text(
        out, "    )\n"
             "    if (( CURRENT == 2 )); then _describe command commands; "
             "return; fi\n"
             "    local name=$words[2]\n    shift words; (( CURRENT-- ))\n"
             "    case $name in\n");
    for (size_t i = 0; i < km_command_count; i++) {
        const struct km_command *command = &km_commands[i];
        km_buf_printf(out, "    %s) _arguments", command->name);
        for (size_t o = 0; o < command->option_count; o++) {
            zsh_option(out, &command->options[o]);
        }
        for (size_t o = 0; o < km_option_common_count; o++) {
            zsh_option(out, &km_options_common[o]);
        }
        const char *source = word_source(command->word_kind);
        if (source) {
            km_buf_printf(out, " \\\n        '*:word:(${(f)\"$(%s)\"})'",
                          source);
        } else if (command->word_kind == KM_WORD_PATH) {
            km_buf_append_text(out, " \\\n        '*:path:_files'");
        }
        km_buf_append_text(out, " ;;\n");
    }
    km_buf_append_text(out, "    esac\n}\n"
                            "if [ \"$funcstack[1]\" = _km ]; then _km \"$@\"; "
                            "else compdef _km km knotmeter; fi\n");
}

static void fish_option(struct km_buf *out, const char *command,
                        const struct km_option *option)
{
    km_buf_append_text(out, "complete -c km");
    if (command) {
        km_buf_printf(out, " -n '__fish_seen_subcommand_from %s'", command);
    }
    km_buf_printf(out, " -l %s", option->name);
    if (option->letter) {
        km_buf_printf(out, " -s %c", option->letter);
    }
    if (option->kind == KM_OPTION_CHOICE) {
        km_buf_append_text(out, " -x -a '");
        each_choice(out, option->choices);
        km_buf_append_char(out, '\'');
    } else if (option->kind == KM_OPTION_FILE ||
               option->kind == KM_OPTION_FOLDER) {
        km_buf_append_text(out, " -r -F");
    } else if (option->kind != KM_OPTION_FLAG) {
        km_buf_append_text(out, " -x");
    }
    km_buf_append_text(out, " -d '");
    for (const char *at = option->help; *at; at++) {
        km_buf_append_text(out, *at == '\'' ? "\\" : "");
        km_buf_append_char(out, *at);
    }
    km_buf_append_text(out, "'\n");
}

void km_completion_fish(struct km_buf *out)
{
    km_buf_append_text(out, "# fish completion of km; load it with: km "
                            "completion fish | source\n"
                            "complete -c km -f\n");
    for (size_t i = 0; i < km_command_count; i++) {
        const struct km_command *command = &km_commands[i];
        km_buf_printf(out,
                      "complete -c km -n __fish_use_subcommand -a %s -d '%s'\n",
                      command->name, command->help);
        for (size_t o = 0; o < command->option_count; o++) {
            fish_option(out, command->name, &command->options[o]);
        }
        const char *source = word_source(command->word_kind);
        if (source) {
            km_buf_printf(out,
                          "complete -c km -n '__fish_seen_subcommand_from %s' "
                          "-a '(%s)'\n",
                          command->name, source);
        } else if (command->word_kind == KM_WORD_PATH) {
            km_buf_printf(
                out, "complete -c km -n '__fish_seen_subcommand_from %s' -F\n",
                command->name);
        }
    }
    for (size_t o = 0; o < km_option_common_count; o++) {
        fish_option(out, NULL, &km_options_common[o]);
    }
}
