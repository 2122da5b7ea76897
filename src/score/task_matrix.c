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
    const char **stages; /* name of each; NULL: not said */
    size_t count;
    bool indexed;    /* stages are indices of evaluations, not runs */
    bool base_first; /* the first run trained no task: row 0 */
    struct km_task_choice choice;
};

static void refuse(struct making *m, const char *sentence)
{
    m->matrix->problem = m->matrix->problem ? m->matrix->problem
                         : sentence         ? sentence
                                            : "no memory to say what is wrong";
}

/* Stage of a row, 1-based; 0: before any training; SIZE_MAX: of none. */
static size_t stage_of(const struct making *m, const struct km_task_row *row)
{
    if (!m->indexed) {
        return row->run + (m->base_first ? 0 : 1);
    }
    if (row->stage_index >= 0) {
        return (size_t)row->stage_index + 1;
    }
    bool before = row->step == 0 || (row->run == 0 && m->base_first);
    return before ? 0 : SIZE_MAX;
}

static size_t find_name(const char *const *names, size_t count,
                        const char *name)
{
    size_t at = 0;
    while (at < count && !(names[at] && strcmp(names[at], name) == 0)) {
        at++;
    }
    return at;
}

/* Names of stages that carry an index; one index, one name. */
static void name_indexed(struct making *m)
{
    bool first_has = false;
    for (size_t i = 0; i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        if (row->stage_index < 0 || !*row->stage) {
            continue;
        }
        first_has = first_has || row->run == 0;
        const char **name = &m->stages[row->stage_index];
        if (*name && strcmp(*name, row->stage) != 0) {
            refuse(m, km_arena_printf(m->arena,
                                      "stage %lld is %s in one place and %s in "
                                      "another",
                                      (long long)row->stage_index + 1, *name,
                                      row->stage));
        }
        *name = *name ? *name : row->stage;
    }
    m->base_first = m->matrix->run_count > 1 && !first_has;
}

/* A task and the first stage that it was scored after. */
struct debut {
    const char *task;
    size_t stage; /* SIZE_MAX: none */
};

/* Every task once; NULL: no memory. */
static struct debut *find_debuts(const struct making *m, size_t *count)
{
    struct debut *debuts = km_new(m->arena, struct debut, m->rows.count + 1);
    for (size_t i = 0; debuts && i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        size_t at = 0, stage = stage_of(m, row);
        while (at < *count && strcmp(debuts[at].task, row->task) != 0) {
            at++;
        }
        if (at == *count) {
            debuts[(*count)++] = (struct debut){row->task, SIZE_MAX};
        }
        debuts[at].stage = stage < debuts[at].stage ? stage : debuts[at].stage;
    }
    return debuts;
}

/* A stage that was never scored has no name of its own: it is the one task that
 * is no stage and was scored for the first time after it. */
static void name_gap(struct making *m, const struct debut *debuts, size_t count,
                     size_t gap)
{
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t first = debuts[i].stage;
        if (first == SIZE_MAX || first <= gap + 1 ||
            find_name(m->stages, m->count, debuts[i].task) < m->count) {
            continue;
        }
        if (found) {
            return; /* two could be it */
        }
        found = debuts[i].task;
    }
    m->stages[gap] = found;
}

