/* write_queue.h - requests that write, many in one transaction.
 *
 * A request that waits here has its connection suspended. One thread takes all
 * that wait, has each handler change the tracker, commits once, and only then
 * lets the answers go: acknowledged means durable, and the price of a commit is
 * shared. When the commit fails, all that it held are told so.
 * Ownership: the server's; requests stay whose they are.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_WRITE_QUEUE_H
#define KM_HTTP_WRITE_QUEUE_H

#include "http/request.h"

struct km_write_queue;

/* NULL: no memory, or no thread. */
struct km_write_queue *km_write_queue_create(struct km_tracker *tracker);

/* KM_EBUSY: KM_WRITE_QUEUE_MAX wait already, or the server ends; the request
 * is the caller's again. */
enum km_code km_write_queue_add(struct km_write_queue *queue,
                                struct km_request *request, struct km_err *err);

/* Takes nothing more, finishes what waits. */
void km_write_queue_stop(struct km_write_queue *queue);
void km_write_queue_destroy(struct km_write_queue *queue);

#endif
