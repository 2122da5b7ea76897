/* record.c - everything that is logged and is not a point: rare, so it takes
 * the run's lock and builds its payload in the run's one scratch. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void km_client_put_string(struct km_run *run, enum km_journal_field_id id,
                          const char *text)
{
    if (text && *text) {
        km_journal_put_text(&run->scratch, id, text, strlen(text));
    }
}

/* Writes the scratch as one record and empties it. */
bool km_client_publish(struct km_run *run, enum km_journal_kind kind)
{
    struct km_journal_payload *payload = &run->scratch;
    uint32_t slot = 0, count = km_journal_slots_of(payload->len);
    struct km_segment *segment = NULL;
    if (payload->failed) {
        km_client_say(run, "a text longer than %d bytes was not recorded",
                      KM_JOURNAL_PAYLOAD_BYTES_MAX);
        atomic_fetch_add(&run->dropped, 1);
    } else {
        segment = km_client_reserve(run, count, 1, &slot);
    }
    if (segment) {
        km_journal_record_publish(segment->base, slot, segment->salt, kind,
                                  payload->bytes, payload->len);
        atomic_fetch_add(&run->other_slots, count);
    }
    payload->len = 0;
    payload->failed = false;
    return segment != NULL;
}

static void begin(struct km_run *run)
{
    km_client_wait_for_room(run);
    pthread_mutex_lock(&run->lock);
    if (atomic_load(&run->forked)) {
        atomic_store(&run->forked, false);
        (void)km_client_writer_open(run);
    }
}

static void end(struct km_run *run)
{
    pthread_mutex_unlock(&run->lock);
}

/* The newest clock: since the first reading the counter was measured against
 * the monotonic clock, the longer the better. */
static void fill_clock(struct km_run *run, uint64_t words[4])
{
    struct km_clock_pair now;
    km_client_clock_read(run, &now);
    uint64_t ticks = now.counter - run->clock_first.counter;
    int64_t ns = now.monotonic_ns - run->clock_first.monotonic_ns;
    if (ticks > 0 && ns > 0) {
        run->ns_per_tick = (double)ns / (double)ticks;
    }
    words[0] = km_journal_word(KM_JOURNAL_CLOCK, 0);
    words[1] = (uint64_t)now.wall_ns;
    words[2] = now.counter;
    memcpy(&words[3], &run->ns_per_tick, 8);
}

void km_client_clock_record(struct km_run *run)
{
    uint64_t words[4];
    uint32_t slot;
    if (!run->counter_clock) {
        return;
    }
    struct km_segment *segment = km_client_reserve(run, 1, 0, &slot);
    if (segment) {
        fill_clock(run, words);
        km_journal_publish(segment->base, slot, segment->salt, words);
        atomic_fetch_add(&run->other_slots, 1);
    }
}

/* Writes the scratch into a segment that is not in use yet. */
static void publish_into(struct km_run *run, struct km_segment *segment,
                         enum km_journal_kind kind)
{
    struct km_journal_payload *payload = &run->scratch;
    uint32_t count = km_journal_slots_of(payload->len);
    uint64_t at = atomic_fetch_add(&segment->next_slot, count);
    if (!payload->failed && at + count <= segment->slot_count) {
        km_journal_record_publish(segment->base, (uint32_t)at, segment->salt,
                                  kind, payload->bytes, payload->len);
        atomic_fetch_add(&run->other_slots, count);
    } else if (at < segment->slot_count) {
        uint32_t rest = segment->slot_count - (uint32_t)at;
        km_journal_pad(segment->base, (uint32_t)at, rest, segment->salt);
        atomic_fetch_add(&run->other_slots, rest);
    }
    payload->len = 0;
    payload->failed = false;
}

