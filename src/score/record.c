/* record.c - notes of forecasts: written, resolved, scored. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "score/note_fields.h"
#include "score/outlook.h"

static const struct km_str KEPT = {"forecast", 8};
static const struct km_str RESOLVED = {"forecast.resolved", 17};
static const double PASSED = 1.02, AT_END = 1e-9;
enum { FIELDS = 14 };

/* Values in the metric's own direction. */
struct said {
    uint64_t run_id;
    int64_t made_ns;
    const char *key, *project, *metric, *rung, *forecaster;
    double group; /* of the run's configuration */
    double origin, target, value, lo, hi, level;
    double last, line; /* what "nothing changes" and a log-log line say */
    double truth;      /* NaN: open */
};

static enum km_code fail_full(struct km_err *err)
{
    return km_fail(err, KM_ELIMIT,
                   "the record of forecasts does not fit the memory allowed "
                   "for one command");
}

static void list_fields(struct said *said, struct km_note_field *fields)
{
    const struct km_note_field rows[FIELDS] = {
        {"project", NULL, &said->project},
        {"metric", NULL, &said->metric},
        {"group", &said->group, NULL},
        {"origin", &said->origin, NULL},
        {"target", &said->target, NULL},
        {"value", &said->value, NULL},
        {"lo", &said->lo, NULL},
        {"hi", &said->hi, NULL},
        {"level", &said->level, NULL},
        {"last_value", &said->last, NULL},
        {"log_log_line", &said->line, NULL},
        {"rung", NULL, &said->rung},
        {"forecaster", NULL, &said->forecaster},
        {"truth", &said->truth, NULL},
    };
    memcpy(fields, rows, sizeof rows);
}

static enum km_code put(struct km_store *store, struct km_str kind,
                        struct said *said, struct km_err *err)
{
    struct km_note_field fields[FIELDS];
    const struct km_note note = {.run_id = said->run_id,
                                 .kind = kind,
                                 .key = km_str_of(said->key),
                                 .time_ns = said->made_ns};
    list_fields(said, fields);
    return km_note_write(store, &note, fields, FIELDS, err);
}

/* All notes of a kind, of one run or of all (0), sorted by run and key. */
struct reading {
    struct km_arena *arena;
    struct said *rows;
    size_t count, cap;
    bool full;
};

static bool make_room(struct reading *reading)
{
    if (reading->count < reading->cap) {
        return true;
    }
    size_t wider = reading->cap ? 2 * reading->cap : 64;
    struct said *moved = km_new(reading->arena, struct said, wider);
    if (moved && reading->count) {
        memcpy(moved, reading->rows, reading->count * sizeof *moved);
    }
    if (moved) {
        reading->rows = moved;
        reading->cap = wider;
    }
    return moved != NULL;
}

static bool take_note(void *user, const struct km_note *note)
{
    struct reading *reading = user;
    struct said said = {.run_id = note->run_id,
                        .made_ns = note->time_ns,
                        .project = "",
                        .metric = "",
                        .rung = "",
                        .forecaster = "",
                        .group = NAN,
                        .origin = NAN,
                        .target = NAN,
                        .value = NAN,
                        .lo = NAN,
                        .hi = NAN,
                        .level = NAN,
                        .last = NAN,
                        .line = NAN,
                        .truth = NAN};
    struct km_note_field fields[FIELDS];
    list_fields(&said, fields);
    said.key = km_arena_copy(reading->arena, note->key.ptr, note->key.len);
    reading->full |= !said.key || !make_room(reading);
    if (!reading->full &&
        km_note_read(note, fields, FIELDS, reading->arena, &reading->full)) {
        reading->rows[reading->count++] = said;
    }
    return !reading->full && reading->count < KM_RECORD_NOTES_MAX;
}

static int by_run_and_key(const void *a, const void *b)
{
    const struct said *x = a, *y = b;
    return x->run_id != y->run_id ? (x->run_id > y->run_id ? 1 : -1)
                                  : strcmp(x->key, y->key);
}

static enum km_code read_notes(struct km_store *store, struct km_str kind,
                               uint64_t run_id, struct km_arena *arena,
                               struct reading *reading, struct km_err *err)
{
    *reading = (struct reading){.arena = arena};
    enum km_code code =
        km_store_read_notes(store, kind, run_id, take_note, reading, err);
    if (code == KM_OK && reading->full) {
        return fail_full(err);
    }
    if (reading->count) {
        qsort(reading->rows, reading->count, sizeof *reading->rows,
              by_run_and_key);
    }
    return code;
}

static bool holds(const struct reading *reading, const struct said *said)
{
    return reading->count &&
           bsearch(said, reading->rows, reading->count, sizeof *reading->rows,
                   by_run_and_key) != NULL;
}

