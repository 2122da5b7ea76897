/* test_chart.c - the geometry of charts: layers, stairs, fans, places, names.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "face_cards.h"
#include "report/chart.h"
#include "report/chart_svg.h"
#include "report/chart_text.h"
#include "report/factors.h"
#include "report/figure_view.h"
#include "report/labels.h"
#include "report/text.h"
#include "tap.h"

static struct km_chart charts[KM_CHARTS_MAX];

static const struct km_chart *only_chart(struct km_scorecard card)
{
    CHECK_INT(km_charts_of(&card, charts), 1);
    return &charts[0];
}

static void labels_stay_where_they_want_or_move_apart(void)
{
    double free_ones[] = {5, 1, 9};
    CHECK(km_labels_spread(free_ones, 3, 2, 0, 10));
    CHECK_NEAR(free_ones[0], 5, 1e-12);
    CHECK_NEAR(free_ones[1], 1, 1e-12);
    CHECK_NEAR(free_ones[2], 9, 1e-12);
    double crowd[] = {5, 5, 5};
    CHECK(km_labels_spread(crowd, 3, 2, 0, 10));
    CHECK_NEAR(crowd[0], 3, 1e-12);
    CHECK_NEAR(crowd[1], 5, 1e-12);
    CHECK_NEAR(crowd[2], 7, 1e-12);
    double border[] = {10, 9.5, -3};
    CHECK(km_labels_spread(border, 3, 2, 0, 10));
    CHECK_NEAR(border[0], 10, 1e-12);
    CHECK_NEAR(border[1], 8, 1e-12);
    CHECK_NEAR(border[2], 0, 1e-12);
    double many[] = {1, 2, 3};
    CHECK(!km_labels_spread(many, 3, 6, 0, 10));
    CHECK_NEAR(many[0], 1, 0);
    CHECK(km_labels_spread(many, 0, 1, 0, 0));
}

/* Property: any wishes end up in order, apart and inside. */
static void labels_are_always_apart_and_inside(void)
{
    uint32_t state = 1;
    for (int round = 0; round < 500; round++) {
        double at[12], wanted[12];
        for (int i = 0; i < 12; i++) {
            state = state * 1664525u + 1013904223u;
            wanted[i] = at[i] = (double)(state >> 16) / 400 - 20;
        }
        CHECK(km_labels_spread(at, 12, 7, 0, 100));
        for (int i = 0; i < 12; i++) {
            CHECK(at[i] >= -1e-9 && at[i] <= 100 + 1e-9);
            for (int k = 0; k < 12; k++) {
                CHECK(wanted[i] >= wanted[k] || at[k] - at[i] > 7 - 1e-9);
            }
        }
    }
}

static void boxes_are_taken_once(void)
{
    struct km_boxes boxes = {.room = {0, 0, 10, 10}};
    CHECK(km_boxes_take(&boxes, (struct km_box){0, 0, 5, 5}));
    CHECK(!km_boxes_take(&boxes, (struct km_box){4, 4, 6, 6}));
    CHECK(km_boxes_take(&boxes, (struct km_box){5, 5, 10, 10}));
    CHECK(!km_boxes_take(&boxes, (struct km_box){6, 0, 11, 2}));
    km_boxes_block(&boxes, (struct km_box){8, 0, 20, 2});
    CHECK(!km_boxes_take(&boxes, (struct km_box){7, 0, 9, 2}));
}

static void layers_stand_on_each_other(void)
{
    const struct km_chart *chart = only_chart(face_card_goodput());
    CHECK_INT(chart->curve_count, 4); /* checkpoint is nothing: left out */
    CHECK_NEAR(km_chart_below(chart, 0, 0), 0, 0);
    CHECK_NEAR(km_chart_below(chart, 1, 0), 0.47, 1e-12);
    CHECK_NEAR(km_chart_below(chart, 3, 0) + chart->curves[3].curve->y[0], 1,
               1e-12);
    CHECK_NEAR(chart->y.low, 0, 0);
    CHECK_NEAR(chart->y.high, 1, 0);
    CHECK(isnan(chart->cut));
    for (size_t i = 0; i < chart->curve_count; i++) {
        CHECK(chart->curves[i].ink == KM_INK_STACK);
        CHECK_INT(chart->curves[i].series, i);
    }
    struct km_legend_entry legend[KM_LEGEND_MAX];
    CHECK_INT(km_chart_legend(chart, "~", legend), 4);
    CHECK_TEXT(legend[2].text, "stall 6.7 %");
}

