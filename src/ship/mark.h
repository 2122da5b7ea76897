/* mark.h - the file `shipped` in a journal's folder: how far a server has it.
 *
 * Whoever writes the journal reads from it what may be let go and what is still
 * to be delivered; it is replaced as a whole.
 *
 *     line 1  SEGMENT OFFSET   everything before is in the server's store
 *     line 2  going, waiting (the server cannot be had now) or refused
 *     line 3  the server
 *     line 4  why it waits or refuses, in one sentence
 *
 * Document: docs/formats/journal.md#shipped */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_MARK_H
#define KM_SHIP_MARK_H

#include "ship/reply.h"

enum km_mark_state { KM_MARK_GOING, KM_MARK_WAITING, KM_MARK_REFUSED };

struct km_mark {
    struct km_ship_place place;
    enum km_mark_state state;
    const char *url, *why; /* `why` may be NULL */
};

/* A folder that cannot be written is no reason not to ship: nothing is said. */
void km_mark_write(const char *folder, const struct km_mark *mark);

/* The place that an earlier shipper to `url` left; (0, 0) without one. */
struct km_ship_place km_mark_place(const char *folder, const char *url);

#endif
