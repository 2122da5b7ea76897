/* filter.h - the language in which MLflow's clients search.
 *
 *     metrics.loss < 0.5 and params.optimizer = 'adam' AND tags.`a b` LIKE '%x'
 *     attributes.status IN ('FINISHED', 'FAILED') and tags.best IS NOT NULL
 *
 * Comparisons joined by AND; nothing nests. What is searched answers for
 * itself, by a function that gives a value for an entity and a key.
 * Ownership: texts live in the arena or in what was parsed.   Threads: any.
 * Errors: KM_EINPUT with the byte where it stops being understood, KM_ELIMIT.
 * Document: docs/protocols/mlflow.md#search */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TRACKING_FILTER_H
#define KM_TRACKING_FILTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

enum km_entity {
    KM_ENTITY_ATTRIBUTE,
    KM_ENTITY_METRIC,
    KM_ENTITY_PARAM,
    KM_ENTITY_TAG,
    KM_ENTITY_DATASET,
};

enum km_comparison {
    KM_COMPARE_EQ,
    KM_COMPARE_NE,
    KM_COMPARE_LT,
    KM_COMPARE_LE,
    KM_COMPARE_GT,
    KM_COMPARE_GE,
    KM_COMPARE_LIKE,
    KM_COMPARE_ILIKE,
    KM_COMPARE_IN,
    KM_COMPARE_NOT_IN,
    KM_COMPARE_NULL,
    KM_COMPARE_NOT_NULL,
};

struct km_value {
    bool is_number;
    double number;
    struct km_str text;
};

struct km_clause {
    enum km_entity entity;
    struct km_str key;
    enum km_comparison comparison;
    struct km_value value;
    struct km_str *list; /* of IN */
    size_t list_count;
};

struct km_filter {
    struct km_clause clauses[KM_FILTER_CLAUSES_MAX];
    size_t count;
    bool wants_metrics;
};

/* False: it has none. `index`: the nth value where there are several (data
 * sets of a run). */
typedef bool (*km_value_fn)(const void *subject, enum km_entity entity,
                            struct km_str key, size_t index,
                            struct km_value *out);

enum km_code km_filter_parse(struct km_str text, struct km_arena *arena,
                             struct km_filter *filter, struct km_err *err);
bool km_filter_matches(const struct km_filter *filter, const void *subject,
                       km_value_fn get);

struct km_order_key {
    enum km_entity entity;
    struct km_str key;
    bool descending;
};
enum km_code km_order_parse(struct km_str text, struct km_arena *arena,
                            struct km_order_key *key, struct km_err *err);

/* Missing values come last in either order, NaN before them. */
int km_order_compare(const struct km_order_key *key, bool a_there,
                     const struct km_value *a, bool b_there,
                     const struct km_value *b);

bool km_like(struct km_str text, struct km_str pattern, bool either_case);

#endif
