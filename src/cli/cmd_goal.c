/* cmd_goal.c - `km goal`: targets with a deadline and a budget. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "report/quantity.h"
#include "report/run_json.h"
#include "report/table.h"
#include "score/card.h"
#include "score/cohort.h"
#include "score/goal.h"
#include "score/goal_relation.h"
#include "score/history.h"

enum { SHOWN_RUNS_MAX = 64, DATE_BYTES = 24 };

/* The goal of this name, or NULL. */
static const struct km_goal *find_goal(const struct km_goals *goals,
                                       const char *name)
{
    for (size_t i = 0; i < goals->count; i++) {
        if (km_str_is(km_str_of(name), goals->goals[i].name)) {
            return &goals->goals[i];
        }
    }
    return NULL;
}

static enum km_code load(struct km_cli *cli, enum km_store_access access,
                         struct km_store **store, struct km_goals *goals,
                         struct km_err *err)
{
    enum km_code code = km_cli_store(cli, access, store, err);
    if (!code) {
        code = km_goals_load(*store, NULL, NULL, &cli->arena, goals, err);
    }
    if (!code && goals->unreadable) {
        km_cli_note(cli,
                    "warning: %zu notes are not goals that this version "
                    "reads",
                    goals->unreadable);
    }
    return code;
}

static enum km_code fail_missing(const struct km_goals *goals, const char *name,
                                 struct km_err *err)
{
    return km_fail(err, KM_ENOTFOUND, "no goal is called '%.80s'; %s", name,
                   goals->count ? "`km goal list` names them"
                                : "there is none yet");
}

/* The goal that the options describe. */
static enum km_code read_goal(struct km_cli *cli, const char *name,
                              struct km_goal *goal, struct km_err *err)
{
    const struct km_invocation *args = cli->args;
    const char *runs = km_option_text(args, "run");
    const char *metric = km_option_text(args, "metric");
    const char *deadline = km_option_text(args, "deadline");
    const char *currency = km_option_text(args, "currency");
    *goal = (struct km_goal){
        .name = name,
        .runs = runs ? runs : "",
        .metric = metric ? metric : "",
        .target = km_option_number(args, "target", NAN),
        .made_ns = km_clock_wall_ns(cli->clock),
        .deadline_ns = KM_TIME_ABSENT,
        .budget = km_option_number(args, "budget", NAN),
        .steps = km_option_number(args, "steps", NAN),
        .tokens = km_option_number(args, "tokens", NAN),
        .currency = currency               ? currency
                    : cli->config.currency ? cli->config.currency
                                           : "",
    };
    if (!runs || isnan(goal->target)) {
        return km_fail(err, KM_EUSAGE, "a goal needs --run and --target");
    }
    if (!deadline && isnan(goal->budget) && isnan(goal->steps) &&
        isnan(goal->tokens)) {
        return km_fail(err, KM_EUSAGE,
                       "a goal needs a limit: --deadline, --budget, --steps or "
                       "--tokens");
    }
    if (goal->budget <= 0 || goal->steps <= 0 || goal->tokens <= 0) {
        return km_fail(err, KM_EUSAGE,
                       "--budget, --steps and --tokens must be above 0");
    }
    if (!deadline) {
        return KM_OK;
    }
    if (!km_deadline_parse(deadline, goal->made_ns, &goal->deadline_ns)) {
        return km_fail(err, KM_EUSAGE,
                       "--deadline '%.40s' is no time: expected +3d, +12h, a "
                       "date like 2027-01-31 (before 2262), or "
                       "2027-01-31T18:00:00Z",
                       deadline);
    }
    if (goal->deadline_ns <= goal->made_ns) {
        char text[DATE_BYTES];
        km_time_format(goal->deadline_ns, text, sizeof text);
        return km_fail(err, KM_EUSAGE, "the deadline %s has passed", text);
    }
    return KM_OK;
}