static void a_layer_at_other_places_is_a_line(void)
{
    static const double x[] = {0, 1, 2}, other[] = {0, 1, 3}, y[] = {1, 1, 1};
    const struct km_curve curves[] = {{.id = "g",
                                       .title = "g",
                                       .unit = "1",
                                       .kind = "stack",
                                       .name = "a",
                                       .count = 3,
                                       .x = x,
                                       .y = y},
                                      {.id = "g",
                                       .title = "g",
                                       .unit = "1",
                                       .kind = "stack",
                                       .name = "b",
                                       .count = 3,
                                       .x = other,
                                       .y = y}};
    struct km_scorecard card = face_card_goodput();
    struct km_curve copy[2] = {curves[0], curves[1]};
    card.curves = copy;
    card.curve_count = 2;
    const struct km_chart *chart = only_chart(card);
    CHECK(chart->curves[0].ink == KM_INK_STACK);
    CHECK(chart->curves[1].ink == KM_INK_SERIES);
}

static void stairs_of_shares_reach_from_zero_to_one(void)
{
    const struct km_chart *chart = only_chart(face_card_survival());
    CHECK(chart->curves[0].stairs && chart->curves[1].stairs);
    CHECK_NEAR(chart->y.low, 0, 0);
    CHECK(chart->y.high >= 1 && chart->y.high < 1.05);
    CHECK(isnan(chart->cut));
    struct km_str name = km_chart_name(chart, 1);
    CHECK(km_str_is(name, "adamw"));
    struct km_buf out;
    km_buf_init(&out, 1u << 20);
    km_chart_svg(chart, (struct km_svg_size){"wide", 760, 340}, &out);
    struct km_str svg = {out.bytes, out.len};
    CHECK(km_str_search(svg, KM_STR("class=\"series c1\" d=\"M")) < svg.len);
    CHECK(km_str_search(svg, KM_STR("H")) < svg.len);
    km_buf_finish(&out);
}

static void a_fan_nests_from_the_widest(void)
{
    const struct km_chart *chart = only_chart(face_card_fan());
    CHECK_INT(chart->curve_count, 4);
    CHECK(chart->curves[1].ink == KM_INK_FORECAST);
    CHECK(chart->curves[2].ink == KM_INK_BAND);
    CHECK_INT(chart->curves[1].nest, 1);
    CHECK_INT(chart->curves[2].nest, 2);
    CHECK_INT(chart->curves[3].nest, 0);
    struct km_legend_entry legend[KM_LEGEND_MAX];
    CHECK_INT(km_chart_legend(chart, "~", legend), 5);
    CHECK_TEXT(legend[0].text, "95 %");
    CHECK_TEXT(legend[1].text, "80 %");
    CHECK_TEXT(legend[2].text, "50 %");
    CHECK_TEXT(legend[0].rung, "");
    CHECK_TEXT(legend[2].rung, "own past forecasts");
}

static void lines_beyond_the_colours_stay_behind(void)
{
    const struct km_chart *chart = only_chart(face_card_arms());
    for (size_t i = 0; i < chart->curve_count; i++) {
        bool coloured = i < KM_CHART_LINES;
        CHECK(chart->curves[i].ink ==
              (coloured ? KM_INK_SERIES : KM_INK_GHOST));
        CHECK(!coloured || chart->curves[i].series == i);
    }
}

static void a_name_has_one_colour_on_all_charts(void)
{
    struct km_scorecard arms = face_card_arms(), one = face_card_survival();
    struct km_curve curves[4] = {arms.curves[0], arms.curves[1], one.curves[0],
                                 one.curves[1]};
    curves[2].name = "new";
    curves[3].name = curves[0].name;
    arms.curves = curves;
    arms.curve_count = 4;
    CHECK_INT(km_charts_of(&arms, charts), 2);
    CHECK_INT(charts[1].curves[1].series, 0);
    CHECK_INT(charts[1].curves[0].series, 1); /* free on this chart */
}

static void places_on_a_line_are_ahead(void)
{
    static const bool ahead[] = {false, true, true, false, true, false, true};
    const struct km_chart *chart = only_chart(face_card_frontier());
    CHECK(chart->x_log);
    CHECK_NEAR(km_chart_x(chart, chart->x.low), 0, 1e-12);
    CHECK_NEAR(km_chart_x(chart, sqrt(chart->x.low * chart->x.high)), 0.5,
               1e-12);
    CHECK_NEAR(km_chart_x(chart, chart->x.high), 1, 1e-12);
    for (size_t i = 0; i < 7; i++) {
        CHECK(chart->curves[i].ink == KM_INK_PLACE);
        CHECK(chart->curves[i].ahead == ahead[i]);
    }
    /* whiskers are within, nothing is cut */
    CHECK(chart->y.high >= 3.95 && isnan(chart->cut));
    CHECK(!km_chart_has(chart, KM_INK_BAND));
}

