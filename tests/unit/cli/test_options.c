/* test_options.c - what a person may type, and what refusals say. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "cli/suggest.h"
#include "tap.h"

enum { WORDS = 8 };

static const char *words[WORDS];
static struct km_invocation got;
static struct km_err err;

static enum km_code parse(const char *const *typed)
{
    char *argv[WORDS] = {0};
    static char room[512];
    size_t used = 0;
    int argc = 1;
    argv[0] = room;
    room[used++] = '\0';
    for (; typed[argc - 1]; argc++) {
        size_t len = strlen(typed[argc - 1]) + 1;
        argv[argc] = memcpy(room + used, typed[argc - 1], len);
        used += len;
    }
    err = (struct km_err){0};
    return km_options_parse(argc, argv, words, &got, &err);
}

static void options_stand_before_and_behind_the_command(void)
{
    const char *typed[] = {"--store", "/s", "runs", "a*", "--limit=3", "-q", 0};
    CHECK_INT(parse(typed), KM_OK);
    CHECK_TEXT(got.command->name, "runs");
    CHECK_TEXT(km_option_text(&got, "store"), "/s");
    CHECK_NEAR(km_option_number(&got, "limit", 0), 3, 0);
    CHECK(km_option_given(&got, "quiet"));
    CHECK(!km_option_given(&got, "json"));
    CHECK_INT(got.word_count, 1);
    CHECK_TEXT(got.words[0], "a*");
}

static void two_dashes_end_the_options(void)
{
    const char *typed[] = {"import", "--", "--salvage", "-", 0};
    CHECK_INT(parse(typed), KM_OK);
    CHECK_INT(got.word_count, 2);
    CHECK_TEXT(got.words[0], "--salvage");
    CHECK(!km_option_given(&got, "salvage"));
}

static void letters_may_be_joined(void)
{
    const char *typed[] = {"import", "-qvf", "x", 0};
    CHECK_INT(parse(typed), KM_OK);
    CHECK(km_option_given(&got, "quiet"));
    CHECK(km_option_given(&got, "verbose"));
    CHECK(km_option_given(&got, "follow"));
}

static void help_needs_no_words(void)
{
    const char *typed[] = {"import", "--help", 0};
    CHECK_INT(parse(typed), KM_OK);
    const char *nothing[] = {0};
    CHECK_INT(parse(nothing), KM_OK);
    CHECK(got.command == NULL);
}

static const struct {
    const char *typed[6];
    const char *sentence;
} refused[] = {
    {{"imprt", "x"}, "there is no command imprt; the nearest is import"},
    {{"zzzzzz"}, "there is no command zzzzzz; see `km help`"},
    {{"runs", "--limt", "3"},
     "there is no option --limt; the nearest is --limit"},
    {{"runs", "--zzzzzz"}, "there is no option --zzzzzz; see `km help runs`"},
    {{"--limit", "3", "runs"}, "there is no option --limit; see `km help`"},
    {{"runs", "--limit"}, "--limit expects N, and nothing follows"},
    {{"runs", "--limit", "x"}, "--limit expects a whole number, not \"x\""},
    {{"runs", "--limit", "1.5"}, "--limit expects a whole number, not \"1.5\""},
    {{"runs", "--limit", "nan"}, "--limit expects a whole number, not \"nan\""},
    {{"runs", "--limit", "0"},
     "--limit expects a whole number of at least 1, not 0"},
    {{"runs", "--limit=2", "--limit=3"}, "--limit is given twice"},
    {{"runs", "--sort", "size"}, "--sort expects name|newest, not \"size\""},
    {{"runs", "--sort="}, "--sort expects name|newest, not \"\""},
    {{"runs", "--store="}, "--store expects DIR, not nothing"},
    {{"runs", "--json=yes"}, "--json takes no value"},
    {{"runs", "-x"}, "there is no option -x; long options begin with --"},
    {{"runs", "-qn", "3"}, "-n expects N and cannot be joined with others"},
    {{"import"}, "it expects PATH...; see `km help import`"},
    {{"man", "x"}, "it takes no word like \"x\"; see `km help man`"},
};

static void refusals_are_one_sentence_with_the_nearest_word(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_INT(parse(refused[i].typed), KM_EUSAGE);
        CHECK_TEXT(err.message, refused[i].sentence);
    }
}

static void distance_counts_swaps_as_one(void)
{
    CHECK_INT(km_suggest_distance("runs", "runs"), 0);
    CHECK_INT(km_suggest_distance("rusn", "runs"), 1);
    CHECK_INT(km_suggest_distance("RUNS", "runs"), 0);
    CHECK_INT(km_suggest_distance("kitten", "sitting"), 3);
    CHECK_INT(km_suggest_distance("", "abc"), 3);
}

static void every_row_of_the_table_is_complete(void)
{
    for (size_t i = 0; i < km_command_count; i++) {
        const struct km_command *command = &km_commands[i];
        CHECK(command->name && command->usage && command->help);
        CHECK(command->about && command->run);
        CHECK(command->option_count + km_option_common_count <= KM_OPTIONS_MAX);
        CHECK(km_command_find(command->name) == command);
        for (size_t o = 0; o < command->option_count; o++) {
            const struct km_option *option = &command->options[o];
            bool flag = option->kind == KM_OPTION_FLAG;
            CHECK(flag == (option->hint == NULL));
            CHECK((option->kind == KM_OPTION_CHOICE) ==
                  (option->choices != NULL));
            for (size_t c = 0; c < km_option_common_count; c++) {
                CHECK(strcmp(option->name, km_options_common[c].name) != 0);
            }
        }
    }
}

int main(void)
{
    RUN(options_stand_before_and_behind_the_command);
    RUN(two_dashes_end_the_options);
    RUN(letters_may_be_joined);
    RUN(help_needs_no_words);
    RUN(refusals_are_one_sentence_with_the_nearest_word);
    RUN(distance_counts_swaps_as_one);
    RUN(every_row_of_the_table_is_complete);
    return tap_end();
}
