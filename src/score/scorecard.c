/* scorecard.c - loads a run, computes every row of the registry, and adds
 * curves, context and headline. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/scorecard.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "score/card.h"


static const char *age_text(struct km_arena *arena, int64_t then_ns,
                            int64_t now_ns)
{
    double seconds = ((double)now_ns - (double)then_ns) * 1e-9;
    if (then_ns == KM_TIME_ABSENT || seconds < 0) {
        return "";
    }
    static const struct {
        double size, most;
        const char *unit;
    } rows[] = {{1, 120, "s"}, {60, 7200, "min"}, {3600, 172800, "h"}};
    for (size_t i = 0; i < 3; i++) {
        if (seconds < rows[i].most) {
            return km_arena_printf(arena, " %.0f %s ago",
                                   seconds / rows[i].size, rows[i].unit);
        }
    }
    return km_arena_printf(arena, " %.0f days ago", seconds / 86400);
}

/* "3 attempts, finished 2 h ago, 8 x NVIDIA H100" */
static const char *context_text(const struct km_score_input *input)
{
    struct km_arena *arena = input->arena;
    const struct km_run_view *view = &input->view;
    const struct km_clock *clock = input->options->clock;
    int64_t now_ns = km_clock_wall_ns(clock ? clock : &km_clock_system);
    size_t attempts = view->attempt_count;
    const char *state = view->state == KM_RUN_UNKNOWN ? "last point"
                        : view->state == KM_RUN_RUNNING
                            ? "running, last heard of"
                            : km_run_state_name(view->state);
    int64_t then_ns = view->ended_ns != KM_TIME_ABSENT && view->ended_ns != 0
                          ? view->ended_ns
                          : view->last_time_ns;
    const char *age = age_text(arena, then_ns, now_ns);
    if (!age || (view->state == KM_RUN_UNKNOWN && !*age)) {
        state = age = "";
    }
    if (view->state == KM_RUN_RUNNING && !*age) {
        state = "running";
    }
    bool stepped = false; /* any metric of a known role */
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        stepped = stepped || view->tracks[role];
    }
    const char *text = km_arena_printf(arena, "%zu attempt%s%s%s%s", attempts,
                                       attempts == 1 ? "" : "s",
                                       *state ? ", " : "", state, age);
    if (text && stepped) {
        text = km_arena_printf(arena, "%s, step %.0f", text, input->x_now);
    }
    const struct km_run_facts *facts = &input->facts;
    double devices = input->options->accelerators > 0
                         ? input->options->accelerators
                         : facts->accelerators;
    if (text && devices > 0) {
        text = km_arena_printf(arena, "%s, %g x %s", text, devices,
                               facts->device ? facts->device : "accelerator");
    }
    if (text && facts->parameters > 0) {
        bool small = facts->parameters < 1e6;
        text = km_arena_printf(arena, "%s, %.4g %c parameters", text,
                               facts->parameters / (small ? 1e3 : 1e6),
                               small ? 'k' : 'M');
    }
    return text;
}

static bool is_wanted(const struct km_figure *figure, const char *family)
{
    size_t n = family ? strlen(family) : 0;
    return figure->scope == KM_SCOPE_RUN &&
           (!family ||
            (strncmp(figure->id, family, n) == 0 && figure->id[n] == '.'));
}

enum km_code km_scorecard_of(const struct km_score_input *input,
                             struct km_scorecard *card, struct km_err *err)
{
    struct km_arena *arena = input->arena;
    const struct km_run_view *view = &input->view;
    *card = (struct km_scorecard){.arena = arena,
                                  .run_id = view->run_id,
                                  .target = input->target,
                                  .horizon = input->horizon,
                                  .level = KM_CARD_LEVEL};
    card->run_name = km_arena_printf(arena, "%s%s%s", view->project,
                                     *view->project ? "/" : "", view->name);
    card->context = context_text(input);
    if (!card->run_name || !card->context) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    enum km_code code = KM_OK;
    for (size_t i = 0; i < km_figure_count() && code == KM_OK; i++) {
        const struct km_figure *figure = km_figure_at(i);
        if (is_wanted(figure, input->options->family)) {
            code = figure->compute(input, card, err);
        }
    }
    code = code ? code : km_card_curves(input, card, err);
    code = code ? code : km_card_headline(input, card, err);
    return code ? code : km_card_spell(card, err);
}

enum km_code km_scorecard_compute(struct km_store *store, uint64_t run_id,
                                  const struct km_score_options *options,
                                  struct km_arena *arena,
                                  struct km_scorecard *card, struct km_err *err)
{
    struct km_score_options *defaults =
        km_new(arena, struct km_score_options, 1);
    struct km_score_input *input = km_new(arena, struct km_score_input, 1);
    if (!input || !defaults) {
        return km_fail(err, KM_ELIMIT, "no memory left for a scorecard");
    }
    km_score_options_init(defaults);
    enum km_code code = km_score_input_load(
        store, run_id, options ? options : defaults, arena, input, err);
    return code ? code : km_scorecard_of(input, card, err);
}
