/* err.h - one table of outcomes, and the sentence that goes with a failure.
 *
 * A function that can fail returns `enum km_code` and takes a `struct km_err *`
 * last. The sentence is written once, where the failure is found: what, where
 * in the input, what was expected. Callers pass it up untouched.
 * Ownership: the caller owns the km_err; it may be NULL.   Threads: any.
 * Document: docs/errors.md (generated table: `km help errors`) */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_ERR_H
#define KM_BASE_ERR_H

#include <stdarg.h>

/* name, HTTP status, exit status, meaning. One line adds an outcome. */
#define KM_CODES(X)                                                            \
    X(OK, 200, 0, "success")                                                   \
    X(EUSAGE, 400, 2, "the command or request is not understood")              \
    X(EINPUT, 400, 2, "the input is malformed")                                \
    X(ECORRUPT, 422, 3, "a checksum or an invariant of the data fails")        \
    X(EFORMAT, 415, 4, "the file is of another kind, encrypted or locked")     \
    X(ENOTFOUND, 404, 5, "no such file, run, metric or figure")                \
    X(ECONFLICT, 409, 6, "what is stored contradicts this")                    \
    X(ELIMIT, 413, 7, "a documented limit would be exceeded")                  \
    X(ETOOFEW, 422, 8, "too few points for this figure")                       \
    X(EBUSY, 503, 9, "someone else holds it, retry later")                     \
    X(EIO, 500, 10, "the disk or the network failed")                          \
    X(ENOSPACE, 507, 11, "the disk is full or over quota")                     \
    X(EMEMORY, 500, 12, "memory could not be had")                             \
    X(EDENIED, 403, 13, "the token does not allow this")                       \
    X(EINTERRUPTED, 503, 130, "stopped by a signal; what was done is kept")

enum km_code {
#define KM_CODE_ENUM(name, http, exit, meaning) KM_##name,
    KM_CODES(KM_CODE_ENUM)
#undef KM_CODE_ENUM
        KM_CODE_COUNT
};

enum { KM_ERR_BYTES = 640 };

struct km_err {
    enum km_code code;
    char message[KM_ERR_BYTES]; /* one sentence, no newline, UTF-8 */
};

/* Writes the sentence and returns `code`, so that `return km_fail(...)` reads
 * well. `code` must not be KM_OK. Control characters of inserted text are
 * replaced, so that hostile names cannot reach a terminal. */
enum km_code km_fail(struct km_err *err, enum km_code code, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* The same for an errno value of the system; appends its text. ENOSPC and
 * EDQUOT become KM_ENOSPACE, ENOENT KM_ENOTFOUND, others KM_EIO. */
enum km_code km_fail_errno(struct km_err *err, int errno_value,
                           const char *format, ...)
    __attribute__((format(printf, 3, 4)));

const char *km_code_name(enum km_code code);    /* "EINPUT" */
const char *km_code_meaning(enum km_code code); /* one clause */
int km_code_http(enum km_code code);
int km_code_exit(enum km_code code);

#endif
