/* options.c - one pass over argv; refusals are sentences. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/str.h"
#include "cli/suggest.h"

struct parse {
    int argc, at;
    char *const *argv;
    const char **words;
    struct km_invocation *invocation;
    struct km_err *err;
    bool words_only; /* "--" was seen */
};

/* Calls `offer` rows of the command's table, then of the common one. */
static const struct km_option *option_at(const struct km_command *command,
                                         size_t index)
{
    size_t own = command ? command->option_count : 0;
    if (index < own) {
        return &command->options[index];
    }
    index -= own;
    return index < km_option_common_count ? &km_options_common[index] : NULL;
}

static const struct km_option *find_option(const struct km_command *command,
                                           const char *name, size_t len)
{
    const struct km_option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        if (strlen(option->name) == len &&
            memcmp(option->name, name, len) == 0) {
            return option;
        }
    }
    return NULL;
}

static const struct km_option *find_letter(const struct km_command *command,
                                           char letter)
{
    const struct km_option *option;
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        if (option->letter == letter) {
            return option;
        }
    }
    return NULL;
}

static enum km_code refuse_option(struct parse *p, const char *name, size_t len)
{
    char typed[64];
    size_t kept = len < sizeof typed - 1 ? len : sizeof typed - 1;
    memcpy(typed, name, kept);
    typed[kept] = '\0';
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, typed);
    const struct km_option *option;
    const struct km_command *command = p->invocation->command;
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        km_suggest_offer(&suggestion, option->name);
    }
    if (suggestion.nearest) {
        return km_fail(p->err, KM_EUSAGE,
                       "there is no option --%s; the nearest is --%s", typed,
                       suggestion.nearest);
    }
    return km_fail(p->err, KM_EUSAGE,
                   "there is no option --%s; see `km help%s%s`", typed,
                   command ? " " : "", command ? command->name : "");
}

static enum km_code refuse_command(struct parse *p, const char *typed)
{
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, typed);
    for (size_t i = 0; i < km_command_count; i++) {
        km_suggest_offer(&suggestion, km_commands[i].name);
    }
    if (suggestion.nearest) {
        return km_fail(p->err, KM_EUSAGE,
                       "there is no command %.64s; the nearest is %s", typed,
                       suggestion.nearest);
    }
    return km_fail(p->err, KM_EUSAGE,
                   "there is no command %.64s; see `km help`", typed);
}

/* True when `text` is one of "a|b|c". */
static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = choices; len && *at;) {
        size_t span = strcspn(at, "|");
        if (span == len && memcmp(at, text, len) == 0) {
            return true;
        }
        at += span + (at[span] == '|');
    }
    return false;
}

static enum km_code check_number(struct parse *p,
                                 const struct km_option *option,
                                 const char *text, double *number)
{
    bool whole = option->kind == KM_OPTION_COUNT;
    const char *kind = whole ? "a whole number" : "a number";
    if (!km_number_parse(km_str_of(text), number) || !isfinite(*number) ||
        (whole && (*number != floor(*number) || *number > 9e15))) {
        return km_fail(p->err, KM_EUSAGE, "--%s expects %s, not \"%.64s\"",
                       option->name, kind, text);
    }
    if (*number < option->least) {
        return km_fail(p->err, KM_EUSAGE,
                       "--%s expects %s of at least %g, not %.64s",
                       option->name, kind, option->least, text);
    }
    return KM_OK;
}

static enum km_code check_value(struct parse *p, const struct km_option *option,
                                const char *text, double *number)
{
    switch (option->kind) {
    case KM_OPTION_NUMBER:
    case KM_OPTION_COUNT:
        return check_number(p, option, text, number);
    case KM_OPTION_CHOICE:
        if (!is_choice(option->choices, text)) {
            return km_fail(p->err, KM_EUSAGE, "--%s expects %s, not \"%.64s\"",
                           option->name, option->choices, text);
        }
        return KM_OK;
    case KM_OPTION_TEXT:
    case KM_OPTION_FILE:
    case KM_OPTION_FOLDER:
        if (!*text) {
            return km_fail(p->err, KM_EUSAGE, "--%s expects %s, not nothing",
                           option->name, option->hint);
        }
        return KM_OK;
    case KM_OPTION_FLAG:
        break;
    }
    assert(option->kind != KM_OPTION_FLAG); /* a flag has no value */
    return KM_EUSAGE;
}

static enum km_code add_value(struct parse *p, const struct km_option *option,
                              const char *text)
{
    struct km_option_value value = {.option = option, .text = text};
    if (option->kind != KM_OPTION_FLAG) {
        enum km_code code = check_value(p, option, text, &value.number);
        if (code) {
            return code;
        }
    }
    struct km_invocation *invocation = p->invocation;
    for (size_t i = 0; i < invocation->value_count; i++) {
        if (invocation->values[i].option == option) {
            if (option->kind == KM_OPTION_FLAG) {
                return KM_OK;
            }
            return km_fail(p->err, KM_EUSAGE, "--%s is given twice",
                           option->name);
        }
    }
    assert(invocation->value_count < KM_OPTIONS_MAX);
    invocation->values[invocation->value_count++] = value;
    return KM_OK;
}

