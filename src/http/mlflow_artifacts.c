/* mlflow_artifacts.c - files of runs and models, below the store's folder.
 *
 *     <store>/artifacts/<experiment>/<run>/artifacts/...
 *     <store>/artifacts/<experiment>/models/<model>/artifacts/...
 *
 * The first parts are ids that this server made and looks up; what a client
 * names comes behind them, decoded once, part by part without "." and "..",
 * and is opened by a kernel that resolves nothing outside of the folder and no
 * link. A file is written beside and put in place when it is whole. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/mlflow.h"

static int open_below(int folder, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? 0600 : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                                      RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static enum km_code check_path(struct km_str path, struct km_err *err)
{
    size_t depth = 0;
    bool fine =
        path.len > 0 && path.len < KM_PATH_BYTES_MAX && km_utf8_is_name(path);
    for (size_t at = 0; fine && at <= path.len; depth++) {
        size_t end = km_str_find(path, '/', at);
        const struct km_str part = {path.ptr + at, end - at};
        fine = part.len > 0 && part.len < 256 && !km_str_is(part, ".") &&
               !km_str_is(part, "..") && part.ptr[0] != '\\' &&
               km_str_find(part, '\\', 0) == part.len;
        at = end + 1;
    }
    return fine && depth <= KM_ARTIFACT_DEPTH_MAX + 3
               ? KM_OK
               : km_fail(err, KM_EINPUT,
                         "Invalid path: an artifact is named "
                         "by plain parts between '/', without '..'");
}

/* Does the path begin with a run or a model that the token may see? */
static enum km_code check_owner(struct km_request *r, struct km_str path,
                                struct km_err *err)
{
    size_t one = km_str_find(path, '/', 0);
    size_t two = km_str_find(path, '/', one + 1);
    size_t three = km_str_find(path, '/', two + 1);
    const struct km_str experiment = {path.ptr, one};
    struct km_str second = {path.ptr + one + (one < path.len), 0};
    second.len = (two < path.len ? two : path.len) -
                 (one < path.len ? one + 1 : path.len);
    struct km_experiment *found;
    struct km_tracked_run *run;
    struct km_tracked_model *model;
    enum km_code code = km_mlflow_find_experiment(r, experiment, &found, err);
    if (code || second.len == 0) {
        return code ? code : km_fail(err, KM_ENOTFOUND, "there is no such run");
    }
    if (km_str_is(second, "models")) {
        const struct km_str id = {path.ptr +
                                      (two < path.len ? two + 1 : path.len),
                                  three - (two < path.len ? two + 1 : three)};
        code = km_mlflow_find_model(r, id, &model, err);
        return code || model->experiment == found
                   ? code
                   : km_fail(err, KM_ENOTFOUND, "there is no such model");
    }
    code = km_mlflow_find_run(r, second, &run, err);
    return code || run->experiment == found
               ? code
               : km_fail(err, KM_ENOTFOUND, "there is no such run");
}

/* The folder of all artifacts, made when it is not there; -1. */
static int open_root(struct km_request *r, bool make, struct km_err *err)
{
    const char *path =
        r->options->folder
            ? km_arena_printf(&r->arena, "%s/artifacts", r->options->folder)
            : NULL;
    if (path && make) {
        (void)mkdir(path, 0700);
    }
    int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        (void)km_fail(err, KM_ENOTFOUND, "there are no artifacts");
    }
    return fd;
}

/* A checked path, decoded; NULL with `err`. `text`: as it came. */
static const char *path_of(struct km_request *r, const char *decoded,
                           struct km_err *err)
{
    if (!decoded) {
        (void)km_fail(err, KM_EINPUT, "Invalid path: half an escape");
        return NULL;
    }
    struct km_str path = km_str_of(decoded);
    while (path.len && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    const char *kept = km_arena_copy(&r->arena, path.ptr, path.len);
    return kept && check_path(path, err) == KM_OK &&
                   check_owner(r, path, err) == KM_OK
               ? kept
               : NULL;
}

static const char *path_parameter(struct km_request *r, struct km_err *err)
{
    return path_of(r, km_request_decode(r, r->parameters[0], false), err);
}

/* ---- reading ---- */

enum km_code km_mlflow_artifact_get(struct km_request *r, struct km_err *err)
{
    const char *path = path_parameter(r, err);
    int root = path ? open_root(r, false, err) : -1;
    if (root < 0) {
        return err->code;
    }
    int fd = open_below(root, path, O_RDONLY | O_NONBLOCK);
    struct stat about;
    (void)close(root);
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return km_fail(err, KM_ENOTFOUND, "there is no artifact '%.200s'",
                       path);
    }
    r->reply_fd = fd;
    r->reply_fd_bytes = (uint64_t)about.st_size;
    r->content_type = "application/octet-stream";
    return KM_OK;
}

/* The entries of a folder; one that is not there is empty. `prefix` goes before
 * their names. */
