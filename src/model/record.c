/* record.c - ids, names and the few words that records share. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record.h"

#include <assert.h>

#include "base/hash.h"
#include "base/limits.h"

const char *km_run_state_name(enum km_run_state state)
{
    static const char *const names[] = {"unknown", "running", "finished",
                                        "failed", "killed"};
    assert(state >= KM_RUN_UNKNOWN && state <= KM_RUN_KILLED);
    return names[state];
}

enum km_code km_name_check(struct km_str name, const char *what,
                           struct km_err *err)
{
    if (name.len == 0) {
        return km_fail(err, KM_EINPUT, "%s is empty", what);
    }
    if (name.len > KM_NAME_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT, "%s has %zu bytes, expected at most %d",
                       what, name.len, KM_NAME_BYTES_MAX);
    }
    if (!km_utf8_is_name(name)) {
        return km_fail(err, KM_EINPUT,
                       "%s must be UTF-8 without control characters", what);
    }
    return KM_OK;
}

static struct km_str bytes_of(const uint64_t *id)
{
    return (struct km_str){(const char *)id, sizeof *id};
}

uint64_t km_run_id(struct km_str project, struct km_str external_id)
{
    const struct km_str parts[] = {KM_STR("run"), project, external_id};
    return km_id(parts, 3);
}

uint64_t km_series_id(uint64_t run_id, struct km_str metric,
                      struct km_str labels)
{
    const struct km_str parts[] = {KM_STR("series"), bytes_of(&run_id), metric,
                                   labels};
    return km_id(parts, 4);
}

uint64_t km_attempt_id(uint64_t run_id, uint64_t origin_id, uint32_t part)
{
    uint64_t wide_part = part;
    const struct km_str parts[] = {KM_STR("attempt"), bytes_of(&run_id),
                                   bytes_of(&origin_id), bytes_of(&wide_part)};
    return km_id(parts, 4);
}
