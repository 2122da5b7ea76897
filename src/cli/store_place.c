/* store_place.c - where the store is, and opening it with a kind word. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cli/cli.h"

static const char *variable(const char *name)
{
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* $XDG_DATA_HOME/knotmeter, ~/.local/share/knotmeter. */
static const char *user_folder(struct km_arena *arena)
{
    const char *base = variable("XDG_DATA_HOME");
    if (base && base[0] == '/') {
        return km_arena_printf(arena, "%s/knotmeter", base);
    }
    const char *home = variable("HOME");
    return home ? km_arena_printf(arena, "%s/.local/share/knotmeter", home)
                : NULL;
}

enum km_code km_cli_store_path(struct km_cli *cli, const char **path,
                               struct km_err *err)
{
    *path = km_option_text(cli->args, "store");
    if (!*path) {
        *path = variable("KNOTMETER_STORE");
    }
    if (!*path) {
        *path = cli->config.store;
    }
    if (!*path) {
        *path = user_folder(&cli->arena);
    }
    if (!*path) {
        return km_fail(err, KM_EUSAGE,
                       "there is no place for a store: neither --store nor "
                       "$KNOTMETER_STORE nor $HOME is set");
    }
    if (strlen(*path) >= KM_PATH_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "the path of the store is longer than "
                       "%d bytes",
                       KM_PATH_BYTES_MAX);
    }
    return KM_OK;
}

/* The folders above `path`; the store makes its own. */
static enum km_code make_parents(const char *path, struct km_arena *arena,
                                 struct km_err *err)
{
    char *copy = km_arena_copy(arena, path, strlen(path));
    if (!copy) {
        return km_fail(err, KM_EMEMORY, "no memory for a path");
    }
    for (char *slash = strchr(copy + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            return km_fail_errno(err, errno, "cannot make the folder %s", copy);
        }
        *slash = '/';
    }
    return KM_OK;
}

static uint64_t quota_bytes(const struct km_config *config)
{
    double bytes = config->quota_gib * 0x1p30;
    return bytes >= 1 && bytes < 0x1p63 ? (uint64_t)bytes : 0;
}

enum km_code km_cli_store(struct km_cli *cli, enum km_store_access access,
                          struct km_store **store, struct km_err *err)
{
    if (!cli->store) {
        const char *path;
        enum km_code code = km_cli_store_path(cli, &path, err);
        if (code) {
            return code;
        }
        struct stat facts;
        bool there = stat(path, &facts) == 0;
        if (!there && access != KM_ACCESS_CREATE) {
            return km_fail(err, KM_ENOTFOUND,
                           "there is no store at %s; `km import FOLDER` makes "
                           "one",
                           path);
        }
        if (!there) {
            code = make_parents(path, &cli->arena, err);
            if (code) {
                return code;
            }
        }
        struct km_store_options options = {
            .path = path,
            .create = access == KM_ACCESS_CREATE,
            .read_only = access == KM_ACCESS_READ,
            /* an import reads again what a power failure takes from it, and
             * syncs before it says that it is done */
            .durability = access == KM_ACCESS_CREATE ? KM_DURABILITY_FAST
                                                     : KM_DURABILITY_FULL,
            .clock = cli->clock,
            .quota_bytes = quota_bytes(&cli->config),
        };
        cli->store = km_store_open_sqlite(&options, err);
        if (!cli->store) {
            assert(!err || err->code);
            return err ? err->code : KM_EIO;
        }
    }
    *store = cli->store;
    return KM_OK;
}