/* What every segment begins with: clock, run, metrics. */
void km_client_preamble(struct km_run *run, struct km_segment *segment)
{
    uint64_t words[4];
    if (run->counter_clock) {
        fill_clock(run, words);
        uint32_t slot = (uint32_t)atomic_fetch_add(&segment->next_slot, 1);
        km_journal_publish(segment->base, slot, segment->salt, words);
        atomic_fetch_add(&run->other_slots, 1);
    }
    km_client_put_string(run, KM_FIELD_RUN, run->key);
    km_client_put_string(run, KM_FIELD_PROJECT, run->project);
    km_client_put_string(run, KM_FIELD_NAME, run->name);
    km_client_put_string(run, KM_FIELD_GROUP, run->group);
    km_client_put_string(run, KM_FIELD_PARENT, run->parent);
    km_client_put_string(run, KM_FIELD_NOTES, run->notes);
    km_journal_put_integer(&run->scratch, KM_FIELD_RANK,
                           run->child_pid ? -1 : run->rank);
    km_journal_put_integer(&run->scratch, KM_FIELD_RESUMED, run->resumed);
    publish_into(run, segment, KM_JOURNAL_RUN);
    for (struct km_metric *m = run->metrics; m; m = m->older) {
        (void)km_client_metric_payload(run, m);
        publish_into(run, segment, KM_JOURNAL_METRIC);
    }
}

void km_client_key_value(struct km_run *run, enum km_journal_kind kind,
                         const char *key, const char *json)
{
    if (!run || !key || !*key || !json) {
        return;
    }
    begin(run);
    km_client_put_string(run, KM_FIELD_KEY, key);
    km_client_put_string(run, KM_FIELD_VALUE_JSON, json);
    (void)km_client_publish(run, kind);
    end(run);
}

static void key_text(struct km_run *run, enum km_journal_kind kind,
                     const char *key, char *json)
{
    km_client_key_value(run, kind, key, json);
    free(json);
}

void km_run_config_text(struct km_run *run, const char *key, const char *text)
{
    key_text(run, KM_JOURNAL_CONFIG, key, km_client_json_text(text));
}

void km_run_config_number(struct km_run *run, const char *key, double value)
{
    key_text(run, KM_JOURNAL_CONFIG, key, km_client_json_number(value));
}

void km_run_config_integer(struct km_run *run, const char *key, int64_t value)
{
    char json[24];
    (void)snprintf(json, sizeof json, "%lld", (long long)value);
    km_client_key_value(run, KM_JOURNAL_CONFIG, key, json);
}

void km_run_config_json(struct km_run *run, const char *key, const char *json)
{
    km_client_key_value(run, KM_JOURNAL_CONFIG, key, json);
}

void km_run_tag(struct km_run *run, const char *key, const char *text)
{
    key_text(run, KM_JOURNAL_TAG, key, km_client_json_text(text));
}

void km_run_model(struct km_run *run, const struct km_run_model *model)
{
    const struct {
        const char *key;
        int64_t value;
    } rows[] = {
        {"model.params", model ? model->params : 0},
        {"model.layers", model ? model->layers : 0},
        {"model.heads", model ? model->heads : 0},
        {"model.head_dim", model ? model->head_dim : 0},
        {"model.seq_len", model ? model->seq_len : 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value > 0) {
            km_run_config_integer(run, rows[i].key, rows[i].value);
        }
    }
}

void km_client_event(struct km_run *run, const char *kind, const char *name,
                     int64_t step, const char *detail_json)
{
    km_client_put_string(run, KM_FIELD_KIND, kind);
    km_client_put_string(run, KM_FIELD_NAME, name);
    km_client_put_string(run, KM_FIELD_DETAIL_JSON, detail_json);
    km_journal_put_integer(&run->scratch, KM_FIELD_TIME_NS,
                           km_client_wall_ns());
    if (step != KM_STEP_NONE) {
        km_journal_put_integer(&run->scratch, KM_FIELD_STEP, step);
    }
    (void)km_client_publish(run, KM_JOURNAL_EVENT);
}

