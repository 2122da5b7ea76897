/* test_report.c - the faces of one invented scorecard: nothing too wide,
 * nothing foreign, nothing hostile. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "demo_card.h"
#include "report/comparison.h"
#include "report/scorecard_html.h"
#include "report/scorecard_text.h"
#include "report/text.h"
#include "tap.h"

static struct demo demo, other;
static struct km_arena arena;
static struct km_buf out;

static void begin(const char *name)
{
    demo_fill(&demo, name, 1.0);
    demo_fill(&other, "speedrun/record-11", 0.76);
    km_arena_init(&arena, 256u << 20);
    km_buf_init(&out, 64u << 20);
}

static void end(void)
{
    km_buf_finish(&out);
    km_arena_finish(&arena);
}

static void write_text(size_t width, bool unicode, bool colour)
{
    const struct km_terminal terminal = {
        .unicode = unicode, .colour = colour, .width = width};
    struct km_scorecard cards[2] = {demo.card, other.card};
    CHECK_INT(km_scorecard_text(&cards[0], &terminal, &arena, &out, NULL), 0);
    CHECK_INT(km_comparison_text(cards, 2, &terminal, &arena, &out, NULL), 0);
}

static size_t widest_line(void)
{
    size_t widest = 0;
    for (size_t at = 0; at < out.len;) {
        size_t end_of =
            km_str_find((struct km_str){out.bytes, out.len}, '\n', at);
        size_t width =
            km_utf8_width((struct km_str){out.bytes + at, end_of - at});
        widest = width > widest ? width : widest;
        at = end_of + 1;
    }
    return widest;
}

static void lines_keep_to_the_width(void)
{
    for (size_t width = 60; width <= 160; width += 5) {
        for (int unicode = 0; unicode < 2; unicode++) {
            begin("speedrun/value-embed");
            write_text(width, unicode == 1, false);
            if (widest_line() > width) {
                printf("# %zu columns at width %zu\n", widest_line(), width);
            }
            CHECK(widest_line() <= width);
            end();
        }
    }
}

static bool has(const char *needle)
{
    struct km_str text = {out.bytes, out.len};
    return km_str_search(text, km_str_of(needle)) < text.len;
}

static void ascii_is_ascii_and_plain_has_no_escapes(void)
{
    begin("speedrun/value-embed");
    write_text(100, false, false);
    bool ascii = true;
    for (size_t i = 0; i < out.len; i++) {
        ascii = ascii && (out.bytes[i] == '\n' ||
                          (out.bytes[i] >= 0x20 && out.bytes[i] < 0x7f));
    }
    CHECK(ascii);
    end();
    begin("speedrun/value-embed");
    write_text(100, true, false);
    CHECK(!has("\033"));
    CHECK(has("learn.velocity"));
    CHECK(has("0.0158 .. 0.0236"));
    CHECK(has("INSUFFICIENT"));
    CHECK(has("the floor is not identified before 40 % of the run"));
    CHECK(has("> 2400"));
    CHECK(has("no price given: cost.spent"));
    end();
    begin("speedrun/value-embed");
    write_text(100, true, true);
    CHECK(has("\033[1m"));
    end();
}

static void a_verdict_stands_or_is_over_and_the_quiet_ones_are_one_line(void)
{
    begin("speedrun/value-embed");
    write_text(120, true, false);
    CHECK(has("STANDS"));
    CHECK(has("OVER"));
    CHECK(has("no verdict fired: plateau\n"));
    CHECK(has("too early to tell: memorising\n"));
    CHECK(!has("QUIET"));
    km_buf_reset(&out);
    const struct km_html_options options = {0, "0"};
    km_report_html(&demo.card, 1, &options, &out);
    CHECK(has("No verdict fired: Plateau."));
    CHECK(has("<dt>too early to tell<dd>Memorising"));
    CHECK(has("<span class=state>STANDS</span>"));
    CHECK(has("since step 700"));
    end();
}

static void hostile_names_steer_nothing(void)
{
    begin(HOSTILE);
    demo.card.headline = HOSTILE;
    demo.card.context = HOSTILE;
    demo.marks[0].text = HOSTILE;
    demo.results[0].reason = HOSTILE;
    demo.results[0].unit = HOSTILE;
    demo.curves[1].title = HOSTILE;
    write_text(120, true, false);
    CHECK(!has("\033"));
    CHECK(!has("\xe2\x80\xae"));
    end();
    begin(HOSTILE);
    demo.card.headline = HOSTILE;
    demo.card.context = HOSTILE;
    demo.marks[0].text = HOSTILE;
    demo.results[0].reason = HOSTILE;
    demo.results[0].unit = HOSTILE;
    for (size_t i = 0; i < demo.card.curve_count; i++) {
        demo.curves[i].title = HOSTILE;
        demo.curves[i].unit = HOSTILE;
    }
    struct km_scorecard cards[2] = {demo.card, other.card};
    const struct km_html_options options = {0, "0"};
    km_report_html(cards, 2, &options, &out);
    CHECK(!has("<img"));
    CHECK(!has("\033"));
    CHECK(!has("\xe2\x80\xae"));
    CHECK(has("&lt;img src=x onerror=alert(1)&gt;"));
    km_buf_reset(&out);
    km_scorecard_markdown(&demo.card, &out);
    CHECK(!has("<img"));
    CHECK(!has("\033"));
    km_buf_reset(&out);
    demo.card.run_name = "=cmd|' /C calc'!A0";
    km_scorecard_csv(&demo.card, &out);
    CHECK(has("\"'=cmd|"));
    CHECK(!has("\n="));
    end();
}

static void the_page_needs_nothing_from_outside(void)
{
    begin("speedrun/value-embed");
    const struct km_html_options options = {0, "0"};
    km_report_html(&demo.card, 1, &options, &out);
    CHECK(!has("http:"));
    CHECK(!has("https:"));
    CHECK(!has("<script"));
    CHECK(!has("<link"));
    CHECK(!has("url("));
    CHECK(!has("nan"));
    CHECK(has("prefers-color-scheme: dark"));
    CHECK(has("</html>"));
    end();
}

static void a_card_without_anything_is_still_a_page(void)
{
    begin("x");
    struct km_scorecard empty = {.run_name = "x",
                                 .context = "",
                                 .headline = "Nothing is known yet.",
                                 .target = NAN,
                                 .level = 0.8};
    const struct km_terminal terminal = {.width = 80};
    CHECK_INT(km_scorecard_text(&empty, &terminal, &arena, &out, NULL), 0);
    CHECK(has("no figures"));
    const struct km_html_options options = {0, "0"};
    km_report_html(&empty, 1, &options, &out);
    CHECK(has("There is nothing to draw yet."));
    end();
}

static void charts_of_odd_data_do_not_break(void)
{
    static double x[4] = {0, 1, 2, 3}, flat[4] = {2, 2, 2, 2};
    static double bad[4] = {NAN, INFINITY, -INFINITY, NAN};
    static double huge[4] = {0, 1.7e308, -1.7e308, 1};
    const double *const rows[] = {flat, bad, huge};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin("x");
        demo.curves[0] = (struct km_curve){.id = "loss",
                                           .title = "loss",
                                           .unit = "nat",
                                           .kind = "data",
                                           .count = 4,
                                           .x = x,
                                           .y = rows[i],
                                           .lo = rows[i],
                                           .hi = rows[i]};
        demo.card.curve_count = 1;
        write_text(80, true, false);
        const struct km_html_options options = {0, "0"};
        km_report_html(&demo.card, 1, &options, &out);
        CHECK(!out.failed);
        end();
    }
}

/* Each kind, alone and two of a kind, over values that are none. */
static void every_kind_survives_odd_data(void)
{
    static const char *const kinds[] = {
        "data",  "fit",    "forecast", "forecast50", "forecast9x",
        "ghost", "points", "line",     "step",       "stack"};
    static const double x[4] = {0, 1, 2, 3}, costs[4] = {1e-9, 1, 1e3, 1e9};
    static const double rows[][4] = {{2, 2, 2, 2},
                                     {NAN, INFINITY, -INFINITY, NAN},
                                     {0, 1.7e308, -1.7e308, 1},
                                     {NAN, 1, NAN, 1e-300},
                                     {-1, -2, -3, 0}};
    const size_t kind_count = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; i < kind_count * 5 * 4; i++) {
        const double *y = rows[i / kind_count % 5];
        bool odd = i / kind_count / 5 % 2, log = i / kind_count / 10;
        begin("x");
        for (size_t c = 0; c < 2; c++) {
            demo.curves[c] = (struct km_curve){.id = "loss",
                                               .title = "loss",
                                               .unit = odd ? "1" : "nat",
                                               .kind = kinds[i % kind_count],
                                               .name = odd ? HOSTILE : NULL,
                                               .count = c || odd ? 4 : 1,
                                               .x = log ? costs : x,
                                               .y = y,
                                               .lo = odd ? y : NULL,
                                               .hi = odd ? y : NULL,
                                               .rung = odd ? HOSTILE : NULL};
        }
        demo.card.curve_count = 2;
        demo.card.target = odd ? 3.28 : (double)NAN;
        write_text(i % 2 ? 60 : 120, i % 3 == 0, false);
        CHECK(!out.failed && !has("\033"));
        km_buf_reset(&out);
        const struct km_html_options options = {0, "0"};
        km_report_html(&demo.card, 1, &options, &out);
        CHECK(!out.failed && !has("\033") && !has("<img"));
        CHECK(!has("nan") && !has("inf "));
        end();
    }
}

