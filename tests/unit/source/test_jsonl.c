/* test_jsonl.c - one JSON object a line: steps, times, nesting, damage. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "dump.h"
#include "source/json_formats.h"

static const struct km_source_ops *const ops = &km_source_jsonl;

static void numbers_become_points_at_their_step_and_time(void)
{
    dump_is(ops, "a.jsonl",
            "{\"_step\": 0, \"loss\": 2.5, \"_timestamp\": 1700000000.5}\n"
            "{\"loss\": NaN, \"_timestamp\": 1700000001, \"_step\": 10}\n",
            "point loss @0 1700000000500000000 2.5\n"
            "point loss @10 1700000001000000000 nan\n");
}

static void nested_names_are_joined_and_lists_left_out(void)
{
    dump_is(ops, "a.jsonl",
            "{\"step\": 1, \"train\": {\"loss\": 1, \"acc\": {\"top1\": 0.5}}, "
            "\"list\": [1, {\"x\": 2}], \"after\": 3}\n",
            "point after @1 - 3\n"
            "point train.acc.top1 @1 - 0.5\n"
            "point train.loss @1 - 1\n");
}

static void text_that_is_a_number_counts_and_booleans_do_not(void)
{
    dump_is(ops, "a.jsonl",
            "{\"step\": \"5\", \"loss\": \"1.25\", \"lr\": \"nan\", \"ok\": "
            "true, \"name\": \"x1\", \"none\": null}\n",
            "point loss @5 - 1.25\n"
            "point lr @5 - nan\n");
}

static void pictures_and_tables_are_no_metrics(void)
{
    dump_is(ops, "wandb-history.jsonl",
            "{\"a\": {\"width\": 3, \"_type\": \"image-file\", \"size\": 4, "
            "\"of\": {\"x\": 1}}, \"b\": 1, \"_step\": 3, \"_runtime\": 2}\n",
            "point _runtime @3 - 2\n"
            "point b @3 - 1\n");
}

static void times_are_told_apart_by_size_or_read_as_text(void)
{
    dump_is(ops, "a.jsonl",
            "{\"step\": 1, \"a\": 1, \"timestamp\": 1700000000123}\n"
            "{\"step\": 2, \"a\": 1, \"timestamp\": \"2023-11-14T22:13:20Z\"}\n"
            "{\"step\": 3, \"a\": 1, \"timestamp\": 1700000000123456789}\n"
            "{\"step\": 4, \"a\": 1, \"time\": 12.5}\n",
            "point a @1 1700000000123000000 1\n"
            "point a @2 1700000000000000000 1\n"
            "point a @3 1700000000123456789 1\n"
            "point a @4 - 1\n"
            "point time @4 - 12.5\n");
}

static void epochs_and_line_numbers_serve_as_steps_and_are_flagged(void)
{
    dump_is(ops, "a.jsonl", "{\"epoch\": 3, \"loss\": 1}\n",
            "point loss part=0 flags=16 @3 - 1\n");
    dump_is(ops, "log.jsonl", "{\"loss\": 1}\n\n{\"loss\": 2}\n",
            "point loss part=0 flags=2 @0 - 1\n"
            "point loss part=0 flags=2 @1 - 2\n");
    dump_is(ops, "a.jsonl", "{\"epoch\": 3, \"step\": 30, \"loss\": 1}\n",
            "point epoch @30 - 3\n"
            "point loss @30 - 1\n");
}

static void a_line_without_a_step_belongs_to_the_step_before(void)
{
    dump_is(ops, "a.jsonl", "{\"step\": 7, \"a\": 1}\n{\"b\": 2}\n",
            "point a @7 - 1\n"
            "point b @7 - 2\n");
}

static void machine_metrics_are_marked(void)
{
    dump_is(ops, "wandb-events.jsonl",
            "{\"system.gpu.0.temp\": 60, \"_step\": 1}\n",
            "point system.gpu.0.temp part=0 flags=8 @1 - 60\n");
}

static void a_bad_line_is_named_and_the_import_goes_on(void)
{
    struct dump dump = dump_is(ops, "a.jsonl",
                               "{\"step\": 1, \"a\": 1}\n"
                               "{\"step\": 2, \"a\": }\n"
                               "[1, 2]\n"
                               "{\"step\": 3, \"a\": 3} {}\n"
                               "{\"step\": 4, \"a\": 4}\n",
                               "point a @1 - 1\n"
                               "point a @4 - 4\n");
    CHECK_INT(dump.code, KM_OK);
    CHECK_INT(dump.warnings, 3);
    CHECK_TEXT(dump.warning, "line 2 left out: JSON, byte 17: expected a "
                             "value, not '}'");
}

static void a_torn_last_line_waits_for_its_rest(void)
{
    struct dump dump =
        dump_is(ops, "a.jsonl", "{\"step\": 1, \"a\": 1}\n{\"step\": 2, \"a\"",
                "point a @1 - 1\n");
    CHECK_INT(dump.status, KM_SOURCE_PARTIAL);
    CHECK_INT(dump.warnings, 0);
    dump =
        dump_is(ops, "a.jsonl", "{\"step\": 1, \"a\": 1}", "point a @1 - 1\n");
    CHECK_INT(dump.status, KM_SOURCE_COMPLETE);
}

static void a_block_of_zeros_is_not_written_yet(void)
{
    static const char text[] = "{\"step\": 1, \"a\": 1}\n\0\0\0\0\0";
    struct dump dump;
    dump_run(&dump, ops, "a.jsonl", (struct km_str){text, sizeof text - 1}, 0,
             false);
    CHECK_TEXT(dump_text(&dump), "point a @1 - 1\n");
    CHECK_INT(dump.status, KM_SOURCE_PARTIAL);
    CHECK_INT(dump.warnings, 0);
    km_buf_finish(&dump.out);
}

static void a_step_that_goes_back_opens_an_attempt(void)
{
    dump_is(ops, "a.jsonl",
            "{\"step\": 1, \"a\": 1}\n{\"step\": 2, \"a\": 2}\n"
            "{\"step\": 3, \"a\": 3}\n{\"step\": 2, \"a\": 4}\n",
            "point a @1 - 1\n"
            "point a @2 - 2\n"
            "point a @3 - 3\n"
            "point a part=1 flags=0 @2 - 4\n");
}

static void a_part_of_a_run_labels_its_series(void)
{
    dump_is(ops, "a/val.jsonl", "{\"step\": 1, \"loss\": 2}\n",
            "point loss subset=validation @1 - 2\n");
    const struct km_place part = dump_place("a/val.jsonl");
    const struct km_place whole = dump_place("a/seed_3.jsonl");
    CHECK_INT(ops->scope_of(&(struct km_sniff){.place = &part}),
              KM_SCOPE_FOLDER);
    CHECK_INT(ops->scope_of(&(struct km_sniff){.place = &whole}),
              KM_SCOPE_FILE);
}

static void is_known_by_its_first_line(void)
{
    CHECK(dump_sniff(ops, "x", "{\"step\": 1, \"a\": 2}\n{") >= 40);
    CHECK(dump_sniff(ops, "x.jsonl", "{\"step\": 1, \"a\": 2}\n") >= 70);
    CHECK_INT(dump_sniff(ops, "x.jsonl", "{\"text\": \"a\", \"id\": 2}\n"), 0);
    CHECK_INT(dump_sniff(ops, "x.json", "{\"step\": 1, \"a\": 2}\n"), 0);
    CHECK_INT(dump_sniff(ops, "x.json", "{\n \"step\": 1}\n"), 0);
    CHECK_INT(dump_sniff(ops, "x.jsonl", "[1]\n"), 0);
    CHECK_INT(dump_sniff(ops, "samples_x.jsonl",
                         "{\"doc_id\": 1, \"filtered_resps\": []}\n"),
              0);
}

int main(void)
{
    RUN(numbers_become_points_at_their_step_and_time);
    RUN(nested_names_are_joined_and_lists_left_out);
    RUN(text_that_is_a_number_counts_and_booleans_do_not);
    RUN(pictures_and_tables_are_no_metrics);
    RUN(times_are_told_apart_by_size_or_read_as_text);
    RUN(epochs_and_line_numbers_serve_as_steps_and_are_flagged);
    RUN(a_line_without_a_step_belongs_to_the_step_before);
    RUN(machine_metrics_are_marked);
    RUN(a_bad_line_is_named_and_the_import_goes_on);
    RUN(a_torn_last_line_waits_for_its_rest);
    RUN(a_block_of_zeros_is_not_written_yet);
    RUN(a_step_that_goes_back_opens_an_attempt);
    RUN(a_part_of_a_run_labels_its_series);
    RUN(is_known_by_its_first_line);
    return tap_end();
}