void km_run_event(struct km_run *run, const char *kind, const char *name,
                  int64_t step, const char *detail_json)
{
    if (!run || !kind) {
        return;
    }
    begin(run);
    km_client_event(run, kind, name, step, detail_json);
    end(run);
}

void km_run_evaluate(struct km_run *run,
                     const struct km_run_evaluation *evaluation)
{
    const struct km_run_evaluation *e = evaluation;
    if (!run || !e || !e->task || !e->metric) {
        return;
    }
    begin(run);
    struct km_journal_payload *payload = &run->scratch;
    km_client_put_string(run, KM_FIELD_TASK, e->task);
    km_client_put_string(run, KM_FIELD_METRIC, e->metric);
    km_client_put_string(run, KM_FIELD_VERSION, e->version);
    km_client_put_string(run, KM_FIELD_FILTER, e->filter);
    km_client_put_string(run, KM_FIELD_SUBSET, e->subset);
    km_client_put_string(run, KM_FIELD_MODEL, e->model);
    km_client_put_string(run, KM_FIELD_STAGE, e->stage);
    km_journal_put_double(payload, KM_FIELD_VALUE, e->value);
    km_journal_put_double(payload, KM_FIELD_STDERR, e->standard_error);
    km_journal_put_integer(payload, KM_FIELD_COUNT, e->n > 0 ? e->n : -1);
    km_journal_put_double(payload, KM_FIELD_COST_SECONDS,
                          e->cost_seconds > 0 ? e->cost_seconds : (double)NAN);
    km_journal_put_integer(payload, KM_FIELD_HIGHER_IS_BETTER,
                           e->higher_is_better);
    km_journal_put_integer(payload, KM_FIELD_TIME_NS, km_client_wall_ns());
    if (e->step != KM_STEP_NONE) {
        km_journal_put_integer(payload, KM_FIELD_STEP, e->step);
    }
    (void)km_client_publish(run, KM_JOURNAL_EVALUATION);
    end(run);
}

void km_run_restart(struct km_run *run, int64_t step)
{
    uint32_t slot;
    if (!run) {
        return;
    }
    begin(run);
    struct km_segment *segment = km_client_reserve(run, 1, 0, &slot);
    if (segment) {
        unsigned kind = KM_JOURNAL_RESTART | KM_JOURNAL_WALL_TIME;
        uint64_t words[4] = {km_journal_word(kind, 0), (uint64_t)step,
                             (uint64_t)km_client_wall_ns(), 0};
        km_journal_publish(segment->base, slot, segment->salt, words);
        atomic_fetch_add(&run->other_slots, 1);
    }
    end(run);
}

void km_client_finish(struct km_run *run, enum km_run_end how)
{
    struct km_run_counters counters;
    if (run->finished || !run->owns_finish) {
        return;
    }
    run->finished = true;
    km_client_count(run, &counters);
    struct km_journal_payload *payload = &run->scratch;
    km_journal_put_integer(payload, KM_FIELD_STATE, how);
    km_journal_put_integer(payload, KM_FIELD_TIME_NS, km_client_wall_ns());
    km_journal_put_integer(payload, KM_FIELD_POINTS, (int64_t)counters.points);
    km_journal_put_integer(payload, KM_FIELD_DROPPED,
                           (int64_t)counters.dropped);
    km_journal_put_integer(payload, KM_FIELD_BYTES, (int64_t)counters.bytes);
    km_journal_put_integer(payload, KM_FIELD_LOG_NS, (int64_t)counters.log_ns);
    km_journal_put_integer(payload, KM_FIELD_LOG_SAMPLES,
                           (int64_t)counters.log_samples);
    (void)km_client_publish(run, KM_JOURNAL_FINISH);
}

void km_run_finish(struct km_run *run, enum km_run_end how)
{
    if (run) {
        pthread_mutex_lock(&run->lock);
        km_client_finish(run, how);
        pthread_mutex_unlock(&run->lock);
    }
}
