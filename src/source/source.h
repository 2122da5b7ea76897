/* source.h - what a format must do, and the table of formats.
 *
 * One file per format: bytes -> records. A source is recognised by content
 * (sniff), resumes from a saved state, and never opens anything that the bytes
 * name. To add a format: one file, one row in sources.c, one section in
 * docs/formats.md, one fuzz target.
 * Threads: one thread per source instance. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_SOURCE_H
#define KM_SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "source/emit.h"

enum km_source_shape {
    KM_SHAPE_STREAM,   /* only grows: fed from where it stopped */
    KM_SHAPE_DOCUMENT, /* rewritten as a whole: fed from 0 when it changed */
    KM_SHAPE_STORE,    /* a database file or a folder: scanned by itself */
};

/* What one file or folder means for runs, before the file says better. */
enum km_source_scope {
    KM_SCOPE_FOLDER, /* all files of the folder are one run */
    KM_SCOPE_FILE,   /* each file is a run named like it */
    KM_SCOPE_PARENT, /* the folder above is the run (checkpoint-500/...) */
    KM_SCOPE_STAGES, /* the same, also above stages (2-amazon/...) */
    KM_SCOPE_INNER,  /* the content names its runs */
};

/* Where a source was found. Paths are relative to the folder that the user
 * named, '/'-separated, without "." or ".."; texts are borrowed. */
struct km_place {
    struct km_str path;   /* "a/b/events.out.tfevents.1" */
    struct km_str folder; /* "a/b", empty at the root */
    struct km_str name;   /* last part of path */
    uint64_t size_bytes;
    int64_t mtime_ns;
    int root_fd; /* the named folder; open below it with km_place_open() */
};

/* Opens a path below the root read-only, without following links out of it.
 * Returns a file descriptor, or -1 with `err`. */
int km_place_open(const struct km_place *place, const char *relative,
                  struct km_err *err);

struct km_sniff {
    const struct km_place *place;
    struct km_str head; /* up to KM_SNIFF_BYTES first bytes; empty: a folder */
    bool is_folder;
};

/* Choices of the user that concern formats. */
struct km_source_options {
    struct km_str pattern;    /* --pattern: PCRE2 with named groups */
    struct km_str column_map; /* --columns step=Step,loss=val_loss,... */
    bool salvage;             /* go on after damage, count what was skipped */
};

/* A run that a file of settings speaks of. */
struct km_beside {
    struct km_str project, external_id;
};

struct km_source {
    const struct km_source_ops *ops;
    const struct km_place *place;
    const struct km_source_options *options;
    struct km_emit *emit;
    struct km_arena arena; /* lives as long as the instance */
    void *state;           /* ops->state_bytes, cleared */
    uint64_t offset;       /* in the file, of the bytes given to feed() */
    const struct km_beside *beside; /* settings.c: of the logs beside it */
    size_t beside_count;
    uint64_t beside_hash;         /* of them, kept in the saved state */
    enum km_source_status status; /* set by feed: PARTIAL, DAMAGED */
    uint64_t damage_offset, skipped_bytes;
    uint64_t read_bytes; /* by scan() itself, for the report */
};

struct km_source_ops {
    const char *name;  /* "tfevents": in cursors and --format */
    const char *title; /* "TensorBoard event file" */
    enum km_source_shape shape;
    enum km_source_scope scope;
    size_t state_bytes;
    bool settings_beside; /* a config file in its folder speaks of its runs */

    /* 0: not mine; 1..100: how sure. The highest wins. Never fails. */
    int (*sniff)(const struct km_sniff *sniff);

    /* Where flavours of a format differ in scope: that of this file, decided
     * by its name and head alone. NULL: `scope` holds for all. */
    enum km_source_scope (*scope_of)(const struct km_sniff *sniff);

    /* `saved` is empty for a new file, else what save() wrote. */
    enum km_code (*begin)(struct km_source *source, struct km_str saved,
                          struct km_err *err);

    /* Takes whole records from `bytes` and says how many bytes they were. What
     * is left over comes again with more behind it. Stops early, at a record
     * boundary, when km_emit_full(). `last`: nothing more is there at present;
     * a text line without its end is then taken too. Damage: what stands before
     * is emitted, status and damage_offset are set and KM_ECORRUPT returned;
     * with options->salvage it goes on and counts. STREAM and DOCUMENT only. */
    enum km_code (*feed)(struct km_source *source, struct km_str bytes,
                         bool last, size_t *used, struct km_err *err);

    /* Appends what begin() needs to go on from the present place. */
    void (*save)(const struct km_source *source, struct km_buf *out);

    /* STORE only: reads everything that is new. */
    enum km_code (*scan)(struct km_source *source, struct km_err *err);

    /* Gives back what begin() took outside the arena. May be NULL. */
    void (*finish)(struct km_source *source);
};

/* The table, NULL-terminated. */
extern const struct km_source_ops *const km_sources[];

/* NULL when no format claims it. */
const struct km_source_ops *km_source_detect(const struct km_sniff *sniff);
const struct km_source_ops *km_source_find(struct km_str name);

/* What stands beside logs and holds none, as its writer names it: no reason to
 * tell anyone that it was not recognised. By name alone. */
bool km_source_is_companion(struct km_str name);

#endif
