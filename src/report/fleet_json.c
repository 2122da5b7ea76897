/* fleet_json.c - keys of a run of a fleet. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fleet_json.h"

#include <inttypes.h>
#include <stdio.h>

static void number(struct km_json_writer *w, const char *key, double value)
{
    km_json_key(w, key);
    km_json_known(w, value);
}

static void figure(struct km_json_writer *w, const char *key,
                   const struct km_fleet_figure *figure)
{
    km_json_key(w, key);
    km_json_object_begin(w);
    number(w, "value", figure->value);
    number(w, "lo", figure->lo);
    number(w, "hi", figure->hi);
    km_json_key(w, "unit");
    km_json_text(w, figure->unit);
    km_json_key(w, "state");
    km_json_text(w, km_figure_state_name(figure->state));
    km_json_object_end(w);
}

static void flag(struct km_json_writer *w, const char *key, bool value)
{
    km_json_key(w, key);
    km_json_bool(w, value);
}

static void text(struct km_json_writer *w, const char *key, const char *value)
{
    km_json_key(w, key);
    km_json_text(w, value);
}

void km_json_fleet_row(struct km_json_writer *w, struct km_arena *arena,
                       const struct km_fleet_row *row)
{
    const struct km_fleet_card *card = row->card;
    char id[17];
    (void)snprintf(id, sizeof id, "%016" PRIx64, row->run.id);
    km_json_object_begin(w);
    text(w, "id", id);
    km_json_run_row(w, arena, &row->run);
    flag(w, "going", row->going);
    flag(w, "fresh", row->fresh);
    text(w, "metric", *card->metric ? card->metric : NULL);
    text(w, "better", km_better_name(card->better));
    figure(w, "last", &card->last);
    figure(w, "velocity", &card->velocity);
    figure(w, "throughput", &card->throughput);
    figure(w, "forecast", &card->forecast);
    number(w, "horizon", card->horizon);
    text(w, "verdict", card->on ? card->on->id : NULL);
    text(w, "verdict_title", card->on ? card->on->title : NULL);
    number(w, "verdict_since", card->on_since);
    flag(w, "judged", card->judged);
    km_json_key(w, "spark");
    km_json_array_begin(w);
    for (size_t i = 0; i < card->spark_count; i++) {
        km_json_known(w, card->spark[i]);
    }
    km_json_array_end(w);
    km_json_object_end(w);
}
