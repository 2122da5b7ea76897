/* test_retain.c - matrices of stages and tasks from what logs really hold. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage_build.h"
#include "score_run.h"
#include "tap.h"

static struct lineage_build b;
static struct km_task_matrix matrix;
static struct km_scorecard card;

static const struct km_figure_result *find(const char *id, const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    CHECK(found != NULL);
    static struct km_figure_result none;
    return found ? found : &none;
}

/* Figures of one lineage. */
static void make_card(const double *reference)
{
    struct km_retain_arm arm;
    const uint64_t any = 1;
    card = (struct km_scorecard){.arena = &b.arena, .level = 0.8};
    CHECK_INT(km_retain_arms(&matrix, &any, 1, &b.arena, &arm), 1);
    CHECK_INT(km_retain_add(&arm, reference, NULL, &card, NULL), KM_OK);
}

static double cell(size_t stage, size_t task)
{
    return matrix.cells.score[stage * matrix.cells.stages + task - 1];
}

static void load(uint64_t id)
{
    CHECK_INT(lineage_matrix(&b, id, NULL, &matrix), KM_OK);
}

static void groups_of_tasks_are_no_columns(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    static const char *const tasks[] = {"x", "y"};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j <= i; j++) {
            lineage_score(&b, i, tasks[i], tasks[j], 0.5 + 0.1 * i);
        }
        lineage_score(&b, i, tasks[i], "all", 0.1);
        lineage_score(&b, i, tasks[i], "group", 0.2);
    }
    lineage_store(&b);
    load(id);
    CHECK_INT(matrix.cells.stages, 2);
    CHECK_TEXT(matrix.tasks[0], "x");
    CHECK_TEXT(matrix.tasks[1], "y");
    CHECK_NEAR(cell(2, 1), 0.6, 0);
    CHECK(isnan(cell(1, 2)) && !matrix.has_base);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void a_stage_without_scores_leaves_its_row_empty_and_has_a_name(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    lineage_score(&b, 0, "x", "x", 0.9);
    lineage_score(&b, 0, "x", "all", 0.9);
    lineage_score(&b, 2, "z", "x", 0.7);
    lineage_score(&b, 2, "z", "y", 0.6);
    lineage_score(&b, 2, "z", "z", 0.8);
    lineage_score(&b, 2, "z", "all", 0.7);
    lineage_store(&b);
    load(id);
    CHECK_INT(matrix.cells.stages, 3);
    CHECK_TEXT(matrix.tasks[1], "y");
    CHECK(isnan(cell(2, 1)) && isnan(cell(2, 2)));
    make_card(NULL);
    CHECK_NEAR(find("retain.acc", "")->value, 0.7, 1e-12);
    const struct km_figure_result *f = find("retain.bwt", "");
    CHECK_INT(f->state, KM_FIGURE_INSUFFICIENT);
    CHECK_TEXT(f->reason, "R[2][2] is missing: y after its own stage");
    CHECK_INT(find("retain.fwt", "")->state, KM_FIGURE_INSUFFICIENT);
    CHECK(strstr(find("retain.fwt", "")->reason, "R[0][2] is missing"));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

/* Two tasks begin after the gap: neither may be taken for it. */
static void an_unnamed_stage_is_not_guessed(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    lineage_score(&b, 0, "x", "x", 0.9);
    lineage_score(&b, 2, "z", "x", 0.7);
    lineage_score(&b, 2, "z", "y", 0.6);
    lineage_score(&b, 2, "z", "w", 0.6);
    lineage_score(&b, 2, "z", "z", 0.8);
    lineage_store(&b);
    load(id);
    CHECK_TEXT(matrix.tasks[1], "(stage 2)");
    make_card(NULL);
    CHECK_INT(find("retain.acc", "")->state, KM_FIGURE_INSUFFICIENT);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void link_run(const char *name, const char *parent, const char *task,
                     const double *scores)
{
    static const char *const tasks[] = {"sums", "maps"};
    (void)lineage_run(&b, "lab", name, parent);
    if (task) {
        lineage_config(&b, "data.task", task);
    }
    for (int j = 0; j < 2; j++) {
        const struct km_evaluation row = lineage_row(tasks[j], scores[j]);
        lineage_put(&b, &row);
    }
    lineage_store(&b);
}

static void runs_that_name_parents_are_stages_after_a_base(void)
{
    static const double base[] = {0.1, 0.2}, first[] = {0.8, 0.3};
    static const double second[] = {0.7, 0.9};
    lineage_begin(&b);
    link_run("third", "second", "\"maps\"", second);
    link_run("base", "", NULL, base);
    link_run("second", "base", "\"sums\"", first);
    load(km_run_id(KM_STR("lab"), KM_STR("third")));
    CHECK_INT(matrix.cells.stages, 2);
    CHECK_INT(matrix.run_count, 3);
    CHECK(matrix.has_base && !matrix.problem);
    CHECK_TEXT(matrix.tasks[0], "sums");
    CHECK_TEXT(matrix.label, "lab/third");
    CHECK_NEAR(cell(0, 2), 0.2, 0);
    make_card(NULL);
    CHECK_NEAR(find("retain.fwt", "")->value, 0.1, 1e-12);
    CHECK_NEAR(find("retain.bwt", "")->value, -0.1, 1e-12);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

/* A first run that trained a task is a stage; its name says which. */
static void a_first_run_that_trained_a_task_is_stage_one(void)
{
    static const double first[] = {0.8, 0.3}, second[] = {0.7, 0.9};
    lineage_begin(&b);
    link_run("sums", "", NULL, first);
    link_run("maps", "sums", NULL, second);
    load(km_run_id(KM_STR("lab"), KM_STR("maps")));
    CHECK_INT(matrix.cells.stages, 2);
    CHECK(!matrix.has_base);
    CHECK_NEAR(cell(1, 1), 0.8, 0);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void a_parent_is_found_where_only_one_run_can_be_meant(void)
{
    static const double scores[] = {0.5, 0.6};
    lineage_begin(&b);
    link_run("maps", "base", NULL, scores);
    (void)lineage_run(&b, "elsewhere", "base", "");
    lineage_store(&b);
    uint64_t id = km_run_id(KM_STR("lab"), KM_STR("maps"));
    load(id);
    CHECK_INT(matrix.run_count, 2);
    CHECK(!matrix.problem);
    /* a second one in a third project: nothing is guessed */
    (void)lineage_run(&b, "third", "base", "");
    lineage_store(&b);
    load(id);
    CHECK(matrix.problem && strstr(matrix.problem, "is a run of 2 projects"));
    make_card(NULL);
    CHECK_INT(find("retain.acc", "")->state, KM_FIGURE_INSUFFICIENT);
    CHECK(strstr(find("retain.acc", "")->reason, "elsewhere"));
    /* one of the own project is meant before all others */
    (void)lineage_run(&b, "lab", "base", "");
    lineage_store(&b);
    load(id);
    CHECK(!matrix.problem && matrix.run_count == 2);
    CHECK_TEXT(matrix.runs[0]->label, "lab/base");
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void a_run_that_is_its_own_ancestor_is_refused(void)
{
    static const double scores[] = {0.5, 0.6};
    lineage_begin(&b);
    link_run("sums", "maps", NULL, scores);
    link_run("maps", "sums", NULL, scores);
    load(km_run_id(KM_STR("lab"), KM_STR("maps")));
    CHECK(matrix.problem && strstr(matrix.problem, "own ancestor"));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void put_stage(const char *stage, const char *task, int64_t step,
                      double value)
{
    struct km_evaluation row = lineage_row(task, value);
    row.stage = km_str_of(stage);
    row.step = step;
    lineage_put(&b, &row);
}

/* As the client library logs: a stage has a name and no index. */
static void named_stages_stand_in_the_order_of_steps(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    put_stage("z", "z", 300, 0.8);
    put_stage("z", "a", 300, 0.4);
    put_stage("a", "a", 250, 0.7);
    put_stage("a", "a", 200, 0.6);
    put_stage("", "a", 0, 0.1);
    put_stage("", "z", 0, 0.2);
    put_stage("", "z", 150, 0.9); /* of no stage */
    lineage_store(&b);
    load(id);
    CHECK_INT(matrix.cells.stages, 2);
    CHECK(!matrix.problem && matrix.has_base);
    CHECK_TEXT(matrix.tasks[0], "a");
    CHECK_TEXT(matrix.tasks[1], "z");
    CHECK_NEAR(cell(1, 1), 0.7, 0);
    CHECK_NEAR(cell(2, 1), 0.4, 0);
    CHECK_NEAR(cell(0, 2), 0.2, 0);
    CHECK(isnan(cell(1, 2)));
    /* back to a after z began */
    (void)lineage_run(&b, "lab", "again", "");
    put_stage("a", "a", 100, 0.7);
    put_stage("z", "z", 200, 0.7);
    put_stage("a", "a", 300, 0.7);
    lineage_store(&b);
    load(km_run_id(KM_STR("lab"), KM_STR("again")));
    CHECK(matrix.problem && strstr(matrix.problem, "then a again"));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

/* A restart as a run of its own goes on with the stage that was under way. */
static void a_stage_may_go_on_in_the_next_run(void)
{
    lineage_begin(&b);
    (void)lineage_run(&b, "lab", "one", "");
    put_stage("a", "a", 100, 0.7);
    put_stage("z", "z", 200, 0.5);
    lineage_store(&b);
    (void)lineage_run(&b, "lab", "two", "one");
    put_stage("z", "z", 300, 0.8);
    put_stage("z", "a", 300, 0.6);
    put_stage("q", "q", 400, 0.9);
    lineage_store(&b);
    load(km_run_id(KM_STR("lab"), KM_STR("two")));
    CHECK(!matrix.problem);
    CHECK_INT(matrix.cells.stages, 3);
    CHECK_NEAR(cell(2, 2), 0.8, 0);
    CHECK_NEAR(cell(2, 1), 0.6, 0);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

/* The same evaluations in any order of arrival, and without what came after a
 * stage: the rows up to it stay as they are. */
static void arrival_and_the_future_do_not_change_what_was(void)
{
    enum { STAGES = 4, ROWS = STAGES * STAGES };
    static const char *const names[] = {"p", "q", "r", "s"};
    for (uint64_t turn = 1; turn <= 20; turn++) {
        uint64_t state = turn * 7919;
        size_t order[ROWS], until = turn % 2 ? STAGES : STAGES - 1;
        lineage_begin(&b);
        uint64_t id = lineage_run(&b, "lab", "run", "");
        for (size_t i = 0; i < ROWS; i++) {
            size_t other =
                (size_t)(fabs(score_run_noise(&state)) * 1000) % (i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        for (size_t i = 0; i < ROWS; i++) {
            size_t stage = order[i] / STAGES, task = order[i] % STAGES;
            if (stage < until) {
                put_stage(names[stage], names[task], 100 * (int64_t)(stage + 1),
                          0.01 * (double)order[i]);
            }
        }
        lineage_store(&b);
        load(id);
        CHECK_INT(matrix.cells.stages, until);
        for (size_t i = 0; i < until; i++) {
            for (size_t j = 0; j < until; j++) {
                CHECK_NEAR(cell(i + 1, j + 1), 0.01 * (double)(i * STAGES + j),
                           0);
            }
        }
        lineage_end(&b);
        km_arena_finish(&b.arena);
    }
}

/* Two stages of x and y; the second score of x is by another test. */
static void refused_because(void (*spoil)(struct km_evaluation *row),
                            const char *words)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j <= i; j++) {
            struct km_evaluation row = lineage_row(j ? "y" : "x", 0.5);
            row.stage_index = i;
            row.stage = km_str_of(i ? "y" : "x");
            row.version = KM_STR("1");
            row.task_hash = KM_STR("abc");
            row.n_shot = 5;
            if (i == 1 && j == 0) {
                spoil(&row);
            }
            lineage_put(&b, &row);
        }
    }
    lineage_store(&b);
    load(id);
    CHECK(!!matrix.problem == (*words != '\0'));
    CHECK(!matrix.problem || strstr(matrix.problem, words));
    make_card(NULL);
    CHECK(isnan(find("retain.acc", "")->value) == (*words != '\0'));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void other_version(struct km_evaluation *row)
{
    row->version = KM_STR("2");
}
static void other_hash(struct km_evaluation *row)
{
    row->task_hash = KM_STR("abd");
}
static void other_shots(struct km_evaluation *row)
{
    row->n_shot = 0;
}
static void other_name(struct km_evaluation *row)
{
    row->stage = KM_STR("z");
}
static void unknown_version(struct km_evaluation *row)
{
    row->version = KM_STR("");
}

static void different_tests_of_a_task_are_not_compared(void)
{
    refused_because(other_version, "version 1 and version 2");
    refused_because(other_hash, "hash abc and hash abd");
    refused_because(other_shots, "5 shots and 0 shots");
    refused_because(other_name, "stage 2 is");
    refused_because(unknown_version, "");
}

static void a_task_that_is_trained_twice_has_no_figures(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    lineage_score(&b, 0, "x", "x", 0.9);
    lineage_score(&b, 1, "y", "y", 0.9);
    lineage_score(&b, 2, "x", "x", 0.9);
    lineage_store(&b);
    load(id);
    CHECK(matrix.problem && strstr(matrix.problem, "stages 1 and 3"));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void the_last_score_of_a_cell_counts_whatever_the_order(void)
{
    for (int turn = 0; turn < 2; turn++) {
        lineage_begin(&b);
        uint64_t id = lineage_run(&b, "lab", "run", "");
        for (int k = 0; k < 3; k++) {
            int step = turn ? 3 - k : k + 1;
            struct km_evaluation row = lineage_row("x", 0.1 * step);
            row.stage_index = 0;
            row.stage = KM_STR("x");
            row.step = step;
            lineage_put(&b, &row);
        }
        lineage_store(&b);
        load(id);
        CHECK_NEAR(cell(1, 1), 0.3, 1e-15);
        lineage_end(&b);
        km_arena_finish(&b.arena);
    }
}

static void losses_are_told_in_their_own_direction(void)
{
    lineage_begin(&b);
    uint64_t id = lineage_run(&b, "lab", "run", "");
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j <= i; j++) {
            struct km_evaluation row = lineage_row(j ? "y" : "x", 2 + i);
            row.metric = KM_STR("eval_loss");
            row.stage_index = i;
            row.stage = km_str_of(i ? "y" : "x");
            lineage_put(&b, &row);
        }
    }
    lineage_store(&b);
    load(id);
    make_card(NULL);
    const struct km_figure_result *f = find("retain.acc", "");
    CHECK_NEAR(f->value, 3, 1e-12);
    CHECK_INT(f->better, KM_BETTER_LOWER);
    CHECK_NEAR(find("retain.bwt", "")->value, -1, 1e-12);
    CHECK_NEAR(find("retain.forgetting", "")->value, 1, 1e-12);
    CHECK_INT(find("retain.half_life", "")->state, KM_FIGURE_NOT_APPLICABLE);
    CHECK_NEAR(card.matrices[0].value[0], 2, 1e-12);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void errors_come_from_items_or_from_the_log(void)
{
    static const double R[] = {NAN, NAN, 0.9, NAN, 0.6, 0.8};
    static const double percent[] = {NAN, NAN, 90, NAN, 60, 80};
    double half[2];
    for (int k = 0; k < 2; k++) {
        lineage_begin(&b);
        load(lineage_staged(&b, "run", 2, k ? percent : R, 1000));
        make_card(NULL);
        const struct km_figure_result *f = find("retain.bwt", "");
        CHECK_NEAR(f->value, k ? -30 : -0.3, 1e-12);
        CHECK_INT(f->state, KM_FIGURE_OK);
        CHECK_NEAR(f->level, 0.8, 0);
        half[k] = f->hi - f->value;
        lineage_end(&b);
        km_arena_finish(&b.arena);
    }
    double se = sqrt(0.9 * 0.1 / 1000 + 0.6 * 0.4 / 1000);
    CHECK_NEAR(half[0], 1.2815515655 * se, 1e-5);
    CHECK_NEAR(half[1], 100 * half[0], 1e-9);
}

static void lineages_of_one_configuration_are_seeds(void)
{
    static const double one[] = {NAN, NAN, 0.9, NAN, 0.6, 0.8};
    static const double two[] = {NAN, NAN, 0.8, NAN, 0.7, 0.8};
    static const double holed[] = {NAN, NAN, NAN, NAN, 0.7, 0.8};
    struct km_task_matrix matrices[4];
    struct km_retain_arm arms[4];
    const uint64_t same[] = {1, 1, 1, 2};
    lineage_begin(&b);
    const uint64_t ids[] = {lineage_staged(&b, "s1", 2, one, 0),
                            lineage_staged(&b, "s2", 2, two, 0),
                            lineage_staged(&b, "s3", 2, holed, 0),
                            lineage_staged(&b, "else", 2, two, 0)};
    for (int i = 0; i < 4; i++) {
        CHECK_INT(lineage_matrix(&b, ids[i], NULL, &matrices[i]), KM_OK);
    }
    CHECK_INT(km_retain_arms(matrices, same, 4, &b.arena, arms), 2);
    CHECK_INT(arms[0].count, 3);
    CHECK_TEXT(arms[0].name, "lab/s1 and 2 seeds");
    card = (struct km_scorecard){.arena = &b.arena, .level = 0.8};
    CHECK_INT(km_retain_add(&arms[0], NULL, NULL, &card, NULL), KM_OK);
    const struct km_figure_result *f = find("retain.bwt", "");
    CHECK_NEAR(f->value, -0.2, 1e-12);
    /* t with one degree of freedom: 3.0777 x 0.1414/sqrt 2 */
    CHECK_NEAR(f->hi - f->value, 3.0776835 * 0.1, 1e-6);
    CHECK_TEXT(f->rung, "Student's t over seeds");
    CHECK_NEAR(card.matrices[0].value[0], 0.85, 1e-12);
    /* other tasks, or other tests, are no seeds */
    matrices[1].problem = "refused";
    CHECK_INT(km_retain_arms(matrices, same, 4, &b.arena, arms), 3);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void a_missing_cell_makes_the_maximum_a_bound(void)
{
    static const double R[] = {NAN, NAN, NAN, 0.9, NAN, NAN,
                               NAN, 0.8, NAN, 0.5, 0.7, 0.6};
    lineage_begin(&b);
    load(lineage_staged(&b, "run", 3, R, 0));
    make_card(NULL);
    const struct km_figure_result *f = find("retain.forgetting", "");
    CHECK_INT(f->state, KM_FIGURE_CENSORED);
    CHECK_NEAR(f->value, 0.25, 1e-12);
    CHECK_NEAR(find("retain.forgetting", "since learned")->value, 0.25, 1e-12);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void a_reference_must_have_the_same_test_of_each_task(void)
{
    static const double R[] = {NAN, NAN, 0.9, NAN, 0.6, 0.8};
    double reference[2], error[2];
    lineage_begin(&b);
    uint64_t id = lineage_staged(&b, "run", 2, R, 0);
    uint64_t joint = lineage_run(&b, "lab", "joint", "");
    const struct km_evaluation row = lineage_row("a", 0.95);
    lineage_put(&b, &row);
    lineage_store(&b);
    load(id);
    CHECK_INT(km_task_reference_load(b.store, joint, &matrix, &b.arena,
                                     reference, error, NULL),
              KM_OK);
    CHECK_NEAR(reference[0], 0.95, 0);
    CHECK(isnan(reference[1]));
    make_card(reference);
    const struct km_figure_result *f = find("retain.intransigence", "");
    CHECK_INT(f->state, KM_FIGURE_INSUFFICIENT);
    CHECK(strstr(f->reason, "no score on b"));
    make_card(NULL);
    CHECK_INT(find("retain.intransigence", "")->state,
              KM_FIGURE_NOT_APPLICABLE);
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

static void nothing_and_one_stage_give_no_change(void)
{
    static const double R[] = {0.1, 0.9};
    lineage_begin(&b);
    uint64_t bare = lineage_run(&b, "lab", "bare", "");
    lineage_store(&b);
    load(bare);
    CHECK_INT(matrix.cells.stages, 0);
    make_card(NULL);
    CHECK_INT(find("retain.acc", "")->state, KM_FIGURE_INSUFFICIENT);
    load(lineage_staged(&b, "one", 1, R, 0));
    make_card(NULL);
    CHECK_NEAR(find("retain.acc", "")->value, 0.9, 1e-12);
    CHECK_INT(find("retain.bwt", "")->state, KM_FIGURE_INSUFFICIENT);
    CHECK_INT(find("retain.half_life", "")->state, KM_FIGURE_INSUFFICIENT);
    CHECK_INT(find("retain.frontier", "exchange rate")->state,
              KM_FIGURE_INSUFFICIENT);
    /* a metric that no task was scored by */
    CHECK_INT(lineage_matrix(&b, km_run_id(KM_STR("lab"), KM_STR("one")),
                             "bleu", &matrix),
              KM_OK);
    CHECK(matrix.metric == NULL);
    make_card(NULL);
    CHECK(strstr(find("retain.acc", "")->reason, "by that metric"));
    lineage_end(&b);
    km_arena_finish(&b.arena);
}

int main(void)
{
    RUN(groups_of_tasks_are_no_columns);
    RUN(a_stage_without_scores_leaves_its_row_empty_and_has_a_name);
    RUN(an_unnamed_stage_is_not_guessed);
    RUN(runs_that_name_parents_are_stages_after_a_base);
    RUN(a_first_run_that_trained_a_task_is_stage_one);
    RUN(a_parent_is_found_where_only_one_run_can_be_meant);
    RUN(a_run_that_is_its_own_ancestor_is_refused);
    RUN(named_stages_stand_in_the_order_of_steps);
    RUN(a_stage_may_go_on_in_the_next_run);
    RUN(arrival_and_the_future_do_not_change_what_was);
    RUN(different_tests_of_a_task_are_not_compared);
    RUN(a_task_that_is_trained_twice_has_no_figures);
    RUN(the_last_score_of_a_cell_counts_whatever_the_order);
    RUN(losses_are_told_in_their_own_direction);
    RUN(errors_come_from_items_or_from_the_log);
    RUN(lineages_of_one_configuration_are_seeds);
    RUN(a_missing_cell_makes_the_maximum_a_bound);
    RUN(a_reference_must_have_the_same_test_of_each_task);
    RUN(nothing_and_one_stage_give_no_change);
    return tap_end();
}
