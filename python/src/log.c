/* log.c - run.log(): a name and a value, or a dict of them.
 *
 * Without a step a value belongs to the current step; a metric that has a value
 * at it already begins the next one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

static void batch_init(struct core_batch *batch)
{
    batch->metrics = batch->metrics_here;
    batch->values = batch->values_here;
    batch->count = 0;
    batch->cap = CORE_BATCH_ROWS;
}

static void batch_free(struct core_batch *batch)
{
    if (batch->metrics != batch->metrics_here) {
        PyMem_Free(batch->metrics);
        PyMem_Free(batch->values);
    }
}

static bool batch_widen(struct core_batch *batch)
{
    size_t cap = batch->cap * 4;
    uint32_t *metrics = PyMem_Malloc(cap * sizeof *metrics);
    double *values = PyMem_Malloc(cap * sizeof *values);
    if (!metrics || !values) {
        PyMem_Free(metrics);
        PyMem_Free(values);
        return false;
    }
    memcpy(metrics, batch->metrics, batch->count * sizeof *metrics);
    memcpy(values, batch->values, batch->count * sizeof *values);
    batch_free(batch);
    batch->metrics = metrics;
    batch->values = values;
    batch->cap = cap;
    return true;
}

/* 0, or -1 with an exception to pass on. What is refused is counted. */
static int batch_add(struct core_writer *self, struct core_batch *batch,
                     PyObject *name, PyObject *value)
{
    double number;
    uint32_t metric;
    int done = 1;
    if (PyFloat_CheckExact(value)) {
        number = PyFloat_AS_DOUBLE(value);
    } else {
        done = core_double(self, name, value, &number);
    }
    if (done > 0) {
        done = core_metric(self, name, &metric);
    }
    if (done <= 0) {
        return done;
    }
    if (batch->count == batch->cap && !batch_widen(batch)) {
        core_refuse(self, CORE_TROUBLE_VALUE, name, value);
        return 0;
    }
    batch->metrics[batch->count] = metric;
    batch->values[batch->count++] = number;
    return 0;
}

static int batch_add_dict(struct core_writer *self, struct core_batch *batch,
                          PyObject *prefix, PyObject *dict, int depth);

/* A dict inside, or a value, under the name prefix/key. */
static int batch_add_inner(struct core_writer *self, struct core_batch *batch,
                           PyObject *prefix, PyObject *key, PyObject *value,
                           int depth)
{
    PyObject *name = PyUnicode_FromFormat("%U/%S", prefix, key);
    if (!name) {
        core_refuse(self, CORE_TROUBLE_NAME, NULL, key);
        return core_pass_or_clear();
    }
    int status = PyDict_Check(value)
                     ? batch_add_dict(self, batch, name, value, depth + 1)
                     : batch_add(self, batch, name, value);
    Py_DECREF(name);
    return status;
}

/* Code of the user may run and change the dict: what is looked at is held, and
 * no more is taken than there was at the start. */
static int batch_add_dict(struct core_writer *self, struct core_batch *batch,
                          PyObject *prefix, PyObject *dict, int depth)
{
    PyObject *key, *value;
    Py_ssize_t at = 0, left = PyDict_Size(dict);
    int status = 0;
    if (depth > CORE_DEPTH_MAX) {
        core_refuse(self, CORE_TROUBLE_DEPTH, prefix, NULL);
        return 0;
    }
    while (status == 0 && left-- > 0 && PyDict_Next(dict, &at, &key, &value)) {
        if (!prefix && !PyDict_Check(value)) {
            status = batch_add(self, batch, key, value);
            continue;
        }
        Py_INCREF(key);
        Py_INCREF(value);
        if (prefix) {
            status = batch_add_inner(self, batch, prefix, key, value, depth);
        } else {
            PyObject *name = PyObject_Str(key);
            if (name) {
                status = batch_add_dict(self, batch, name, value, depth + 1);
            } else {
                status = core_pass_or_clear();
            }
            Py_XDECREF(name);
        }
        Py_DECREF(key);
        Py_DECREF(value);
    }
    return status;
}

/* A mapping that is no dict becomes one. NULL: it is none, or an exception. */
static PyObject *as_dict(PyObject *mapping)
{
    PyObject *dict = NULL;
    if (PyMapping_Check(mapping) && PyObject_HasAttrString(mapping, "keys")) {
        dict = PyDict_New();
        if (dict && PyDict_Update(dict, mapping) < 0) {
            Py_CLEAR(dict);
        }
    }
    return dict;
}

/* The step that a call without one takes. */
static int64_t next_step(const struct core_writer *self,
                         const struct core_batch *batch)
{
    int64_t step = self->step == KM_STEP_NONE ? 0 : self->step;
    for (size_t i = 0; i < batch->count; i++) {
        if (self->steps[batch->metrics[i]] == step) {
            return step == INT64_MAX ? step : step + 1;
        }
    }
    return step;
}

