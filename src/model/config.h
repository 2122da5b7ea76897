/* config.h - the user's own words: roles of metrics, store, prices, targets.
 *
 *     store: /data/knotmeter
 *     quota_gib: 20               # largest size of the store
 *     metrics:
 *       - match: "my.thing*"        # glob over metric names, first match wins
 *         role: valid_loss          # a word of km_role_parse()
 *         unit: nat
 *         better: lower             # higher, lower, neither
 *     prices:
 *       accelerator_hour: 2.5
 *       step: 0.01                  # instead, where steps are what is paid
 *       currency: EUR
 *     targets:                      # glob over project/name: value to reach
 *       "lab/demo": 3.28
 *
 * The file is $KNOTMETER_CONFIG, else $XDG_CONFIG_HOME/knotmeter/config.yaml,
 * else ~/.config/knotmeter/config.yaml. A named file must be there; the other
 * two may be absent.
 *
 * Ownership: texts live in the arena.   Threads: constant once read.
 * Errors: KM_EINPUT with path, line and column, and what was expected;
 * KM_ELIMIT, KM_EIO.   Document: docs/config.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MODEL_CONFIG_H
#define KM_MODEL_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/role.h"

struct km_config_target {
    struct km_str pattern; /* glob over "project/name" */
    double value;
};

struct km_config {
    const char *path;  /* of the file that was read; NULL: there is none */
    const char *store; /* NULL: not given */
    double quota_gib;  /* of the store, 2^30 bytes; NaN: none */
    struct km_role_table roles;
    double price_per_accelerator_hour, price_per_step; /* NaN: not given */
    const char *currency;                              /* NULL: not given */
    const struct km_config_target *targets;
    size_t target_count;
};

/* Nothing given. */
void km_config_init(struct km_config *config);

/* Finds and reads the user's file; without one, `config` is as after init. */
enum km_code km_config_load(struct km_arena *arena, struct km_config *config,
                            struct km_err *err);

/* Reads one file, which must be there. */
enum km_code km_config_read(const char *path, struct km_arena *arena,
                            struct km_config *config, struct km_err *err);

/* Reads a text; `path` names it in messages. */
enum km_code km_config_parse(const char *path, struct km_str text,
                             struct km_arena *arena, struct km_config *config,
                             struct km_err *err);

/* The first target whose glob covers `run` ("project/name"); NaN: none. */
double km_config_target(const struct km_config *config, struct km_str run);

/* The effective values, as a file that could be read again. */
void km_config_print(const struct km_config *config, struct km_buf *out);

#endif