static void too_many_places_are_counted(void)
{
    static struct km_curve curves[100];
    static double x[100], y[100];
    struct km_scorecard card = face_card_frontier();
    for (size_t i = 0; i < 100; i++) {
        x[i] = (double)i;
        y[i] = (double)(i % 7);
        curves[i] = card.curves[0];
        curves[i].x = &x[i];
        curves[i].y = &y[i];
        curves[i].lo = curves[i].hi = NULL;
    }
    card.curves = curves;
    card.curve_count = 100;
    const struct km_chart *chart = only_chart(card);
    CHECK_INT(chart->left_out, 100 - KM_CHART_CURVES_MAX);
    CHECK(chart->curves[0].ahead); /* there is no line to beat it */
}

static void logarithmic_ticks_are_round(void)
{
    struct km_ticks ticks;
    km_ticks_place_log(&ticks, 0.9, 110, 8);
    CHECK_INT(ticks.count, 7);
    CHECK_TEXT(km_tick_label(&ticks, 1).text, "2");
    km_ticks_place_log(&ticks, 0.9, 110, 4);
    CHECK_INT(ticks.count, 3);
    CHECK_TEXT(km_tick_label(&ticks, 2).text, "100");
    km_ticks_place_log(&ticks, 1e-300, 1e300, 6);
    CHECK(ticks.count >= 2 && ticks.count <= 6);
    km_ticks_place_log(&ticks, 3.1, 3.2, 6);
    CHECK_INT(ticks.count, 0);
}

static void distinct_names_lose_common_folders(void)
{
    static const char *const names[] = {"a/b/x/s-0", "a/b/y/s-0", "a/b/y2/s-0"};
    CHECK(km_str_is(km_str_distinct(names, 3, 0), "x"));
    CHECK(km_str_is(km_str_distinct(names, 3, 2), "y2"));
    CHECK(km_str_is(km_str_distinct(names, 1, 0), "a/b/x/s-0"));
    static const char *const nested[] = {"a/b", "a/b/c"};
    CHECK(km_str_is(km_str_distinct(nested, 2, 0), "b"));
    static const char *const same[] = {"a/b", "a/b"};
    CHECK(km_str_is(km_str_distinct(same, 2, 1), "a/b"));
    static const char *const empty[] = {"", "a/"};
    CHECK(km_str_is(km_str_distinct(empty, 2, 1), "a/"));
}

static void every_chart_keeps_to_every_width(void)
{
    for (size_t i = 0; i < face_card_count; i++) {
        struct km_scorecard card = face_cards[i].make();
        size_t count = km_charts_of(&card, charts);
        for (size_t c = 0; c < count; c++) {
            for (size_t width = 30; width <= KM_TERMINAL_WIDTH_MAX;
                 width += 3) {
                struct km_arena arena;
                struct km_chart_lines lines;
                struct km_terminal terminal = {.unicode = width % 2 == 0,
                                               .width = width};
                km_arena_init(&arena, 16u << 20);
                CHECK_INT(km_chart_text(&charts[c], &terminal, width, 8, &arena,
                                        &lines, NULL),
                          0);
                for (size_t l = 0; l < lines.count; l++) {
                    CHECK_INT(km_utf8_width(lines.lines[l]), width);
                }
                km_arena_finish(&arena);
            }
        }
    }
}

static void factors_begin_where_the_last_one_ended(void)
{
    struct km_factors factors;
    struct km_scorecard card = face_card_factors();
    CHECK(km_factors_of(&card, &factors));
    CHECK_INT(factors.count, 3);
    CHECK_NEAR(factors.parts[0].from, 1, 0);
    CHECK_NEAR(factors.parts[1].from, 1.25, 1e-12);
    CHECK_NEAR(factors.parts[1].to, 1.0, 1e-12);
    CHECK_NEAR(factors.parts[2].to, 1.5, 1e-12);
    CHECK_TEXT(km_factors_whole(&factors), "per currency");
    CHECK_TEXT(km_factors_interval(&factors).text, "[1.38x, 1.63x] 80 %");
    CHECK_NEAR(factors.range.low, 1, 0);
    CHECK_NEAR(factors.range.high, 1.63, 1e-12);
    double middle = km_factors_place(&factors, sqrt(1.63));
    CHECK_NEAR(middle, 0.5, 1e-12);
    card.results[2].value = 7; /* then no row says the product */
    CHECK(km_factors_of(&card, &factors));
    CHECK_TEXT(km_factors_whole(&factors), "together");
    CHECK_TEXT(km_factors_interval(&factors).text, "");
    card.count = 4;
    CHECK(!km_factors_of(&card, &factors)); /* one alone says nothing */
    struct km_scorecard none = face_card_matrix();
    CHECK(!km_factors_of(&none, &factors));
}

