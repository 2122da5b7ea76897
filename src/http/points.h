/* points.h - points of a series on their way to an answer.
 *
 * Ownership: the request's arena.   Threads: any.
 * Errors: the store's, KM_ENOTFOUND, KM_ELIMIT. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_POINTS_H
#define KM_HTTP_POINTS_H

#include "http/request.h"
#include "store/store.h"

struct km_series_found {
    uint64_t id;
    struct km_str metric, labels;
    struct km_series_summary summary;
};

/* The series of the run that the second parameter names. */
enum km_code km_series_find(struct km_request *r, uint64_t run_id,
                            struct km_series_found *series, struct km_err *err);

/* Of each bucket the first, lowest, highest and last value. */
struct km_drawn {
    double *step, *value;
    size_t count;
    uint64_t points, nonfinite; /* of the range; those not finite */
};
enum km_code km_points_draw(struct km_request *r, uint64_t series,
                            const struct km_point_range *range, size_t buckets,
                            struct km_drawn *drawn, struct km_err *err);
/* Two columns and the counts: keys of an object that is open. */
void km_drawn_json(const struct km_drawn *drawn, const char *x_key,
                   const char *y_key, struct km_json_writer *w);

/* Every point, as columns of little-endian doubles: docs/protocol.md. */
enum km_code km_points_binary(struct km_request *r, uint64_t series,
                              const struct km_point_range *range,
                              uint64_t points_max, struct km_err *err);

#endif
