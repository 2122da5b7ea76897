/* upload.h - one connection to a server, by libcurl, with every bound set.
 *
 * http and https only; a redirect is not followed, an answer has at most
 * KM_SHIP_ANSWER_BYTES_MAX, silence and dribbling are cut.
 * Ownership: the upload owns the connection; texts given must outlive it.
 * Threads: one at a time. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_UPLOAD_H
#define KM_SHIP_UPLOAD_H

#include <stdatomic.h>

#include "base/arena.h"
#include "ship/reply.h"

struct km_upload;

struct km_upload_options {
    struct km_arena *arena;
    const char *url;   /* of the server */
    const char *token; /* NULL: none */
    int timeout_s;     /* of connecting, and of silence */
    const atomic_bool *stop;
};

/* KM_EUSAGE: the URL is none, or holds a name or password. */
enum km_code km_upload_open(const struct km_upload_options *options,
                            struct km_upload **upload, struct km_err *err);
void km_upload_close(struct km_upload *upload);

/* The server's address without a trailing slash, as it is said. */
const char *km_upload_url(const struct km_upload *upload);

/* GET of where the server stands with a journal. */
void km_upload_ask(struct km_upload *upload, const char *writer,
                   struct km_reply *reply);

struct km_upload_range {
    const char *writer;
    uint32_t segment;
    uint64_t offset;
    struct km_str bytes;
    bool gone; /* what lies between is deleted */
};

/* POST of a range. `sent_bytes` grows by what went over the network. */
void km_upload_send(struct km_upload *upload,
                    const struct km_upload_range *range, uint64_t *sent_bytes,
                    struct km_reply *reply);

#endif
