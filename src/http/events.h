/* events.h - what changes, told to everybody who listens.
 *
 *     store -> watcher (one thread) -> ring of deltas -> viewers, suspended
 *                                                        until there is one
 *
 * The watcher asks the store twice a second whether anything was committed, by
 * whomever; only then it looks. Each run that is other than it was becomes one
 * event: its row as /api/v1/fleet has it. A viewer goes on after the event
 * that it names, and is told to load anew when the ring has left that behind
 * or the server is another one.
 *
 * Threads: any. Ownership: the server's.   Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_EVENTS_H
#define KM_HTTP_EVENTS_H

#include "base/limits.h"
#include "http/fleet_share.h"
#include "http/request.h"

struct km_events;
struct km_viewer;

/* NULL: no memory, or no thread. */
struct km_events *km_events_start(struct km_store *store,
                                  struct km_fleet_share *share,
                                  const struct km_clock *clock);

/* Tells viewers that it ends; no viewer waits any more. */
void km_events_end(struct km_events *events);
/* After the last viewer is gone. */
void km_events_destroy(struct km_events *events);

/* The id of the newest event, for `out` of 48 bytes: what a list that is read
 * now goes on from. */
void km_events_cursor(struct km_events *events, char out[48]);

/* `after`: the last event that it has seen; NULL: from now on. `run` 0: all.
 * NULL: there are too many viewers. */
struct km_viewer *km_viewer_create(struct km_events *events,
                                   struct MHD_Connection *connection,
                                   const char *after, uint64_t run,
                                   struct km_str project);
void km_viewer_destroy(struct km_viewer *viewer);

/* Up to `max` bytes of its stream; 0: suspended until there are some; -1: it
 * has ended. */
long km_viewer_read(struct km_viewer *viewer, char *bytes, size_t max);

size_t km_viewer_count(struct km_events *events);

#endif
