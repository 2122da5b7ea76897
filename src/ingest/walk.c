/* walk.c - lists what lies below a folder, sorted, without leaving it.
 *
 * Links are not followed: what they point to inside the folder is found where
 * it is, and what they point to outside is not ours. Sockets, pipes and
 * devices are passed over, as are hidden folders and caches. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "ingest/ingest_private.h"

static const char *const passed_over[] = {"node_modules", "__pycache__",
                                          "site-packages", "lost+found"};

void km_ingest_list_init(struct ingest_list *list)
{
    *list = (struct ingest_list){0};
    km_arena_init(&list->arena, KM_ARENA_COMMAND_BYTES_MAX);
}

void km_ingest_list_reset(struct ingest_list *list)
{
    list->count = 0;
    km_arena_reset(&list->arena);
}

void km_ingest_list_finish(struct ingest_list *list)
{
    free(list->items);
    km_arena_finish(&list->arena);
    *list = (struct ingest_list){0};
}

static struct ingest_found *push(struct ingest_list *list)
{
    if (list->count == KM_FOLDER_FILES_MAX) {
        return NULL;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 256;
        struct ingest_found *items = realloc(list->items, cap * sizeof *items);
        if (!items) {
            return NULL;
        }
        list->items = items;
        list->cap = cap;
    }
    return &list->items[list->count++];
}

static int64_t time_of(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Fills the place of `folder`/`name`; false when memory is short. */
static bool set_place(struct ingest_walk *walk, struct km_str folder,
                      const char *name, const struct stat *st,
                      struct km_place *place)
{
    struct km_arena *arena = &walk->list->arena;
    size_t name_len = strlen(name);
    char *path = folder.len ? km_arena_printf(arena, "%s/%s", folder.ptr, name)
                            : km_arena_copy(arena, name, name_len);
    if (!path) {
        return false;
    }
    size_t len = strlen(path);
    *place = (struct km_place){
        .path = {path, len},
        .folder = folder,
        .name = {path + len - name_len, name_len},
        .size_bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
        .mtime_ns = time_of(st),
        .root_fd = walk->root->fd,
    };
    return true;
}

static enum km_code add(struct ingest_walk *walk, const struct km_place *place,
                        const struct stat *st, const struct km_source_ops *ops,
                        bool is_named, struct km_err *err)
{
    struct ingest_found *found = push(walk->list);
    if (!found) {
        return km_fail(err, KM_ELIMIT, "more than %zu files cannot be listed",
                       walk->list->count);
    }
    *found = (struct ingest_found){
        .root = walk->root,
        .place = *place,
        .device = (uint64_t)st->st_dev,
        .inode = (uint64_t)st->st_ino,
        .ops = ops,
        .is_folder = S_ISDIR(st->st_mode),
        .is_named = is_named,
    };
    return KM_OK;
}

static bool is_passed_over(const struct ingest_walk *walk, const char *name,
                           const struct stat *st)
{
    if (name[0] == '.') {
        return true; /* also "." and ".." */
    }
    if (!S_ISDIR(st->st_mode)) {
        return !S_ISREG(st->st_mode);
    }
    for (size_t i = 0; i < sizeof passed_over / sizeof passed_over[0]; i++) {
        if (strcmp(name, passed_over[i]) == 0) {
            return true;
        }
    }
    return (uint64_t)st->st_dev == walk->store_device &&
           (uint64_t)st->st_ino == walk->store_inode;
}

static const struct km_source_ops *claim_folder(const struct ingest_walk *walk,
                                                const struct km_place *place)
{
    const struct km_sniff sniff = {.place = place, .is_folder = true};
    if (walk->options->format.len == 0) {
        return km_source_detect(&sniff);
    }
    const struct km_source_ops *ops = km_source_find(walk->options->format);
    return ops && ops->shape == KM_SHAPE_STORE && ops->sniff(&sniff) > 0 ? ops
                                                                         : NULL;
}

struct names {
    char **items;
    size_t count, cap;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free(names->items);
}

