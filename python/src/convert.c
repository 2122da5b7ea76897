/* convert.c - numbers out of whatever a training loop holds them in. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <math.h>
#include <time.h>

static const char *const sentences[CORE_TROUBLES] = {
    [CORE_TROUBLE_VALUE] = "is left out: expected one number",
    [CORE_TROUBLE_NAME] =
        "is left out: expected a name of 1 to 1024 bytes, and "
        "at most 1,000,000 of them",
    [CORE_TROUBLE_STEP] = "is no step: expected a whole number of 64 bits; the "
                          "current step is taken",
    [CORE_TROUBLE_CALL] = "is no log call: expected log({name: value}, step=N) "
                          "or log(name, value, step=N)",
    [CORE_TROUBLE_LATE] = "came after the run was finished; it is not recorded",
    [CORE_TROUBLE_DEPTH] = "is left out: dicts are nested at most 16 deep",
};

uint64_t core_now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

int core_pass_or_clear(void)
{
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1; /* KeyboardInterrupt, SystemExit */
    }
    PyErr_Clear();
    return 0;
}

/* Counts, and says it the first time. `about` names what it was, or NULL. */
void core_refuse(struct core_writer *self, enum core_trouble trouble,
                 PyObject *about, PyObject *value)
{
    if (trouble == CORE_TROUBLE_LATE) {
        self->late++;
    } else {
        self->refused++;
    }
    if (self->said[trouble]) {
        return;
    }
    self->said[trouble] = true;
    if (self->quiet) {
        return;
    }
    PyObject *kind, *value_type, *trace;
    PyErr_Fetch(&kind, &value_type, &trace);
    PySys_FormatStderr("knotmeter: %.200A%s%s %s (said once; run.overhead() "
                       "counts them)\n",
                       about ? about : Py_None, value ? " of type " : "",
                       value ? Py_TYPE(value)->tp_name : "",
                       sentences[trouble]);
    PyErr_Restore(kind, value_type, trace);
}

/* An int beyond a double's range is no number here. */
static int of_integer(PyObject *value, double *out)
{
    *out = PyLong_AsDouble(value);
    if (*out == -1.0 && PyErr_Occurred()) {
        return core_pass_or_clear() < 0 ? -1 : 0;
    }
    return 1;
}

/* Scalars of numpy, torch, jax: `item()` gives a Python number and may wait for
 * a device. Everything else with a `__float__`: that. */
static int of_foreign(PyObject *value, double *out)
{
    static PyObject *item_name;
    if (!item_name) {
        item_name = PyUnicode_InternFromString("item");
    }
    PyObject *number = NULL, *item = PyObject_GetAttr(value, item_name);
    if (item) {
        number = PyObject_CallNoArgs(item);
        Py_DECREF(item);
    }
    if (!number && core_pass_or_clear() < 0) {
        return -1;
    }
    PyNumberMethods *methods = Py_TYPE(value)->tp_as_number;
    bool can = methods && (methods->nb_float || methods->nb_index);
    if (!number && can) {
        number = PyNumber_Float(value);
    }
    if (!number) {
        return core_pass_or_clear() < 0 ? -1 : 0;
    }
    int done = 0;
    if (PyFloat_Check(number)) {
        *out = PyFloat_AS_DOUBLE(number);
        done = 1;
    } else if (PyLong_Check(number)) {
        done = of_integer(number, out);
    } else if (!PyUnicode_Check(number) && !PyBytes_Check(number)) {
        *out = PyFloat_AsDouble(number); /* float8 and other exotic scalars */
        done = *out == -1.0 && PyErr_Occurred()
                   ? (core_pass_or_clear() < 0 ? -1 : 0)
                   : 1;
    }
    Py_DECREF(number);
    return done;
}

/* `name` and `value` are borrowed and held while foreign code runs. */
int core_double(struct core_writer *self, PyObject *name, PyObject *value,
                double *out)
{
    int done = 0;
    if (PyFloat_Check(value)) {
        *out = PyFloat_AS_DOUBLE(value);
        return 1;
    }
    Py_INCREF(name);
    Py_INCREF(value);
    if (PyLong_Check(value)) {
        done = of_integer(value, out);
    } else if (!PyUnicode_Check(value) && !PyBytes_Check(value) &&
               value != Py_None) {
        uint64_t start_ns = core_now_ns();
        done = of_foreign(value, out);
        self->foreign_ns += core_now_ns() - start_ns;
        self->foreign++;
    }
    if (done == 0) {
        core_refuse(self, CORE_TROUBLE_VALUE, name, value);
    }
    Py_DECREF(name);
    Py_DECREF(value);
    return done;
}

/* Whole numbers of any kind; a float is taken down to the whole one below. */
int core_step(struct core_writer *self, PyObject *value, int64_t *out)
{
    int overflow = 0;
    double number = 0;
    PyObject *index = PyIndex_Check(value) ? PyNumber_Index(value) : NULL;
    if (index) {
        *out = PyLong_AsLongLongAndOverflow(index, &overflow);
        Py_DECREF(index);
        if (!overflow && *out != KM_STEP_NONE) {
            return 1;
        }
    } else {
        if (core_pass_or_clear() < 0) {
            return -1;
        }
        int done = PyUnicode_Check(value) || PyBytes_Check(value)
                       ? 0
                       : of_foreign(value, &number);
        if (done < 0) {
            return -1;
        }
        if (done && isfinite(number) && fabs(number) < 9.0e18) {
            *out = (int64_t)floor(number);
            return 1;
        }
    }
    core_refuse(self, CORE_TROUBLE_STEP, value, value);
    return 0;
}
