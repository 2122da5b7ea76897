/* ship.h - journals into a server, until they are there.
 *
 * Every journal's place is asked for once; then ranges go out from where each
 * answer says. What fails in passing is tried again, with back-off, until
 * nothing has gone through for `wait_ns`; nothing is ever taken from the disk,
 * so what was not shipped is shipped by the next one.
 * Ownership: the arena's.   Threads: one.   Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_SHIP_H
#define KM_SHIP_SHIP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct km_ship_options {
    struct km_arena *arena;
    const char *const *folders;
    size_t folder_count;
    const char *url, *token; /* token: NULL for none */
    int64_t wait_ns;         /* without progress before giving up */
    int timeout_s;           /* of connecting, and of silence */
    bool follow;             /* stay and ship what is added */
    bool until_closed;       /* with follow: until every writer has ended */
    pid_t until_exit;        /* with follow: until this process has; 0: none */
    const atomic_bool *stop;
    void (*say)(void *user, const char *sentence); /* troubles in passing */
    void *user;
};

struct km_ship_counts {
    uint64_t journals, refused; /* refused or damaged ones among them */
    uint64_t points;            /* that the server stored */
    uint64_t bytes, sent_bytes; /* of journal; over the network */
    uint64_t ranges, tries_again;
    uint64_t damaged;    /* slots whose check bits failed at the server */
    uint64_t left_bytes; /* of journal that are not shipped */
};

/* KM_OK: everything is in the server's store. Else the worst that happened; of
 * the journals that could go, all have gone. KM_EINTERRUPTED: `stop`. */
enum km_code km_ship(const struct km_ship_options *options,
                     struct km_ship_counts *counts, struct km_err *err);

#endif
