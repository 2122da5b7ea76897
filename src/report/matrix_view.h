/* matrix_view.h - a matrix as every face shows it: one scale, one number of
 * digits, holes that stay holes.
 *
 * The scale runs from the lowest to the highest value; it is logarithmic when
 * all are positive and they span more than two powers of ten.
 * Ownership: borrows the matrix. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_MATRIX_VIEW_H
#define KM_REPORT_MATRIX_VIEW_H

#include "report/quantity.h"
#include "score/figure.h"

/* From here on cells are too many to carry their values. */
enum { KM_MATRIX_DENSE_FROM = 41 };

struct km_matrix_view {
    const struct km_matrix *matrix;
    double low, high; /* of what is finite; NaN without any */
    bool logarithmic;
    int decimals;       /* of every cell; below zero: three digits each */
    size_t hole_count;  /* cells without a value */
    bool same_names;    /* rows and columns are the same things */
    bool dense;         /* colours without values */
    size_t value_width; /* letters of the longest value */
};

struct km_matrix_view km_matrix_view_of(const struct km_matrix *matrix);

/* Place on the scale, 0..1; 0.5 when all values are equal; NaN for a hole. */
double km_matrix_share(const struct km_matrix_view *view, size_t row,
                       size_t column);
/* The value, or "" for a hole. */
struct km_short km_matrix_cell(const struct km_matrix_view *view, size_t row,
                               size_t column);
/* An end of the scale: the highest value, or the lowest. */
struct km_short km_matrix_end(const struct km_matrix_view *view, bool high);

#endif
