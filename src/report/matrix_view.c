/* matrix_view.c - scale and digits of a matrix. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/matrix_view.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { DECIMALS_MAX = 6 };
#define LOG_FROM 100.0 /* highest over lowest */

static double value_at(const struct km_matrix *matrix, size_t row,
                       size_t column)
{
    assert(row < matrix->row_count && column < matrix->column_count);
    return matrix->value[row * matrix->column_count + column];
}

/* A fiftieth of the span is still told apart. */
static int decimals_of(double low, double high)
{
    double span = high > low ? high - low : fabs(high);
    double size = fmax(fabs(low), fabs(high));
    if (!(span > 0) || size >= 1e9 || span < 1e-6) {
        return size > 0 ? -1 : 0;
    }
    return (int)fmin(fmax(ceil(1.69 - log10(span)), 0), DECIMALS_MAX);
}

static bool names_equal(const struct km_matrix *matrix)
{
    bool same = matrix->row_count == matrix->column_count;
    for (size_t i = 0; same && i < matrix->row_count; i++) {
        same = strcmp(matrix->rows[i], matrix->columns[i]) == 0;
    }
    return same;
}

/* Three digits of any size. */
static struct km_short three_digits(double value)
{
    double size = fabs(value);
    int decimals = size > 0 ? 2 - (int)floor(log10(size)) : 0;
    return km_show_decimals(value, size >= 1e7 || decimals > DECIMALS_MAX
                                       ? -1
                                       : (decimals > 0 ? decimals : 0));
}

static struct km_short shown(const struct km_matrix_view *view, double value)
{
    return !isfinite(value)     ? (struct km_short){""}
           : view->decimals < 0 ? three_digits(value)
                                : km_show_decimals(value, view->decimals);
}

struct km_matrix_view km_matrix_view_of(const struct km_matrix *matrix)
{
    struct km_matrix_view view = {.matrix = matrix,
                                  .low = NAN,
                                  .high = NAN,
                                  .same_names = names_equal(matrix),
                                  .dense = matrix->column_count >=
                                           KM_MATRIX_DENSE_FROM};
    size_t cells = matrix->row_count * matrix->column_count;
    for (size_t i = 0; i < cells; i++) {
        double value = matrix->value[i];
        if (!isfinite(value)) {
            view.hole_count++;
            continue;
        }
        view.low = view.low <= value ? view.low : value;
        view.high = view.high >= value ? view.high : value;
    }
    view.logarithmic = view.low > 0 && view.high / view.low > LOG_FROM;
    view.decimals = view.logarithmic || isinf(view.high - view.low)
                        ? -1
                        : decimals_of(view.low, view.high);
    for (size_t i = 0; i < cells; i++) {
        size_t width = strlen(shown(&view, matrix->value[i]).text);
        view.value_width = width > view.value_width ? width : view.value_width;
    }
    return view;
}

double km_matrix_share(const struct km_matrix_view *view, size_t row,
                       size_t column)
{
    double value = value_at(view->matrix, row, column);
    double low = view->low, high = view->high;
    if (!isfinite(value)) {
        return NAN;
    }
    if (!(low < high)) {
        return 0.5;
    }
    /* halves: the span of huge values is no double */
    return view->logarithmic ? log(value / low) / log(high / low)
                             : (value / 2 - low / 2) / (high / 2 - low / 2);
}

struct km_short km_matrix_cell(const struct km_matrix_view *view, size_t row,
                               size_t column)
{
    return shown(view, value_at(view->matrix, row, column));
}

struct km_short km_matrix_end(const struct km_matrix_view *view, bool high)
{
    return shown(view, high ? view->high : view->low);
}
