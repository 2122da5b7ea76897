/* top_table.c - cells of a run: state, curve, speed, forecast, verdict. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/top_table.h"

#include <math.h>
#include <string.h>

#include "report/figure_view.h"
#include "report/quantity.h"
#include "report/run_json.h"
#include "report/table.h"

enum { SPARK_CELLS = 14, SPARK_LEVELS = 8, NAME_ROOM = 28 };

/* The least telling is left out first. */
enum spared {
    SPARE_NOTHING,
    SPARE_ACTIVE,
    SPARE_FORECAST,
    SPARE_INTERVALS,
    SPARE_SINCE,
    SPARE_SPARK,
    SPARE_SPEED,
    SPARE_STATE,
    SPARED
};

static const struct km_column columns[] = {
    {"", KM_ALIGN_LEFT, false},
    {"run", KM_ALIGN_MIDDLE, true},
    {"state", KM_ALIGN_LEFT, false},
    {"step", KM_ALIGN_RIGHT, false},
    {"curve", KM_ALIGN_LEFT, false},
    {"now", KM_ALIGN_RIGHT, false},
    {"learns, 80 %", KM_ALIGN_LEFT, false},
    {"speed", KM_ALIGN_RIGHT, false},
    {"forecast, 80 %", KM_ALIGN_LEFT, false},
    {"verdict", KM_ALIGN_LEFT, false},
    {"active", KM_ALIGN_RIGHT, false},
};

/* A finite value's height between the lowest and the highest, 0..7. */
static int level_of(double value, double low, double high)
{
    double share = high > low ? (value - low) / (high - low) : 0;
    return (int)fmin(share * SPARK_LEVELS, SPARK_LEVELS - 1);
}

/* What came in the opening would flatten the rest: the highest is that of the
 * curve behind its first tenth. */
static struct km_str spark(const struct km_fleet_card *card,
                           const struct km_terminal *terminal,
                           struct km_arena *arena)
{
    static const char ascii[] = "_.,-~=+*";
    double low = INFINITY, high = -INFINITY, cells[SPARK_CELLS];
    size_t n = card->spark_count;
    size_t shown = n < SPARK_CELLS ? n : SPARK_CELLS;
    char *text = km_arena_alloc(arena, 3 * SPARK_CELLS + 1);
    if (!text || n < 2) {
        return KM_STR("");
    }
    for (size_t i = 0; i < shown; i++) {
        cells[i] = card->spark[(i + 1) * n / shown - 1];
        if (isfinite(cells[i]) && (i * 10 >= shown || shown < 4)) {
            low = fmin(low, cells[i]);
            high = fmax(high, cells[i]);
        }
    }
    size_t len = 0;
    for (size_t i = 0; i < shown; i++) {
        int level =
            isfinite(cells[i]) ? level_of(fmax(cells[i], low), low, high) : -1;
        if (level < 0) {
            text[len++] = isnan(cells[i]) ? ' ' : '!';
        } else if (terminal->unicode) { /* U+2581 and the seven after it */
            text[len++] = '\xe2';
            text[len++] = '\x96';
            text[len++] = (char)(0x81 + level);
        } else {
            text[len++] = ascii[level];
        }
    }
    return (struct km_str){text, len};
}

/* "0.34 nat/kstep  0.24 .. 0.47"; a weak value is marked with a tilde. */
static struct km_str figure_text(const struct km_fleet_figure *figure,
                                 bool interval, struct km_arena *arena)
{
    if (!isfinite(figure->value)) {
        return KM_STR("--");
    }
    int decimals = km_decimals_for(figure->value, figure->lo, figure->hi);
    const char *unit = km_unit_shown(figure->unit);
    const char *weak = figure->state == KM_FIGURE_WEAK ? " ~" : "";
    const char *text = km_arena_printf(
        arena, "%s%s%s%s", km_show_decimals(figure->value, decimals).text,
        *unit ? " " : "", unit, weak);
    if (text && interval && isfinite(figure->lo) && isfinite(figure->hi)) {
        text = km_arena_printf(arena, "%s  %s .. %s", text,
                               km_show_decimals(figure->lo, decimals).text,
                               km_show_decimals(figure->hi, decimals).text);
    }
    return km_str_of(text);
}

static struct km_str state_text(const struct km_fleet_row *row)
{
    if (row->run.meta.state == KM_RUN_UNKNOWN) {
        return row->going ? KM_STR("running?") : KM_STR("--");
    }
    return km_str_of(km_run_state_name(row->run.meta.state));
}

static enum km_tone state_tone(const struct km_fleet_row *row)
{
    enum km_run_state state = row->run.meta.state;
    bool bad = state == KM_RUN_FAILED || state == KM_RUN_KILLED;
    return bad ? KM_TONE_BAD : row->going ? KM_TONE_ACCENT : KM_TONE_QUIET;
}

