/* api_fleet.c - all runs at a glance. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "http/api.h"
#include "http/private.h"
#include "report/fleet_json.h"
#include "store/store_rules.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 10000 };

/* What is asked for. */
struct asked {
    struct km_request *request;
    struct km_run_filter filter;
    bool going;
    enum km_fleet_sort sort;
    int64_t skip, limit;
};

static bool is_asked_for(void *user, const struct km_fleet_row *row)
{
    const struct asked *asked = user;
    return km_request_may_see(asked->request, row->run.meta.project) &&
           km_run_matches(&row->run, &asked->filter) &&
           (!asked->going || row->going);
}

static enum km_code read_sort(struct km_request *r, enum km_fleet_sort *sort,
                              struct km_err *err)
{
    const char *text = km_request_query(r, "order");
    *sort = KM_FLEET_NEWEST;
    for (int i = 0; text && i < KM_FLEET_SORTS; i++) {
        if (strcmp(text, km_fleet_sort_names[i]) == 0) {
            *sort = (enum km_fleet_sort)i;
            return KM_OK;
        }
    }
    return text ? km_fail(err, KM_EUSAGE,
                          "order is '%.40s', expected newest, name, velocity "
                          "or best",
                          text)
                : KM_OK;
}

static enum km_code read_asked(struct km_request *r, struct asked *asked,
                               struct km_err *err)
{
    const char *going = km_request_query(r, "going");
    *asked = (struct asked){
        .request = r,
        .filter = {.project = km_str_of(km_request_query(r, "project")),
                   .contains = km_str_of(km_request_query(r, "contains"))},
        .going = going && strcmp(going, "1") == 0,
    };
    enum km_code code = read_sort(r, &asked->sort, err);
    code =
        code ? code
             : km_request_number(r, "skip", 0, INT32_MAX, 0, &asked->skip, err);
    return code ? code
                : km_request_number(r, "limit", 1, PAGE_MAX, PAGE_DEFAULT,
                                    &asked->limit, err);
}

static void write_page(struct km_request *r, const struct km_fleet *fleet,
                       const struct asked *asked, const size_t *order,
                       size_t count)
{
    struct km_json_writer w;
    size_t going = 0, skip = (size_t)asked->skip;
    bool fresh = true;
    char cursor[48];
    km_events_cursor(r->http->events, cursor);
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    km_json_key(&w, "runs");
    km_json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        const struct km_fleet_row *row = &fleet->rows[order[i]];
        going += row->going;
        if (i >= skip && i - skip < (size_t)asked->limit) {
            fresh = fresh && row->fresh;
            km_json_fleet_row(&w, &r->arena, row);
        }
    }
    km_json_array_end(&w);
    km_json_key(&w, "total");
    km_json_int(&w, (int64_t)count);
    km_json_key(&w, "going");
    km_json_int(&w, (int64_t)going);
    km_json_key(&w, "fresh");
    km_json_bool(&w, fresh);
    km_json_key(&w, "cursor");
    km_json_text(&w, cursor);
    km_json_object_end(&w);
}

enum km_code km_api_fleet(struct km_request *r, struct km_err *err)
{
    struct km_fleet_share *share = &r->http->fleet;
    struct asked asked;
    enum km_code code = read_asked(r, &asked, err);
    if (code) {
        return code;
    }
    code = km_fleet_share_hold(share, false, err);
    const struct km_fleet *fleet = &share->fleet;
    size_t *order =
        code ? NULL : km_new(&r->arena, size_t, share->fleet.count + 1);
    if (code == KM_OK && !order) {
        code = km_fail(err, KM_EMEMORY, "no memory for a list of runs");
    }
    if (code == KM_OK) {
        size_t count =
            km_fleet_arrange(fleet, asked.sort, is_asked_for, &asked, order);
        size_t skip = (size_t)asked.skip < count ? (size_t)asked.skip : count;
        size_t left = count - skip, limit = (size_t)asked.limit;
        code = km_fleet_share_compute(share, order + skip,
                                      left < limit ? left : limit, err);
        if (code == KM_OK) {
            write_page(r, fleet, &asked, order, count);
        }
    }
    km_fleet_share_release(share);
    return code;
}