/* Runs that the goal means, those of the store at the moment. */
static enum km_code matching(struct km_cli *cli, struct km_store *store,
                             const struct km_goal *goal,
                             struct km_run_list *list, struct km_err *err)
{
    const struct km_run_filter filter = {.order = KM_ORDER_NEWEST};
    enum km_code code = km_select_runs(cli, store, &filter, NULL, 0, list, err);
    size_t kept = 0;
    for (size_t i = 0; !code && i < list->count; i++) {
        const struct km_run_row *row = &list->rows[i];
        const char *label = km_run_label(&cli->arena, row);
        const char *name = label ? strrchr(label, '/') : NULL;
        if (label && km_goal_means(goal, label, name ? name + 1 : label)) {
            list->rows[kept++] = *row;
        }
    }
    list->count = kept;
    return code;
}

/* The curve that the goal is about, of the newest run that it means; its
 * direction without one: that of the name; 0: not known. */
static enum km_code direction_of(struct km_cli *cli, struct km_store *store,
                                 const struct km_goal *goal,
                                 const struct km_run_list *list, double *sign,
                                 const char **behind, struct km_err *err)
{
    struct km_str glob = km_str_of(goal->metric);
    struct km_cohort one = {.count = 0};
    *sign = -km_role_find(&cli->config.roles, glob, KM_STR("")).better;
    enum km_code code =
        list->count ? km_card_cohort(cli, store, list->rows, 1, &one, err)
                    : KM_OK;
    if (code || !one.count) {
        return code;
    }
    const struct km_member *member = &one.members[0];
    const struct km_member_curve *curves[] = {km_member_quality(member),
                                              &member->valid, &member->learn};
    for (size_t i = 0; i < 3; i++) {
        const struct km_member_curve *curve = curves[i];
        if (curve && curve->count &&
            (!*goal->metric || km_glob_match(glob, km_str_of(curve->metric)))) {
            *sign = curve->sign;
            *behind = km_goal_behind_text(goal, curve->metric,
                                          curve->sign * curve->y[0],
                                          curve->sign, &cli->arena);
            return KM_OK;
        }
    }
    return KM_OK;
}

/* Does a goal mean a run that the other means too, and the same metric? */
static bool share_runs(struct km_cli *cli, const struct km_goal *a,
                       const struct km_goal *b, const struct km_run_list *of_a)
{
    bool common = strcmp(a->runs, b->runs) == 0;
    for (size_t i = 0; i < of_a->count && !common; i++) {
        const char *label = km_run_label(&cli->arena, &of_a->rows[i]);
        const char *name = label ? strrchr(label, '/') : NULL;
        common = label && km_goal_means(b, label, name ? name + 1 : label);
    }
    return common && strcmp(a->metric, b->metric) == 0;
}

/* Refuses a goal that is there already under another name, and says which
 * other follows from it or it from which. */
static enum km_code relate(struct km_cli *cli, struct km_store *store,
                           const struct km_goals *goals,
                           const struct km_goal *goal,
                           const struct km_run_list *list, struct km_err *err)
{
    double sign = 0;
    const char *behind = NULL;
    enum km_code code =
        direction_of(cli, store, goal, list, &sign, &behind, err);
    for (size_t i = 0; i < goals->count && !code; i++) {
        const struct km_goal *other = &goals->goals[i];
        if (!share_runs(cli, goal, other, list)) {
            continue;
        }
        if (strcmp(goal->runs, other->runs) == 0 &&
            km_goal_relate(goal, other, 0) == KM_GOALS_SAME) {
            return km_fail(err, KM_ECONFLICT,
                           "'%.80s' is that goal already: the same runs, "
                           "metric, target and limits",
                           other->name);
        }
        const char *text =
            km_goal_relation_text(goal, other, sign, &cli->arena);
        if (text) {
            km_cli_note(cli, "warning: %s", text);
        }
    }
    if (!code && behind) {
        km_cli_note(cli, "warning: %s", behind);
    }
    return code;
}

static enum km_code add(struct km_cli *cli, const char *name,
                        struct km_err *err)
{
    struct km_goal goal;
    struct km_store *store;
    struct km_goals goals;
    struct km_run_list list = {0};
    enum km_code code = km_name_check(km_str_of(name), "the goal", err);
    code = code ? code : read_goal(cli, name, &goal, err);
    code = code ? code : load(cli, KM_ACCESS_CREATE, &store, &goals, err);
    if (code) {
        return code;
    }
    if (find_goal(&goals, name)) {
        return km_fail(err, KM_ECONFLICT,
                       "a goal is called '%.80s' already; `km goal remove` "
                       "takes it away",
                       name);
    }
    if (goals.count == KM_GOALS_MAX) {
        return km_fail(err, KM_ELIMIT, "a store keeps at most %d goals",
                       KM_GOALS_MAX);
    }
    code = matching(cli, store, &goal, &list, err);
    code = code ? code : relate(cli, store, &goals, &goal, &list, err);
    code = code ? code : km_goal_put(store, &goal, err);
    if (!code && list.count == 0) {
        km_cli_note(cli, "warning: no run matches '%.80s' yet", goal.runs);
    } else if (!code) {
        km_cli_note(cli, "'%.80s' means %zu run%s", name, list.count,
                    list.count == 1 ? "" : "s");
    }
    return code;
}

