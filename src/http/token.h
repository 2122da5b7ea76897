/* token.h - who may do what.
 *
 * A file beside the store, mode 0600, a line each:
 *
 *     scope  project  token
 *     admin  *        km_9f2c...
 *     write  lab      km_71aa...
 *
 * Scopes: read < write < admin; a project other than * limits a token to its
 * runs. A token is `km_` and 64 hexadecimal digits: 256 random bits.
 * Ownership: the arena.   Threads: any, once read.
 * Errors: KM_EINPUT (a line), KM_EIO, KM_EUSAGE (others may read the file). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_TOKEN_H
#define KM_HTTP_TOKEN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum km_scope {
    KM_SCOPE_NOBODY,
    KM_SCOPE_READ,
    KM_SCOPE_WRITE,
    KM_SCOPE_ADMIN
};

struct km_grant {
    enum km_scope scope;
    struct km_str project; /* empty: all */
};

struct km_token {
    struct km_grant grant;
    struct km_str secret;
};

enum { KM_TOKENS_MAX = 10000, KM_TOKEN_BYTES = 3 + 64 };

struct km_tokens {
    struct km_token *list;
    size_t count;
};

/* Reads the file; makes it, with one admin token, when it is not there
 * (*made). */
enum km_code km_tokens_open(const char *path, struct km_arena *arena,
                            struct km_tokens *tokens, bool *made,
                            struct km_err *err);

/* Takes as long for every token, whichever it is. False: none of them. */
bool km_tokens_find(const struct km_tokens *tokens, struct km_str secret,
                    struct km_grant *grant);

const char *km_scope_name(enum km_scope scope);

#endif
