/* open.c - a run from options and surroundings, its counters, its end. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FINISH_WAIT_MS = 5000 };

static const char *const rank_names[] = {"RANK",         "OMPI_COMM_WORLD_RANK",
                                         "PMI_RANK",     "PMIX_RANK",
                                         "SLURM_PROCID", NULL};
static const char *const world_names[] = {"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE",
                                          "PMI_SIZE", "SLURM_NTASKS", NULL};

/* The option, else the variable, else the other text; copied. */
static char *choose(const char *option, const char *variable, const char *other)
{
    const char *text = option && *option ? option : NULL;
    if (!text && variable) {
        text = getenv(variable);
    }
    if (!text || !*text) {
        text = other;
    }
    return km_client_copy(text);
}

/* "20261123-010203-4f2a91": sorts by time, differs by chance. */
static void make_up_key(char *out, size_t out_size)
{
    unsigned char random[3];
    struct tm utc;
    time_t now = (time_t)(km_client_wall_ns() / 1000000000);
    km_client_random(random, sizeof random);
    (void)gmtime_r(&now, &utc);
    (void)snprintf(out, out_size, "%04d%02d%02d-%02d%02d%02d-%02x%02x%02x",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                   utc.tm_min, utc.tm_sec, random[0], random[1], random[2]);
}

/* A text that an import would refuse is left out now, and said: it must not
 * cost the points. */
static void check_text(struct km_run *run, char **text, const char *what,
                       size_t bytes_max, bool is_name)
{
    if (*text && (strlen(*text) > bytes_max ||
                  !(is_name ? km_utf8_is_name(km_str_of(*text))
                            : km_utf8_is_valid(km_str_of(*text))))) {
        km_client_say(run,
                      "the %s is left out: expected UTF-8 of at most %zu "
                      "bytes%s",
                      what, bytes_max,
                      is_name ? ", without control characters" : "");
        free(*text);
        *text = NULL;
    }
}

static void check_texts(struct km_run *run, const char *key)
{
    check_text(run, &run->key, "id of the run", KM_NAME_BYTES_MAX, true);
    check_text(run, &run->project, "project", KM_NAME_BYTES_MAX, true);
    check_text(run, &run->name, "name of the run", KM_NAME_BYTES_MAX, true);
    check_text(run, &run->group, "group", KM_NAME_BYTES_MAX, true);
    check_text(run, &run->parent, "parent", KM_NAME_BYTES_MAX, true);
    check_text(run, &run->notes, "text of notes", KM_CONFIG_VALUE_BYTES_MAX,
               false);
    run->key = run->key ? run->key : km_client_copy(key);
}

static bool fill_run(struct km_run *run, const struct km_run_options *options)
{
    char key[64];
    make_up_key(key, sizeof key);
    run->quiet = options->quiet != 0;
    run->dir = choose(options->dir, "KNOTMETER_DIR", "knotmeter");
    run->key = choose(options->id, "KNOTMETER_RUN_ID", key);
    run->project = choose(options->project, "KNOTMETER_PROJECT", NULL);
    run->name = choose(options->name, "KNOTMETER_RUN_NAME", NULL);
    run->group = choose(options->group, NULL, NULL);
    run->parent = choose(options->parent, "KNOTMETER_PARENT", NULL);
    run->notes = choose(options->notes, NULL, NULL);
    run->device = choose(options->device, NULL, NULL);
    check_texts(run, key);
    bool given = options->world_size > 0;
    run->world_size = given ? options->world_size
                            : km_client_environment_number(world_names, 1);
    run->rank =
        given ? options->rank : km_client_environment_number(rank_names, 0);
    run->disk_bytes_max = options->disk_bytes_max ? options->disk_bytes_max
                                                  : (uint64_t)1024 * KM_MIB;
    run->segment_bytes = options->segment_bytes;
    if (run->segment_bytes &&
        run->segment_bytes < KM_CLIENT_SEGMENT_BYTES_MIN) {
        run->segment_bytes = KM_CLIENT_SEGMENT_BYTES_MIN;
    }
    if (run->segment_bytes > KM_JOURNAL_SEGMENT_BYTES_MAX) {
        run->segment_bytes = KM_JOURNAL_SEGMENT_BYTES_MAX;
    }
    run->keep_shipped = options->keep_shipped != 0;
    run->finish_wait_ms =
        options->finish_wait_ms ? options->finish_wait_ms : FINISH_WAIT_MS;
    km_client_ship_prepare(run, options->url);
    run->buffered = options->buffered != 0;
    run->patient = options->patient != 0;
    run->scratch.cap = KM_JOURNAL_PAYLOAD_BYTES_MAX;
    run->scratch.bytes = malloc(run->scratch.cap);
    return run->dir && run->key && run->scratch.bytes;
}

