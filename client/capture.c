/* capture.c - what surrounds a run, found without starting a program. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

/* Up to `size` - 1 bytes of a small file; false when it cannot be read. */
static bool read_small(const char *path, char *out, size_t size, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, out, size - 1);
    (void)close(fd);
    *len = got > 0 ? (size_t)got : 0;
    out[*len] = '\0';
    return got > 0;
}

/* "folder/name", or just `name` when it is absolute. False: too long. */
static bool join(char *out, size_t size, const char *folder, const char *name)
{
    bool absolute = name[0] == '/';
    int len = snprintf(out, size, "%s%s%s", absolute ? "" : folder,
                       absolute ? "" : "/", name);
    return len > 0 && (size_t)len < size;
}

static void cut_line(char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
}

/* A commit is hexadecimal, 40 or 64 digits. */
static bool is_commit(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");
    return text[len] == '\0' && (len == 40 || len == 64);
}

/* Looks "refs/heads/x" up in the repository's list of packed references. */
static char *packed_commit(const char *git, const char *ref)
{
    char path[KM_CLIENT_PATH_BYTES], line[1024], *found = NULL;
    FILE *file =
        join(path, sizeof path, git, "packed-refs") ? fopen(path, "re") : NULL;
    while (file && !found && fgets(line, sizeof line, file)) {
        cut_line(line);
        char *blank = strchr(line, ' ');
        if (blank && strcmp(blank + 1, ref) == 0) {
            *blank = '\0';
            found = is_commit(line) ? km_client_copy(line) : NULL;
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return found;
}

/* Follows HEAD in the folder `git` (a worktree names its common folder). */
static char *commit_of(const char *git)
{
    char path[KM_CLIENT_PATH_BYTES], common[KM_CLIENT_PATH_BYTES];
    char head[1024], text[1024] = ".";
    size_t len;
    if (!join(path, sizeof path, git, "HEAD") ||
        !read_small(path, head, sizeof head, &len)) {
        return NULL;
    }
    cut_line(head);
    if (strncmp(head, "ref: refs/", 10) != 0 || strstr(head, "..")) {
        return is_commit(head) ? km_client_copy(head) : NULL;
    }
    if (join(path, sizeof path, git, "commondir") &&
        read_small(path, text, sizeof text, &len)) {
        cut_line(text);
    }
    if (!join(common, sizeof common, git, text) ||
        !join(path, sizeof path, common, head + 5)) {
        return NULL;
    }
    if (read_small(path, text, sizeof text, &len)) {
        cut_line(text);
        return is_commit(text) ? km_client_copy(text) : NULL;
    }
    return packed_commit(common, head + 5);
}

char *km_client_git_commit(void)
{
    char folder[KM_CLIENT_PATH_BYTES - 16], path[KM_CLIENT_PATH_BYTES];
    char text[1024];
    size_t len;
    if (!getcwd(folder, sizeof folder)) {
        return NULL;
    }
    for (;;) {
        if (join(path, sizeof path, folder, ".git") &&
            access(path, R_OK) == 0) {
            break;
        }
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder) {
            return NULL;
        }
        *slash = '\0';
    }
    if (read_small(path, text, sizeof text, &len) &&
        strncmp(text, "gitdir: ", 8) == 0) { /* a worktree or submodule */
        cut_line(text);
        if (!join(path, sizeof path, folder, text + 8)) {
            return NULL;
        }
    }
    return commit_of(path);
}

char *km_client_host(void)
{
    char name[256] = "";
    return gethostname(name, sizeof name - 1) == 0 ? km_client_copy(name)
                                                   : NULL;
}

/* Words whose value must not be written anywhere. */
static bool is_secret(const char *word)
{
    static const char *const marks[] = {"key", "token", "secret", "passw",
                                        "credential"};
    size_t len = strcspn(word, "=");
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        for (size_t at = 0; at + strlen(marks[i]) <= len; at++) {
            if (strncasecmp(word + at, marks[i], strlen(marks[i])) == 0) {
                return word[0] == '-' || word[len] == '=';
            }
        }
    }
    return false;
}

/* The program's own words, joined by blanks, without secrets. */
char *km_client_command(void)
{
    enum { WORDS_BYTES = 4096 };
    char *words = malloc(WORDS_BYTES), *out = malloc(2 * WORDS_BYTES);
    size_t len = 0, at = 0;
    bool hide = false;
    if (!words || !out ||
        !read_small("/proc/self/cmdline", words, WORDS_BYTES, &len)) {
        free(words);
        free(out);
        return NULL;
    }
    for (size_t i = 0; i < len; i += strlen(words + i) + 1) {
        const char *word = words + i;
        bool secret = is_secret(word);
        size_t equals = strcspn(word, "=");
        bool inside = secret && word[equals] == '=';
        at += (size_t)snprintf(out + at, 2 * WORDS_BYTES - at, "%s%.*s%s",
                               at ? " " : "",
                               hide     ? 0
                               : inside ? (int)equals + 1
                                        : (int)strlen(word),
                               word, hide || inside ? "***" : "");
        hide = secret && !inside;
    }
    free(words);
    return out;
}

/* Value of "key : value" or "key: value" in a small text. */
static char *value_of(char *text, const char *key)
{
    char *line = strstr(text, key);
    char *colon = line ? strchr(line, ':') : NULL;
    if (!colon) {
        return NULL;
    }
    cut_line(colon);
    for (colon++; isspace((unsigned char)*colon); colon++) {
    }
    return km_client_copy(colon);
}

/* The first NVIDIA device as its driver names it, else the processor. */
char *km_client_device(void)
{
    char path[512], text[4096], *device = NULL;
    size_t len;
    DIR *folder = opendir("/proc/driver/nvidia/gpus");
    struct dirent *entry;
    while (folder && !device && (entry = readdir(folder))) {
        (void)snprintf(path, sizeof path,
                       "/proc/driver/nvidia/gpus/%.200s/information",
                       entry->d_name);
        if (entry->d_name[0] != '.' &&
            read_small(path, text, sizeof text, &len)) {
            device = value_of(text, "Model");
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    if (!device && read_small("/proc/cpuinfo", text, sizeof text, &len)) {
        device = value_of(text, "model name");
    }
    return device;
}

/* The first variable that holds a whole number that is not negative. */
int km_client_environment_number(const char *const *names, int otherwise)
{
    for (; *names; names++) {
        const char *text = getenv(*names);
        char *end = NULL;
        long value = text && *text ? strtol(text, &end, 10) : -1;
        if (end && *end == '\0' && value >= 0 && value < 1 << 24) {
            return (int)value;
        }
    }
    return otherwise;
}

void km_client_random(unsigned char *bytes, size_t len)
{
    if (getrandom(bytes, len, GRND_NONBLOCK) == (ssize_t)len) {
        return;
    }
    uint64_t state = (uint64_t)km_client_wall_ns() ^ (uint64_t)getpid() << 40 ^
                     (uint64_t)(uintptr_t)bytes;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (unsigned char)(state >> 56);
    }
}
