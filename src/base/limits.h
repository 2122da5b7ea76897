/* limits.h - every limit of the product, with its unit and its reason.
 *
 * A buffer, queue, length or count that has no name here has no business being
 * bounded elsewhere. What exceeds a limit is refused with KM_ELIMIT and a
 * sentence, or counted; it is never cut silently.
 * Document: docs/limits.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_LIMITS_H
#define KM_BASE_LIMITS_H

enum {
    KM_KIB = 1024,
    KM_MIB = 1024 * 1024,

    /* names: long enough for any layer path, short enough to index */
    KM_NAME_BYTES_MAX = 1024,
    KM_LABELS_BYTES_MAX = 1024,
    KM_PATH_BYTES_MAX = 4096,
    KM_JSON_DEPTH_MAX = 32, /* nesting of any JSON that we read */
    KM_JSON_TOKEN_BYTES_MAX = 16 * KM_MIB, /* one string or number */
    KM_CONFIG_VALUE_BYTES_MAX = 64 * KM_KIB,
    KM_CONFIG_KEYS_MAX = 10000, /* config and tag keys of one run */

    /* storage */
    KM_CHUNK_POINTS_MAX = 4096,        /* points of one stored chunk */
    KM_CHUNK_BYTES_MAX = 128 * KM_KIB, /* such a chunk that nothing squeezes */
    KM_SERIES_PER_RUN_MAX = 1000000,
    KM_STORE_BUSY_MS_MAX = 2000, /* how long a locked store is waited for */
    KM_STORE_WAL_BYTES_MAX = 64 * KM_MIB, /* beyond: moved into the database */
    KM_STORE_READERS_MAX = 16,            /* idle connections that are kept */
    KM_NOTE_BYTES_MAX = 1 * KM_MIB, /* one document that the product keeps */
    KM_MEMORY_STORE_TEXT_BYTES_MAX = 256 * KM_MIB, /* oracle of tests */

    /* one batch between a source and the store: bounds the memory of import */
    KM_BATCH_POINTS_MAX = 1 << 19,  /* x 24 B = 12 MiB of points */
    KM_BATCH_RECORDS_MAX = 1 << 16, /* events, evaluations, config keys */
    KM_BATCH_ARENA_BYTES_MAX = 48 * KM_MIB, /* names and texts of a batch */

    /* what the emitter remembers of one origin; a log that goes back at every
     * second step would otherwise make an attempt of each */
    KM_EMIT_BYTES_MAX = 512 * KM_MIB,
    KM_EMIT_STATE_BYTES_MAX = 256 * KM_MIB,
    KM_EMIT_WARNINGS_MAX = 20, /* shown of one source; all are counted */
    KM_RUNS_PER_ORIGIN_MAX = 100000,
    KM_RESTARTS_PER_ORIGIN_MAX = 4096,

    /* sources */
    KM_GZIP_BYTES_MAX = 1 << 30,        /* what a packed log may unpack to */
    KM_FEED_BYTES = 1 * KM_MIB,         /* read size of a byte-stream source */
    KM_RECORD_BYTES_MAX = 256 * KM_MIB, /* one framed record of any source */
    KM_LINE_BYTES_MAX = 16 * KM_MIB,    /* one text line of any source */
    KM_SNIFF_BYTES = 8 * KM_KIB,        /* what detection may look at */
    KM_CSV_COLUMNS_MAX = 1000000,
    KM_TEXT_BLIND_BYTES_MAX = 256 * KM_MIB, /* of a text without a known line */
    KM_PATTERN_BYTES_MAX = 16 * KM_KIB,     /* of the user's --pattern */
    KM_PATTERN_LINE_BYTES_MAX = 64 * KM_KIB, /* longer lines: never tried */
    KM_YAML_BYTES_MAX = 1 * KM_MIB,          /* one metadata file */
    KM_SETTINGS_BYTES_MAX = 1 * KM_MIB,      /* one config file beside a log */
    KM_SQLITE_STEPS_MAX = 2000000000, /* of SQLite's machine, per statement */
    KM_PROTO_DEPTH_MAX = 32,
    KM_FOLDER_DEPTH_MAX = 64,
    KM_FOLDER_FILES_MAX = 10000000,
    KM_HISTOGRAM_BUCKETS_MAX = 8192, /* of one logged histogram */
    KM_NPZ_ARRAYS_MAX = 1024,
    KM_NPZ_BYTES_MAX = 64 * KM_MIB, /* unpacked arrays of one archive */
    KM_NPZ_ELEMENTS_MAX = 1 << 22,  /* of all arrays: read in one batch */
    KM_EVENT_TEXT_BYTES_MAX = 16 * KM_KIB, /* of one logged text; more is cut
                                              and its full size noted */

    /* journal: what a client writes, see docs/formats/journal.md */
    KM_JOURNAL_PAYLOAD_BYTES_MAX = 80 * KM_KIB, /* a config value, its key */
    KM_JOURNAL_SEGMENT_BYTES_MAX = 1024 * KM_MIB,
    KM_JOURNAL_SEGMENTS_MAX = 1000000, /* six digits in the file name */
    KM_JOURNAL_METRICS_MAX = 1 << 20,  /* names of one writer */
    KM_JOURNAL_GAPS_MAX = 256,         /* unpublished slots waited for */

    /* tracking: what clients of MLflow's API may make of it */
    KM_TRACKED_EXPERIMENTS_MAX = 10000,
    KM_TRACKED_RUNS_MAX = 1000000,  /* runs; models */
    KM_TRACKED_INPUTS_MAX = 1000,   /* data sets and models of a run */
    KM_TRACKED_SESSIONS_MAX = 1024, /* runs that are kept ready to grow */
    KM_TRACKED_GROUP_BYTES_MAX = 256 * KM_MIB, /* notes of one transaction */
    KM_FILTER_BYTES_MAX = 16 * KM_KIB,
    KM_FILTER_CLAUSES_MAX = 64, /* comparisons of a search; keys of an order */
    KM_WRITE_QUEUE_MAX = 1024,  /* requests that wait for one transaction */
    KM_ARTIFACT_DEPTH_MAX = 32,
    KM_ARTIFACT_MIB_MAX = 16384, /* one file; 16 GiB */
    KM_ARTIFACT_LIST_MAX = 10000,

    /* shipping journals to a server, see docs/protocol.md */
    KM_SHIP_RANGE_BYTES = 4 * KM_MIB, /* of one POST; a server takes 16 MiB */
    KM_SHIP_ANSWER_BYTES_MAX = 64 * KM_KIB,
    KM_SHIP_JOURNALS_MAX = 100000, /* of one `km sync` */
    KM_SHIP_FOLDERS_MAX = 100000,  /* looked into for journals */
    KM_SHIP_DEPTH_MAX = 8,         /* of them, below the one that is named */
    KM_TOKEN_BYTES_MAX = 4 * KM_KIB,

    /* what is watched live */
    KM_VIEWERS_MAX = 800,         /* streams of events that are open */
    KM_EVENTS_KEPT_MAX = 2048,        /* changes that a stream may fall behind */
    KM_FLEET_RUNS_MAX = 20000,    /* newest runs that `km serve` shows */
    KM_FLEET_METRICS_RUNS_MAX = 200,  /* runs under way that /metrics tells of */
    KM_TOP_RUNS_MAX = 2000,       /* newest runs that `km top` shows */
    KM_LISTEN_BYTES = 4 * KM_MIB, /* output of a command that is not read yet */

    /* the user's config file */
    KM_CONFIG_FILE_BYTES_MAX = 256 * KM_KIB,
    KM_CONFIG_RULES_MAX = 1000, /* rules over metrics; targets */

    /* analysis: arrays of one series; longer ones are averaged to fit */
    KM_TRACK_POINTS_MAX = 1 << 20, /* x 28 B */
    KM_ATTEMPTS_MAX = 100000,      /* attempts of one run that are shown */

    /* arenas */
    KM_ARENA_COMMAND_BYTES_MAX = 512 * KM_MIB,
};

#endif