static void verdict_cell(struct km_table *table, const struct km_fleet_row *row,
                         bool since)
{
    const struct km_fleet_card *card = row->card;
    if (card->on && !since) {
        km_table_cell(table, km_str_of(card->on->title), KM_TONE_WATCH);
    } else if (card->on) {
        km_table_cellf(table, KM_TONE_WATCH, "%s since %s", card->on->title,
                       km_show_integer((int64_t)card->on_since).text);
    } else if (card->judged) {
        km_table_cell(table, KM_STR("healthy"), KM_TONE_GOOD);
    } else {
        km_table_cell(table, card->version ? KM_STR("--") : KM_STR("..."),
                      KM_TONE_QUIET);
    }
}

static int64_t last_active(const struct km_run_row *run)
{
    bool later = run->meta.ended_ns != KM_TIME_ABSENT &&
                 run->meta.ended_ns > run->last_time_ns;
    return later ? run->meta.ended_ns : run->last_time_ns;
}

/* An empty text in every row leaves the column out. */
static struct km_str kept(bool keep, struct km_str text)
{
    return keep ? text : KM_STR("");
}

static void add_row(const struct km_cli *cli, struct km_table *table,
                    const struct km_fleet_row *row, bool chosen,
                    enum spared spared, const struct km_terminal *terminal)
{
    const struct km_fleet_card *card = row->card;
    const struct km_run_row *run = &row->run;
    struct km_arena *arena = table->arena;
    const char *arrow = terminal->unicode ? "\xe2\x96\xb8" : ">";
    enum km_tone tone = chosen ? KM_TONE_STRONG : KM_TONE_PLAIN;
    bool interval = spared < SPARE_INTERVALS;
    km_table_cell(table, km_str_of(chosen ? arrow : " "), KM_TONE_ACCENT);
    km_table_cell(table, km_str_of(km_run_label(arena, run)), tone);
    km_table_cell(table, kept(spared < SPARE_STATE, state_text(row)),
                  state_tone(row));
    km_table_cell(table,
                  run->max_step == KM_STEP_ABSENT
                      ? KM_STR("--")
                      : km_str_of(km_arena_printf(
                            arena, "%s", km_show_integer(run->max_step).text)),
                  tone);
    km_table_cell(table,
                  kept(spared < SPARE_SPARK, spark(card, terminal, arena)),
                  KM_TONE_QUIET);
    km_table_cell(table, figure_text(&card->last, false, arena), tone);
    km_table_cell(table, figure_text(&card->velocity, interval, arena), tone);
    km_table_cell(table,
                  kept(spared < SPARE_SPEED,
                       figure_text(&card->throughput, false, arena)),
                  tone);
    km_table_cell(table,
                  kept(spared < SPARE_FORECAST,
                       row->going
                           ? figure_text(&card->forecast, interval, arena)
                           : KM_STR("")),
                  tone);
    verdict_cell(table, row, spared < SPARE_SINCE);
    int64_t last = last_active(run);
    struct km_short ago = {""};
    if (last != KM_TIME_ABSENT) {
        ago = km_show_ago(last, km_clock_wall_ns(cli->clock));
    }
    km_table_cell(table, kept(spared < SPARE_ACTIVE, km_str_of(ago.text)),
                  KM_TONE_QUIET);
}

/* Names give way before columns do, down to NAME_ROOM. */
static bool names_have_room(const struct km_table *table, size_t width)
{
    size_t longest = 0, all = km_table_width(table);
    for (size_t i = 1; i < table->cell_count; i += table->column_count) {
        size_t need = km_text_width(table->cells[i].text);
        longest = need > longest ? need : longest;
    }
    size_t others = all > longest ? all - longest : 0;
    return all <= width || others + NAME_ROOM <= width;
}

enum km_code km_top_table(const struct km_cli *cli,
                          const struct km_fleet *fleet, const size_t *order,
                          size_t first, size_t count, size_t chosen,
                          const struct km_terminal *terminal,
                          struct km_arena *arena, struct km_buf *out,
                          struct km_err *err)
{
    struct km_table table;
    for (int spared = SPARE_NOTHING; spared < SPARED; spared++) {
        km_table_init(&table, arena, columns, sizeof columns / sizeof *columns);
        for (size_t i = first; i < first + count; i++) {
            add_row(cli, &table, &fleet->rows[order[i]], i == chosen,
                    (enum spared)spared, terminal);
        }
        if (table.failed || names_have_room(&table, terminal->width)) {
            break;
        }
    }
    return km_table_print(&table, terminal, out, err);
}
