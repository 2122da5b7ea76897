/* plan_config.c - keys of trainers, turned into a plan. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/plan_config.h"

#include <math.h>

#include "base/json_read.h"
#include "model/role.h"
#include "score/config_keys.h"

enum { TABLE_KNOTS_MAX = 4096 };
static const double FOLLOWED = 0.03;

enum slot {
    SCHEDULER,
    NANO_DECAYS, /* a switch: a cosine */
    TABLE,
    TOP,
    LOW,
    LOW_SHARE,
    WARMUP,
    WARMUP_SHARE,
    UNTIL, /* step at which a decay over the whole run has ended */
    COOLDOWN,
    COOLDOWN_SHARE,
    COOLDOWN_SHAPE,
    STABLE, /* steps between warm-up and cool-down */
    POWER,
    EVERY,
    FACTOR,
    SLOTS,
};

static const struct km_config_key keys[] = {
    {"lr_scheduler_type", SCHEDULER, KM_CONFIG_TEXT},
    {"lr_schedule", SCHEDULER, KM_CONFIG_TEXT},
    {"lr_decay_style", SCHEDULER, KM_CONFIG_TEXT},
    {"lr_scheduler", SCHEDULER, KM_CONFIG_TEXT},
    {"scheduler", SCHEDULER, KM_CONFIG_TEXT},
    {"decay_lr", NANO_DECAYS, KM_CONFIG_TEXT},
    {"lr_table", TABLE, KM_CONFIG_TEXT},
    {"learning_rate", TOP, KM_CONFIG_POSITIVE},
    {"max_lr", TOP, KM_CONFIG_POSITIVE},
    {"peak_lr", TOP, KM_CONFIG_POSITIVE},
    {"lr", TOP, KM_CONFIG_POSITIVE},
    {"min_lr", LOW, KM_CONFIG_NUMBER},
    {"lr_end", LOW, KM_CONFIG_NUMBER},
    {"final_lr", LOW, KM_CONFIG_NUMBER},
    {"min_lr_rate", LOW_SHARE, KM_CONFIG_NUMBER},
    {"min_lr_ratio", LOW_SHARE, KM_CONFIG_NUMBER},
    {"final_lr_fraction", LOW_SHARE, KM_CONFIG_NUMBER},
    {"warmup_steps", WARMUP, KM_CONFIG_NUMBER},
    {"warmup_iters", WARMUP, KM_CONFIG_NUMBER},
    {"lr_warmup_iters", WARMUP, KM_CONFIG_NUMBER},
    {"lr_warmup_steps", WARMUP, KM_CONFIG_NUMBER},
    {"num_warmup_steps", WARMUP, KM_CONFIG_NUMBER},
    {"warmup_ratio", WARMUP_SHARE, KM_CONFIG_NUMBER},
    {"warmup_fraction", WARMUP_SHARE, KM_CONFIG_NUMBER},
    {"lr_warmup_fraction", WARMUP_SHARE, KM_CONFIG_NUMBER},
    {"lr_decay_iters", UNTIL, KM_CONFIG_POSITIVE},
    {"lr_decay_steps", UNTIL, KM_CONFIG_POSITIVE},
    {"cooldown_steps", COOLDOWN, KM_CONFIG_POSITIVE},
    {"cooldown_iters", COOLDOWN, KM_CONFIG_POSITIVE},
    {"warmdown_iters", COOLDOWN, KM_CONFIG_POSITIVE},
    {"lr_wsd_decay_iters", COOLDOWN, KM_CONFIG_POSITIVE},
    {"num_decay_steps", COOLDOWN, KM_CONFIG_POSITIVE},
    {"decay_steps", COOLDOWN, KM_CONFIG_POSITIVE},
    {"cooldown_frac", COOLDOWN_SHARE, KM_CONFIG_POSITIVE},
    {"cooldown_fraction", COOLDOWN_SHARE, KM_CONFIG_POSITIVE},
    {"cooldown_ratio", COOLDOWN_SHARE, KM_CONFIG_POSITIVE},
    {"warmdown_ratio", COOLDOWN_SHARE, KM_CONFIG_POSITIVE},
    {"decay_ratio", COOLDOWN_SHARE, KM_CONFIG_POSITIVE},
    {"lr_wsd_decay_style", COOLDOWN_SHAPE, KM_CONFIG_TEXT},
    {"cooldown_type", COOLDOWN_SHAPE, KM_CONFIG_TEXT},
    {"decay_type", COOLDOWN_SHAPE, KM_CONFIG_TEXT},
    {"num_stable_steps", STABLE, KM_CONFIG_NUMBER},
    {"lr_power", POWER, KM_CONFIG_POSITIVE},
    {"power", POWER, KM_CONFIG_POSITIVE},
    {"lr_step_size", EVERY, KM_CONFIG_POSITIVE},
    {"step_size", EVERY, KM_CONFIG_POSITIVE},
    {"lr_gamma", FACTOR, KM_CONFIG_POSITIVE},
    {"gamma", FACTOR, KM_CONFIG_POSITIVE},
};
enum { KEYS = sizeof keys / sizeof *keys };

