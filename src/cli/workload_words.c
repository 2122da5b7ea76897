/* workload_words.c - one after the other, each a name, a metric, a target. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/workload_words.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

/* False: it is none. The texts stay the caller's. */
static bool split(struct km_str text, struct km_str *name,
                  struct km_str *metric, int *better, double *target)
{
    size_t equals = km_str_find(text, '=', 0);
    if (equals == text.len) {
        return false;
    }
    struct km_str value = {text.ptr + equals + 1, text.len - equals - 1};
    char before = equals ? text.ptr[equals - 1] : '=';
    *better = before == '<' ? -1 : before == '>' ? 1 : 0;
    *name = (struct km_str){text.ptr, equals - (*better != 0)};
    *metric = (struct km_str){text.ptr, 0};
    if (*better) {
        size_t colon = km_str_find(*name, ':', 0);
        if (colon + 1 >= name->len) {
            return false;
        }
        *metric = (struct km_str){name->ptr + colon + 1, name->len - colon - 1};
        name->len = colon;
    }
    return name->len && km_number_parse(value, target) && isfinite(*target);
}

enum km_code km_read_workloads(struct km_cli *cli, const char *text,
                               struct km_workload *workloads, size_t *count,
                               struct km_err *err)
{
    *count = 0;
    while (*text) {
        const char *comma = strchr(text, ',');
        struct km_str one = {text,
                             comma ? (size_t)(comma - text) : strlen(text)};
        struct km_workload *w = &workloads[*count];
        struct km_str name, metric;
        int better;
        if (!split(one, &name, &metric, &better, &w->target)) {
            return km_fail(err, KM_EUSAGE,
                           "--workloads takes NAME=TARGET or "
                           "NAME:METRIC<=TARGET (or >=), separated by commas; "
                           "'%.*s' is none",
                           (int)(one.len < 60 ? one.len : 60), one.ptr);
        }
        w->name = km_arena_copy(&cli->arena, name.ptr, name.len);
        w->metric =
            better ? km_arena_copy(&cli->arena, metric.ptr, metric.len) : NULL;
        w->sign = better > 0 ? -1 : 1;
        if (!w->name || (better && !w->metric)) {
            return km_fail(err, KM_EMEMORY, "no memory for the comparison");
        }
        text += one.len + (comma != NULL);
        if (++*count == KM_WORKLOADS_MAX && *text) {
            return km_fail(err, KM_EUSAGE, "--workloads takes at most %d",
                           KM_WORKLOADS_MAX);
        }
    }
    return *count ? KM_OK
                  : km_fail(err, KM_EUSAGE, "--workloads names no workload");
}
