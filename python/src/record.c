/* record.c - what is logged and is no point: settings, events, evaluations.
 *
 * Texts come from run.py, which has made them fit for the format. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

/* note(key, JSON text, is_tag) */
PyObject *core_note(PyObject *object, PyObject *args)
{
    struct core_writer *self = (struct core_writer *)object;
    const char *key, *text;
    int is_tag;
    if (!PyArg_ParseTuple(args, "ssp", &key, &text, &is_tag)) {
        return NULL;
    }
    if (!self->run) {
        self->late++;
    } else if (is_tag) {
        km_run_tag(self->run, key, text);
    } else {
        km_run_config_json(self->run, key, text);
    }
    Py_RETURN_NONE;
}

/* write_event(kind, name, step or None, detail JSON or None) */
PyObject *core_write_event(PyObject *object, PyObject *args)
{
    struct core_writer *self = (struct core_writer *)object;
    const char *kind, *name, *detail;
    PyObject *step;
    int64_t at = self->step;
    if (!PyArg_ParseTuple(args, "szOz", &kind, &name, &step, &detail)) {
        return NULL;
    }
    if (step != Py_None && core_step(self, step, &at) < 0) {
        return NULL;
    }
    if (self->run) {
        km_run_event(self->run, kind, name, at, detail);
    } else {
        self->late++;
    }
    Py_RETURN_NONE;
}

/* write_evaluation(task, metric, value, stderr, n, step, version, filter,
 * subset, model, stage, cost, higher) */
PyObject *core_write_evaluation(PyObject *object, PyObject *args)
{
    struct core_writer *self = (struct core_writer *)object;
    struct km_run_evaluation e = {.step = self->step};
    PyObject *step, *value, *error;
    long long n;
    if (!PyArg_ParseTuple(args, "ssOOLOzzzzzdi", &e.task, &e.metric, &value,
                          &error, &n, &step, &e.version, &e.filter, &e.subset,
                          &e.model, &e.stage, &e.cost_seconds,
                          &e.higher_is_better)) {
        return NULL;
    }
    PyObject *task = PyTuple_GET_ITEM(args, 0);
    int done = core_double(self, task, value, &e.value);
    e.standard_error = Py_NAN;
    if (done > 0 && error != Py_None) {
        done = core_double(self, task, error, &e.standard_error);
    }
    if (done > 0 && step != Py_None && core_step(self, step, &e.step) < 0) {
        done = -1;
    }
    if (done < 0) {
        return NULL;
    }
    e.n = n;
    if (done && self->run) {
        km_run_evaluate(self->run, &e);
    } else if (done) {
        self->late++;
    }
    Py_RETURN_NONE;
}

PyObject *core_restart(PyObject *object, PyObject *args)
{
    struct core_writer *self = (struct core_writer *)object;
    PyObject *step;
    int64_t at = 0;
    if (!PyArg_ParseTuple(args, "O", &step)) {
        return NULL;
    }
    int done = core_step(self, step, &at);
    if (done < 0) {
        return NULL;
    }
    if (done && self->run) {
        km_run_restart(self->run, at);
        self->step = at;
        for (uint32_t i = 0; i < self->steps_cap; i++) {
            self->steps[i] = KM_STEP_NONE;
        }
    }
    Py_RETURN_NONE;
}
