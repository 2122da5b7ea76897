/* command.h - the table of commands and what a parsed command line looks like.
 *
 * One row a command: usage, help, options with types, and the function that
 * runs it. Help, the man page and the completions are printed from the rows, so
 * that they cannot disagree with the parser. To add a command: one file
 * cmd_<name>.c, one row in commands.c.
 * Document: docs/cli.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_COMMAND_H
#define KM_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct km_cli;

enum km_option_kind {
    KM_OPTION_FLAG,   /* present or not */
    KM_OPTION_TEXT,   /* any text, not empty */
    KM_OPTION_FILE,   /* a path of a file, for completion */
    KM_OPTION_FOLDER, /* a path of a folder, for completion */
    KM_OPTION_CHOICE, /* one of `choices` */
    KM_OPTION_NUMBER, /* a finite number of at least `least` */
    KM_OPTION_COUNT,  /* a whole number of at least `least` */
};

struct km_option {
    const char *name; /* "store", without dashes */
    const char *hint; /* "DIR"; NULL for a flag */
    const char *help; /* one clause, no full stop */
    enum km_option_kind kind;
    char letter;         /* 'q' for -q; 0: none */
    const char *choices; /* "text|json|csv" */
    double least;        /* of NUMBER and COUNT */
};

/* What the words behind a command are, for completion. */
enum km_word_kind { KM_WORD_NONE, KM_WORD_PATH, KM_WORD_RUN, KM_WORD_FIGURE };

enum km_command_flag {
    KM_COMMAND_NO_CONFIG = 1,  /* runs without reading the configuration */
    KM_COMMAND_WORDS_LAST = 2, /* what follows the first word is not ours */
};

struct km_command {
    const char *name;  /* "import" */
    const char *usage; /* "PATH..." */
    const char *help;  /* one clause, no full stop */
    const char *about; /* paragraphs for help and the man page */
    const char *example;
    enum km_word_kind word_kind;
    int words_min, words_max; /* words after the name; -1: any number */
    const struct km_option *options;
    size_t option_count;
    enum km_code (*run)(struct km_cli *cli, struct km_err *err);
    unsigned flags; /* enum km_command_flag */
};

extern const struct km_command km_commands[]; /* in the order of help */
extern const size_t km_command_count;
extern const struct km_option km_options_common[]; /* taken by every command */
extern const size_t km_option_common_count;

const struct km_command *km_command_find(const char *name); /* or NULL */

/* Rows that share one table are laid out by this macro. */
#define KM_OPTION_TABLE(table)                                                 \
    .options = (table), .option_count = sizeof(table) / sizeof(table)[0]

#endif
