/* path_draw.h - a forecast path as charts draw it.
 *
 * Each place of a path is forecast and calibrated on its own, so neighbours
 * scatter by the noise of their corrections: joined by straight lines they make
 * a fan with kinks. Drawn are local lines through neighbours (LOESS in ln x) of
 * the value and of the widths on both sides, moved so that they pass exactly
 * through every place that a figure is about, monotone between those, and
 * joined by monotone cubics. Figures never come from here.
 *
 *     now ..... asked ..... asked ..... horizon      exact
 *         ~~~~~       ~~~~~       ~~~~~              smooth, monotone
 *
 * Ownership: the arena.   Threads: any, one arena a call.
 * Document: docs/metrics.md#forecast.final */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_PATH_DRAW_H
#define KM_SCORE_PATH_DRAW_H

#include "score/path.h"

enum { KM_PATH_SERIES = 5 }; /* value, widths down and up, the same of inner */

struct km_path_drawn {
    size_t count;
    const double *log_x;
    const double *y[KM_PATH_SERIES], *slope[KM_PATH_SERIES];
    bool inner;   /* the inner band is there */
    double floor; /* below which the metric cannot be */
};

/* False: memory is short, or the path has one place only. */
bool km_path_draw(const struct km_path *path, struct km_arena *arena,
                  struct km_path_drawn *drawn);

/* NaN before the first and beyond the last place. */
struct km_path_place km_path_drawn_at(const struct km_path_drawn *drawn,
                                      double x);

#endif
