/* client.h - what the files of the client library share.
 *
 * A run writes one segment at a time. Threads reserve slots of it by one atomic
 * addition; a helper thread keeps the next segment ready, writes clock records,
 * and unmaps segments when all their slots are published.
 *
 *     current -> segment being filled     next -> segment prepared, or current
 *
 * 1. A slot belongs to the thread that reserved it, until it is published.
 * 2. A segment is unmapped only when every slot of it is published: nobody can
 *    own a slot of it any more. Its struct stays until the run is closed.
 * 3. Whoever changes the table of metrics or installs `next` holds `lock`: each
 *    segment then defines every metric before the first point of it.
 * 4. The path of a log call takes no lock and makes no system call. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_CLIENT_CLIENT_H
#define KM_CLIENT_CLIENT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/journal.h"
#include "knotmeter.h"

enum {
    KM_CLIENT_PATH_BYTES = 4096,
    KM_CLIENT_SEGMENT_BYTES_MIN = 128 * KM_KIB, /* above any one record */
    KM_CLIENT_SEGMENT_BYTES_FIRST = 1 * KM_MIB,
    KM_CLIENT_SEGMENT_BYTES_LAST = 16 * KM_MIB,
    KM_CLIENT_BUFFERS_MAX = 4,     /* segments in memory, when buffered */
    KM_CLIENT_SAMPLE_EVERY = 1024, /* log calls, a power of two */
    KM_CLIENT_CACHE_LINE = 64,
};

struct km_segment {
    _Alignas(KM_CLIENT_CACHE_LINE) _Atomic uint64_t next_slot; /* reserved */
    _Alignas(KM_CLIENT_CACHE_LINE) unsigned char *base; /* NULL: unmapped */
    uint32_t slot_count;
    uint32_t salt;
    uint32_t index;
    uint64_t bytes;
    struct km_segment *older;
    int fd;                 /* buffered: where it is written to; else -1 */
    uint32_t slots_seen;    /* published from the start; helper only */
    uint64_t bytes_flushed; /* buffered: on disk */
    int stalls;             /* looks that found it waiting for a slot */
    bool is_deleted;        /* the server has it, and the room was needed */
};

struct km_metric {
    char *name, *labels; /* labels canonical, without rank and pid */
    uint64_t hash;
    uint32_t id;
    struct km_metric *older;
};

struct km_metric_table {
    uint32_t mask;
    struct km_metric_table *older; /* outgrown; still read by late threads */
    _Atomic(struct km_metric *) rows[];
};

struct km_clock_pair {
    uint64_t counter;
    int64_t monotonic_ns, wall_ns;
};

struct km_run {
    /* read by every log call */
    _Alignas(KM_CLIENT_CACHE_LINE) _Atomic(struct km_segment *) current;
    _Atomic(struct km_metric_table *) table;
    bool counter_clock;
    unsigned point_kind; /* KM_JOURNAL_POINT, with WALL_TIME or without */

    _Alignas(KM_CLIENT_CACHE_LINE) _Atomic(struct km_segment *) next;
    _Atomic uint64_t dropped;
    _Atomic uint64_t other_slots; /* reserved, but not for points */
    _Atomic uint64_t log_ticks, log_samples;
    _Atomic bool wake_pending, stop, forked;
    _Atomic uint64_t disk_bytes;

    pthread_mutex_t lock;
    sem_t wake;
    pthread_t helper;
    bool has_helper, buffered, quiet, patient, finished, owns_finish;
    bool resumed;                /* the run's folder was there already */
    _Atomic int said;            /* sentences on standard error */
    struct km_segment none;      /* takes no slot: everything is dropped */
    struct km_segment *segments; /* newest first */
    uint32_t segment_count;
    uint64_t segment_bytes, segment_bytes_next, disk_bytes_max;
    uint64_t dropped_said;
    struct km_metric *metrics; /* newest first */
    uint32_t metric_count;
    _Atomic uint64_t definition_slots; /* of all metrics, in one preamble */
    struct km_clock_pair clock_first;
    double ns_per_tick;
    int64_t start_ns;
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    int rank, world_size;
    long child_pid; /* 0 in the process that opened the run */
    char *project, *key, *name, *group, *parent, *notes, *device, *dir;
    char folder[KM_CLIENT_PATH_BYTES];
    /* shipping; NULL url: the journal stays where it is */
    char *url, *km, **ship_environment;
    int finish_wait_ms;
    bool keep_shipped, ship_refused;
    int ship_starts;
    int64_t ship_look_ns, ship_start_ns; /* not before */
    pid_t shipper;                       /* 0: none */
    int shipper_fd;                      /* a pidfd, or -1 */
    uint32_t end_segment;                /* where the journal ended ... */
    uint64_t end_bytes;                  /* ... 0: it never began */
    struct km_run *older;                /* list of open runs, for fork */
    struct km_journal_payload scratch; /* under lock */
};

