/* mllog_line.h - the JSON of one ":::MLLOG" line, taken apart.
 *
 * Ownership: the line owns its texts; they change with the next line. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_MLLOG_LINE_H
#define KM_SOURCE_MLLOG_LINE_H

#include "source/json_walk.h"
#include "source/row.h"

enum km_mllog_type { KM_MLLOG_POINT, KM_MLLOG_BEGIN, KM_MLLOG_END };

/* What the metadata counts, in order of preference. */
enum km_mllog_axis {
    KM_MLLOG_SAMPLES_COUNT,
    KM_MLLOG_EPOCH_NUM,
    KM_MLLOG_STEP_NUM,
    KM_MLLOG_STEP,
    KM_MLLOG_NO_AXIS,
    KM_MLLOG_AXES,
};

/* "axis=step_num" */
struct km_str km_mllog_axis_label(enum km_mllog_axis axis);

struct km_mllog_line {
    struct km_json_walk walk;
    enum km_mllog_type type;
    struct km_buf key;
    int64_t time_ns;      /* or KM_TIME_ABSENT */
    struct km_buf value;  /* a scalar as JSON; empty: null or an object */
    bool is_number;       /* the value, or what is in it, are numbers */
    struct km_row row;    /* numbers, by full name: "tracked_stats.x" */
    struct km_buf status; /* of run_stop */
    enum km_mllog_axis axis;
    int64_t step;
};

void km_mllog_line_init(struct km_mllog_line *line);
void km_mllog_line_finish(struct km_mllog_line *line);

/* KM_EINPUT when `json` is no JSON object with a key and a type. */
enum km_code km_mllog_line_read(struct km_mllog_line *line, struct km_str json,
                                struct km_err *err);

#endif
