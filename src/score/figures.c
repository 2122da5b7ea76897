/* figures.c - the registry: families of rows, in the order of reports. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include <string.h>

#include "score/card.h"

const struct km_figure_family *const km_figure_families[] = {
    &km_figures_learn,      &km_figures_valid,    &km_figures_verdict,
    &km_figures_forecast,   &km_figures_speed,    &km_figures_cost,
    &km_figures_goal,       &km_figures_compare,  &km_figures_levers,
    &km_figures_retain,     &km_figures_tune,     &km_figures_transfer,
    &km_figures_plasticity, &km_figures_backtest,
};
const size_t km_figure_family_count =
    sizeof km_figure_families / sizeof *km_figure_families;

size_t km_figure_count(void)
{
    size_t count = 0;
    for (size_t f = 0; f < km_figure_family_count; f++) {
        count += km_figure_families[f]->count;
    }
    return count;
}

const struct km_figure *km_figure_at(size_t index)
{
    for (size_t f = 0; f < km_figure_family_count; f++) {
        if (index < km_figure_families[f]->count) {
            return &km_figure_families[f]->rows[index];
        }
        index -= km_figure_families[f]->count;
    }
    assert(!"an index below km_figure_count()");
    return NULL;
}

const struct km_figure *km_figure_find(struct km_str id)
{
    for (size_t i = 0, count = km_figure_count(); i < count; i++) {
        if (km_str_is(id, km_figure_at(i)->id)) {
            return km_figure_at(i);
        }
    }
    return NULL;
}

bool km_figure_is_verdict(const struct km_figure *figure)
{
    return strncmp(figure->id, "verdict.", 8) == 0;
}

const char *km_figure_state_name(enum km_figure_state state)
{
    static const char *const names[] = {
        "OK",    "WEAK", "INSUFFICIENT", "CENSORED", "NOT_APPLICABLE",
        "STALE", "QUIET"};
    assert(state >= KM_FIGURE_OK && state <= KM_FIGURE_QUIET);
    return names[state];
}
