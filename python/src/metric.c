/* metric.c - names to handles: by address, by content, then by the library. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"

static struct core_cached *row_of(struct core_writer *self, PyObject *name)
{
    uintptr_t at = (uintptr_t)name;
    return &self->cache[(at >> 4 ^ at >> 14) & (CORE_CACHE_ROWS - 1)];
}

/* Room for the last step of `metric`. False: no memory. */
static bool make_room(struct core_writer *self, uint32_t metric)
{
    if (metric < self->steps_cap) {
        return true;
    }
    size_t cap = self->steps_cap ? self->steps_cap : 64;
    while (cap <= metric) {
        cap *= 2;
    }
    int64_t *steps = PyMem_Realloc(self->steps, cap * sizeof *steps);
    if (!steps) {
        return false;
    }
    for (size_t i = self->steps_cap; i < cap; i++) {
        steps[i] = KM_STEP_NONE;
    }
    self->steps = steps;
    self->steps_cap = (uint32_t)cap;
    return true;
}

/* Asks the library; a name that it would refuse is made fit first. */
static uint32_t define(struct core_writer *self, PyObject *name)
{
    Py_ssize_t len = 0;
    const char *text = PyUnicode_AsUTF8AndSize(name, &len);
    PyObject *fit = NULL;
    uint32_t metric = KM_METRIC_NONE;
    if (!text || len > KM_NAME_BYTES_MAX ||
        !km_utf8_is_name((struct km_str){text, (size_t)len})) {
        PyErr_Clear();
        fit = PyObject_CallMethod((PyObject *)self, "_fit_name", "O", name);
        text = fit && PyUnicode_Check(fit) ? PyUnicode_AsUTF8AndSize(fit, &len)
                                           : NULL;
    }
    if (text && len > 0 && self->run) {
        metric = km_run_metric(self->run, text);
    }
    Py_XDECREF(fit);
    return metric;
}

static int look_up(struct core_writer *self, PyObject *name, uint32_t *metric)
{
    PyObject *known = PyDict_GetItemWithError(self->metrics, name);
    if (known) {
        *metric = (uint32_t)PyLong_AsUnsignedLong(known);
        return 1;
    }
    if (PyErr_Occurred()) {
        return core_pass_or_clear() < 0 ? -1 : 0;
    }
    *metric = define(self, name);
    if (PyErr_Occurred() && core_pass_or_clear() < 0) {
        return -1;
    }
    if (*metric == KM_METRIC_NONE || !make_room(self, *metric)) {
        return 0;
    }
    PyObject *handle = PyLong_FromUnsignedLong(*metric);
    if (!handle || PyDict_SetItem(self->metrics, name, handle) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(handle);
    return 1;
}

/* 1, 0 refused and counted, -1 an exception to pass on. */
int core_metric(struct core_writer *self, PyObject *name, uint32_t *metric)
{
    struct core_cached *row = row_of(self, name);
    if (row->name == name) {
        *metric = row->metric;
        return 1;
    }
    if (!self->run) {
        core_refuse(self, CORE_TROUBLE_LATE, name, NULL);
        return 0;
    }
    PyObject *text;
    if (PyUnicode_CheckExact(name)) {
        Py_INCREF(name);
        text = name;
    } else { /* str() of a subclass may be its own; its letters count */
        Py_INCREF(name);
        text = PyUnicode_Check(name) ? PyUnicode_FromObject(name)
                                     : PyObject_Str(name);
        Py_DECREF(name);
        if (!text && core_pass_or_clear() < 0) {
            return -1;
        }
    }
    int done = text ? look_up(self, text, metric) : 0;
    if (done > 0 && text == name) {
        PyObject *before = row->name;
        row->name = text; /* owned from here on */
        row->metric = *metric;
        Py_XDECREF(before);
        return 1;
    }
    if (done == 0) {
        core_refuse(self, CORE_TROUBLE_NAME, text, NULL);
    }
    Py_XDECREF(text);
    return done;
}

void core_metrics_clear(struct core_writer *self)
{
    for (size_t i = 0; i < CORE_CACHE_ROWS; i++) {
        Py_CLEAR(self->cache[i].name);
    }
    Py_CLEAR(self->metrics);
    PyMem_Free(self->steps);
    self->steps = NULL;
    self->steps_cap = 0;
}
