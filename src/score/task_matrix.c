/* task_matrix.c - evaluations of a lineage put into stages and tasks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/task_matrix.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the evaluations do not fit the memory allowed for one "
                   "command");
}

/* While a matrix is made. */
struct making {
    struct km_arena *arena;
    struct km_task_rows rows;
    struct km_task_matrix *matrix;
    struct km_task_stages stages;
    struct km_task_choice choice;
};

static void refuse(struct making *m, const char *sentence)
{
    m->matrix->problem = m->matrix->problem ? m->matrix->problem
                         : sentence         ? sentence
                                            : "no memory to say what is wrong";
}

/* The row's cell; false: it has none. */
static bool cell_of(const struct making *m, const struct km_task_row *row,
                    size_t *stage, size_t *task)
{
    *stage = km_task_stage_of(&m->stages, row);
    *task = km_task_name_find(m->stages.names, m->stages.count, row->task);
    return *stage <= m->stages.count && *task < m->stages.count &&
           isfinite(row->value);
}

/* How many cells a metric fills. */
static size_t cells_of(const struct making *m, const struct km_task_choice *of,
                       bool *seen)
{
    size_t filled = 0, stage, task;
    memset(seen, 0, (m->stages.count + 1) * m->stages.count * sizeof *seen);
    for (size_t i = 0; i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        if (km_task_row_is_of(row, of) && cell_of(m, row, &stage, &task) &&
            !seen[stage * m->stages.count + task]) {
            seen[stage * m->stages.count + task] = true;
            filled++;
        }
    }
    return filled;
}

/* A metric and subset that a task of the columns was scored by: each once. */
static bool is_new(const struct making *m, const struct km_task_row *row,
                   const char *glob, struct km_task_choice *tried,
                   size_t *count)
{
    if ((glob && !km_task_metric_matches(row->metric, glob)) ||
        km_task_name_find(m->stages.names, m->stages.count, row->task) ==
            m->stages.count) {
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        if (km_task_row_is_of(row, &tried[i])) {
            return false;
        }
    }
    tried[(*count)++] = (struct km_task_choice){row->metric, row->subset};
    return true;
}

/* The metric that fills most cells, of equal ones the more usual. */
static bool choose(struct making *m, const char *glob)
{
    bool *seen =
        km_new(m->arena, bool, (m->stages.count + 1) * m->stages.count + 1);
    struct km_task_choice *tried =
        km_new(m->arena, struct km_task_choice, m->rows.count + 1);
    size_t most = 0, count = 0;
    for (size_t i = 0; seen && tried && i < m->rows.count; i++) {
        if (!is_new(m, &m->rows.items[i], glob, tried, &count)) {
            continue;
        }
        const struct km_task_choice *candidate = &tried[count - 1];
        size_t filled = cells_of(m, candidate, seen);
        if (filled > most ||
            (filled == most && filled &&
             km_task_choice_compare(candidate, &m->choice) < 0)) {
            most = filled;
            m->choice = *candidate;
        }
    }
    return seen && tried;
}

/* Later evaluations of a cell take the place of earlier ones. */
static bool is_later(const struct km_task_row *row,
                     const struct km_task_row *than)
{
    return !than || row->step > than->step ||
           (row->step == than->step && row->time_ns >= than->time_ns);
}

/* The row that stands in each cell; refuses a column of two tests. */
static const struct km_task_row **place_rows(struct making *m,
                                             struct km_task_test *tests)
{
    size_t cells = (m->stages.count + 1) * m->stages.count, stage, task;
    const struct km_task_row **at =
        km_new(m->arena, const struct km_task_row *, cells + 1);
    for (size_t i = 0; at && i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        if (km_task_row_is_of(row, &m->choice) &&
            cell_of(m, row, &stage, &task) &&
            is_later(row, at[stage * m->stages.count + task])) {
            at[stage * m->stages.count + task] = row;
        }
    }
    for (size_t c = 0; at && c < cells; c++) {
        const char *differs =
            at[c] ? km_task_test_join(&tests[c % m->stages.count], &at[c]->test,
                                      m->arena)
                  : NULL;
        if (differs) {
            refuse(m, km_arena_printf(m->arena,
                                      "%s was scored by different tests, %s: "
                                      "their scores are not compared",
                                      m->stages.names[c % m->stages.count],
                                      differs));
        }
    }
    return at;
}

static bool fill(struct making *m)
{
    struct km_task_matrix *matrix = m->matrix;
    size_t cells = (m->stages.count + 1) * m->stages.count;
    double *score = km_new(m->arena, double, cells);
    double *se = km_new(m->arena, double, cells);
    struct km_task_test *tests =
        km_new(m->arena, struct km_task_test, m->stages.count);
    const struct km_task_row **at = tests ? place_rows(m, tests) : NULL;
    if (!score || !se || !at) {
        return false;
    }
    double scale = km_task_rows_scale(at, cells);
    for (size_t c = 0; c < cells; c++) {
        score[c] = at[c] ? matrix->sign * at[c]->value : (double)NAN;
        se[c] = at[c] ? km_task_row_error(at[c], scale) : (double)NAN;
        matrix->has_base = matrix->has_base || (c < m->stages.count && at[c]);
    }
    matrix->tasks = m->stages.names;
    matrix->tests = tests;
    matrix->cells = (struct km_retention){m->stages.count, score, se};
    return true;
}