static void list_json(struct km_cli *cli, const struct km_goal *goal)
{
    struct km_json_writer w;
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"target", goal->target},
                   {"budget", goal->budget},
                   {"steps", goal->steps},
                   {"tokens", goal->tokens}};
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_key(&w, "goal");
    km_json_text(&w, goal->name);
    km_json_key(&w, "runs");
    km_json_text(&w, goal->runs);
    km_json_optional(&w, "metric", km_str_of(goal->metric));
    for (size_t i = 0; i < 4; i++) {
        km_json_key(&w, numbers[i].key);
        if (isnan(numbers[i].value)) {
            km_json_null(&w);
        } else {
            km_json_double(&w, numbers[i].value);
        }
    }
    km_json_optional(&w, "currency", km_str_of(goal->currency));
    km_json_time(&w, "deadline", goal->deadline_ns);
    km_json_time(&w, "made", goal->made_ns);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
}

static const struct km_column columns[] = {
    {"goal", KM_ALIGN_MIDDLE, true},  {"runs", KM_ALIGN_MIDDLE, true},
    {"metric", KM_ALIGN_LEFT, true},  {"target", KM_ALIGN_RIGHT, false},
    {"until", KM_ALIGN_LEFT, false},  {"budget", KM_ALIGN_RIGHT, false},
    {"steps", KM_ALIGN_RIGHT, false}, {"tokens", KM_ALIGN_RIGHT, false},
};

static void number_cell(struct km_table *table, double value, const char *unit)
{
    if (isnan(value)) {
        km_table_cell(table, KM_STR(""), KM_TONE_PLAIN);
    } else {
        km_table_cellf(table, KM_TONE_PLAIN, "%.6g%s%s", value,
                       *unit ? " " : "", unit);
    }
}

static enum km_code list(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct km_goals goals;
    enum km_code code = load(cli, KM_ACCESS_READ, &store, &goals, err);
    struct km_table table;
    km_table_init(&table, &cli->arena, columns,
                  sizeof columns / sizeof columns[0]);
    for (size_t i = 0; !code && i < goals.count; i++) {
        const struct km_goal *goal = &goals.goals[i];
        char until[DATE_BYTES] = "";
        if (goal->deadline_ns != KM_TIME_ABSENT) {
            km_time_format(goal->deadline_ns, until, sizeof until);
        }
        if (cli->json) {
            list_json(cli, goal);
            continue;
        }
        km_table_cell(&table, km_str_of(goal->name), KM_TONE_PLAIN);
        km_table_cell(&table, km_str_of(goal->runs), KM_TONE_QUIET);
        km_table_cell(&table, km_str_of(goal->metric), KM_TONE_QUIET);
        number_cell(&table, goal->target, "");
        km_table_cell(&table, km_str_of(until), KM_TONE_PLAIN);
        number_cell(&table, goal->budget, goal->currency);
        number_cell(&table, goal->steps, "");
        number_cell(&table, goal->tokens, "");
    }
    if (code || cli->json) {
        return code;
    }
    if (goals.count == 0) {
        km_buf_append_text(&cli->out, "no goals\n");
        return KM_OK;
    }
    return km_table_print(&table, &cli->terminal, &cli->out, err);
}

