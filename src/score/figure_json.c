/* figure_json.c - the one JSON shape of figures and scorecards. */
/* SPDX-License-Identifier: Apache-2.0 */

#include "score/figure.h"

static void put_number(struct km_json_writer *w, const char *key, double value)
{
    km_json_key(w, key);
    km_json_known(w, value);
}

static void put_text(struct km_json_writer *w, const char *key,
                     const char *text)
{
    km_json_key(w, key);
    km_json_text(w, text);
}

static void put_numbers(struct km_json_writer *w, const char *key,
                        const double *values, size_t count)
{
    if (!values) {
        return;
    }
    km_json_key(w, key);
    km_json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        km_json_known(w, values[i]);
    }
    km_json_array_end(w);
}

static const char *better_word(enum km_better better)
{
    return better == KM_BETTER_HIGHER  ? "higher"
           : better == KM_BETTER_LOWER ? "lower"
                                       : "neither";
}

void km_figure_result_json(const struct km_figure_result *result,
                           struct km_json_writer *w)
{
    km_json_object_begin(w);
    put_text(w, "id", result->figure->id);
    put_text(w, "title", result->figure->title);
    put_text(w, "variant", result->variant);
    put_number(w, "value", result->value);
    put_text(w, "unit", result->unit);
    put_number(w, "lo", result->lo);
    put_number(w, "hi", result->hi);
    km_json_key(w, "bound");
    if (result->state == KM_FIGURE_CENSORED) {
        km_json_text(w, result->at_most ? "at_most" : "at_least");
    } else {
        km_json_null(w);
    }
    put_number(w, "level", result->level);
    put_text(w, "better", better_word(result->better));
    put_text(w, "method", result->method);
    put_text(w, "rung", result->rung);
    km_json_key(w, "window");
    km_json_object_begin(w);
    put_text(w, "axis", km_axis_name(result->window_axis));
    put_number(w, "from", result->window_from);
    put_number(w, "to", result->window_to);
    km_json_object_end(w);
    km_json_key(w, "n");
    km_json_int(w, (int64_t)result->n);
    put_number(w, "n_eff", result->n_eff);
    km_json_key(w, "evidence");
    km_json_array_begin(w);
    for (size_t i = 0; i < result->evidence_count; i++) {
        km_json_text(w, result->evidence[i]);
    }
    km_json_array_end(w);
    put_text(w, "state", km_figure_state_name(result->state));
    put_text(w, "reason", result->reason);
    km_json_object_end(w);
}

static void put_curve(const struct km_curve *curve, struct km_json_writer *w)
{
    km_json_object_begin(w);
    put_text(w, "id", curve->id);
    put_text(w, "title", curve->title);
    put_text(w, "unit", curve->unit);
    put_text(w, "axis", km_axis_name(curve->axis));
    put_text(w, "kind", curve->kind);
    if (curve->name) {
        put_text(w, "name", curve->name);
    }
    if (curve->x_unit) {
        put_text(w, "x_unit", curve->x_unit);
        put_text(w, "x_title", curve->x_title ? curve->x_title : "");
    }
    put_numbers(w, "x", curve->x, curve->count);
    put_numbers(w, "y", curve->y, curve->count);
    put_numbers(w, "lo", curve->lo, curve->count);
    put_numbers(w, "hi", curve->hi, curve->count);
    if (curve->rung) {
        put_text(w, "rung", curve->rung);
    }
    km_json_object_end(w);
}

static void put_names(struct km_json_writer *w, const char *key,
                      const char *const *names, size_t count)
{
    km_json_key(w, key);
    km_json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        km_json_text(w, names[i]);
    }
    km_json_array_end(w);
}

static void put_matrix(const struct km_matrix *matrix, struct km_json_writer *w)
{
    km_json_object_begin(w);
    put_text(w, "id", matrix->id);
    put_text(w, "title", matrix->title);
    put_text(w, "unit", matrix->unit);
    put_text(w, "better", better_word(matrix->better));
    put_text(w, "row_title", matrix->row_title);
    put_text(w, "column_title", matrix->column_title);
    put_names(w, "rows", matrix->rows, matrix->row_count);
    put_names(w, "columns", matrix->columns, matrix->column_count);
    km_json_key(w, "values");
    km_json_array_begin(w);
    for (size_t r = 0; r < matrix->row_count; r++) {
        km_json_array_begin(w);
        for (size_t c = 0; c < matrix->column_count; c++) {
            double value = matrix->value[r * matrix->column_count + c];
            km_json_known(w, value);
        }
        km_json_array_end(w);
    }
    km_json_array_end(w);
    km_json_object_end(w);
}

void km_scorecard_json(const struct km_scorecard *card,
                       struct km_json_writer *w)
{
    km_json_object_begin(w);
    put_text(w, "run", card->run_name);
    put_text(w, "context", card->context);
    put_text(w, "headline", card->headline);
    put_number(w, "level", card->level);
    put_number(w, "target", card->target);
    km_json_key(w, "figures");
    km_json_array_begin(w);
    for (size_t i = 0; i < card->count; i++) {
        km_figure_result_json(&card->results[i], w);
    }
    km_json_array_end(w);
    km_json_key(w, "curves");
    km_json_array_begin(w);
    for (size_t i = 0; i < card->curve_count; i++) {
        put_curve(&card->curves[i], w);
    }
    km_json_array_end(w);
    if (card->matrix_count) {
        km_json_key(w, "matrices");
        km_json_array_begin(w);
        for (size_t i = 0; i < card->matrix_count; i++) {
            put_matrix(&card->matrices[i], w);
        }
        km_json_array_end(w);
    }
    km_json_key(w, "marks");
    km_json_array_begin(w);
    for (size_t i = 0; i < card->mark_count; i++) {
        km_json_object_begin(w);
        put_number(w, "x", card->marks[i].x);
        put_text(w, "kind", card->marks[i].kind);
        put_text(w, "text", card->marks[i].text);
        km_json_object_end(w);
    }
    km_json_array_end(w);
    km_json_object_end(w);
}

const char *km_better_name(enum km_better better)
{
    return better == KM_BETTER_HIGHER  ? "higher"
           : better == KM_BETTER_LOWER ? "lower"
                                       : "neither";
}

void km_figure_json(const struct km_figure *figure,
                    const struct km_figure_result *result,
                    struct km_json_writer *w)
{
    const char *const rows[][2] = {
        {"id", figure->id},
        {"title", figure->title},
        {"unit", figure->unit},
        {"better", km_better_name(figure->better)},
        {"needs", figure->needs},
        {"summary", figure->summary},
        {"formula", figure->formula},
        {"source", figure->source},
    };
    km_json_object_begin(w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        km_json_key(w, rows[i][0]);
        km_json_text(w, rows[i][1]);
    }
    if (km_figure_is_verdict(figure)) {
        km_json_key(w, "false_alarms_per_1000_steps_max");
        km_json_double(w, figure->false_alarms_max);
    }
    if (result) {
        km_json_key(w, "result");
        km_figure_result_json(result, w);
    }
    km_json_object_end(w);
}
