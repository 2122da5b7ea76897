/* fleet_json.h - a run with what is kept of its card, alike on every face.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_REPORT_FLEET_JSON_H
#define KM_REPORT_FLEET_JSON_H

#include "report/run_json.h"
#include "score/fleet.h"

/* One object: id, what km_json_run_row() says, "going", "fresh" (the figures
 * are of this state of the run), "metric", "better", "last", "velocity",
 * "throughput", "forecast" (each value, lo, hi, unit, state), "horizon",
 * "verdict" with "verdict_title" and "verdict_since", "judged", "spark". */
void km_json_fleet_row(struct km_json_writer *w, struct km_arena *arena,
                       const struct km_fleet_row *row);

#endif