/* The rows of the goal from the card of one run, told apart by its name. */
static enum km_code take_results(const struct km_scorecard *from,
                                 const struct km_goal *goal, bool charts,
                                 struct km_scorecard *card, struct km_err *err)
{
    size_t len = strlen(goal->name);
    for (size_t i = 0; i < from->count; i++) {
        struct km_figure_result result = from->results[i];
        const char *variant = result.variant;
        bool own = strncmp(result.figure->id, "goal.", 5) == 0 &&
                   strncmp(variant, goal->name, len) == 0 &&
                   (variant[len] == ':' || !variant[len]);
        if (!own) {
            continue;
        }
        const char *limit = variant[len] ? variant + len + 2 : "";
        result.variant = km_arena_printf(card->arena, "%s%s%s", from->run_name,
                                         *limit ? ": " : "", limit);
        struct km_evidence evidence = {0};
        for (size_t e = 0; e < result.evidence_count; e++) {
            km_evidence_add(&evidence, result.evidence[e]);
        }
        enum km_code code = km_card_add(card, result, &evidence, err);
        if (code) {
            return code;
        }
    }
    enum km_code code = KM_OK;
    for (size_t i = 0; charts && i < from->curve_count && !code; i++) {
        if (strcmp(from->curves[i].id, "goal") == 0) {
            code = km_card_add_curve(card, from->curves[i], err);
        }
    }
    return code;
}

static enum km_code show(struct km_cli *cli, const char *name,
                         struct km_err *err)
{
    struct km_store *store;
    struct km_goals goals;
    struct km_run_list runs = {0};
    enum km_code code = load(cli, KM_ACCESS_READ, &store, &goals, err);
    const struct km_goal *goal = code ? NULL : find_goal(&goals, name);
    if (!code && !goal) {
        code = fail_missing(&goals, name, err);
    }
    code = code ? code : matching(cli, store, goal, &runs, err);
    if (code) {
        return code;
    }
    if (runs.count == 0) {
        return km_fail(err, KM_ENOTFOUND,
                       "no run matches '%.80s', which the goal '%.80s' is for",
                       goal->runs, name);
    }
    if (runs.count > SHOWN_RUNS_MAX) {
        km_cli_note(cli, "the %d newest of %zu runs", SHOWN_RUNS_MAX,
                    runs.count);
        runs.count = SHOWN_RUNS_MAX;
    }
    const struct km_goals one = {goal, 1, 0};
    struct km_scorecard card = {
        .arena = &cli->arena,
        .run_name = goal->name,
        .context = km_arena_printf(&cli->arena, "%zu run%s", runs.count,
                                   runs.count == 1 ? "" : "s"),
        .headline = "",
        .target = goal->target,
        .level = 0.80};
    struct km_histories histories;
    km_histories_init(&histories, store, &cli->config.roles, &cli->arena);
    for (size_t i = 0; i < runs.count && !code; i++) {
        struct km_score_options options;
        struct km_scorecard of;
        km_card_options(cli, &runs.rows[i], &options);
        options.histories = &histories;
        options.goals = &one;
        code = km_scorecard_compute(store, runs.rows[i].id, &options,
                                    &cli->arena, &of, err);
        code =
            code ? code : take_results(&of, goal, runs.count == 1, &card, err);
    }
    return code ? code : km_card_output(cli, &card, 1, err);
}

static enum km_code take_away(struct km_cli *cli, const char *name,
                              struct km_err *err)
{
    struct km_store *store;
    struct km_goals goals;
    enum km_code code = load(cli, KM_ACCESS_WRITE, &store, &goals, err);
    if (!code && !find_goal(&goals, name)) {
        code = fail_missing(&goals, name, err);
    }
    return code ? code : km_goal_delete(store, name, err);
}

enum km_code km_run_goal(struct km_cli *cli, struct km_err *err)
{
    static const struct {
        const char *word;
        enum km_code (*run)(struct km_cli *, const char *, struct km_err *);
    } actions[] = {{"add", add}, {"show", show}, {"remove", take_away}};
    const char *action = cli->args->words[0];
    bool named = cli->args->word_count > 1;
    if (strcmp(action, "list") == 0) {
        return named ? km_fail(err, KM_EUSAGE, "`km goal list` takes no name")
                     : list(cli, err);
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(action, actions[i].word) == 0) {
            return named ? actions[i].run(cli, cli->args->words[1], err)
                         : km_fail(err, KM_EUSAGE,
                                   "`km goal %s` needs the name of a goal",
                                   action);
        }
    }
    return km_fail(err, KM_EUSAGE,
                   "'%.40s' is no action; expected add, list, show or remove",
                   action);
}