/* A scheduler's name decides its kind; the first row that fits. */
static const struct {
    const char *glob;
    enum km_plan_kind kind;
    bool cooldown;       /* stays constant first */
    const char *problem; /* no plan: why */
} names[] = {
    {"*restart*", KM_PLAN_COSINE, false, "it starts anew"},
    {"*plateau*", KM_PLAN_STEP, false, "it waits for a plateau"},
    {"*cycl*", KM_PLAN_TABLE, false, "it goes in cycles"},
    {"*constant*", KM_PLAN_CONSTANT, false, NULL},
    {"*stable*decay*", KM_PLAN_COSINE, true, NULL},
    {"*wsd*", KM_PLAN_LINEAR, true, NULL},
    {"*trapez*", KM_PLAN_LINEAR, true, NULL},
    {"*cosine*", KM_PLAN_COSINE, false, NULL},
    {"*linear*", KM_PLAN_LINEAR, false, NULL},
    {"*poly*", KM_PLAN_POLYNOMIAL, false, NULL},
    {"*inv*sq*r*t*", KM_PLAN_INVERSE_SQRT, false, NULL},
    {"*step*", KM_PLAN_STEP, false, NULL},
};
enum { NAMES = sizeof names / sizeof *names };

struct stated {
    const struct km_config_value *of;
    struct km_arena *arena;
    double planned;
};

static double number(const struct stated *s, enum slot slot, double otherwise)
{
    return isnan(s->of[slot].number) ? otherwise : s->of[slot].number;
}

/* Steps or a share of the plan; `otherwise` when neither is said. */
static double steps(const struct stated *s, enum slot count, enum slot share,
                    double otherwise)
{
    double as_share = s->of[share].number * s->planned;
    return number(s, count, isnan(as_share) ? otherwise : as_share);
}

static double final_share(const struct stated *s)
{
    double share = s->of[LOW].number / s->of[TOP].number;
    share = number(s, LOW_SHARE, share);
    return isnan(share) ? 0 : fmin(share, 1);
}

static enum km_plan_kind cooldown_kind(const struct stated *s,
                                       enum km_plan_kind usual)
{
    const char *shape = s->of[COOLDOWN_SHAPE].text;
    struct km_str word = km_str_of(shape ? shape : "");
    return km_glob_match(KM_STR("*sqrt*"), word)     ? KM_PLAN_ONE_MINUS_SQRT
           : km_glob_match(KM_STR("*cosine*"), word) ? KM_PLAN_COSINE
           : km_glob_match(KM_STR("*linear*"), word) ? KM_PLAN_LINEAR
           : km_glob_match(KM_STR("*exp*"), word)    ? KM_PLAN_TABLE
                                                     : usual;
}

/* The cool-down begins where it is said to, counted from the end of the plan
 * or, with a number of stable steps, from the warm-up. */
static const char *place_cooldown(const struct stated *s,
                                  struct km_rate_plan *plan)
{
    double length = steps(s, COOLDOWN, COOLDOWN_SHARE, NAN);
    plan->kind = cooldown_kind(s, plan->kind);
    if (plan->kind == KM_PLAN_TABLE) {
        return "an exponential cool-down is no plan known here";
    }
    if (isnan(length)) {
        return "the length of its cool-down is not said";
    }
    plan->until = isnan(s->of[STABLE].number)
                      ? s->planned
                      : plan->warmup + s->of[STABLE].number + length;
    plan->from = plan->until - length;
    return plan->from >= plan->warmup - 1 ? NULL
                                          : "its cool-down starts before the "
                                            "warm-up has ended";
}

/* Fills a plan of the named kind; NULL, or why it is none. */
static const char *complete(const struct stated *s, size_t name,
                            struct km_rate_plan *plan)
{
    *plan = (struct km_rate_plan){
        .kind = names[name].kind,
        .warmup = floor(steps(s, WARMUP, WARMUP_SHARE, 0)),
        .until = number(s, UNTIL, s->planned),
        .final = final_share(s),
        .power = number(s, POWER, 1),
        .factor = number(s, FACTOR, NAN),
        .every = number(s, EVERY, NAN),
    };
    if (names[name].problem) {
        return names[name].problem;
    }
    if (plan->kind == KM_PLAN_CONSTANT) {
        plan->final = 1;
        return NULL;
    }
    if (plan->kind == KM_PLAN_STEP) {
        return isnan(plan->factor) || isnan(plan->every)
                   ? "its step size or factor is not said"
                   : NULL;
    }
    if (names[name].cooldown) {
        const char *problem = place_cooldown(s, plan);
        if (problem) {
            return problem;
        }
    }
    return plan->kind == KM_PLAN_INVERSE_SQRT || plan->until > 0
               ? NULL
               : "the last step of the plan is not said";
}

