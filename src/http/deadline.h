/* deadline.h - connections that take too long are cut.
 *
 * The library's own time-out is for silence: a client that sends a byte now and
 * then would hold a connection for days. Each connection has one time by which
 * it must have got on; a thread shuts down those that have not.
 * Ownership: the caller's.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_DEADLINE_H
#define KM_HTTP_DEADLINE_H

#include "base/clock.h"
#include "base/err.h"

struct km_deadlines;
struct km_deadline; /* of one connection */

/* NULL: no memory, or no thread. */
struct km_deadlines *km_deadlines_create(const struct km_clock *clock);
/* Nothing may be left in it but what nobody uses any more. */
void km_deadlines_destroy(struct km_deadlines *deadlines);

/* `ms` from now; below 0: none. NULL: no memory. */
struct km_deadline *km_deadline_add(struct km_deadlines *deadlines, int fd,
                                    int64_t ms);
void km_deadline_set(struct km_deadlines *deadlines,
                     struct km_deadline *deadline, int64_t ms);
void km_deadline_remove(struct km_deadlines *deadlines,
                        struct km_deadline *deadline);

#endif
