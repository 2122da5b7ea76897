/* module.c - knotmeter._core: the type Writer, opened, counted and closed. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <string.h>

static int writer_init(PyObject *object, PyObject *args, PyObject *words)
{
    static char *names[] = {
        "dir",           "project",  "id",         "name",
        "group",         "parent",   "notes",      "device",
        "url",           "rank",     "world_size", "disk_bytes_max",
        "segment_bytes", "buffered", "quiet",      NULL};
    struct core_writer *self = (struct core_writer *)object;
    struct km_run_options o = {0};
    const char *url = NULL;
    unsigned long long disk = 0, segment = 0;
    if (self->run || self->metrics) {
        PyErr_SetString(PyExc_RuntimeError, "a writer is opened once");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, words, "|$zzzzzzzzziiKKpp", names, &o.dir, &o.project, &o.id,
            &o.name, &o.group, &o.parent, &o.notes, &o.device, &url, &o.rank,
            &o.world_size, &disk, &segment, &o.buffered, &o.quiet)) {
        return -1;
    }
#ifdef KM_CLIENT_SHIPS
    o.url = url;
#endif
    o.disk_bytes_max = disk;
    o.segment_bytes = segment;
    self->quiet = o.quiet != 0;
    self->step = KM_STEP_NONE;
    self->metrics = PyDict_New();
    if (!self->metrics) {
        return -1;
    }
    struct km_run *run;
    Py_BEGIN_ALLOW_THREADS run = km_run_open(&o);
    Py_END_ALLOW_THREADS if (!run)
    {
        PyErr_NoMemory();
        return -1;
    }
    self->run = run;
    self->key = PyUnicode_DecodeUTF8(
        km_run_key(run), (Py_ssize_t)strlen(km_run_key(run)), "replace");
    self->folder = PyUnicode_DecodeFSDefault(km_run_folder(run));
    return self->key && self->folder ? 0 : -1;
}

/* Ends the run for every thread first, then without the interpreter's lock. */
static void close_run(struct core_writer *self, int how)
{
    struct km_run *run = self->run;
    self->run = NULL;
    if (!run) {
        return;
    }
    km_run_count(run, &self->counted);
    Py_BEGIN_ALLOW_THREADS if (how)
    {
        km_run_finish(run, (enum km_run_end)how);
    }
    km_run_close(run);
    Py_END_ALLOW_THREADS
}

/* close(how): 2 finished, 3 failed, 4 killed */
static PyObject *writer_close(PyObject *object, PyObject *args)
{
    int how = 0;
    if (!PyArg_ParseTuple(args, "i", &how)) {
        return NULL;
    }
    close_run((struct core_writer *)object, how >= 2 && how <= 4 ? how : 2);
    Py_RETURN_NONE;
}

static void writer_dealloc(PyObject *object)
{
    struct core_writer *self = (struct core_writer *)object;
    close_run(self, 0);
    core_metrics_clear(self);
    Py_CLEAR(self->key);
    Py_CLEAR(self->folder);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *writer_count(PyObject *object, PyObject *unused)
{
    struct core_writer *self = (struct core_writer *)object;
    struct km_run_counters c = self->counted;
    (void)unused;
    if (self->run) {
        km_run_count(self->run, &c);
    }
    double call_ns =
        self->samples ? (double)self->sampled_ns / (double)self->samples : 0;
    return Py_BuildValue(
        "{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:d,s:d,s:K,s:d}", "calls",
        (unsigned long long)self->calls, "points", (unsigned long long)c.points,
        "dropped", (unsigned long long)c.dropped, "refused",
        (unsigned long long)self->refused, "late",
        (unsigned long long)self->late, "bytes", (unsigned long long)c.bytes,
        "disk_bytes", (unsigned long long)c.disk_bytes, "ns_per_call", call_ns,
        "seconds", call_ns * (double)self->calls * 1e-9, "converted",
        (unsigned long long)self->foreign, "convert_seconds",
        (double)self->foreign_ns * 1e-9);
}

static PyObject *get_key(PyObject *object, void *unused)
{
    PyObject *key = ((struct core_writer *)object)->key;
    (void)unused;
    key = key ? key : Py_None;
    Py_INCREF(key);
    return key;
}

static PyObject *get_folder(PyObject *object, void *unused)
{
    struct core_writer *self = (struct core_writer *)object;
    (void)unused;
    if (self->run) { /* a child that was forked has one of its own */
        return PyUnicode_DecodeFSDefault(km_run_folder(self->run));
    }
    PyObject *folder = self->folder ? self->folder : Py_None;
    Py_INCREF(folder);
    return folder;
}

static PyObject *get_step(PyObject *object, void *unused)
{
    int64_t step = ((struct core_writer *)object)->step;
    (void)unused;
    if (step == KM_STEP_NONE) {
        Py_RETURN_NONE;
    }
    return PyLong_FromLongLong(step);
}

static PyObject *get_is_open(PyObject *object, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((struct core_writer *)object)->run != NULL);
}

static PyGetSetDef writer_values[] = {
    {"id", get_key, NULL, "The id of the run, for a later resume.", NULL},
    {"folder", get_folder, NULL, "The folder of this process's journal.", NULL},
    {"step", get_step, NULL, "The current step, or None.", NULL},
    {"is_open", get_is_open, NULL, "Whether it still records.", NULL},
    {0}};

static PyMethodDef writer_methods[] = {
    {"log", (PyCFunction)(void (*)(void))core_log,
     METH_FASTCALL | METH_KEYWORDS,
     "log({name: value}, step=None) or log(name, value, step=None)\n\n"
     "Records numbers at a step. Without a step they belong to the current\n"
     "one; a metric that has a value there already begins the next."},
    {"_observe", core_observe, METH_O, "log(dict) at the current step."},
    {"_note", core_note, METH_VARARGS, "A setting or tag."},
    {"_write_event", core_write_event, METH_VARARGS, "An event."},
    {"_write_evaluation", core_write_evaluation, METH_VARARGS,
     "An evaluation."},
    {"_restart", core_restart, METH_VARARGS, "Restored to a step."},
    {"_close", writer_close, METH_VARARGS, "Ends the run."},
    {"_count", writer_count, METH_NOARGS, "What was counted."},
    {0}};

static PyTypeObject writer_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "knotmeter._core.Writer",
    .tp_doc = "One run of the client library.",
    .tp_basicsize = sizeof(struct core_writer),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = writer_init,
    .tp_dealloc = writer_dealloc,
    .tp_methods = writer_methods,
    .tp_getset = writer_values,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "knotmeter._core",
    .m_doc = "The client library of Knotmeter.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__core(void)
{
    if (PyType_Ready(&writer_type) < 0) {
        return NULL;
    }
    PyObject *made = PyModule_Create(&module);
    Py_INCREF(&writer_type);
    if (made && PyModule_AddObject(made, "Writer", (PyObject *)&writer_type)) {
        Py_DECREF(&writer_type);
        Py_CLEAR(made);
    }
#ifdef KM_CLIENT_SHIPS
    int ships = 1;
#else
    int ships = 0;
#endif
    if (made && PyModule_AddIntConstant(made, "SHIPS", ships) < 0) {
        Py_CLEAR(made);
    }
    return made;
}