static void long_cards_have_headings_and_short_names(void)
{
    struct km_scorecard card = face_card_long();
    CHECK(km_figures_are_many(&card));
    struct km_figure_view view = km_figure_view_of(&card, 3);
    CHECK(view.opens && !view.repeats);
    CHECK_TEXT(km_family_title(view.result->figure).text, "Validation");
    view = km_figure_view_of(&card, 4);
    CHECK(!view.opens);
    view = km_figure_view_of(&card, 9);
    CHECK(view.repeats && km_str_is(view.variant, "sweep/wide/lr-1e-3"));
    card.count = 8;
    CHECK(!km_figures_are_many(&card)); /* short */
    struct km_scorecard one = face_card_factors();
    CHECK(!km_figures_are_many(&one));
}

static void variants_of_parts_are_grouped(void)
{
    struct km_scorecard card = face_card_parted();
    struct km_figure_view view = km_figure_view_of(&card, 0);
    CHECK(km_str_is(view.group, "loss, known schedule"));
    CHECK(km_str_is(view.variant, "as shown") && view.opens_group);
    view = km_figure_view_of(&card, 2);
    CHECK(km_str_is(view.variant, "cold start, not calibrated"));
    CHECK(!view.opens_group);
    view = km_figure_view_of(&card, 3);
    CHECK(view.opens_group && km_str_is(view.group, "val/<b>, constant rate"));
    view = km_figure_view_of(&card, 6);
    CHECK(!view.opens_group && view.group.len == 0);
    view = km_figure_view_of(&card, 7); /* too few to group */
    CHECK(view.group.len == 0 &&
          km_str_is(view.variant, "loss, known schedule"));
}

static void a_note_is_told_once(void)
{
    struct km_scorecard card = face_card_long();
    card.results[0].state = card.results[1].state = KM_FIGURE_WEAK;
    card.results[0].reason = card.results[1].reason = "the rate moves";
    CHECK(!km_figure_view_of(&card, 0).told);
    CHECK(km_figure_view_of(&card, 1).told);
    card.results[1].reason = "another";
    CHECK(!km_figure_view_of(&card, 1).told);
    card.results[2].reason = "another"; /* of another figure */
    CHECK(!km_figure_view_of(&card, 2).told);
}

static void charts_along_a_run_share_their_axis(void)
{
    static const double x[] = {0, 50, 100, 40, 80, 120}, y[] = {1, 2, 3};
    struct km_curve curves[3] = {{.id = "loss",
                                  .kind = "data",
                                  .title = "loss",
                                  .unit = "nat",
                                  .x = x,
                                  .y = y,
                                  .count = 3}};
    curves[1] = curves[2] = curves[0];
    curves[1].id = "velocity";
    curves[1].x = x + 3;
    curves[2].id = "goodput";
    curves[2].x_unit = "min";
    struct km_scorecard card = face_card_fan();
    card.curves = curves;
    card.curve_count = 3;
    CHECK_INT(km_charts_of(&card, charts), 3);
    for (int i = 0; i < 2; i++) {
        CHECK_NEAR(charts[i].x.low, 0, 0);
        CHECK_NEAR(charts[i].x.high, 120, 0);
    }
    CHECK_NEAR(charts[2].x.high, 100, 0); /* another axis */
}

int main(void)
{
    RUN(labels_stay_where_they_want_or_move_apart);
    RUN(labels_are_always_apart_and_inside);
    RUN(boxes_are_taken_once);
    RUN(layers_stand_on_each_other);
    RUN(a_layer_at_other_places_is_a_line);
    RUN(stairs_of_shares_reach_from_zero_to_one);
    RUN(a_fan_nests_from_the_widest);
    RUN(lines_beyond_the_colours_stay_behind);
    RUN(a_name_has_one_colour_on_all_charts);
    RUN(places_on_a_line_are_ahead);
    RUN(too_many_places_are_counted);
    RUN(logarithmic_ticks_are_round);
    RUN(distinct_names_lose_common_folders);
    RUN(every_chart_keeps_to_every_width);
    RUN(factors_begin_where_the_last_one_ended);
    RUN(long_cards_have_headings_and_short_names);
    RUN(variants_of_parts_are_grouped);
    RUN(a_note_is_told_once);
    RUN(charts_along_a_run_share_their_axis);
    return tap_end();
}
