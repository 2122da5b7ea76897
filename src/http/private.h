/* private.h - the server's own. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_PRIVATE_H
#define KM_HTTP_PRIVATE_H

#include <stdatomic.h>

#include "http/events.h"
#include "http/request.h"
#include "http/score_cache.h"

struct MHD_Daemon;
struct km_deadlines;
struct km_write_queue;

enum { KM_STATUS_CLASSES = 4 }; /* 2xx to 5xx */

/* What /metrics says of the server itself. */
struct km_http_counters {
    int64_t since_ns;
    _Atomic uint64_t answers[KM_STATUS_CLASSES];
    _Atomic uint64_t received_bytes, sent_bytes, points;
};

struct km_http {
    struct km_http_options options;
    struct MHD_Daemon *daemon;
    struct km_deadlines *deadlines;
    struct km_write_queue *writes;
    unsigned port;
    struct km_score_cache cards;
    struct km_fleet_share fleet;
    struct km_events *events;
    struct km_http_counters counters;
};

#endif
