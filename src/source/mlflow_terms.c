/* mlflow_terms.c - states, tags and times of MLflow. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mlflow_terms.h"

enum km_run_state km_mlflow_state(struct km_str status)
{
    static const struct {
        const char *word, *number;
        enum km_run_state state;
    } rows[] = {
        {"RUNNING", "1", KM_RUN_RUNNING},   {"SCHEDULED", "2", KM_RUN_UNKNOWN},
        {"FINISHED", "3", KM_RUN_FINISHED}, {"FAILED", "4", KM_RUN_FAILED},
        {"KILLED", "5", KM_RUN_KILLED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (km_str_is(status, rows[i].word) ||
            km_str_is(status, rows[i].number)) {
            return rows[i].state;
        }
    }
    return KM_RUN_UNKNOWN;
}

void km_mlflow_tag(struct km_emit *emit, struct km_run_meta *meta,
                   struct km_str key, struct km_str value)
{
    if (km_str_is(key, "mlflow.runName")) {
        meta->name = meta->name.len ? meta->name : value;
        return;
    }
    if (km_str_is(key, "mlflow.note.content")) {
        meta->notes = value;
        return;
    }
    if (km_str_is(key, "mlflow.parentRunId")) {
        meta->parent = value;
    } else if (km_str_is(key, "mlflow.source.git.commit")) {
        key = KM_STR("git_commit");
    } else if (km_str_is(key, "mlflow.user")) {
        key = KM_STR("user");
    } else if (km_str_is(key, "mlflow.source.name")) {
        key = KM_STR("command");
    }
    km_emit_attribute_text(emit, KM_ATTRIBUTE_TAG, key, value);
}

int64_t km_mlflow_time(int64_t ms)
{
    const int64_t ms_max = INT64_MAX / 1000000;
    return ms > 0 && ms < ms_max ? ms * 1000000 : KM_TIME_ABSENT;
}