/* The value of an option: behind '=', or the next word. */
static enum km_code take_value(struct parse *p, const struct km_option *option,
                               const char *inline_text)
{
    if (option->kind == KM_OPTION_FLAG) {
        if (inline_text) {
            return km_fail(p->err, KM_EUSAGE, "--%s takes no value",
                           option->name);
        }
        return add_value(p, option, NULL);
    }
    if (!inline_text) {
        if (p->at + 1 >= p->argc) {
            return km_fail(p->err, KM_EUSAGE,
                           "--%s expects %s, and nothing follows", option->name,
                           option->hint);
        }
        inline_text = p->argv[++p->at];
    }
    return add_value(p, option, inline_text);
}

static enum km_code take_long(struct parse *p, const char *name)
{
    size_t len = strcspn(name, "=");
    const struct km_option *option =
        find_option(p->invocation->command, name, len);
    if (!option) {
        return refuse_option(p, name, len);
    }
    return take_value(p, option, name[len] == '=' ? name + len + 1 : NULL);
}

/* "-q", or several flags as "-qv"; a letter with a value stands alone. */
static enum km_code take_letters(struct parse *p, const char *letters)
{
    for (size_t i = 0; letters[i]; i++) {
        const struct km_option *option =
            find_letter(p->invocation->command, letters[i]);
        if (!option) {
            return km_fail(p->err, KM_EUSAGE,
                           "there is no option -%c; long options begin with --",
                           letters[i]);
        }
        bool alone = i == 0 && !letters[1];
        if (option->kind != KM_OPTION_FLAG && !alone) {
            return km_fail(p->err, KM_EUSAGE,
                           "-%c expects %s and cannot be joined with others",
                           letters[i], option->hint);
        }
        enum km_code code = take_value(p, option, NULL);
        if (code) {
            return code;
        }
    }
    return KM_OK;
}

static enum km_code take_word(struct parse *p, const char *word)
{
    struct km_invocation *invocation = p->invocation;
    if (!invocation->command) {
        invocation->command = km_command_find(word);
        return invocation->command ? KM_OK : refuse_command(p, word);
    }
    p->words[invocation->word_count++] = word;
    p->words_only = p->words_only ||
                    (invocation->command->flags & KM_COMMAND_WORDS_LAST) != 0;
    return KM_OK;
}

static enum km_code check_words(struct parse *p)
{
    const struct km_command *command = p->invocation->command;
    if (!command || km_option_given(p->invocation, "help")) {
        return KM_OK;
    }
    size_t count = p->invocation->word_count;
    if (count < (size_t)command->words_min) {
        return km_fail(p->err, KM_EUSAGE, "it expects %s; see `km help %s`",
                       command->usage, command->name);
    }
    if (command->words_max >= 0 && count > (size_t)command->words_max) {
        return km_fail(p->err, KM_EUSAGE,
                       "it takes no word like \"%.64s\"; see `km help %s`",
                       p->words[command->words_max], command->name);
    }
    return KM_OK;
}

enum km_code km_options_parse(int argc, char *const *argv, const char **words,
                              struct km_invocation *invocation,
                              struct km_err *err)
{
    assert(argc >= 0 && argv && words && invocation);
    *invocation = (struct km_invocation){.words = words};
    struct parse p = {argc, 1, argv, words, invocation, err, false};
    for (; p.at < argc; p.at++) {
        const char *word = argv[p.at];
        enum km_code code;
        if (p.words_only || word[0] != '-' || !word[1]) {
            code = take_word(&p, word);
        } else if (strcmp(word, "--") == 0) {
            p.words_only = true;
            code = KM_OK;
        } else if (word[1] == '-') {
            code = take_long(&p, word + 2);
        } else {
            code = take_letters(&p, word + 1);
        }
        if (code) {
            return code;
        }
    }
    return check_words(&p);
}

static const struct km_option_value *
find_value(const struct km_invocation *invocation, const char *name)
{
    assert(find_option(invocation->command, name, strlen(name)));
    for (size_t i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, name) == 0) {
            return &invocation->values[i];
        }
    }
    return NULL;
}

bool km_option_given(const struct km_invocation *invocation, const char *name)
{
    return find_value(invocation, name) != NULL;
}

const char *km_option_text(const struct km_invocation *invocation,
                           const char *name)
{
    const struct km_option_value *value = find_value(invocation, name);
    return value ? value->text : NULL;
}

double km_option_number(const struct km_invocation *invocation,
                        const char *name, double otherwise)
{
    const struct km_option_value *value = find_value(invocation, name);
    return value ? value->number : otherwise;
}
