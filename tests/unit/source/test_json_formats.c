/* test_json_formats.c - documents and logs of known tools that are JSON:
 * trainer_state, lm-evaluation-harness, MLPerf, continual tuning, curves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "dump.h"
#include "source/json_formats.h"
#include "source/lm_eval_table.h"

static void trainer_state_gives_points_config_and_outcome(void)
{
    static const char text[] =
        "{\"best_metric\": 0.5, \"epoch\": 1.0, \"is_local_process_zero\": "
        "true, \"log_history\": [{\"epoch\": 0.5, \"loss\": NaN, \"step\": "
        "10}, {\"eval_loss\": 1.5, \"epoch\": 1.0, \"step\": 20}, "
        "{\"train_runtime\": 9.5, \"step\": 20}], \"max_steps\": 20, "
        "\"trial_name\": null}";
    struct dump dump =
        dump_is(&km_source_trainer_state, "out/trainer_state.json", text,
                "config max_steps 20\n"
                "config planned_steps 20\n"
                "point epoch @10 - 0.5\n"
                "point epoch @20 - 1\n"
                "point eval_loss @20 - 1.5\n"
                "point loss @10 - nan\n"
                "point train_runtime @20 - 9.5\n"
                "run finished - -\n"
                "summary best_metric 0.5\n"
                "summary epoch 1\n");
    CHECK_INT(dump.status, KM_SOURCE_COMPLETE);
    CHECK(dump_sniff(&km_source_trainer_state, "x.json", text) > 90);
}

static void a_document_that_ends_too_early_is_partial(void)
{
    struct dump dump = dump_is(
        &km_source_trainer_state, "trainer_state.json",
        "{\"log_history\": [{\"loss\": 1, \"step\": 1}, {\"loss\": 2, \"st",
        "point loss @1 - 1\n");
    CHECK_INT(dump.code, KM_OK);
    CHECK_INT(dump.status, KM_SOURCE_PARTIAL);
}

static void a_document_that_stops_being_json_is_damaged(void)
{
    struct dump dump = dump_is(
        &km_source_trainer_state, "trainer_state.json",
        "{\"log_history\": [{\"loss\": 1, \"step\": 1}, {\"loss\": ?}]}",
        "point loss @1 - 1\n");
    CHECK_INT(dump.code, KM_ECORRUPT);
    CHECK_INT(dump.status, KM_SOURCE_DAMAGED);
    CHECK_TEXT(dump.message, "JSON, byte 50: expected a value, not '?'");
}

static void salvage_turns_damage_into_a_warning(void)
{
    dump_salvage = true;
    struct dump dump = dump_is(
        &km_source_trainer_state, "trainer_state.json",
        "{\"log_history\": [{\"loss\": 1, \"step\": 1}, {\"loss\": ?}]}",
        "point loss @1 - 1\n");
    dump_salvage = false;
    CHECK_INT(dump.code, KM_OK);
    CHECK_INT(dump.status, KM_SOURCE_DAMAGED);
    CHECK_TEXT(dump.warning, "JSON, byte 50: expected a value, not '?'");
}

static void lm_eval_of_the_old_kind(void)
{
    static const char text[] =
        "{\"results\": {\"arc\": {\"acc\": 0.25, \"acc_stderr\": 0.5, "
        "\"acc_norm\": 1}}, \"versions\": {\"arc\": 0}, \"config\": {\"model\":"
        " \"hf-causal\", \"model_args\": \"pretrained=E/p,revision=step1000\", "
        "\"num_fewshot\": 5, \"limit\": null}}";
    dump_is(&km_source_lm_eval, "x/160m.json", text,
            "config eval.model \"hf-causal\"\n"
            "config eval.model_args \"pretrained=E/p,revision=step1000\"\n"
            "config eval.num_fewshot 5\n"
            "eval arc acc version=0 model=E/p 0.25 +-0.5 n=-1 shot=5 stage=-1 "
            "better=-1 1000 -\n"
            "eval arc acc_norm version=0 model=E/p 1 +-nan n=-1 shot=5 "
            "stage=-1 better=-1 1000 -\n");
    CHECK(dump_sniff(&km_source_lm_eval, "x.json", text) >= 90);
}

static void lm_eval_of_the_new_kind(void)
{
    dump_is(
        &km_source_lm_eval, "m/results_2024-05-01T12-34-56.789.json",
        "{\"results\": {\"g\": {\"alias\": \"g\", \"acc,none\": 0.5, "
        "\"acc_stderr,none\": \"N/A\", \"em,strict\": 0.75, "
        "\"em_stderr,strict\": 0.125}}, \"groups\": {\"g\": {\"acc,none\": "
        "0.5}}, \"n-shot\": {\"g\": 3}, \"versions\": {\"g\": 2.5}, "
        "\"higher_is_better\": {\"g\": {\"acc\": true, \"em\": false}}, "
        "\"n-samples\": {\"g\": {\"original\": 9, \"effective\": 4}}, "
        "\"task_hashes\": {\"g\": \"ab\"}, \"model_name\": "
        "\"out/checkpoint-500\", \"config\": {\"model_args\": {\"dtype\": "
        "\"x\"}}, \"git_hash\": \"c0\"}",
        "config eval.model_args.dtype \"x\"\n"
        "eval g acc filter=none version=2.5 hash=ab model=out/checkpoint-500 "
        "0.5 +-nan n=4 shot=3 stage=-1 better=1 500 1714566896000000000\n"
        "eval g em filter=strict version=2.5 hash=ab model=out/checkpoint-500 "
        "0.75 +-0.125 n=4 shot=3 stage=-1 better=0 500 1714566896000000000\n"
        "tag eval.git_hash \"c0\"\n");
}

static void steps_are_found_in_names(void)
{
    static const struct {
        const char *text;
        int64_t step;
    } rows[] = {
        {"step1000", 1000},     {"out/checkpoint-20", 20},
        {"160m_step0.json", 0}, {"global_step_7", 7},
        {"step7-tokens3B", 7},  {"steps/iter_0012", 12},
        {"main", -1},           {"step", -1},
        {"results_2024", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t step = -1;
        CHECK(km_lm_eval_step(km_str_of(rows[i].text), &step) ==
              (rows[i].step >= 0));
        CHECK_INT(step, rows[i].step);
    }
}

static void mllog_frames_the_run_and_keeps_its_points(void)
{
    dump_is(
        &km_source_mllog, "bert/result_0.txt",
        "noise\n"
        "0: :::MLLOG {\"time_ms\": 500, \"event_type\": \"INTERVAL_START\", "
        "\"key\": \"init_start\", \"value\": null, \"metadata\": {}}\n"
        "1: :::MLLOG {\"time_ms\": 501, \"event_type\": \"INTERVAL_START\", "
        "\"key\": \"init_start\", \"value\": null, \"metadata\": {}}\n"
        ":::MLLOG {\"time_ms\": 600, \"event_type\": \"POINT_IN_TIME\", "
        "\"key\": \"seed\", \"value\": 7, \"metadata\": {\"lineno\": 3}}\n"
        ":::MLLOG {\"time_ms\": 1000, \"event_type\": \"INTERVAL_START\", "
        "\"key\": \"run_start\", \"value\": null, \"metadata\": {}}\n"
        ":::MLLOG {\"time_ms\": 2000, \"event_type\": \"POINT_IN_TIME\", "
        "\"key\": \"eval_accuracy\", \"value\": 0.5, \"metadata\": "
        "{\"epoch_num\": 64}}\n"
        ":::MLLOG {\"time_ms\": 3500, \"event_type\": \"INTERVAL_END\", "
        "\"key\": \"run_stop\", \"value\": null, \"metadata\": {\"status\": "
        "\"success\"}}\n"
        ":::MLLOG {\"time_ms\": 3501, \"event_type\": \"POINT_IN_TIME\", "
        "\"key\": \"tracked_stats\", \"value\": {\"throughput\": 9}, "
        "\"metadata\": {\"step\": [2, 8]}}\n",
        "config seed 7\n"
        "event other init_start - 500000000\n"
        "event start run_start - 1000000000\n"
        "event stop run_stop - 3500000000\n"
        "point eval_accuracy @64 2000000000 0.5\n"
        "point tracked_stats.throughput axis=step @8 3501000000 9\n"
        "run finished 1000000000 3500000000 group=bert\n"
        "summary status \"success\"\n"
        "summary time_to_train_seconds 2.5\n");
}

static void mllog_leaves_a_bad_line_out_and_waits_for_a_torn_one(void)
{
    struct dump dump = dump_is(
        &km_source_mllog, "result_0.txt",
        ":::MLLOG {\"key\": \"seed\", \"value\": }\n"
        ":::MLLOG {\"key\": \"train_loss\", \"value\": 2, \"time_ms\": 1}\n"
        ":::MLLOG {\"key\": \"train_loss\", \"val",
        "point train_loss part=0 flags=2 @0 1000000 2\n");
    CHECK_INT(dump.warnings, 1);
    CHECK_INT(dump.status, KM_SOURCE_PARTIAL);
}

static void results_of_a_stage_are_a_row_of_the_matrix(void)
{
    dump_is(&km_source_continual, "outputs/2-amazon/all_results.json",
            "{\"epoch\": 1.0, \"predict_exact_match\": 78, "
            "\"predict_exact_match_for_dbpedia\": 98.5, "
            "\"predict_global_step\": 78, \"predict_samples\": 10, "
            "\"train_loss\": 0.5}",
            "eval all exact_match subset=test stage=amazon 78 +-nan n=10 "
            "shot=-1 stage=1 better=1 78 -\n"
            "eval dbpedia exact_match subset=test stage=amazon 98.5 +-nan n=-1 "
            "shot=-1 stage=1 better=1 78 -\n"
            "summary amazon.epoch 1\n"
            "summary amazon.predict_global_step 78\n"
            "summary amazon.predict_samples 10\n"
            "summary amazon.train_loss 0.5\n");
}

static void curves_of_dopamine_number_their_seeds(void)
{
    dump_is(&km_source_rl_curves, "atari/pong.json",
            "[{\"Iteration\": 0, \"Value\": 1, \"Agent\": \"DQN\"},"
            "{\"Iteration\": 1, \"Value\": 2, \"Agent\": \"DQN\"},"
            "{\"Iteration\": 0, \"Value\": 3, \"Agent\": \"DQN\"}]",
            "config agent \"DQN\"\n"
            "config seed \"0\"\n"
            "config seed \"1\"\n"
            "point run=atari/pong/DQN/seed-0 return @0 - 1\n"
            "point run=atari/pong/DQN/seed-0 return @1 - 2\n"
            "point run=atari/pong/DQN/seed-1 return @0 - 3\n");
}

static void curves_of_dreamer_are_pairs_of_lists(void)
{
    struct dump dump =
        dump_is(&km_source_rl_curves, "d.json",
                "[{\"task\": \"walk\", \"method\": \"m\", \"seed\": \"3\", "
                "\"xs\": [10.0, 20.0, 30.0], \"ys\": [1, null]}, {}]",
                "config agent \"m\"\n"
                "config seed \"3\"\n"
                "config task \"walk\"\n"
                "point run=d/walk/m/seed-3 return @10 - 1\n"
                "point run=d/walk/m/seed-3 return @20 - nan\n");
    CHECK_INT(dump.warnings, 2);
}

static void a_document_inside_another_is_not_taken_for_it(void)
{
    CHECK_INT(dump_sniff(&km_source_trainer_state, "truth.json",
                         "{\"a\": {\"log_history\": []}}"),
              0);
    CHECK_INT(
        dump_sniff(&km_source_lm_eval, "truth.json",
                   "{\"a\": {\"results\": {\"t\": {\"acc_stderr\": 1}}}}"),
        0);
}

static void nobody_claims_what_is_not_theirs(void)
{
    static const char *const texts[] = {"",   "{", "[",     "{}",
                                        "[]", "x", "{\"a\""};
    static const struct km_source_ops *const all[] = {
        &km_source_continual, &km_source_jsonl,     &km_source_lm_eval,
        &km_source_mllog,     &km_source_rl_curves, &km_source_trainer_state};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            CHECK_INT(dump_sniff(all[i], "any.json", texts[k]), 0);
        }
    }
}

int main(void)
{
    RUN(trainer_state_gives_points_config_and_outcome);
    RUN(a_document_that_ends_too_early_is_partial);
    RUN(a_document_that_stops_being_json_is_damaged);
    RUN(salvage_turns_damage_into_a_warning);
    RUN(lm_eval_of_the_old_kind);
    RUN(lm_eval_of_the_new_kind);
    RUN(steps_are_found_in_names);
    RUN(mllog_frames_the_run_and_keeps_its_points);
    RUN(mllog_leaves_a_bad_line_out_and_waits_for_a_torn_one);
    RUN(results_of_a_stage_are_a_row_of_the_matrix);
    RUN(curves_of_dopamine_number_their_seeds);
    RUN(curves_of_dreamer_are_pairs_of_lists);
    RUN(a_document_inside_another_is_not_taken_for_it);
    RUN(nobody_claims_what_is_not_theirs);
    return tap_end();
}
