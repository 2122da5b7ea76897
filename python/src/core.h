/* core.h - what the files of the Python extension share.
 *
 * A Writer owns one run of the client library. Log calls hold the interpreter's
 * lock from end to end: they take tens of nanoseconds, and giving the lock up
 * costs more. Opening and closing give it up.
 *
 * 1. Code of the user (a `__float__`, an `item`) may run during a conversion
 * and may finish the run: `run` is read after all conversions, never before.
 * 2. No call raises for what it was given. What is wrong is counted in
 * `refused` and said once. KeyboardInterrupt and SystemExit pass through. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_PYTHON_CORE_H
#define KM_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "knotmeter.h"

enum {
    CORE_CACHE_ROWS = 1024,  /* names by their address; a power of two */
    CORE_BATCH_ROWS = 64,    /* values of one call without an allocation */
    CORE_DEPTH_MAX = 16,     /* nesting of dicts */
    CORE_SAMPLE_EVERY = 256, /* calls that are timed; a power of two */
};

enum core_trouble { /* each is said once */
                    CORE_TROUBLE_VALUE,
                    CORE_TROUBLE_NAME,
                    CORE_TROUBLE_STEP,
                    CORE_TROUBLE_CALL,
                    CORE_TROUBLE_LATE,
                    CORE_TROUBLE_DEPTH,
                    CORE_TROUBLES
};

struct core_cached {
    PyObject *name; /* owned */
    uint32_t metric;
};

struct core_writer {
    PyObject_HEAD struct km_run *run; /* NULL before and after */
    PyObject *key, *folder;           /* str, also after the end */
    PyObject *metrics;                /* dict: name -> handle */
    int64_t *steps;                   /* of each metric, the last one */
    uint32_t steps_cap;
    int64_t step; /* the current one; KM_STEP_NONE before the first */
    uint64_t calls, refused, late;
    uint64_t sampled_ns, samples;   /* of log calls */
    uint64_t foreign_ns, foreign;   /* conversions by the objects themselves */
    struct km_run_counters counted; /* after the end */
    bool said[CORE_TROUBLES], quiet;
    struct core_cached cache[CORE_CACHE_ROWS];
};

/* Metrics and values of one call. */
struct core_batch {
    uint32_t *metrics;
    double *values;
    size_t count, cap;
    uint32_t metrics_here[CORE_BATCH_ROWS];
    double values_here[CORE_BATCH_ROWS];
};

static inline bool core_is_plain(PyObject *value)
{
    return PyFloat_CheckExact(value) || PyLong_CheckExact(value);
}

/* convert.c: 1 done, 0 refused (and counted), -1 an exception to pass on. */
int core_double(struct core_writer *self, PyObject *name, PyObject *value,
                double *out);
int core_step(struct core_writer *self, PyObject *value, int64_t *out);
void core_refuse(struct core_writer *self, enum core_trouble trouble,
                 PyObject *about, PyObject *value);
int core_pass_or_clear(void); /* -1: the exception is not ours to swallow */
uint64_t core_now_ns(void);

/* metric.c */
int core_metric(struct core_writer *self, PyObject *name, uint32_t *metric);
void core_metrics_clear(struct core_writer *self);

/* log.c */
PyObject *core_log(PyObject *self, PyObject *const *args, Py_ssize_t count,
                   PyObject *names);
PyObject *core_observe(PyObject *self, PyObject *values);

/* record.c */
PyObject *core_note(PyObject *self, PyObject *args);
PyObject *core_write_event(PyObject *self, PyObject *args);
PyObject *core_write_evaluation(PyObject *self, PyObject *args);
PyObject *core_restart(PyObject *self, PyObject *args);

#endif
