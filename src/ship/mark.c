/* mark.c - writes `shipped` beside itself, then puts it in its place. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ship/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

static const char *const state_words[] = {"going", "waiting", "refused"};

void km_mark_write(const char *folder, const struct km_mark *mark)
{
    char text[2 * KM_KIB], path[KM_PATH_BYTES_MAX], beside[KM_PATH_BYTES_MAX];
    int len = snprintf(
        text, sizeof text, "%u %llu\n%s\n%s\n%s\n",
        (unsigned)mark->place.segment, (unsigned long long)mark->place.offset,
        state_words[mark->state], mark->url, mark->why ? mark->why : "");
    int a = snprintf(path, sizeof path, "%s/shipped", folder);
    int b = snprintf(beside, sizeof beside, "%s/.shipped.%ld", folder,
                     (long)getpid());
    if (len < 0 || (size_t)len >= sizeof text || a < 0 ||
        (size_t)a >= sizeof path || b < 0 || (size_t)b >= sizeof beside) {
        return;
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                  0666);
    if (fd < 0) {
        return;
    }
    bool wrote = write(fd, text, (size_t)len) == len;
    wrote = close(fd) == 0 && wrote;
    if (!wrote || rename(beside, path) != 0) {
        (void)unlink(beside);
    }
}

struct km_ship_place km_mark_place(const char *folder, const char *url)
{
    char path[KM_PATH_BYTES_MAX], line[3][2 * KM_KIB] = {"", "", ""};
    struct km_ship_place place = {0, 0};
    (void)snprintf(path, sizeof path, "%s/shipped", folder);
    FILE *file = fopen(path, "re");
    for (int i = 0; file && i < 3; i++) {
        if (!fgets(line[i], sizeof line[i], file)) {
            break;
        }
        line[i][strcspn(line[i], "\n")] = '\0';
    }
    if (file) {
        (void)fclose(file);
    }
    if (strcmp(line[2], url) == 0) {
        char *end = NULL;
        place.segment = (uint32_t)strtoul(line[0], &end, 10);
        place.offset = strtoull(end, NULL, 10);
    }
    return place;
}
