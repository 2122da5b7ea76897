/* test_matrix.c - scale, digits and heat maps of matrices. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "face_cards.h"
#include "report/matrix_text.h"
#include "report/matrix_view.h"
#include "report/text.h"
#include "tap.h"

static const char *const names[] = {"a", "b", "c", "d"};

static struct km_matrix matrix_of(const double *value, size_t rows,
                                  size_t columns)
{
    return (struct km_matrix){.id = "m",
                              .title = "m",
                              .unit = "1",
                              .row_title = "r",
                              .column_title = "c",
                              .row_count = rows,
                              .column_count = columns,
                              .rows = names,
                              .columns = names,
                              .value = value};
}

static void the_scale_runs_from_the_lowest_to_the_highest(void)
{
    const double value[] = {0.2, 0.7, NAN, 0.45};
    struct km_matrix matrix = matrix_of(value, 2, 2);
    struct km_matrix_view view = km_matrix_view_of(&matrix);
    CHECK_NEAR(km_matrix_share(&view, 0, 0), 0, 1e-12);
    CHECK_NEAR(km_matrix_share(&view, 0, 1), 1, 1e-12);
    CHECK_NEAR(km_matrix_share(&view, 1, 1), 0.5, 1e-12);
    CHECK(isnan(km_matrix_share(&view, 1, 0)));
    CHECK_TEXT(km_matrix_cell(&view, 1, 0).text, "");
    CHECK_TEXT(km_matrix_cell(&view, 1, 1).text, "0.45");
    CHECK_INT(view.hole_count, 1);
    CHECK(view.same_names && !view.dense && !view.logarithmic);
}

static void wide_positive_ranges_are_logarithmic(void)
{
    const double value[] = {0.01, 1, 100, 10};
    struct km_matrix matrix = matrix_of(value, 1, 4);
    struct km_matrix_view view = km_matrix_view_of(&matrix);
    CHECK(view.logarithmic);
    CHECK_NEAR(km_matrix_share(&view, 0, 1), 0.5, 1e-12);
    CHECK_NEAR(km_matrix_share(&view, 0, 3), 0.75, 1e-12);
    CHECK_TEXT(km_matrix_cell(&view, 0, 0).text, "0.0100");
    const double crossing[] = {-1, 0, 100, 10};
    matrix = matrix_of(crossing, 2, 2);
    CHECK(!km_matrix_view_of(&matrix).logarithmic);
}

static void odd_values_stay_on_the_scale(void)
{
    const double rows[][4] = {{NAN, NAN, NAN, NAN},
                              {3, 3, 3, 3},
                              {0, 0, 0, 0},
                              {-1.7e308, 1.7e308, 0, INFINITY},
                              {1e-300, 2e-300, -INFINITY, 0},
                              {1e12, 1e12 + 1, 1e12 + 2, NAN}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct km_matrix matrix = matrix_of(rows[i], 2, 2);
        struct km_matrix_view view = km_matrix_view_of(&matrix);
        for (size_t c = 0; c < 4; c++) {
            double share = km_matrix_share(&view, c / 2, c % 2);
            CHECK(isnan(share) || (share >= 0 && share <= 1));
            CHECK(isnan(share) == !isfinite(rows[i][c]));
        }
        struct km_buf out;
        km_buf_init(&out, 1u << 20);
        for (int palette = 0; palette < 3; palette++) {
            struct km_terminal terminal = {.unicode = true,
                                           .colour = palette > 0,
                                           .palette = (enum km_palette)palette,
                                           .width = 60};
            km_matrix_text(&matrix, &terminal, &out);
        }
        CHECK(!out.failed && out.len > 0);
        km_buf_finish(&out);
    }
}

static void lines_keep_to_the_width_and_names_are_harmless(void)
{
    for (size_t i = 0; i < face_card_count; i++) {
        struct km_scorecard card = face_cards[i].make();
        for (size_t width = KM_TERMINAL_WIDTH_MIN;
             width <= KM_TERMINAL_WIDTH_MAX && card.matrix_count; width++) {
            struct km_terminal terminal = {.unicode = width % 2 == 0,
                                           .width = width};
            struct km_buf out;
            km_buf_init(&out, 1u << 20);
            km_matrix_text(&card.matrices[0], &terminal, &out);
            bool harmless = true, narrow = true;
            for (size_t at = 0; at < out.len;) {
                struct km_str all = {out.bytes, out.len};
                size_t end = km_str_find(all, '\n', at);
                struct km_str line = {out.bytes + at, end - at};
                narrow = narrow && km_utf8_width(line) <= width;
                harmless = harmless && !memchr(line.ptr, '\033', line.len);
                at = end + 1;
            }
            CHECK(narrow);
            CHECK(harmless);
            km_buf_finish(&out);
        }
    }
}

int main(void)
{
    RUN(the_scale_runs_from_the_lowest_to_the_highest);
    RUN(wide_positive_ranges_are_logarithmic);
    RUN(odd_values_stay_on_the_scale);
    RUN(lines_keep_to_the_width_and_names_are_harmless);
    return tap_end();
}
