/* note_fields.h - flat JSON documents of notes, read and written by a table.
 *
 * Ownership: texts go into the arena.   Threads: any.   Errors: KM_ELIMIT,
 * those of the store. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SCORE_NOTE_FIELDS_H
#define KM_SCORE_NOTE_FIELDS_H

#include "base/arena.h"
#include "store/store.h"

/* A number or a text; absent ones are left as they are, and not written when
 * they are NaN, NULL or "". */
struct km_note_field {
    const char *key;
    double *number;
    const char **text;
};

/* False: not JSON, or memory is short (`*full` is set then). Unknown keys and
 * values of another kind are skipped. */
bool km_note_read(const struct km_note *note,
                  const struct km_note_field *fields, size_t count,
                  struct km_arena *arena, bool *full);

/* Puts the note with the document that the fields make. */
enum km_code km_note_write(struct km_store *store, const struct km_note *note,
                           const struct km_note_field *fields, size_t count,
                           struct km_err *err);

#endif
