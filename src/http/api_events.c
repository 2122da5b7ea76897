/* api_events.c - a stream of what changes. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/api.h"
#include "http/private.h"

enum km_code km_api_events(struct km_request *r, struct km_err *err)
{
    const char *run = km_request_query(r, "run");
    const char *after = km_request_header(r, "Last-Event-ID");
    struct km_str project = km_str_of(km_request_query(r, "project"));
    uint64_t id = 0;
    if (run) {
        r->parameters[0] = km_str_of(run);
        enum km_code code = km_request_id(r, 0, &id, err);
        if (code) {
            return code;
        }
    }
    if (r->grant.project.len) {
        if (project.len && !km_str_equal(project, r->grant.project)) {
            return km_fail(err, KM_ENOTFOUND, "there is no such project");
        }
        project = r->grant.project;
    }
    r->content_type = "text/event-stream";
    if (r->head) {
        return KM_OK;
    }
    after = after ? after : km_request_query(r, "after");
    r->viewer =
        km_viewer_create(r->http->events, r->connection, after, id, project);
    return r->viewer ? KM_OK
                     : km_fail(err, KM_EBUSY, "%d streams are open already",
                               KM_VIEWERS_MAX);
}
