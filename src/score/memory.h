/* memory.h - what is kept of a run from one look at it to the next.
 *
 *     look 1   load all, compute all               O(points)
 *     look 2   load what is new, go on from there  O(new points)
 *
 * A card that was made with a memory is the card that would be made without
 * one, to the last bit: each part either goes on from a state that what came
 * since cannot change, or starts anew. Anything but new points of the last
 * attempt (a restart, a late point, a new metric, other options or config)
 * starts it all anew.
 *
 * Document: docs/decisions/0032-memory-of-a-run.md
 * Ownership: the memory owns its arrays; an input or card that was made with it
 * is good until the next look.   Threads: one at a time.
 * Size: about 90 bytes a point of the loss, 28 of any other metric, up to twice
 * that after growth; at most KM_ARENA_COMMAND_BYTES_MAX. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_MEMORY_H
#define KM_SCORE_MEMORY_H

#include "measure/mask.h"
#include "measure/stretches.h"
#include "score/scorecard.h"
#include "series/bins.h"
#include "series/extremes.h"
#include "series/timeline.h"
#include "series/view.h"

/* Model velocities that were said at steps of the past (curve_velocity.c). */
enum { KM_VELOCITY_PLACES_MAX = 41 };
struct km_velocity_past {
    double x;
    struct km_estimate velocity;
    bool known; /* there were enough points */
};
struct km_velocities_past {
    struct km_velocity_past places[KM_VELOCITY_PLACES_MAX];
    size_t count;
    size_t shift_at, each; /* of sums and mask: what the fits stood on */
    double window, e_min;
};

/* Of the points of a curve (curve_input.h). */
struct km_curve_memory {
    const struct km_track *track;
    size_t from;         /* its first point */
    size_t firm;         /* points of the curve that stay what they are */
    size_t turned_count; /* values with the sign changed */
    double *turned;
    size_t turned_cap;
    struct km_mask mask;
    bool *keep; /* [point] is it no spike */
    size_t keep_cap;
    size_t settled, settled_kept; /* points judged for good; of them kept */
    double *kept_x, *kept_y;
    size_t kept_cap[2];
    double *all_x, *all_y; /* thinned */
    size_t all_count, all_cap[2];
    struct km_bin_sums sums;
    size_t sums_cap[2];
    struct km_velocities_past velocities;
};

/* Of the points whose times are booked (fig_goodput.c), as long as each comes
 * after the one before it. */
struct km_pace_memory {
    const struct km_track *track;
    size_t sorted; /* points known to be so; 0: not looked yet */
    bool broken;
    double *slowest; /* [block] most seconds a stretch took, by its steps */
    size_t blocks, cap;
};

/* Of the points of what steps waited for data (waits.c). */
struct km_data_memory {
    const struct km_track *track;
    double *sum, *steps; /* seconds up to a point; steps that it speaks for */
    size_t count, cap;
};

struct km_verdict_memory; /* score/verdict_memory.h */

struct km_memory {
    struct km_arena *arena; /* where all of it lives */
    struct km_arena own;    /* that arena, unless it is for one look */
    bool loaded;
    const struct km_role_table *roles;
    struct km_run_view view;
    uint64_t facts; /* a fingerprint of config, tags and options */
    struct km_timeline timeline;
    struct km_stretches stretches; /* of the timeline */
    size_t stretches_cap;
    struct km_pace_memory pace;
    struct km_data_memory data;
    struct km_curve_memory learn, valid;
    struct km_extremes extremes[KM_ROLE_COUNT]; /* of the tracks */
    struct km_verdict_memory *verdicts;         /* NULL: not looked yet */
};

void km_memory_init(struct km_memory *memory);
void km_memory_finish(struct km_memory *memory);

/* One for a single look, in that look's arena; NULL: it is full. */
struct km_memory *km_memory_once(struct km_arena *arena);

/* Brings memory->view up to date with the store; `scratch` lives at least as
 * long as the look. */
enum km_code km_memory_look(struct km_memory *memory, struct km_store *store,
                            uint64_t run_id,
                            const struct km_score_options *options,
                            struct km_arena *scratch, struct km_err *err);

/* Brings timeline and stretches up to date with the view. */
enum km_code km_memory_timeline(struct km_memory *memory,
                                const struct km_run_view *view,
                                struct km_err *err);

/* The extremes of a track of the view up to now; NULL: memory is short. */
const struct km_extremes *km_memory_extremes(struct km_memory *memory,
                                             const struct km_track *track);

#endif
