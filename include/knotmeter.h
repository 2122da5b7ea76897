/* knotmeter.h - record how a training goes, from inside the program.
 *
 *     struct km_run *run = km_run_open(NULL);
 *     km_run_log_name(run, step, "loss", loss);
 *     km_run_close(run);
 *
 * A log call writes 32 bytes into a memory-mapped journal and returns: no lock,
 * no system call, no allocation, no network. What was logged survives a kill -9
 * of the program the next instant. `km import DIR` reads the journal, also
 * while it grows.
 *
 * The library never blocks, ends or signals the program that uses it: what
 * cannot be recorded is dropped, counted, and said once on standard error.
 * Texts are UTF-8 without control characters; names have up to 1,024 bytes.
 * Ownership: a run belongs to the caller until km_run_close(); texts are
 * copied. Threads: any thread may call any function; km_run_close() comes last.
 * A forked child may go on with the run: it writes a journal of its own. Every
 * function takes a NULL run and then does nothing. Document: docs/client.md,
 * docs/formats/journal.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KNOTMETER_H
#define KNOTMETER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define KM_API __attribute__((visibility("default")))
#else
#define KM_API
#endif

#define KM_METRIC_NONE UINT32_MAX /* logging to it drops and counts */
#define KM_STEP_NONE   INT64_MIN  /* an event or evaluation without a step */

struct km_run;

/* Zero or NULL in a field means: the default. */
struct km_run_options {
    const char *dir;     /* $KNOTMETER_DIR, else "knotmeter" */
    const char *project; /* $KNOTMETER_PROJECT, else chosen on import */
    const char *id;      /* $KNOTMETER_RUN_ID, else made up. Opening a known id
                            resumes that run: a new attempt */
    const char *name;    /* what people see; default the id */
    const char *group;   /* runs that differ only by seed */
    const char *parent;  /* id of the run that this one continues from */
    const char *notes;
    const char *device;      /* "8 x H100"; default found out */
    int rank, world_size;    /* default $RANK, $WORLD_SIZE and their kin */
    uint64_t disk_bytes_max; /* 1 GiB; beyond it points are dropped, counted */
    uint64_t segment_bytes;  /* 1 MiB, doubling up to 16 MiB */
    int buffered;            /* 1: collect in memory, a thread writes to disk */
    int patient; /* 1: a log call may wait up to a second for room; for
                    programs that convert logs, not for a training */
    int quiet;   /* 1: nothing on standard error */
    const char *url;    /* of a server that the journal is shipped to while it
                           grows; $KNOTMETER_URL, else it stays on disk */
    int finish_wait_ms; /* how long km_run_close() waits at most for the rest to
                           be delivered; 5,000; -1: not at all */
    int keep_shipped;   /* 1: what the server has stays on disk, also when
                           disk_bytes_max is used up */
};

/* Never NULL for want of a disk: a run that cannot write drops and counts. */
KM_API struct km_run *km_run_open(const struct km_run_options *options);

/* The id (for a later resume) and the folder that the journal is in. */
KM_API const char *km_run_key(const struct km_run *run);
KM_API const char *km_run_folder(const struct km_run *run);

/* A handle for a metric; the same name gives the same handle. `labels` is NULL
 * or "key=value,key=value". KM_METRIC_NONE for a name that is refused. */
KM_API uint32_t km_run_metric(struct km_run *run, const char *name);
KM_API uint32_t km_run_metric_labelled(struct km_run *run, const char *name,
                                       const char *labels);

/* A step that goes back means that the run was restored: later steps are
 * superseded, not erased. All 64 bits of `value` are kept. */
KM_API void km_run_log(struct km_run *run, int64_t step, uint32_t metric,
                       double value);
KM_API void km_run_log_many(struct km_run *run, int64_t step,
                            const uint32_t *metrics, const double *values,
                            size_t count); /* one time for all */
KM_API void km_run_log_name(struct km_run *run, int64_t step, const char *name,
                            double value);
/* With a time of the caller, in nanoseconds since 1970. */
KM_API void km_run_log_at(struct km_run *run, int64_t step, uint32_t metric,
                          double value, int64_t wall_ns);

/* What was chosen before the run. Keys are flat: "optimizer.lr". */
KM_API void km_run_config_text(struct km_run *run, const char *key,
                               const char *text);
KM_API void km_run_config_number(struct km_run *run, const char *key,
                                 double value);
KM_API void km_run_config_integer(struct km_run *run, const char *key,
                                  int64_t value);
KM_API void km_run_config_json(struct km_run *run, const char *key,
                               const char *json); /* one JSON value */
/* What is said about the run. */
KM_API void km_run_tag(struct km_run *run, const char *key, const char *text);

/* Lets figures use FLOP and tokens; -1 or 0: unknown. */
struct km_run_model {
    int64_t params, layers, heads, head_dim, seq_len;
};
KM_API void km_run_model(struct km_run *run, const struct km_run_model *model);

/* Something at an instant: checkpoint, data_switch, release, incident, text.
 * `name` and `detail_json` may be NULL. */
KM_API void km_run_event(struct km_run *run, const char *kind, const char *name,
                         int64_t step, const char *detail_json);

/* A result of one task at a checkpoint. */
struct km_run_evaluation {
    const char *task, *metric;                             /* must be there */
    const char *version, *filter, *subset, *model, *stage; /* or NULL */
    double value, standard_error;                          /* NAN: not known */
    int64_t n;            /* items scored; 0: unknown */
    int64_t step;         /* KM_STEP_NONE: no step */
    double cost_seconds;  /* 0: unknown */
    int higher_is_better; /* 1, 0; -1: unknown */
};
KM_API void km_run_evaluate(struct km_run *run,
                            const struct km_run_evaluation *evaluation);

/* Says that the run was restored to `step`, the next one that it will do. */
KM_API void km_run_restart(struct km_run *run, int64_t step);

enum km_run_end {
    KM_RUN_END_FINISHED = 2,
    KM_RUN_END_FAILED,
    KM_RUN_END_KILLED
};
KM_API void km_run_finish(struct km_run *run, enum km_run_end how);

/* What the library did and cost. */
struct km_run_counters {
    uint64_t points;      /* recorded */
    uint64_t dropped;     /* not recorded, for whatever reason */
    uint64_t bytes;       /* of journal in use */
    uint64_t disk_bytes;  /* of journal preallocated */
    uint64_t log_ns;      /* time of the log calls that were sampled ... */
    uint64_t log_samples; /* ... and how many: about one in 1,024 */
};
KM_API void km_run_count(const struct km_run *run,
                         struct km_run_counters *counters);

/* Without km_run_finish() before it, the run counts as finished. When it is
 * shipped: waits as long as the option says. What is not delivered by then
 * stays on disk, and is said. */
KM_API void km_run_close(struct km_run *run);
/* The same, with a time of its own; returns how many points are not delivered
 * yet. The shipper goes on by itself. */
KM_API uint64_t km_run_close_wait(struct km_run *run, int wait_ms);

#ifdef __cplusplus
}
#endif

#endif
