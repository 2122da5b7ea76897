/* api_runs.c - runs: which there are, what each has, what it is worth. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "http/api.h"
#include "http/private.h"
#include "report/run_json.h"
#include "score/fleet.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 10000 };

struct listing {
    struct km_request *request;
    struct km_json_writer w;
    int64_t limit, written;
    bool more;
};

static void write_row(struct km_request *r, struct km_json_writer *w,
                      const struct km_run_row *row)
{
    km_json_object_begin(w);
    km_json_id(w, "id", row->id);
    km_json_run_row(w, &r->arena, row);
    km_json_object_end(w);
}

static bool list_run(void *user, const struct km_run_row *row)
{
    struct listing *l = user;
    if (!km_request_may_see(l->request, row->meta.project)) {
        return true;
    }
    l->more = l->written == l->limit;
    if (!l->more) {
        write_row(l->request, &l->w, row);
        l->written++;
    }
    return !l->more;
}

enum km_code km_api_runs(struct km_request *r, struct km_err *err)
{
    const char *project = km_request_query(r, "project");
    const char *contains = km_request_query(r, "contains");
    const char *order = km_request_query(r, "order");
    struct listing l = {.request = r};
    int64_t skip;
    enum km_code code =
        km_request_number(r, "limit", 1, PAGE_MAX, PAGE_DEFAULT, &l.limit, err);
    code =
        code ? code
             : km_request_number(r, "cursor", 0, INT64_MAX / 2, 0, &skip, err);
    if (code) {
        return code;
    }
    const struct km_run_filter filter = {
        .project = r->grant.project.len ? r->grant.project
                   : project            ? km_str_of(project)
                                        : KM_STR(""),
        .contains = contains ? km_str_of(contains) : KM_STR(""),
        .order = order && strcmp(order, "name") == 0 ? KM_ORDER_NAME
                                                     : KM_ORDER_NEWEST,
        .skip = (uint64_t)skip,
        .limit = (uint64_t)l.limit + 1};
    km_json_writer_init(&l.w, &r->reply);
    km_json_object_begin(&l.w);
    km_json_key(&l.w, "runs");
    km_json_array_begin(&l.w);
    code = km_store_list_runs(r->options->store, &filter, list_run, &l, err);
    km_json_array_end(&l.w);
    km_json_key(&l.w, "next");
    if (l.more) {
        km_json_int(&l.w, skip + l.written);
    } else {
        km_json_null(&l.w);
    }
    km_json_object_end(&l.w);
    return code;
}

/* ---- one run ---- */

struct found {
    struct km_request *request;
    struct km_run_row row; /* texts in the request's arena */
    bool any, full;
};

static bool copy(struct km_request *r, struct km_str *text)
{
    text->ptr = km_arena_copy(&r->arena, text->len ? text->ptr : "", text->len);
    return text->ptr != NULL;
}

static bool take_run(void *user, const struct km_run_row *row)
{
    struct found *found = user;
    struct km_run_meta *meta = &found->row.meta;
    found->any = true;
    found->row = *row;
    struct km_str *const texts[] = {
        &meta->project, &meta->external_id, &meta->name, &meta->group,
        &meta->parent,  &meta->source,      &meta->notes};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        found->full |= !copy(found->request, texts[i]);
    }
    return false;
}

/* What a token may not see is not there. */
enum km_code km_api_find_run(struct km_request *r, struct km_run_row *row,
                             struct km_err *err)
{
    struct found found = {.request = r};
    uint64_t id;
    enum km_code code = km_request_id(r, 0, &id, err);
    const struct km_run_filter filter = {.id = id, .limit = 1};
    if (code == KM_OK && id) {
        code = km_store_list_runs(r->options->store, &filter, take_run, &found,
                                  err);
    }
    if (code == KM_OK && found.full) {
        code = km_fail(err, KM_EMEMORY, "no memory for a run");
    }
    if (code == KM_OK &&
        (!found.any || !km_request_may_see(r, found.row.meta.project))) {
        code = km_fail(err, KM_ENOTFOUND, "there is no run %016" PRIx64, id);
    }
    *row = found.row;
    return code;
}

enum km_code km_api_run(struct km_request *r, struct km_err *err)
{
    struct km_run_row row;
    enum km_code code = km_api_find_run(r, &row, err);
    if (code == KM_OK) {
        struct km_json_writer w;
        km_json_writer_init(&w, &r->reply);
        write_row(r, &w, &row);
    }
    return code;
}

