/* task_rows.c - evaluations out of the store, and what they say of their test.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/task_rows.h"

#include <math.h>
#include <string.h>

#include "measure/retention.h"

struct reading {
    struct km_arena *arena;
    struct km_task_rows *rows;
    size_t run;
    bool full;
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the evaluations do not fit the memory allowed for one "
                   "command");
}

static const char *copy(struct reading *r, struct km_str text)
{
    const char *kept =
        text.len ? km_arena_copy(r->arena, text.ptr, text.len) : "";
    r->full = r->full || !kept;
    return kept ? kept : "";
}

static bool grow(struct reading *r)
{
    struct km_task_rows *rows = r->rows;
    if (rows->count < rows->cap) {
        return true;
    }
    size_t wider = rows->cap ? 2 * rows->cap : 64;
    struct km_task_row *moved = km_new(r->arena, struct km_task_row, wider);
    if (!moved) {
        return false;
    }
    if (rows->count) {
        memcpy(moved, rows->items, rows->count * sizeof *moved);
    }
    rows->items = moved;
    rows->cap = wider;
    return true;
}

static bool take_row(void *user, uint64_t run_id,
                     const struct km_evaluation *from)
{
    (void)run_id;
    struct reading *r = user;
    if (!grow(r)) {
        r->full = true;
        return false;
    }
    struct km_task_row *row = &r->rows->items[r->rows->count++];
    *row = (struct km_task_row){
        .run = r->run,
        .stage = copy(r, from->stage),
        .task = copy(r, from->task),
        .metric = copy(r, from->metric),
        .subset = copy(r, from->subset),
        .test = {copy(r, from->version), copy(r, from->task_hash),
                 from->n_shot < 0 ? 0 : from->n_shot + 1},
        .stage_index = from->stage_index,
        .step = from->step,
        .time_ns = from->time_ns,
        .n = from->n,
        .value = from->value,
        .stderr_ = from->stderr_,
        .higher_is_better = from->higher_is_better,
    };
    if (from->filter.len) {
        const char *joined =
            km_arena_printf(r->arena, "%s,%.*s", row->metric,
                            (int)from->filter.len, from->filter.ptr);
        r->full = r->full || !joined;
        row->metric = joined ? joined : row->metric;
    }
    return !r->full;
}

enum km_code km_task_rows_read(struct km_store *store, uint64_t run_id,
                               size_t run, struct km_arena *arena,
                               struct km_task_rows *rows, struct km_err *err)
{
    struct reading r = {.arena = arena, .rows = rows, .run = run};
    enum km_code code =
        km_store_read_evaluations(store, run_id, take_row, &r, err);
    return code == KM_OK && r.full ? fail_full(err) : code;
}

const char *km_task_setting(const struct km_member *member)
{
    static const char *const keys[] = {"stage",   "task",       "task_name",
                                       "dataset", "train_task", "dataset_name"};
    const struct km_setting *found = NULL;
    for (size_t k = 0; k < sizeof keys / sizeof *keys && !found; k++) {
        found = km_member_setting(member, keys[k]);
    }
    return found ? found->value : NULL;
}

enum km_code km_task_said_load(struct km_store *store, uint64_t run_id,
                               struct km_arena *arena, const char **said,
                               struct km_err *err)
{
    struct km_member member = {.run_id = run_id};
    enum km_code code = km_member_identify(store, arena, &member, err);
    if (code == KM_OK) {
        *said = km_task_setting(&member);
        *said = *said ? *said : member.name;
    }
    return code;
}

bool km_task_row_is_of(const struct km_task_row *row,
                       const struct km_task_choice *choice)
{
    return strcmp(row->metric, choice->metric) == 0 &&
           strcmp(row->subset, choice->subset) == 0;
}

/* "exact_match" of "exact_match,strict". */
static struct km_str bare(const char *metric)
{
    struct km_str whole = km_str_of(metric);
    return (struct km_str){whole.ptr, km_str_find(whole, ',', 0)};
}

bool km_task_metric_matches(const char *metric, const char *glob)
{
    return km_glob_match(km_str_of(glob), km_str_of(metric)) ||
           km_glob_match(km_str_of(glob), bare(metric));
}

/* The usual ones first. */
static size_t rank_of(const char *metric)
{
    static const char *const usual[] = {"exact_match", "acc",   "accuracy",
                                        "f1",          "score", "reward"};
    enum { USUAL = sizeof usual / sizeof *usual };
    size_t rank = 0;
    while (rank < USUAL && !km_str_is(bare(metric), usual[rank])) {
        rank++;
    }
    return rank;
}

static int rank_of_subset(const char *subset)
{
    return strcmp(subset, "test") == 0 ? 0 : *subset ? 1 : 2;
}

int km_task_choice_compare(const struct km_task_choice *a,
                           const struct km_task_choice *b)
{
    size_t x = rank_of(a->metric), y = rank_of(b->metric);
    if (x != y) {
        return x < y ? -1 : 1;
    }
    int order = rank_of_subset(a->subset) - rank_of_subset(b->subset);
    order = order ? order : strcmp(a->metric, b->metric);
    return order ? order : strcmp(a->subset, b->subset);
}

double km_task_rows_sign(const struct km_task_rows *rows,
                         const struct km_task_choice *choice,
                         const struct km_role_table *roles)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct km_task_row *row = &rows->items[i];
        if (km_task_row_is_of(row, choice) && row->higher_is_better >= 0) {
            return row->higher_is_better ? 1 : -1;
        }
    }
    struct km_role_of role =
        km_role_find(roles, bare(choice->metric), KM_STR(""));
    return role.better < 0 ? -1 : 1;
}

double km_task_rows_scale(const struct km_task_row *const *rows, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        most = rows[i] ? fmax(most, rows[i]->value) : most;
    }
    return most > 1 ? 100 : 1;
}

/* A mean of right and wrong answers: only of those is n enough for an error. */
static bool is_share(const char *metric)
{
    static const char *const shares[] = {"exact_match", "acc*", "*_acc",
                                         "*accuracy", "pass@1"};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        if (km_glob_match(km_str_of(shares[i]), bare(metric))) {
            return true;
        }
    }
    return false;
}

double km_task_row_error(const struct km_task_row *row, double scale)
{
    if (row->stderr_ > 0) {
        return row->stderr_;
    }
    return is_share(row->metric)
               ? scale * km_proportion_error(row->value / scale, (double)row->n)
               : (double)NAN;
}

/* Takes the text that is known; true: both are, and differ. */
static bool differ(const char **known, const char *more)
{
    *known = *known && **known ? *known : more;
    return more && *more && strcmp(*known, more) != 0;
}

const char *km_task_test_join(struct km_task_test *test,
                              const struct km_task_test *more,
                              struct km_arena *arena)
{
    const char *said = NULL;
    bool wrong = true;
    if (differ(&test->version, more->version)) {
        said = km_arena_printf(arena, "version %s and version %s",
                               test->version, more->version);
    } else if (differ(&test->hash, more->hash)) {
        said = km_arena_printf(arena, "hash %.12s and hash %.12s", test->hash,
                               more->hash);
    } else if (test->shots && more->shots && test->shots != more->shots) {
        said = km_arena_printf(arena, "%lld shots and %lld shots",
                               (long long)test->shots - 1,
                               (long long)more->shots - 1);
    } else {
        wrong = false;
        test->shots = test->shots ? test->shots : more->shots;
    }
    return wrong && !said ? "which differ" : said;
}