/* The names in a folder, sorted. Takes over `fd`. */
static enum km_code read_names(int fd, struct km_str path, struct names *names,
                               struct km_err *err)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int why = errno;
        (void)close(fd);
        return km_fail_errno(err, why, "cannot list %s", path.ptr);
    }
    enum km_code code = KM_OK;
    const struct dirent *entry;
    while ((errno = 0, entry = readdir(dir))) {
        if (names->count == names->cap) {
            size_t cap = names->cap ? names->cap * 2 : 64;
            char **items = realloc(names->items, cap * sizeof *items);
            if (!items) {
                code = km_fail(err, KM_EMEMORY, "memory for a listing of %s",
                               path.ptr);
                break;
            }
            names->items = items;
            names->cap = cap;
        }
        char *copy = strdup(entry->d_name);
        if (!copy) {
            code = km_fail(err, KM_EMEMORY, "memory for a listing of %s",
                           path.ptr);
            break;
        }
        names->items[names->count++] = copy;
    }
    if (code == KM_OK && errno) {
        code = km_fail_errno(err, errno, "cannot list %s", path.ptr);
    }
    (void)closedir(dir);
    if (names->count) {
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    }
    return code;
}

static enum km_code walk_folder(struct ingest_walk *walk, int fd,
                                struct km_str folder, int depth,
                                struct km_err *err);

/* Goes down into a folder, or takes it as a whole. */
static enum km_code visit_folder(struct ingest_walk *walk, int parent_fd,
                                 const char *name, const struct km_place *place,
                                 const struct stat *st, int depth,
                                 struct km_err *err)
{
    const struct km_source_ops *ops = claim_folder(walk, place);
    if (ops) {
        return add(walk, place, st, ops, false, err);
    }
    struct km_err why;
    if (depth == KM_FOLDER_DEPTH_MAX) {
        km_fail(&why, KM_ELIMIT, "%s: folders are nested more than %d deep",
                place->path.ptr, KM_FOLDER_DEPTH_MAX);
        walk->on_error(walk->user, place->path, &why);
        return KM_OK;
    }
    int fd = openat(parent_fd, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR) {
            km_fail_errno(&why, errno, "cannot open %s", place->path.ptr);
            walk->on_error(walk->user, place->path, &why);
        }
        return KM_OK; /* gone meanwhile, or replaced by a link */
    }
    return walk_folder(walk, fd, place->path, depth + 1, err);
}

/* Takes over `fd`. */
static enum km_code walk_folder(struct ingest_walk *walk, int fd,
                                struct km_str folder, int depth,
                                struct km_err *err)
{
    struct names names = {0};
    struct km_err why;
    int list_fd = dup(fd);
    enum km_code code =
        list_fd < 0 ? km_fail_errno(&why, errno, "cannot list %s", folder.ptr)
                    : read_names(list_fd, folder, &names, &why);
    if (code) {
        walk->on_error(walk->user, folder, &why);
        code = KM_OK;
    }
    for (size_t i = 0; i < names.count && code == KM_OK; i++) {
        const char *name = names.items[i];
        struct stat st;
        struct km_place place;
        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            is_passed_over(walk, name, &st)) {
            continue;
        }
        if (folder.len + strlen(name) + 2 > KM_PATH_BYTES_MAX) {
            continue; /* the system itself cannot open it by this path */
        }
        if (!set_place(walk, folder, name, &st, &place)) {
            code = km_fail(err, KM_ELIMIT,
                           "the names of the files need more than %d MiB",
                           KM_ARENA_COMMAND_BYTES_MAX / KM_MIB);
        } else if (S_ISDIR(st.st_mode)) {
            code = visit_folder(walk, fd, name, &place, &st, depth, err);
        } else {
            code = add(walk, &place, &st, NULL, false, err);
        }
    }
    free_names(&names);
    (void)close(fd);
    return code;
}

enum km_code km_ingest_walk(struct ingest_walk *walk, struct km_err *err)
{
    int fd = openat(walk->root->fd, ".",
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return km_fail_errno(err, errno, "cannot open %s",
                             walk->root->path.ptr);
    }
    return walk_folder(walk, fd, KM_STR(""), 0, err);
}

enum km_code km_ingest_walk_file(struct ingest_walk *walk, struct km_str name,
                                 struct km_err *err)
{
    struct stat st;
    struct km_place place;
    if (fstatat(walk->root->fd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return km_fail_errno(err, errno, "cannot open %s/%s",
                             walk->root->path.ptr, name.ptr);
    }
    if (!set_place(walk, KM_STR(""), name.ptr, &st, &place)) {
        return km_fail(err, KM_EMEMORY, "memory for a path could not be had");
    }
    if (S_ISDIR(st.st_mode)) {
        const struct km_source_ops *ops = claim_folder(walk, &place);
        return ops ? add(walk, &place, &st, ops, true, err) : KM_OK;
    }
    if (!S_ISREG(st.st_mode)) {
        return km_fail(err, KM_EFORMAT, "%s is neither a file nor a folder",
                       name.ptr);
    }
    return add(walk, &place, &st, NULL, true, err);
}