/* What each run of a chain trained, as its settings or its name say. */
static enum km_code read_said(struct km_store *store, const struct making *m,
                              const char **said, struct km_err *err)
{
    size_t runs = m->matrix->run_count;
    enum km_code code = KM_OK;
    for (size_t r = 0; r < runs && code == KM_OK; r++) {
        said[r] = "";
        if (runs > 1) {
            code = km_task_said_load(store, m->matrix->runs[r]->id, m->arena,
                                     &said[r], err);
        }
    }
    return code;
}

enum km_code
km_task_matrix_load(struct km_store *store, const struct km_lineage *lineage,
                    uint64_t run_id, const struct km_task_options *options,
                    struct km_arena *arena, struct km_task_matrix *matrix,
                    struct km_err *err)
{
    struct km_lineage_chain chain;
    km_lineage_chain_find(lineage, run_id, &chain);
    *matrix = (struct km_task_matrix){.sign = 1, .problem = chain.problem};
    struct making m = {.arena = arena, .matrix = matrix};
    const char **said = km_new(arena, const char *, chain.count + 1);
    if (!said) {
        return fail_full(err);
    }
    enum km_code code = KM_OK;
    for (size_t r = 0; r < chain.count && code == KM_OK; r++) {
        matrix->runs[matrix->run_count++] = chain.runs[r];
        matrix->label = chain.runs[r]->label;
        code =
            km_task_rows_read(store, chain.runs[r]->id, r, arena, &m.rows, err);
    }
    if (code || m.rows.count == 0) {
        matrix->problem = NULL; /* of nothing */
        return code;
    }
    code = read_said(store, &m, said, err);
    if (code == KM_OK && !km_task_stages_find(&m.rows, said, matrix->run_count,
                                              arena, &m.stages)) {
        code = fail_full(err);
    }
    matrix->problem = matrix->problem ? matrix->problem : m.stages.problem;
    if (code || m.stages.count == 0 || matrix->problem) {
        return code;
    }
    matrix->cells.stages = m.stages.count;
    if (!choose(&m, options->metric)) {
        return fail_full(err);
    }
    if (!m.choice.metric) {
        return KM_OK; /* nothing that was trained was scored by it */
    }
    matrix->metric = m.choice.metric;
    matrix->subset = m.choice.subset;
    matrix->sign = km_task_rows_sign(&m.rows, &m.choice, options->roles);
    return fill(&m) ? KM_OK : fail_full(err);
}

enum km_code km_task_configuration(struct km_store *store,
                                   const struct km_task_matrix *matrix,
                                   struct km_arena *arena,
                                   uint64_t *configuration, struct km_err *err)
{
    enum km_code code = KM_OK;
    *configuration = 0;
    for (size_t r = 0; r < matrix->run_count && code == KM_OK; r++) {
        struct km_member member = {.run_id = matrix->runs[r]->id};
        code = km_member_identify(store, arena, &member, err);
        *configuration = km_hash(&member.configuration,
                                 sizeof member.configuration, *configuration);
    }
    return code;
}

enum km_code km_task_reference_load(struct km_store *store, uint64_t run_id,
                                    const struct km_task_matrix *matrix,
                                    struct km_arena *arena, double *reference,
                                    double *error, struct km_err *err)
{
    struct km_task_rows rows = {0};
    enum km_code code = km_task_rows_read(store, run_id, 0, arena, &rows, err);
    size_t t = matrix->cells.stages;
    const struct km_task_choice choice = {matrix->metric, matrix->subset};
    const struct km_task_row **at =
        km_new(arena, const struct km_task_row *, t + 1);
    if (code || !at) {
        return code ? code : fail_full(err);
    }
    for (size_t i = 0; i < rows.count; i++) {
        const struct km_task_row *row = &rows.items[i];
        size_t task = km_task_name_find(matrix->tasks, t, row->task);
        if (task == t || !km_task_row_is_of(row, &choice) ||
            !is_later(row, at[task])) {
            continue;
        }
        struct km_task_test test = matrix->tests[task];
        at[task] = km_task_test_join(&test, &row->test, arena) ? at[task] : row;
    }
    double scale = km_task_rows_scale(at, t);
    for (size_t k = 0; k < t; k++) {
        reference[k] = at[k] ? matrix->sign * at[k]->value : (double)NAN;
        error[k] = at[k] ? km_task_row_error(at[k], scale) : (double)NAN;
    }
    return KM_OK;
}