struct attributes {
    struct km_json_writer w;
    enum km_attribute_kind kind;
};

static bool write_attribute(void *user, const struct km_attribute *row)
{
    struct attributes *a = user;
    if (row->kind == a->kind) {
        km_json_key_str(&a->w, row->key);
        km_json_raw(&a->w, row->value_json);
    }
    return true;
}

enum km_code km_api_run_config(struct km_request *r, struct km_err *err)
{
    static const struct {
        const char *key;
        enum km_attribute_kind kind;
    } parts[] = {{"config", KM_ATTRIBUTE_CONFIG}, {"tags", KM_ATTRIBUTE_TAG}};
    struct km_run_row row;
    struct attributes a = {.kind = KM_ATTRIBUTE_CONFIG};
    enum km_code code = km_api_find_run(r, &row, err);
    km_json_writer_init(&a.w, &r->reply);
    km_json_object_begin(&a.w);
    for (size_t i = 0; i < 2 && code == KM_OK; i++) {
        a.kind = parts[i].kind;
        km_json_key(&a.w, parts[i].key);
        km_json_object_begin(&a.w);
        code = km_store_list_attributes(r->options->store, row.id,
                                        write_attribute, &a, err);
        km_json_object_end(&a.w);
    }
    km_json_object_end(&a.w);
    return code;
}

static bool write_series(void *user, const struct km_series_row *row)
{
    struct listing *l = user;
    struct km_json_writer *w = &l->w;
    const struct km_series_summary *s = &row->summary;
    struct km_role_of of =
        km_role_find(l->request->options->roles, row->metric, row->labels);
    km_json_object_begin(w);
    km_json_id(w, "id", row->id);
    km_json_key(w, "metric");
    km_json_str(w, row->metric);
    km_json_key(w, "labels");
    km_json_str(w, row->labels);
    km_json_key(w, "role");
    km_json_text(w, of.role == KM_ROLE_NONE ? NULL : km_role_word(of.role));
    km_json_key(w, "unit");
    km_json_text(w, of.unit);
    km_json_key(w, "points");
    km_json_int(w, (int64_t)s->n);
    km_json_key(w, "nonfinite");
    km_json_int(w, (int64_t)(s->n_nan + s->n_posinf + s->n_neginf));
    km_json_step(w, "first_step", s->n ? s->min_step : KM_STEP_ABSENT);
    km_json_step(w, "last_step", s->n ? s->max_step : KM_STEP_ABSENT);
    const struct {
        const char *key;
        double value;
    } values[] = {{"first", s->first},
                  {"last", s->last},
                  {"min", s->min},
                  {"max", s->max}};
    for (size_t i = 0; i < 4; i++) {
        km_json_key(w, values[i].key);
        km_json_double(w, values[i].value);
    }
    km_json_object_end(w);
    return true;
}

enum km_code km_api_run_series(struct km_request *r, struct km_err *err)
{
    struct km_run_row row;
    struct listing l = {.request = r};
    enum km_code code = km_api_find_run(r, &row, err);
    km_json_writer_init(&l.w, &r->reply);
    km_json_object_begin(&l.w);
    km_json_key(&l.w, "series");
    km_json_array_begin(&l.w);
    if (code == KM_OK) {
        code = km_store_list_series(r->options->store, row.id, write_series, &l,
                                    err);
    }
    km_json_array_end(&l.w);
    km_json_object_end(&l.w);
    return code;
}

enum km_code km_api_run_card(struct km_request *r, struct km_err *err)
{
    struct km_run_row row;
    struct km_score_options options;
    enum km_code code = km_api_find_run(r, &row, err);
    if (code) {
        return code;
    }
    uint64_t version = km_run_state_version(&row);
    const char *etag = km_arena_printf(&r->arena, "%016" PRIx64, version);
    if (!etag || km_request_is_known(r, etag)) {
        return etag ? KM_OK : km_fail(err, KM_EMEMORY, "no memory for a tag");
    }
    km_score_options_init(&options);
    options.roles = r->options->roles;
    options.clock = r->options->clock;
    return km_score_cache_card(&r->http->cards, r->options->store, row.id,
                               version, &options, &r->reply, err);
}