/* What the path says of step x; false: nothing. */
static bool say(const struct km_score_input *input,
                const struct km_curve_input *curve, double x, int64_t now_ns,
                struct said *said)
{
    const struct km_path *path = curve->path;
    const struct km_decision *d = km_path_decision(path, x);
    const char *metric = curve->track->name;
    struct km_estimate e = km_outlook_at(curve, x);
    if (!d || !isfinite(d->value) || !isfinite(e.value)) {
        return false;
    }
    const struct km_origin *origin = &path->live.origin;
    size_t t = (size_t)(d - path->live.decisions);
    *said = (struct said){
        .run_id = input->view.run_id,
        .made_ns = now_ns,
        .project = input->view.project,
        .metric = metric,
        .rung = km_rung_name(d->rung),
        .forecaster = km_forecaster_name(d->chosen),
        .group = (double)(input->stored->member.configuration & 0xffffffff),
        .origin = curve->x_now,
        .target = x,
        .value = e.value,
        .lo = e.lo,
        .hi = e.hi,
        .level = path->level,
        .last = curve->sign * origin->last_value,
        .line = curve->sign * origin->targets[t].line,
        .truth = NAN};
    said->key =
        km_arena_printf(input->arena, "%016llx-%.0f-%.0f",
                        (unsigned long long)km_hash(metric, strlen(metric), 0),
                        curve->x_now, x);
    return said->key != NULL;
}

enum km_code km_record_keep(struct km_store *store,
                            const struct km_score_input *input, int64_t now_ns,
                            size_t *kept, struct km_err *err)
{
    bool two = input->valid.track && input->valid.track != input->learn.track;
    const struct km_curve_input *curves[] = {&input->learn,
                                             two ? &input->valid : NULL};
    struct reading before;
    *kept = 0;
    enum km_code code =
        read_notes(store, KEPT, input->view.run_id, input->arena, &before, err);
    for (size_t c = 0; c < 2 && code == KM_OK; c++) {
        const struct km_curve_input *curve = curves[c];
        for (size_t i = 0;
             curve && curve->path && i <= input->at_count && !code; i++) {
            double x = i < input->at_count ? input->at[i] : input->horizon;
            struct said said;
            if (say(input, curve, x, now_ns, &said) && !holds(&before, &said)) {
                code = put(store, KEPT, &said, err);
                *kept += code == KM_OK;
            }
        }
    }
    return code;
}

enum km_code km_record_origin(struct km_store *store, uint64_t run_id,
                              struct km_arena *arena, double *origin,
                              struct km_err *err)
{
    struct reading kept;
    enum km_code code = read_notes(store, KEPT, run_id, arena, &kept, err);
    *origin = 0;
    for (size_t i = 0; code == KM_OK && i < kept.count; i++) {
        *origin = fmax(*origin, kept.rows[i].origin);
    }
    return code;
}

/* Has the run come far enough? */
static bool resolve(const struct km_stored_run *run, struct said *said)
{
    for (size_t c = 0; c < run->curve_count; c++) {
        const struct km_stored_curve *curve = &run->curves[c];
        if (strcmp(curve->metric, said->metric) != 0) {
            continue;
        }
        bool passed = run->last >= PASSED * said->target;
        bool end = run->done && said->target >= run->planned * (1 - AT_END);
        double x, truth = NAN;
        if (passed || run->ended) {
            km_forecast_truth(&curve->run, NULL, said->origin, said->target,
                              end, &x, &truth);
        }
        said->truth = curve->sign * truth;
    }
    return isfinite(said->truth);
}

enum km_code km_record_resolve(struct km_store *store,
                               const struct km_role_table *roles,
                               struct km_arena *arena, size_t *resolved,
                               struct km_err *err)
{
    struct reading kept, done;
    struct km_arena one;
    struct km_stored_run run = {.last = 0};
    uint64_t loaded = 0;
    *resolved = 0;
    enum km_code code = read_notes(store, KEPT, 0, arena, &kept, err);
    code = code ? code : read_notes(store, RESOLVED, 0, arena, &done, err);
    km_arena_init(&one, KM_ARENA_COMMAND_BYTES_MAX);
    for (size_t i = 0; code == KM_OK && i < kept.count; i++) {
        struct said *said = &kept.rows[i];
        if (holds(&done, said)) {
            continue;
        }
        if (said->run_id != loaded) {
            km_arena_reset(&one);
            loaded = said->run_id;
            code = km_stored_run_load(store, loaded, roles, &one, &run, err);
        }
        if (code == KM_OK && resolve(&run, said)) {
            code = put(store, RESOLVED, said, err);
            *resolved += code == KM_OK;
        }
    }
    km_arena_finish(&one);
    return code;
}

enum km_code km_record_read(struct km_store *store, const char *project,
                            double level, struct km_arena *arena,
                            struct km_record *record, struct km_err *err)
{
    struct reading kept, done;
    *record = (struct km_record){.kept = 0};
    enum km_code code = read_notes(store, KEPT, 0, arena, &kept, err);
    code = code ? code : read_notes(store, RESOLVED, 0, arena, &done, err);
    if (code) {
        return code;
    }
    for (size_t i = 0; i < kept.count; i++) {
        record->kept += strcmp(kept.rows[i].project, project) == 0;
    }
    struct km_resolved *rows =
        km_new(arena, struct km_resolved, done.count + 1);
    double *scratch = km_new(arena, double, 3 * done.count + 1);
    if (!rows || !scratch) {
        return fail_full(err);
    }
    size_t n = 0;
    for (size_t i = 0; i < done.count; i++) {
        const struct said *said = &done.rows[i];
        if (strcmp(said->project, project) == 0 && said->group >= 0) {
            rows[n++] = (struct km_resolved){.group = (unsigned)said->group,
                                             .forecast = said->value,
                                             .truth = said->truth,
                                             .last_value = said->last,
                                             .line = said->line,
                                             .lo = said->lo,
                                             .hi = said->hi,
                                             .pit = NAN};
        }
    }
    record->resolved = n;
    km_forecast_score(rows, n, level, scratch, &record->score);
    return KM_OK;
}