static enum km_code write_entries(struct km_request *r,
                                  struct km_json_writer *w, const char *path,
                                  const char *prefix, struct km_err *err)
{
    struct km_err none;
    size_t count = 0;
    int root = open_root(r, false, &none);
    int fd = root < 0 ? -1 : open_below(root, path, O_RDONLY | O_DIRECTORY);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (root >= 0) {
        (void)close(root);
    }
    if (!folder) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return KM_OK;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder)) && count <= KM_ARTIFACT_LIST_MAX) {
        struct stat about;
        if (entry->d_name[0] == '.' &&
            (!entry->d_name[1] || strstr(entry->d_name, "..") ||
             strstr(entry->d_name, ".km-"))) {
            continue;
        }
        if (fstatat(dirfd(folder), entry->d_name, &about,
                    AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        const char *name = km_arena_printf(&r->arena, "%s%s%s", prefix,
                                           *prefix ? "/" : "", entry->d_name);
        bool inner = S_ISDIR(about.st_mode);
        km_json_object_begin(w);
        km_json_key(w, "path");
        km_json_text(w, name ? name : "");
        km_json_key(w, "is_dir");
        km_json_bool(w, inner);
        if (!inner) {
            km_json_key(w, "file_size");
            km_json_int(w, about.st_size);
        }
        km_json_object_end(w);
        count++;
    }
    (void)closedir(folder);
    return count <= KM_ARTIFACT_LIST_MAX
               ? KM_OK
               : km_fail(err, KM_ELIMIT, "the folder has more than %d entries",
                         KM_ARTIFACT_LIST_MAX);
}

static enum km_code list(struct km_request *r, const char *uri,
                         const char *path, const char *prefix,
                         struct km_err *err)
{
    struct km_json_writer w;
    km_mlflow_begin(r, &w);
    if (uri) {
        km_json_key(&w, "root_uri");
        km_json_text(&w, uri);
    }
    km_json_key(&w, "files");
    km_json_array_begin(&w);
    enum km_code code = write_entries(r, &w, path, prefix, err);
    km_json_array_end(&w);
    km_json_object_end(&w);
    return code;
}

enum km_code km_mlflow_artifact_list(struct km_request *r, struct km_err *err)
{
    const char *path = path_of(r, km_request_query(r, "path"), err);
    return path ? list(r, NULL, path, "", err) : err->code;
}

/* Below a run's or a model's own folder; names are from there. */
static enum km_code list_below(struct km_request *r, const char *root,
                               const char *below, struct km_err *err)
{
    const char *uri = km_arena_printf(&r->arena, "mlflow-artifacts:/%s", root);
    const char *path =
        km_arena_printf(&r->arena, "%s%s%s", root, *below ? "/" : "", below);
    if (!uri || !path) {
        return km_fail(err, KM_EMEMORY, "no memory for a list");
    }
    path = path_of(r, path, err);
    return path ? list(r, uri, path, below, err) : err->code;
}

enum km_code km_mlflow_artifacts(struct km_request *r, struct km_err *err)
{
    struct km_tracked_run *run;
    const char *below = km_request_query(r, "path");
    enum km_code code = km_mlflow_run_of(r, &run, err);
    if (code) {
        return code;
    }
    const char *root = km_arena_printf(&r->arena, "%s/%s/artifacts",
                                       run->experiment->id, run->id);
    return root ? list_below(r, root, below ? below : "", err)
                : km_fail(err, KM_EMEMORY, "no memory for a list");
}

enum km_code km_mlflow_model_artifacts(struct km_request *r, struct km_err *err)
{
    struct km_tracked_model *model;
    const char *below = km_request_query(r, "artifact_directory_path");
    enum km_code code = km_mlflow_find_model(r, r->parameters[0], &model, err);
    if (code) {
        return code;
    }
    const char *root = km_arena_printf(&r->arena, "%s/models/%s/artifacts",
                                       model->experiment->id, model->id);
    return root ? list_below(r, root, below ? below : "", err)
                : km_fail(err, KM_EMEMORY, "no memory for a list");
}

/* ---- writing ---- */

/* The folder in which `path` stands, made; -1. */
static int make_folders(int root, const char *path)
{
    int at = dup(root);
    const struct km_str whole = km_str_of(path);
    for (size_t from = 0; at >= 0;) {
        char part[256];
        size_t end = km_str_find(whole, '/', from);
        if (end == whole.len) {
            return at;
        }
        (void)snprintf(part, sizeof part, "%.*s", (int)(end - from),
                       path + from);
        (void)mkdirat(at, part, 0700);
        int next = open_below(at, part, O_RDONLY | O_DIRECTORY);
        (void)close(at);
        at = next;
        from = end + 1;
    }
    return at;
}

/* A path that leads through a file or a link is the client's mistake. */
static enum km_code fail_path(int number, struct km_err *err)
{
    bool theirs = number == ENOTDIR || number == ELOOP || number == EXDEV ||
                  number == EISDIR || number == EEXIST ||
                  number == ENAMETOOLONG || number == ENOTEMPTY;
    return theirs ? km_fail(err, KM_EINPUT,
                            "Invalid path: a part of it is a file, a folder "
                            "or a link where another is expected")
                  : km_fail_errno(err, number, "the artifact is not kept");
}

static enum km_code begin_upload(struct km_request *r, struct km_err *err)
{
    uint64_t random = 0;
    struct km_upload *u = &r->upload;
    (void)km_tracker_read(r->options->tracker);
    const char *path = path_parameter(r, err);
    km_tracker_read_done(r->options->tracker);
    int root = path ? open_root(r, true, err) : -1;
    if (root < 0) {
        return err->code;
    }
    u->folder_fd = make_folders(root, path);
    (void)close(root);
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return km_fail(err, KM_EIO, "the system gives no random numbers");
    }
    (void)snprintf(u->name, sizeof u->name, ".km-%016llx",
                   (unsigned long long)random);
    u->fd = u->folder_fd < 0 ? -1
                             : open_below(u->folder_fd, u->name,
                                          O_WRONLY | O_CREAT | O_EXCL);
    return u->fd >= 0 ? KM_OK : fail_path(errno, err);
}

