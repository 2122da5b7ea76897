/* token.c - a small file, and a comparison that tells nothing by its time. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "http/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 2 * 1024 * 1024, RANDOM_BYTES = 32 };

static const char *const scopes[] = {[KM_SCOPE_NOBODY] = "nobody",
                                     [KM_SCOPE_READ] = "read",
                                     [KM_SCOPE_WRITE] = "write",
                                     [KM_SCOPE_ADMIN] = "admin"};

const char *km_scope_name(enum km_scope scope)
{
    return scopes[scope];
}

static enum km_code make_file(const char *path, struct km_err *err)
{
    unsigned char random[RANDOM_BYTES];
    char line[16 + KM_TOKEN_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return km_fail_errno(err, errno, "no random numbers for a token");
    }
    int len = snprintf(line, sizeof line, "admin * km_");
    for (size_t i = 0; i < sizeof random; i++) {
        len +=
            snprintf(line + len, sizeof line - (size_t)len, "%02x", random[i]);
    }
    line[len++] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return km_fail_errno(err, errno, "cannot make %s", path);
    }
    bool written = write(fd, line, (size_t)len) == len && fsync(fd) == 0;
    int failed = errno;
    if (close(fd) != 0 || !written) {
        (void)unlink(path);
        return km_fail_errno(err, failed, "cannot write %s", path);
    }
    return KM_OK;
}

/* The next word of a line; empty at its end. */
static struct km_str next_word(struct km_str *line)
{
    size_t from = 0, to;
    while (from < line->len &&
           (line->ptr[from] == ' ' || line->ptr[from] == '\t' ||
            line->ptr[from] == '\r')) {
        from++;
    }
    for (to = from; to < line->len && line->ptr[to] != ' ' &&
                    line->ptr[to] != '\t' && line->ptr[to] != '\r';) {
        to++;
    }
    struct km_str word = {line->ptr + from, to - from};
    line->ptr += to;
    line->len -= to;
    return word;
}

static enum km_code take_line(struct km_tokens *tokens, struct km_str line,
                              size_t number, const char *path,
                              struct km_err *err)
{
    struct km_str scope = next_word(&line);
    if (scope.len == 0 || scope.ptr[0] == '#') {
        return KM_OK;
    }
    struct km_str project = next_word(&line), secret = next_word(&line);
    enum km_scope found = KM_SCOPE_NOBODY;
    for (int i = KM_SCOPE_READ; i <= KM_SCOPE_ADMIN; i++) {
        found = km_str_is(scope, scopes[i]) ? (enum km_scope)i : found;
    }
    bool good = found != KM_SCOPE_NOBODY && project.len &&
                secret.len == KM_TOKEN_BYTES &&
                memcmp(secret.ptr, "km_", 3) == 0 && next_word(&line).len == 0;
    if (!good) {
        return km_fail(err, KM_EINPUT,
                       "%s, line %zu: expected a scope (read, write, admin), a "
                       "project or *, and km_ with 64 hexadecimal digits",
                       path, number);
    }
    if (tokens->count == KM_TOKENS_MAX) {
        return km_fail(err, KM_ELIMIT, "%s: more than %d tokens", path,
                       KM_TOKENS_MAX);
    }
    bool every = km_str_is(project, "*");
    tokens->list[tokens->count++] = (struct km_token){
        .grant = {found, every ? KM_STR("") : project}, .secret = secret};
    return KM_OK;
}

static enum km_code read_file(const char *path, struct km_arena *arena,
                              struct km_str *text, struct km_err *err)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return km_fail_errno(err, errno, "cannot open %s", path);
    }
    if (fstat(fd, &about) != 0 || (about.st_mode & 077) != 0) {
        (void)close(fd);
        return km_fail(err, KM_EUSAGE, "%s may be read by others: chmod 600 it",
                       path);
    }
    if (about.st_size > FILE_BYTES_MAX) {
        (void)close(fd);
        return km_fail(err, KM_ELIMIT, "%s is longer than %d bytes", path,
                       FILE_BYTES_MAX);
    }
    char *bytes = km_arena_alloc(arena, (size_t)about.st_size + 1);
    ssize_t got = bytes ? read(fd, bytes, (size_t)about.st_size) : -1;
    (void)close(fd);
    if (got < 0) {
        return km_fail(err, KM_EIO, "cannot read %s", path);
    }
    *text = (struct km_str){bytes, (size_t)got};
    return KM_OK;
}

enum km_code km_tokens_open(const char *path, struct km_arena *arena,
                            struct km_tokens *tokens, bool *made,
                            struct km_err *err)
{
    struct km_str text = {0};
    *tokens = (struct km_tokens){
        .list = km_new(arena, struct km_token, KM_TOKENS_MAX)};
    *made = access(path, F_OK) != 0;
    enum km_code code = *made ? make_file(path, err) : KM_OK;
    code = code ? code : read_file(path, arena, &text, err);
    if (code == KM_OK && !tokens->list) {
        return km_fail(err, KM_EMEMORY, "no memory for the tokens");
    }
    for (size_t number = 1; code == KM_OK && text.len; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        code = take_line(tokens, (struct km_str){text.ptr, len}, number, path,
                         err);
        len += end != NULL;
        text.ptr += len;
        text.len -= len;
    }
    return code;
}

bool km_tokens_find(const struct km_tokens *tokens, struct km_str secret,
                    struct km_grant *grant)
{
    size_t found = tokens->count;
    if (secret.len != KM_TOKEN_BYTES) {
        return false;
    }
    for (size_t i = 0; i < tokens->count; i++) {
        unsigned char differs = 0;
        for (size_t k = 0; k < KM_TOKEN_BYTES; k++) {
            differs =
                (unsigned char)(differs | (secret.ptr[k] ^
                                           tokens->list[i].secret.ptr[k]));
        }
        found = differs ? found : i;
    }
    if (found == tokens->count) {
        return false;
    }
    *grant = tokens->list[found].grant;
    return true;
}
