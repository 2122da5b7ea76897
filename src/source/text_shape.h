/* text_shape.h - the lines that training programs print, as a table.
 *
 * A shape says where the step stands and how the values follow; one matcher
 * reads all of them, from left to right, without going back, so that a line
 * takes time in proportion to its length. To teach the program another logger,
 * add a row to text_shapes.c.
 *
 *     step:1375/1390 val_loss:3.2793 train_time:201992ms step_avg:147.98ms
 *     |anchor|  planned  `-- pairs --'
 *
 * Ownership: names are borrowed from the line.   Threads: any.
 * Document: docs/formats/text_log.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_TEXT_SHAPE_H
#define KM_SOURCE_TEXT_SHAPE_H

#include "model/record.h"

enum km_text_pairs {
    KM_TEXT_WORDS, /* key:value or key=value, blanks between pairs */
    KM_TEXT_LIST,  /* pairs between ',' or '|'; keys may hold blanks */
};

enum km_text_flag {
    KM_TEXT_AT_START = 1,   /* the anchor opens the line (after a log prefix) */
    KM_TEXT_NAMED_ONLY = 2, /* only keys that `names` lists */
    KM_TEXT_BLOCK = 4,      /* indented "name=value" lines follow */
    KM_TEXT_TO_BAR = 8,     /* pairs begin after the first '|' */
    KM_TEXT_TIGHT = 16,     /* no blank between anchor and step */
    KM_TEXT_SUMMARY = 32,   /* no step: a word, then the final values */
};

struct km_text_name {
    const char *key, *metric;
};

struct km_text_shape {
    const char *name;   /* "modded-nanogpt" */
    const char *anchor; /* text before the step's number */
    const char *after;  /* text after step and total, or "" */
    const char *needs;  /* stands somewhere in the line, or NULL */
    const char *prefix; /* put before each metric's name */
    enum km_text_pairs pairs;
    unsigned flags;
    struct km_text_name names[8]; /* keys that get another name; NULL ends */
};

extern const struct km_text_shape km_text_shapes[];
extern const size_t km_text_shape_count;

enum { KM_TEXT_PAIRS_MAX = 256, KM_TEXT_KEY_BYTES_MAX = 128 };

struct km_text_pair {
    struct km_str key;  /* as in the line, trimmed */
    const char *metric; /* from the shape's names, or NULL: the key */
    double value;
};

/* What a line said. */
struct km_text_line {
    const struct km_text_shape *shape; /* NULL: nothing was recognised */
    struct km_str label;               /* of a summary: its first word */
    int64_t step;                      /* KM_STEP_ABSENT: the shape has none */
    int64_t planned;                   /* total steps, or -1 */
    int64_t time_ns; /* of the log prefix, or KM_TIME_ABSENT */
    size_t pair_count;
    size_t left_out; /* pairs beyond KM_TEXT_PAIRS_MAX */
    struct km_text_pair pairs[KM_TEXT_PAIRS_MAX];
};

/* Empty, without touching the array: lines are many. */
static inline void km_text_line_reset(struct km_text_line *line,
                                      const struct km_text_shape *shape)
{
    line->shape = shape;
    line->label = (struct km_str){NULL, 0};
    line->step = KM_STEP_ABSENT;
    line->planned = -1;
    line->time_ns = KM_TIME_ABSENT;
    line->pair_count = line->left_out = 0;
}

/* Fills `out`; false (and a NULL shape) when no row of the table fits. */
bool km_text_line_match(struct km_str line, struct km_text_line *out);

/* One indented line of a block: "    train/CE loss=2.345". */
bool km_text_block_pair(struct km_str line, struct km_text_pair *out);

/* A Python dict as trainers print it: {'loss': 1.2, 'epoch': '0.1'}. A "step"
 * or "global_step" inside becomes the step. */
bool km_text_dict_match(struct km_str line, struct km_text_line *out);

/* A number with thousands commas and a unit behind it ("1,234", "3.2%",
 * "8ms"), or nan, inf. False when something else follows. `used`: its bytes. */
bool km_text_value(struct km_str text, bool commas, double *value,
                   size_t *used);

/* The date and time that a logger puts in front; false when there is none. */
bool km_text_time(struct km_str line, int64_t *time_ns);

/* True for what loggers put in front of their lines, or nothing; false for
 * source code, which logs may hold too. */
bool km_text_is_prefix(struct km_str text);

#endif
