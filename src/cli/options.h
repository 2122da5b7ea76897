/* options.h - words of a command line, judged against the table of commands.
 *
 * `--name value`, `--name=value`, `-q`, and `--` to end the options. Options
 * may stand before and after the command. What is not understood is refused
 * with one sentence that names the nearest thing that is.
 * Ownership: borrows argv.   Errors: KM_EUSAGE. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLI_OPTIONS_H
#define KM_CLI_OPTIONS_H

#include "cli/command.h"

enum { KM_OPTIONS_MAX = 32, KM_WORDS_MAX = 65536 };

struct km_option_value {
    const struct km_option *option; /* NULL: not given */
    const char *text;               /* NULL for a flag */
    double number;
};

struct km_invocation {
    const struct km_command *command; /* NULL: none was named */
    struct km_option_value values[KM_OPTIONS_MAX];
    size_t value_count;
    const char **words; /* after the command; points into `argv_words` */
    size_t word_count;
};

/* `words` has room for argc pointers. Asking for help is understood with any
 * number of words. On failure `invocation->command` tells whose usage it was,
 * or NULL. */
enum km_code km_options_parse(int argc, char *const *argv, const char **words,
                              struct km_invocation *invocation,
                              struct km_err *err);

/* `name` must be an option of the command or a common one (asserted). */
bool km_option_given(const struct km_invocation *invocation, const char *name);
/* The text, or NULL when it was not given. */
const char *km_option_text(const struct km_invocation *invocation,
                           const char *name);
double km_option_number(const struct km_invocation *invocation,
                        const char *name, double otherwise);

#endif
