/* reply.h - what a server's answer means for a shipper.
 *
 * One table judges statuses; bodies are JSON of bounded size, and whatever else
 * comes is no answer of ours.
 * Ownership: borrows the body.   Document: docs/protocol.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_REPLY_H
#define KM_SHIP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct km_ship_place {
    uint32_t segment;
    uint64_t offset; /* 0, or that of a slot */
};

enum km_reply_kind {
    KM_REPLY_PLACE,   /* taken, or known: `place` is where to go on */
    KM_REPLY_AGAIN,   /* later: the network, or a server in trouble */
    KM_REPLY_REFUSED, /* this journal is not taken; others may be */
    KM_REPLY_FATAL,   /* nothing will be taken */
};

struct km_reply {
    enum km_reply_kind kind;
    struct km_ship_place place;
    int64_t points; /* stored by the range, as the server counts */
    int64_t damaged;
    int64_t retry_after_s; /* 0: none was asked for */
    struct km_err err;     /* the sentence; of all but PLACE */
};

/* Judges `status` and `body`. `url` is for the sentence. */
void km_reply_judge(struct km_reply *reply, long status, struct km_str body,
                    const char *url);

/* "Wed, 21 Oct ..." is not understood, seconds are; bounded to an hour. */
int64_t km_reply_retry_after(struct km_str value);

#endif