static void comparison_rows_are_shown_once(void)
{
    begin("a");
    struct km_scorecard cards[2] = {demo.card, other.card};
    struct km_comparison_row row = {0};
    size_t count = 0;
    while (km_comparison_next(cards, 2, &row)) {
        count++;
    }
    CHECK_INT(count, 8); /* those with a value */
    end();
}

static void a_card_about_the_others_is_not_compared(void)
{
    begin("lab/sweep/a");
    struct km_figure_result about = demo.results[0];
    about.variant = "lab/sweep/a";
    struct km_scorecard cards[3] = {demo.card, demo.card, other.card};
    CHECK_INT(km_comparison_first(cards, 3), 0);
    cards[0].results = &about;
    cards[0].count = 1;
    CHECK_INT(km_comparison_first(cards, 3), 1);
    cards[0].run_id = 7; /* a run is compared, whatever it has */
    CHECK_INT(km_comparison_first(cards, 3), 0);
    CHECK_INT(km_comparison_first(cards, 1), 0);
    cards[2].run_name = "lab/sweep/b";
    CHECK(km_str_is(km_comparison_name(&cards[1], 2, 0), "a"));
    CHECK(km_str_is(km_comparison_name(&cards[1], 1, 0), "lab/sweep/a"));
    cards[0].run_id = 0;
    const struct km_html_options options = {0, "0"};
    km_report_html(cards, 3, &options, &out);
    CHECK(has("2 runs side by side"));
    /* a weak value says so, also beside another */
    CHECK(has("num weak") && has("range state\">WEAK"));
    CHECK(has("href=\"#run3\""));
    end();
}

int main(void)
{
    RUN(lines_keep_to_the_width);
    RUN(ascii_is_ascii_and_plain_has_no_escapes);
    RUN(a_verdict_stands_or_is_over_and_the_quiet_ones_are_one_line);
    RUN(hostile_names_steer_nothing);
    RUN(the_page_needs_nothing_from_outside);
    RUN(a_card_without_anything_is_still_a_page);
    RUN(charts_of_odd_data_do_not_break);
    RUN(every_kind_survives_odd_data);
    RUN(comparison_rows_are_shown_once);
    RUN(a_card_about_the_others_is_not_compared);
    return tap_end();
}