enum km_code km_artifact_receive(struct km_request *r, struct km_str piece,
                                 struct km_err *err)
{
    struct km_upload *u = &r->upload;
    enum km_code code = u->fd < 0 ? begin_upload(r, err) : KM_OK;
    u->bytes += piece.len;
    if (code == KM_OK && u->bytes / KM_MIB >= KM_ARTIFACT_MIB_MAX) {
        code = km_fail(err, KM_ELIMIT, "the artifact has more than %d MiB",
                       KM_ARTIFACT_MIB_MAX);
    }
    while (code == KM_OK && piece.len) {
        ssize_t n = write(u->fd, piece.ptr, piece.len);
        if (n < 0 && errno != EINTR) {
            return km_fail_errno(err, errno, "the artifact is not written");
        }
        piece.ptr += n > 0 ? n : 0;
        piece.len -= n > 0 ? (size_t)n : 0;
    }
    return code;
}

void km_artifact_upload_drop(struct km_request *r)
{
    struct km_upload *u = &r->upload;
    if (u->fd >= 0) {
        (void)unlinkat(u->folder_fd, u->name, 0);
        (void)close(u->fd);
    }
    if (u->folder_fd >= 0) {
        (void)close(u->folder_fd);
    }
    if (r->reply_fd >= 0) {
        (void)close(r->reply_fd);
    }
    u->fd = u->folder_fd = r->reply_fd = -1;
}

/* The last part of the path, decoded. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

enum km_code km_mlflow_artifact_put(struct km_request *r, struct km_err *err)
{
    struct km_upload *u = &r->upload;
    enum km_code code = u->fd < 0 ? begin_upload(r, err) : KM_OK; /* empty */
    const char *path =
        code ? NULL : km_request_decode(r, r->parameters[0], false);
    if (!path) {
        return code ? code : km_fail(err, KM_EINPUT, "Invalid path");
    }
    if (fsync(u->fd) != 0 ||
        renameat(u->folder_fd, u->name, u->folder_fd, name_of(path)) != 0 ||
        fsync(u->folder_fd) != 0) {
        return fail_path(errno, err);
    }
    (void)close(u->fd);
    u->fd = -1;
    return km_mlflow_done(r);
}

/* A file, or a folder with all that is in it; no link is followed. */
static enum km_code remove_below(int folder, const char *name, int depth,
                                 struct km_err *err)
{
    if (unlinkat(folder, name, 0) == 0) {
        return KM_OK;
    }
    int fd = depth > KM_ARTIFACT_DEPTH_MAX
                 ? -1
                 : open_below(folder, name, O_RDONLY | O_DIRECTORY);
    DIR *inner = fd < 0 ? NULL : fdopendir(fd);
    enum km_code code = KM_OK;
    if (!inner) {
        return km_fail(err, KM_ENOTFOUND, "there is no such artifact");
    }
    const struct dirent *entry;
    while (code == KM_OK && (entry = readdir(inner))) {
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            code = remove_below(dirfd(inner), entry->d_name, depth + 1, err);
        }
    }
    (void)closedir(inner);
    if (code == KM_OK && unlinkat(folder, name, AT_REMOVEDIR) != 0) {
        code = km_fail_errno(err, errno, "the artifact is not removed");
    }
    return code;
}

enum km_code km_mlflow_artifact_delete(struct km_request *r, struct km_err *err)
{
    const char *path = path_parameter(r, err);
    int root = path ? open_root(r, false, err) : -1;
    if (root < 0) {
        return err->code;
    }
    const char *name = name_of(path);
    const char *parent = km_arena_copy(&r->arena, path, (size_t)(name - path));
    int folder = parent && name > path
                     ? open_below(root, parent, O_RDONLY | O_DIRECTORY)
                     : -1;
    (void)close(root);
    enum km_code code =
        folder < 0 ? km_fail(err, KM_ENOTFOUND, "there is no such artifact")
                   : remove_below(folder, name, 0, err);
    if (folder >= 0) {
        (void)close(folder);
    }
    return code ? code : km_mlflow_done(r);
}