static bool is_task(const struct making *m, const char *name)
{
    for (size_t i = 0; i < m->rows.count; i++) {
        if (strcmp(m->rows.items[i].task, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A run of a chain is a stage of its own. */
static void name_runs(struct making *m, const char *const *said)
{
    m->base_first = m->matrix->run_count > 1 && !is_task(m, said[0]);
    size_t skip = m->base_first ? 1 : 0;
    m->count = m->matrix->run_count - skip;
    for (size_t i = 0; i < m->count; i++) {
        m->stages[i] = said[i + skip];
    }
}

/* Every stage has a name of its own, else there are no columns. */
static bool finish_names(struct making *m)
{
    struct debut *debuts = NULL;
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (!m->stages[i]) {
            debuts = debuts ? debuts : find_debuts(m, &count);
            if (!debuts) {
                return false;
            }
            name_gap(m, debuts, count, i);
        }
        m->stages[i] = m->stages[i]
                           ? m->stages[i]
                           : km_arena_printf(m->arena, "(stage %zu)", i + 1);
        if (!m->stages[i]) {
            return false;
        }
        size_t twin = find_name(m->stages, i, m->stages[i]);
        if (twin < i) {
            refuse(m, km_arena_printf(
                          m->arena,
                          "%s was trained at stages %zu and %zu: the figures "
                          "are of tasks that are trained once",
                          m->stages[i], twin + 1, i + 1));
        }
    }
    return true;
}

/* The row's cell; false: it has none. */
static bool cell_of(const struct making *m, const struct km_task_row *row,
                    size_t *stage, size_t *task)
{
    *stage = stage_of(m, row);
    *task = find_name(m->stages, m->count, row->task);
    return *stage <= m->count && *task < m->count && isfinite(row->value);
}

/* How many cells a metric fills. */
static size_t cells_of(const struct making *m, const struct km_task_choice *of,
                       bool *seen)
{
    size_t filled = 0, stage, task;
    memset(seen, 0, (m->count + 1) * m->count * sizeof *seen);
    for (size_t i = 0; i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        if (km_task_row_is_of(row, of) && cell_of(m, row, &stage, &task) &&
            !seen[stage * m->count + task]) {
            seen[stage * m->count + task] = true;
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
        find_name(m->stages, m->count, row->task) == m->count) {
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
    bool *seen = km_new(m->arena, bool, (m->count + 1) * m->count + 1);
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
    size_t cells = (m->count + 1) * m->count, stage, task;
    const struct km_task_row **at =
        km_new(m->arena, const struct km_task_row *, cells + 1);
    for (size_t i = 0; at && i < m->rows.count; i++) {
        const struct km_task_row *row = &m->rows.items[i];
        if (km_task_row_is_of(row, &m->choice) &&
            cell_of(m, row, &stage, &task) &&
            is_later(row, at[stage * m->count + task])) {
            at[stage * m->count + task] = row;
        }
    }
    for (size_t c = 0; at && c < cells; c++) {
        const char *differs = at[c] ? km_task_test_join(&tests[c % m->count],
                                                        &at[c]->test, m->arena)
                                    : NULL;
        if (differs) {
            refuse(m, km_arena_printf(m->arena,
                                      "%s was scored by different tests, %s: "
                                      "their scores are not compared",
                                      m->stages[c % m->count], differs));
        }
    }
    return at;
}

static bool fill(struct making *m)
{
    struct km_task_matrix *matrix = m->matrix;
    size_t cells = (m->count + 1) * m->count;
    double *score = km_new(m->arena, double, cells);
    double *se = km_new(m->arena, double, cells);
    struct km_task_test *tests =
        km_new(m->arena, struct km_task_test, m->count);
    const struct km_task_row **at = tests ? place_rows(m, tests) : NULL;
    if (!score || !se || !at) {
        return false;
    }
    double scale = km_task_rows_scale(at, cells);
    for (size_t c = 0; c < cells; c++) {
        score[c] = at[c] ? matrix->sign * at[c]->value : (double)NAN;
        se[c] = at[c] ? km_task_row_error(at[c], scale) : (double)NAN;
        matrix->has_base = matrix->has_base || (c < m->count && at[c]);
    }
    matrix->tasks = m->stages;
    matrix->tests = tests;
    matrix->cells = (struct km_retention){m->count, score, se};
    return true;
}

/* Which stages there are; false: no memory. */
static bool find_stages(struct making *m, const char *const *said)
{
    for (size_t i = 0; i < m->rows.count; i++) {
        int64_t index = m->rows.items[i].stage_index;
        m->indexed = m->indexed || index >= 0;
        if (index >= KM_TASK_STAGES_MAX) {
            refuse(m, "it has more stages than are looked at");
            return true;
        }
        m->count = index >= (int64_t)m->count ? (size_t)index + 1 : m->count;
    }
    if (m->indexed) {
        name_indexed(m);
    } else if (m->matrix->run_count > 1 || *said[0]) {
        name_runs(m, said);
    }
    return finish_names(m);
}

/* What each run of the chain says it trained: the stage of its evaluations,
 * else a setting, else its name. Alone, a run must say it. */
static enum km_code read_said(struct km_store *store, struct making *m,
                              const char **said, struct km_err *err)
{
    size_t runs = m->matrix->run_count;
    enum km_code code = KM_OK;
    for (size_t r = 0; r < runs && code == KM_OK; r++) {
        said[r] = "";
        for (size_t i = 0; i < m->rows.count && !*said[r]; i++) {
            said[r] =
                m->rows.items[i].run == r ? m->rows.items[i].stage : said[r];
        }
        if (!*said[r] && runs > 1) {
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
    m.stages = km_new(arena, const char *, KM_TASK_STAGES_MAX + 1);
    const char **said = km_new(arena, const char *, chain.count + 1);
    if (!m.stages || !said) {
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
    if (code == KM_OK && !find_stages(&m, said)) {
        code = fail_full(err);
    }
    if (code || m.count == 0 || matrix->problem) {
        return code;
    }
    matrix->cells.stages = m.count;
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
        size_t task = find_name(matrix->tasks, t, row->task);
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