/* clock.c */
bool km_client_counter_usable(void);
void km_client_clock_read(const struct km_run *run, struct km_clock_pair *pair);
int64_t km_client_wall_ns(void);
int64_t km_client_monotonic_ns(void);

static inline uint64_t km_client_now(const struct km_run *run)
{
#if defined(__x86_64__)
    if (run->counter_clock) {
        return __builtin_ia32_rdtsc();
    }
#endif
    return (uint64_t)km_client_wall_ns();
}

/* log.c: reserves `count` slots and returns their segment, or NULL after having
 * counted `count_dropped` points. */
struct km_segment *km_client_reserve(struct km_run *run, uint32_t count,
                                     uint32_t count_dropped, uint32_t *slot);
void km_client_wake(struct km_run *run);
void km_client_wait_for_room(struct km_run *run);

/* segment.c */
struct km_segment *km_client_segment_create(struct km_run *run, uint64_t bytes);
bool km_client_segment_settle(struct km_run *run, struct km_segment *segment,
                              bool last); /* true: all is where it belongs */
void km_client_segment_unmap(struct km_segment *segment);
void km_client_segment_path(const struct km_run *run, uint32_t index, char *out,
                            size_t out_size);
bool km_client_mapping_is_safe(const char *folder);

/* writer.c: folder, first segment, helper. Caller holds the lock. */
bool km_client_writer_open(struct km_run *run);
void km_client_writer_close(struct km_run *run);
void km_client_install_next(struct km_run *run);

/* record.c: records with a payload, under the lock */
void km_client_put_string(struct km_run *run, enum km_journal_field_id id,
                          const char *text);
bool km_client_publish(struct km_run *run, enum km_journal_kind kind);
void km_client_preamble(struct km_run *run, struct km_segment *segment);
void km_client_clock_record(struct km_run *run);
void km_client_key_value(struct km_run *run, enum km_journal_kind kind,
                         const char *key, const char *json);

void km_client_event(struct km_run *run, const char *kind, const char *name,
                     int64_t step, const char *detail_json);
void km_client_finish(struct km_run *run, enum km_run_end how);

/* open.c, under the lock */
void km_client_count(const struct km_run *run,
                     struct km_run_counters *counters);

/* metric.c */
void km_client_metrics_free(struct km_run *run);
uint32_t km_client_metric_payload(struct km_run *run,
                                  const struct km_metric *metric);

/* capture.c: texts that the caller frees, or NULL */
char *km_client_git_commit(void);
char *km_client_host(void);
char *km_client_command(void);
char *km_client_device(void);
int km_client_environment_number(const char *const *names, int otherwise);
void km_client_random(unsigned char *bytes, size_t len);

/* text.c: JSON texts that the caller frees; NULL without memory */
char *km_client_json_text(const char *text);
char *km_client_json_number(double value);
char *km_client_copy(const char *text); /* NULL stays NULL */
char *km_client_file_name(const char *key);
void km_client_say(struct km_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ship.c */
void km_client_ship_prepare(struct km_run *run, const char *url);
void km_client_ship_forget(struct km_run *run);
/* Starts the shipper, or again; when to look next. Helper only. */
int64_t km_client_ship_look(struct km_run *run, int64_t now_ns);
/* Deletes the oldest segment if the server has it; false: it has not. */
bool km_client_ship_release(struct km_run *run);
/* After the writer was closed: points that are not delivered in that time. */
uint64_t km_client_ship_wait(struct km_run *run, int wait_ms);

/* fork.c */
void km_client_fork_watch(struct km_run *run);
void km_client_fork_forget(struct km_run *run);

#endif
