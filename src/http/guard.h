/* guard.h - what is looked at before anything is done: Host, Origin, token.
 *
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_GUARD_H
#define KM_HTTP_GUARD_H

#include "http/request.h"

/* Status of the refusal with its words, or 0: it may go on. */
unsigned km_guard_host(const struct km_http_options *options, const char *host,
                       unsigned port, const char **words);
unsigned km_guard_origin(const char *method, const char *origin,
                         const char *host, const char **words);
/* Fills `grant`. `authorization`: the header or NULL. */
unsigned km_guard_token(const struct km_http_options *options,
                        enum km_scope needed, const char *authorization,
                        struct km_grant *grant, const char **words);

bool km_address_is_loopback(const char *address);

#endif
