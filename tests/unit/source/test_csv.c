/* test_csv.c - tables as loggers write them: headers, blanks, quotes, torn
 * rows, and the axes that are found in them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "feed.h"
#include "source/csv.h"

static struct fed fed;

static void a_column_is_a_metric_and_a_row_is_a_step(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "step,lr,loss\n2176,0.0003,3.7666\n2304,3e-4,3.7202\n", 0);
    CHECK(fed.code == KM_OK);
    CHECK_INT(fed.count, 4);
    CHECK_INT(fed_at(&fed, "loss", 1)->point.step, 2304);
    CHECK_NEAR(fed_at(&fed, "loss", 1)->point.value, 3.7202, 0);
    CHECK(fed_at(&fed, "loss", 1)->point.time_ns == KM_TIME_ABSENT);
    CHECK_INT(fed_count(&fed, "step"), 0);
    fed_end(&fed);
}

static void blanks_are_missing_and_nan_is_a_value(void)
{
    fed_text(&fed, &km_source_csv_lightning, "metrics.csv",
             "epoch,step,train_loss,val_loss\r\n0,9,1.5,\r\n0,9,,NaN\r\n"
             "1,19,inf,NA\r\n",
             0);
    CHECK_INT(fed_count(&fed, "train_loss"), 2);
    CHECK(isinf(fed_at(&fed, "train_loss", 1)->point.value));
    CHECK_INT(fed_count(&fed, "val_loss"), 1);
    CHECK(isnan(fed_at(&fed, "val_loss", 0)->point.value));
    CHECK_INT(fed_count(&fed, "epoch"), 3);
    CHECK_INT(fed.warnings, 0);
    fed_end(&fed);
}

static void epochs_serve_as_steps_and_are_flagged(void)
{
    fed_text(&fed, &km_source_csv, "training.log.csv",
             "epoch,loss\n134,0.5\n135,0.25\n", 0);
    CHECK_INT(fed_at(&fed, "loss", 1)->point.step, 135);
    CHECK_INT(fed_at(&fed, "loss", 1)->flags, KM_SERIES_STEP_IS_EPOCH);
    fed_end(&fed);
}

static void rows_without_a_step_count_themselves(void)
{
    fed_text(&fed, &km_source_csv, "a.csv", "reward;len\n1.5;9\n2.5;8\n", 0);
    CHECK_INT(fed_at(&fed, "reward", 1)->point.step, 1);
    CHECK_INT(fed_at(&fed, "reward", 1)->flags, KM_SERIES_STEP_IS_INDEX);
    CHECK_NEAR(fed_at(&fed, "len", 0)->point.value, 9, 0);
    fed_end(&fed);
}

static void a_monitor_file_knows_its_start_and_its_environment(void)
{
    fed_text(&fed, &km_source_csv_monitor, "3.monitor.csv",
             "#{\"t_start\": 1614619328.5, \"env_id\": \"CartPole-v1\"}\r\n"
             "r,l,t\r\n11.0,11,0.25\r\n47.0,47,0.75\r\n",
             0);
    CHECK_TEXT(fed_at(&fed, "r", 0)->labels, "env=3");
    CHECK_INT(fed_at(&fed, "r", 1)->point.time_ns, 1614619329250000000);
    CHECK_INT(fed_count(&fed, "t"), 0);
    CHECK_TEXT(fed.attributes, "env_id=\"CartPole-v1\";");
    fed_end(&fed);
}

static void quotes_hold_commas_lines_and_quotes(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "\"Step\",\"run \"\"a\"\", x - loss\",\"note\nhere\"\n"
             "\"4\",\"12.5\",\"7\"\n",
             0);
    CHECK_NEAR(fed_at(&fed, "run \"a\", x - loss", 0)->point.value, 12.5, 0);
    CHECK_INT(fed_at(&fed, "run \"a\", x - loss", 0)->point.step, 4);
    fed_end(&fed);
}

static void times_are_read_by_magnitude_or_as_iso(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "Wall time,Step,Value\n1614619328.5,1,2\n1614619328500,2,2\n"
             "2021-03-01T17:22:08.5Z,3,2\n0.5,4,2\n",
             0);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(fed_at(&fed, "Value", i)->point.time_ns, 1614619328500000000);
    }
    CHECK(fed_at(&fed, "Value", 3)->point.time_ns == KM_TIME_ABSENT);
    fed_end(&fed);
}

static void words_in_a_column_are_told_once(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "step,run,loss\n1,alpha,2\n2,beta,1\n3,gamma,x\n", 0);
    CHECK_INT(fed_count(&fed, "run"), 0);
    CHECK_INT(fed_count(&fed, "loss"), 2);
    CHECK_INT(fed.warnings, 2);
    CHECK_TEXT(
        fed.warning,
        "row 1: column \"run\": \"alpha\" is not a number; "
        "such values are left out (--columns run=NAME makes a run of each, "
        "config.KEY=NAME a setting)");
    fed_end(&fed);
}

static void a_byte_order_mark_and_ragged_rows_are_survived(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "\xef\xbb\xbfstep,a,b\n1,10\n2,20,30,40\n\n3,30,40\n", 0);
    CHECK_INT(fed_count(&fed, "a"), 3);
    CHECK_INT(fed_count(&fed, "b"), 2);
    CHECK_INT(fed.warnings, 1);
    fed_end(&fed);
}

static void same_names_are_told_apart(void)
{
    fed_text(&fed, &km_source_csv, "a.csv", "x,x,x.1,\n1,2,3,4\n", 0);
    CHECK_NEAR(fed_at(&fed, "x", 0)->point.value, 1, 0);
    CHECK_NEAR(fed_at(&fed, "x.1", 0)->point.value, 2, 0);
    CHECK_NEAR(fed_at(&fed, "x.1.1", 0)->point.value, 3, 0);
    CHECK_NEAR(fed_at(&fed, "column_4", 0)->point.value, 4, 0);
    fed_end(&fed);
}

static void a_table_without_header_gets_numbered_columns(void)
{
    fed_text(&fed, &km_source_csv, "a.csv", "1,2.5\n2,1.5\n", 0);
    CHECK_INT(fed_count(&fed, "column_2"), 2);
    fed_end(&fed);
    fed_text(&fed, &km_source_csv, "a.csv", "# step,loss\n1,2.5\n2,1.5\n", 0);
    CHECK_INT(fed_at(&fed, "loss", 1)->point.step, 2);
    fed_end(&fed);
}

static void the_users_map_names_axes_and_metrics(void)
{
    fed.options.column_map = KM_STR("step=n, loss=a b");
    fed_text(&fed, &km_source_csv, "a.csv", "n,a b,c\n7,1.5,9\n", 0);
    CHECK_INT(fed_at(&fed, "loss", 0)->point.step, 7);
    CHECK_INT(fed.count, 1);
    fed_end(&fed);
    fed.options.column_map = KM_STR("step=missing");
    fed_text(&fed, &km_source_csv, "a.csv", "n,a\n7,1.5\n", 0);
    CHECK(fed.code == KM_EUSAGE);
    CHECK_TEXT(fed.err.message,
               "--columns: the file has no column \"missing\"; it has "
               "\"n\", \"a\"");
    fed_end(&fed);
    fed.options.column_map = KM_STR("step");
    fed_text(&fed, &km_source_csv, "a.csv", "n,a\n7,1.5\n", 0);
    CHECK(fed.code == KM_EUSAGE);
    fed_end(&fed);
    fed.options.column_map = (struct km_str){NULL, 0};
}

static void a_repeated_header_is_a_restart(void)
{
    fed_text(&fed, &km_source_csv, "a.csv",
             "epoch,loss\n0,3\n1,2\nepoch,loss\n0,2.5\n", 0);
    CHECK_INT(fed_count(&fed, "loss"), 3);
    CHECK_INT(fed_at(&fed, "loss", 1)->part, 0);
    CHECK_INT(fed_at(&fed, "loss", 2)->part, 1);
    fed_end(&fed);
}

static void an_open_quote_waits_for_the_rest(void)
{
    fed_text(&fed, &km_source_csv, "a.csv", "step,x\n1,2\n3,\"4\n", 0);
    CHECK(fed.code == KM_OK);
    CHECK(fed.status == KM_SOURCE_PARTIAL);
    CHECK_INT(fed.taken, 11);
    CHECK_INT(fed.count, 1);
    fed_end(&fed);
}

static const char *const samples[] = {
    "step,lr,loss\n2176,0.0003,3.7666\n2304,3e-4,3.7202\n2400,,1",
    "#{\"t_start\": 1614619328.5}\r\nr,l,t\r\n11.0,11,0.25\r\n4,7,0.75\r\n",
    "a;\"b \"\"c\"\"\nd\";e\r\n1;\"2\";3\r\n\r\n4;;\"6\"\n",
    "\xef\xbb\xbf# x\n1,2\n3,4\n",
    "epoch,loss\n0,3\n1,2\nepoch,loss\n0,2.5\n1,x\n",
};

static void any_cut_gives_the_same_points(void)
{
    for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++) {
        struct fed whole = {0};
        fed_text(&whole, &km_source_csv_monitor, "1.monitor.csv", samples[s],
                 0);
        for (size_t piece = 1; piece < 24; piece++) {
            fed_run(&fed, &km_source_csv_monitor, "1.monitor.csv",
                    km_str_of(samples[s]), piece, false);
            CHECK(fed_equal(&whole, &fed));
            fed_end(&fed);
            fed_run(&fed, &km_source_csv_monitor, "1.monitor.csv",
                    km_str_of(samples[s]), piece, true);
            CHECK(fed_equal(&whole, &fed));
            fed_end(&fed);
        }
        fed_end(&whole);
    }
}

static const struct {
    const char *name, *head, *format;
} kinds[] = {
    {"x.csv", "step,loss\n1,2\n", "csv"},
    {"metrics.csv", "epoch,step,loss\n0,1,2\n", "csv_lightning"},
    {"measurements.csv", "global_step,preemption_count\n1,0\n", "csv_algoperf"},
    {"0.monitor.csv", "#{\"t_start\": 1}\nr,l,t\n1,2,3\n", "csv_monitor"},
    {"history.txt", "step\tloss\n1\t2\n", "csv"},
    {"names.csv", "first,last\nada,lovelace\n", NULL},
    {"a.json", "{\"a\": 1, \"b\": 2}\n", NULL},
    {"train.log", "iter 0: loss 10.9, time 12ms\niter 1: loss 9, time 1ms\n",
     NULL},
    {"empty.csv", "", NULL},
};

static void kinds_are_told_apart_by_name_and_header(void)
{
    static const struct km_source_ops *const table[] = {
        &km_source_csv, &km_source_csv_lightning, &km_source_csv_algoperf,
        &km_source_csv_monitor};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct km_place place = {.path = km_str_of(kinds[i].name),
                                 .name = km_str_of(kinds[i].name)};
        struct km_sniff sniff = {&place, km_str_of(kinds[i].head), false};
        const char *found = NULL;
        int best = 0;
        for (size_t k = 0; k < 4; k++) {
            int score = table[k]->sniff(&sniff);
            found = score > best ? table[k]->name : found;
            best = score > best ? score : best;
        }
        CHECK_TEXT(found ? found : "none",
                   kinds[i].format ? kinds[i].format : "none");
    }
}

int main(void)
{
    RUN(a_column_is_a_metric_and_a_row_is_a_step);
    RUN(blanks_are_missing_and_nan_is_a_value);
    RUN(epochs_serve_as_steps_and_are_flagged);
    RUN(rows_without_a_step_count_themselves);
    RUN(a_monitor_file_knows_its_start_and_its_environment);
    RUN(quotes_hold_commas_lines_and_quotes);
    RUN(times_are_read_by_magnitude_or_as_iso);
    RUN(words_in_a_column_are_told_once);
    RUN(a_byte_order_mark_and_ragged_rows_are_survived);
    RUN(same_names_are_told_apart);
    RUN(a_table_without_header_gets_numbered_columns);
    RUN(the_users_map_names_axes_and_metrics);
    RUN(a_repeated_header_is_a_restart);
    RUN(an_open_quote_waits_for_the_rest);
    RUN(any_cut_gives_the_same_points);
    RUN(kinds_are_told_apart_by_name_and_header);
    return tap_end();
}
