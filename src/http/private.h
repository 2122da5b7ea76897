/* private.h - the server's own. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_PRIVATE_H
#define KM_HTTP_PRIVATE_H

#include "http/request.h"
#include "http/score_cache.h"

struct MHD_Daemon;
struct km_deadlines;

struct km_http {
    struct km_http_options options;
    struct MHD_Daemon *daemon;
    struct km_deadlines *deadlines;
    unsigned port;
    struct km_score_cache cards;
};

#endif
