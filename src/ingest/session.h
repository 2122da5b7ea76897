/* session.h - one source while it is being read.
 *
 * open.c makes it, resume.c finds out what is known of the file, session.c
 * feeds it, commits and reports. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_INGEST_SESSION_H
#define KM_INGEST_SESSION_H

#include "ingest/ingest_private.h"
#include "ingest/state.h"

struct ingest_session {
    struct ingest *in;
    struct km_arena arena; /* the texts of found and path */
    struct ingest_found found;
    struct km_str path; /* absolute */
    const struct km_source_ops *ops;
    struct km_emit *emit;
    struct km_source source;
    bool has_begun;

    int fd;              /* -1 for STORE */
    bool is_packed;      /* with gzip; fd is what was inside */
    bool is_cut;         /* the packed data end too early */
    uint64_t size_bytes; /* read no further than this */
    int64_t mtime_ns;    /* absent: too young to be trusted */
    struct km_buf bytes; /* read and not yet consumed, from `at` on */
    size_t at;
    uint64_t consumed_bytes;
    struct km_fingerprint *print; /* of all consumed bytes */
    bool at_end;

    struct km_cursor cursor; /* as committed last; zero for a new source */
    struct km_buf state;     /* scratch of the commit */
    bool is_known, is_renamed;
    bool replace; /* with the next commit */
    bool tail_open;
    enum km_source_status status;

    struct km_beside *beside; /* runs that a file of settings speaks of */
    size_t beside_count;
    bool beside_changed; /* other ones than when it was read */

    struct km_buf warnings; /* of this import, as JSON: ,offset,"text" ... */
    uint64_t warned;        /* how many stand there */
    uint64_t warned_before; /* by the emitter, when they were kept last */

    uint64_t points, records, bytes_before; /* of this import */
    uint64_t skipped_before;
    bool store_failed; /* the failure is the store's, not the file's */
    bool overtaken;    /* another import reads the same file */
    uint64_t used_at;  /* live sessions: the least used is closed first */
    char message[KM_ERR_BYTES];
};

/* What a file turned out to be. */
enum ingest_kind {
    KM_INGEST_NEW,       /* or rewritten: session->replace */
    KM_INGEST_RESUMED,   /* known, goes on at consumed_bytes */
    KM_INGEST_UNCHANGED, /* known, nothing to read */
    KM_INGEST_DUPLICATE, /* a copy of another file that is still there */
};

/* Decides, by content, for the open session->fd; sets source id, cursor,
 * replace, consumed_bytes and the fingerprint. */
enum km_code km_ingest_identify(struct ingest_session *session,
                                struct km_str head, enum ingest_kind *kind,
                                struct km_err *err);

/* Finds the runs of the logs that stand beside a file of settings; `known` is
 * its cursor or NULL. */
enum km_code km_ingest_beside(struct ingest_session *session,
                              const struct ingest_known *known,
                              struct km_err *err);

/* Called by the emitter: commits a batch with its cursor. */
enum km_code km_session_flush(void *user, struct km_batch *batch,
                              struct km_err *err);
/* Appends what the session made, guarded by the cursor as it is known here. A
 * session that was overtaken gives KM_EBUSY. */
enum km_code km_session_append(struct ingest_session *session,
                               struct km_batch *batch, struct km_err *err);
void km_session_warn(void *user, uint64_t offset, const char *text);

/* Warnings outlive the import (warnings.c): one more; all of this session into
 * the store, `count` in all; those of an unchanged source told again. */
void km_session_note_warning(struct ingest_session *session, uint64_t offset,
                             struct km_str text);
void km_session_keep_warnings(struct ingest_session *session, uint64_t count);
void km_session_recall_warnings(struct ingest_session *session,
                                uint64_t source_id);

/* Reads to the present end and commits. A failure of the file leaves what
 * stands before it committed, except in documents: half of one is nothing. */
enum km_code km_session_read(struct ingest_session *session, bool keep_open,
                             struct km_err *err);
void km_session_report(struct ingest_session *session, enum km_code code,
                       const struct km_err *err, bool unchanged);

/* True when size and time say that nothing was added since. */
bool km_ingest_is_untouched(const struct ingest *in,
                            const struct ingest_known *known,
                            const struct ingest_found *found);

#endif