/* [[step, rate], ...]: numbers in pairs, whatever the brackets. */
static bool read_table(const char *text, struct km_arena *arena,
                       struct km_rate_plan *plan)
{
    double *flat = km_new(arena, double, 2 * TABLE_KNOTS_MAX);
    double *split = km_new(arena, double, 2 * TABLE_KNOTS_MAX);
    struct km_json_reader reader;
    struct km_json_token token;
    struct km_err ignored;
    struct km_str json = km_str_of(text);
    size_t n = 0;
    if (!flat || !split) {
        return false;
    }
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, json.ptr, json.len, true);
    while (n < (size_t)2 * TABLE_KNOTS_MAX &&
           km_json_next(&reader, &token, &ignored) == KM_OK &&
           token.kind != KM_JSON_MORE) {
        if (token.kind == KM_JSON_INTEGER || token.kind == KM_JSON_NUMBER) {
            flat[n++] = token.number;
        }
    }
    km_json_reader_finish(&reader);
    for (size_t i = 0; i < n / 2; i++) {
        split[i] = flat[2 * i];
        split[n / 2 + i] = flat[2 * i + 1];
    }
    *plan = (struct km_rate_plan){.kind = KM_PLAN_TABLE,
                                  .table_step = split,
                                  .table_rate = split + n / 2,
                                  .table_count = n / 2};
    return n >= 4 && n % 2 == 0;
}

/* The row of names[] that is meant; NAMES: none. */
static size_t find_name(const struct stated *s, const char **key)
{
    const char *word = s->of[SCHEDULER].text;
    const char *nano = s->of[NANO_DECAYS].text;
    *key = s->of[SCHEDULER].key;
    if (!word && nano) {
        word = km_config_true(nano) ? "cosine" : "constant";
        *key = s->of[NANO_DECAYS].key;
    }
    /* no scheduler, but a cool-down */
    if (!word && (s->of[COOLDOWN].key || s->of[COOLDOWN_SHARE].key)) {
        word = "wsd";
        *key = s->of[COOLDOWN].key ? s->of[COOLDOWN].key
                                   : s->of[COOLDOWN_SHARE].key;
    }
    size_t i = 0;
    while (word && i < NAMES &&
           !km_glob_match(km_str_of(names[i].glob), km_str_of(word))) {
        i++;
    }
    return word ? i : (size_t)NAMES;
}

enum km_code km_plan_of_config(struct km_store *store, uint64_t run_id,
                               double planned, struct km_arena *arena,
                               struct km_config_plan *out, struct km_err *err)
{
    struct km_config_value of[SLOTS];
    *out = (struct km_config_plan){.top = NAN};
    enum km_code code =
        km_config_values(store, run_id, keys, KEYS, arena, of, SLOTS, err);
    if (code) {
        return code;
    }
    const struct stated s = {of, arena, planned};
    const char *key = of[TABLE].key;
    out->top = of[TOP].number;
    out->warmup_said = of[WARMUP].key || of[WARMUP_SHARE].key;
    if (key) {
        out->problem = read_table(of[TABLE].text, arena, &out->plan)
                           ? km_plan_problem(&out->plan)
                           : "it is no list of [step, rate]";
        out->source = km_arena_printf(arena, "table (%s)", key);
    } else {
        size_t name = find_name(&s, &key);
        if (name == NAMES && !key) {
            return KM_OK;
        }
        out->problem = name < NAMES ? complete(&s, name, &out->plan)
                                    : "no scheduler known here";
        out->problem =
            out->problem ? out->problem : km_plan_problem(&out->plan);
        out->source = km_arena_printf(arena, "%s (%s)",
                                      of[SCHEDULER].text
                                          ? of[SCHEDULER].text
                                          : km_plan_kind_name(out->plan.kind),
                                      key);
    }
    out->known = !out->problem;
    return out->source ? KM_OK
                       : km_fail(err, KM_ELIMIT,
                                 "the config of the run does not fit the "
                                 "memory allowed for one command");
}

/* Some log the rate of the step before or of the one after. */
static bool follows(const struct km_rate_plan *plan, const double *step,
                    const double *rate, size_t count, double top)
{
    bool held = true;
    for (size_t i = 0; i < count && held; i++) {
        double least = INFINITY;
        for (int shift = -1; shift <= 1; shift++) {
            double at = km_plan_rate(plan, fmax(step[i] + shift, 0));
            least = fmin(least, fabs(rate[i] / top - at));
        }
        held = least <= FOLLOWED;
    }
    return held;
}

bool km_config_plan_followed(const struct km_config_plan *of,
                             const double *step, const double *rate,
                             size_t count)
{
    double high = 0;
    for (size_t i = 0; i < count; i++) {
        high = fmax(high, rate[i]);
    }
    return count == 0 || follows(&of->plan, step, rate, count, high) ||
           (of->top > 0 && follows(&of->plan, step, rate, count, of->top));
}