static void free_run(struct km_run *run)
{
    free(run->dir);
    free(run->key);
    free(run->project);
    free(run->name);
    free(run->group);
    free(run->parent);
    free(run->notes);
    free(run->device);
    free(run->scratch.bytes);
    km_client_metrics_free(run);
    km_client_ship_forget(run);
    (void)sem_destroy(&run->wake);
    (void)pthread_mutex_destroy(&run->lock);
    free(run);
}

static void tag_and_free(struct km_run *run, const char *key, char *text)
{
    if (text) {
        km_run_tag(run, key, text);
    }
    free(text);
}

/* What is cheap to find out; of many processes the first one speaks. */
static void describe(struct km_run *run)
{
    char number[24];
    if (run->rank != 0) {
        return;
    }
    tag_and_free(run, "host", km_client_host());
    tag_and_free(run, "git_commit", km_client_git_commit());
    tag_and_free(run, "command", km_client_command());
    tag_and_free(run, "device",
                 run->device ? km_client_copy(run->device)
                             : km_client_device());
    (void)snprintf(number, sizeof number, "%d", run->world_size);
    km_client_key_value(run, KM_JOURNAL_TAG, "world_size", number);
}

struct km_run *km_run_open(const struct km_run_options *options)
{
    const struct km_run_options none = {0};
    struct km_run *run = aligned_alloc(_Alignof(struct km_run), sizeof *run);
    if (!run) {
        return NULL;
    }
    memset(run, 0, sizeof *run);
    run->none.fd = -1;
    run->shipper_fd = -1;
    atomic_init(&run->current, &run->none);
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)sem_init(&run->wake, 0, 0);
    run->owns_finish = true;
    run->counter_clock = km_client_counter_usable();
    run->point_kind =
        KM_JOURNAL_POINT | (run->counter_clock ? 0u : KM_JOURNAL_WALL_TIME);
    if (!fill_run(run, options ? options : &none)) {
        free_run(run);
        return NULL;
    }
    pthread_mutex_lock(&run->lock);
    bool opened = km_client_writer_open(run);
    pthread_mutex_unlock(&run->lock);
    if (opened) {
        describe(run);
    }
    km_client_fork_watch(run);
    return run;
}

const char *km_run_key(const struct km_run *run)
{
    return run ? run->key : "";
}

const char *km_run_folder(const struct km_run *run)
{
    return run ? run->folder : "";
}

void km_client_count(const struct km_run *run, struct km_run_counters *counters)
{
    *counters = (struct km_run_counters){0};
    uint64_t slots = 0;
    for (const struct km_segment *s = run->segments; s; s = s->older) {
        uint64_t reserved = atomic_load(&s->next_slot);
        slots += reserved < s->slot_count ? reserved : s->slot_count;
        counters->bytes += KM_JOURNAL_HEADER_BYTES;
    }
    uint64_t other = atomic_load(&run->other_slots);
    counters->points = slots > other ? slots - other : 0;
    counters->bytes += slots * KM_JOURNAL_SLOT_BYTES;
    counters->dropped = atomic_load(&run->dropped);
    counters->disk_bytes = atomic_load(&run->disk_bytes);
    counters->log_samples = atomic_load(&run->log_samples);
    double rate = run->counter_clock ? run->ns_per_tick : 1;
    counters->log_ns = (uint64_t)((double)atomic_load(&run->log_ticks) * rate);
}

void km_run_count(const struct km_run *run, struct km_run_counters *counters)
{
    if (!run) {
        *counters = (struct km_run_counters){0};
        return;
    }
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&run->lock;
    pthread_mutex_lock(lock);
    km_client_count(run, counters);
    pthread_mutex_unlock(lock);
}

uint64_t km_run_close_wait(struct km_run *run, int wait_ms)
{
    if (!run) {
        return 0;
    }
    km_client_fork_forget(run);
    pthread_mutex_lock(&run->lock);
    bool silent_child = atomic_load(&run->forked);
    if (!silent_child) {
        km_client_finish(run, KM_RUN_END_FINISHED);
    }
    pthread_mutex_unlock(&run->lock);
    km_client_writer_close(run);
    uint64_t dropped = atomic_load(&run->dropped);
    if (dropped > 0 && atomic_load(&run->said) == 0) {
        km_client_say(run,
                      "%llu points of %s could not be kept and are dropped",
                      (unsigned long long)dropped, run->key);
    }
    uint64_t left = silent_child ? 0 : km_client_ship_wait(run, wait_ms);
    free_run(run);
    return left;
}

void km_run_close(struct km_run *run)
{
    (void)km_run_close_wait(run, run ? run->finish_wait_ms : 0);
}
