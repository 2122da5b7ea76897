/* shelf.c - walks folders to the depth where journals may be. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ship/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "journal/journal.h"

enum { NAME_BYTES = 2 * KM_JOURNAL_WRITER_BYTES };

static bool is_writer(const char *name)
{
    return strspn(name, "0123456789abcdef") == NAME_BYTES &&
           name[NAME_BYTES] == '\0';
}

/* "000012.kmj" */
static bool is_segment(const char *name, unsigned *segment)
{
    enum { DIGITS = 6 };
    if (strspn(name, "0123456789") != DIGITS ||
        strcmp(name + DIGITS, ".kmj") != 0) {
        return false;
    }
    *segment = (unsigned)strtoul(name, NULL, 10);
    return true;
}

bool km_shelf_segment(const char *journal, unsigned from, unsigned *segment)
{
    DIR *folder = opendir(journal);
    const struct dirent *entry;
    unsigned at, least = KM_JOURNAL_SEGMENTS_MAX;
    while (folder && (entry = readdir(folder))) {
        if (is_segment(entry->d_name, &at) && at >= from && at < least) {
            least = at;
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    *segment = least;
    return least < KM_JOURNAL_SEGMENTS_MAX;
}

static bool is_journal(const char *path)
{
    const char *slash = strrchr(path, '/');
    unsigned segment;
    return is_writer(slash ? slash + 1 : path) &&
           km_shelf_segment(path, 0, &segment);
}

struct search {
    km_shelf_visit *visit;
    void *user;
    size_t seen; /* folders */
    char path[KM_PATH_BYTES_MAX];
};

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
}

/* Visits the folder at search->path. False: enough. */
static bool look(struct search *search, int depth)
{
    struct dirent **entries = NULL;
    struct stat about;
    if (is_journal(search->path)) {
        return search->visit(search->user, search->path);
    }
    if (depth >= KM_SHIP_DEPTH_MAX || search->seen++ >= KM_SHIP_FOLDERS_MAX) {
        return true;
    }
    size_t len = strlen(search->path);
    int count = scandir(search->path, &entries, is_shown, alphasort);
    bool more = true;
    for (int i = 0; i < count; i++) {
        int wrote = snprintf(search->path + len, sizeof search->path - len,
                             "/%s", entries[i]->d_name);
        if (more && wrote > 0 && (size_t)wrote < sizeof search->path - len &&
            lstat(search->path, &about) == 0 && S_ISDIR(about.st_mode)) {
            more = look(search, depth + 1);
        }
        free(entries[i]);
    }
    search->path[len] = '\0';
    free(entries);
    return more;
}

enum km_code km_shelf_search(const char *folder, km_shelf_visit *visit,
                             void *user, struct km_err *err)
{
    struct search search = {.visit = visit, .user = user};
    struct stat about;
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    if (len >= sizeof search.path) {
        return km_fail(err, KM_ELIMIT,
                       "the path of a folder has more than %d "
                       "bytes",
                       KM_PATH_BYTES_MAX);
    }
    if (stat(folder, &about) != 0) {
        return km_fail_errno(err, errno, "cannot look into %s", folder);
    }
    if (!S_ISDIR(about.st_mode)) {
        return km_fail(err, KM_EUSAGE, "%s is no folder", folder);
    }
    memcpy(search.path, folder, len);
    (void)look(&search, 0);
    return KM_OK;
}