static void publish(struct core_writer *self, const struct core_batch *batch,
                    int64_t step, bool keep)
{
    if (!self->run) {
        self->late += batch->count;
        return;
    }
    if (!keep) {
        self->step = step;
        for (size_t i = 0; i < batch->count; i++) {
            self->steps[batch->metrics[i]] = step;
        }
    }
    if (batch->count == 1) {
        km_run_log(self->run, step, batch->metrics[0], batch->values[0]);
    } else {
        km_run_log_many(self->run, step, batch->metrics, batch->values,
                        batch->count);
    }
}

struct call {
    PyObject *first, *value, *step;
};

/* Words to their places; false for a call that is none. */
static bool read_call(struct core_writer *self, PyObject *const *args,
                      Py_ssize_t count, PyObject *names, struct call *call)
{
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    call->first = count > 0 ? args[0] : NULL;
    call->value = call->step = NULL;
    bool text = call->first && PyUnicode_Check(call->first);
    if (text) {
        call->value = count > 1 ? args[1] : NULL;
        call->step = count > 2 ? args[2] : NULL;
    } else {
        call->step = count > 1 ? args[1] : NULL;
    }
    bool fine = count <= (text ? 3 : 2);
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i), *arg = args[count + i];
        if (PyUnicode_CompareWithASCIIString(name, "step") == 0) {
            call->step = arg;
        } else if (PyUnicode_CompareWithASCIIString(name, "value") == 0) {
            call->value = arg;
        } else if (!call->first &&
                   (PyUnicode_CompareWithASCIIString(name, "name") == 0 ||
                    PyUnicode_CompareWithASCIIString(name, "data") == 0)) {
            call->first = arg;
        } else {
            fine = false;
        }
    }
    if (!fine) { /* something more than was expected: the rest is recorded */
        core_refuse(self, CORE_TROUBLE_CALL, call->first, NULL);
    }
    bool is_text = call->first && PyUnicode_Check(call->first);
    return call->first && (is_text ? call->value != NULL : !call->value);
}

/* 0, or -1 with an exception to pass on. */
static int log_call(struct core_writer *self, const struct call *call)
{
    struct core_batch batch;
    int64_t step = 0;
    int status, has_step = 0;
    if (call->step && call->step != Py_None) {
        has_step = core_step(self, call->step, &step);
        if (has_step < 0) {
            return -1;
        }
    }
    batch_init(&batch);
    if (PyDict_Check(call->first)) {
        status = batch_add_dict(self, &batch, NULL, call->first, 0);
    } else if (PyUnicode_Check(call->first)) {
        status = PyDict_Check(call->value)
                     ? batch_add_dict(self, &batch, call->first, call->value, 1)
                     : batch_add(self, &batch, call->first, call->value);
    } else {
        PyObject *dict = as_dict(call->first);
        status = dict ? batch_add_dict(self, &batch, NULL, dict, 0)
                      : core_pass_or_clear();
        if (!dict && status == 0) {
            core_refuse(self, CORE_TROUBLE_CALL, call->first, NULL);
        }
        Py_XDECREF(dict);
    }
    if (batch.count) {
        publish(self, &batch, has_step ? step : next_step(self, &batch), false);
    } else if (has_step && self->run) {
        self->step = step;
    }
    batch_free(&batch);
    return status;
}

PyObject *core_log(PyObject *object, PyObject *const *args, Py_ssize_t count,
                   PyObject *names)
{
    struct core_writer *self = (struct core_writer *)object;
    struct call call;
    uint64_t start_ns = 0;
    bool sampled = (self->calls++ & (CORE_SAMPLE_EVERY - 1)) == 0;
    if (sampled) {
        start_ns = core_now_ns();
    }
    int status = 0;
    if (!self->run) {
        core_refuse(self, CORE_TROUBLE_LATE, count > 0 ? args[0] : NULL, NULL);
    } else if (!read_call(self, args, count, names, &call)) {
        core_refuse(self, CORE_TROUBLE_CALL, count > 0 ? args[0] : NULL, NULL);
    } else {
        status = log_call(self, &call);
    }
    if (sampled) {
        self->sampled_ns += core_now_ns() - start_ns;
        self->samples++;
    }
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* At the current step, and without a say in which one is next. */
PyObject *core_observe(PyObject *object, PyObject *values)
{
    struct core_writer *self = (struct core_writer *)object;
    struct core_batch batch;
    if (!self->run || !PyDict_Check(values)) {
        Py_RETURN_NONE;
    }
    batch_init(&batch);
    int status = batch_add_dict(self, &batch, NULL, values, 0);
    if (batch.count) {
        publish(self, &batch, self->step == KM_STEP_NONE ? 0 : self->step,
                true);
    }
    batch_free(&batch);
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
