/* usage.c - /proc/PID/stat of a tree of processes. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "launch/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BYTES = 1024, DEPTH_MAX = 64 };

static bool read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* "123 (name) S 1 ...": the name may hold anything, so it ends at the last
 * parenthesis. Fields are counted from 3, the state. */
static bool read_process(pid_t pid, struct km_usage_process *process)
{
    char path[64], text[TEXT_BYTES];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_text(path, text, sizeof text)) {
        return false;
    }
    char *at = strrchr(text, ')');
    if (!at || !at[1]) {
        return false;
    }
    enum { PARENT = 4, USER = 14, SYSTEM = 15, START = 22, PAGES = 24 };
    uint64_t fields[PAGES + 1] = {0};
    char *save = NULL;
    char *word = strtok_r(at + 1, " ", &save);
    for (int i = 3; i <= PAGES && word; i++) {
        fields[i] = strtoull(word, NULL, 10);
        word = strtok_r(NULL, " ", &save);
    }
    *process = (struct km_usage_process){
        .pid = pid,
        .parent = (pid_t)fields[PARENT],
        .ticks = fields[USER] + fields[SYSTEM],
        .start = fields[START],
        .pages = (int64_t)fields[PAGES],
    };
    return true;
}

static size_t read_all(struct km_usage_process *processes)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    while (folder && count < KM_USAGE_SEEN_MAX && (entry = readdir(folder))) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && read_process((pid_t)pid, &processes[count])) {
            count++;
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    return count;
}

static int by_pid(const void *a, const void *b)
{
    const struct km_usage_process *x = a, *y = b;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* The root and everything below it: whose parents lead to the root. */
static void find_ours(struct km_usage_process *processes, size_t count,
                      pid_t root)
{
    qsort(processes, count, sizeof *processes, by_pid);
    for (size_t i = 0; i < count; i++) {
        const struct km_usage_process *at = &processes[i];
        for (int depth = 0; at && depth < DEPTH_MAX; depth++) {
            if (at->pid == root) {
                processes[i].ours = true;
                break;
            }
            struct km_usage_process key = {.pid = at->parent};
            at = bsearch(&key, processes, count, sizeof key, by_pid);
        }
    }
}

static uint64_t ticks_before(const struct km_usage *usage,
                             const struct km_usage_process *process)
{
    for (size_t i = 0; i < usage->count; i++) {
        if (usage->before[i].pid == process->pid &&
            usage->before[i].start == process->start) {
            return usage->before[i].ticks;
        }
    }
    return 0; /* began since: all of it */
}

static double host_memory_percent(void)
{
    char text[TEXT_BYTES];
    if (!read_text("/proc/meminfo", text, sizeof text)) {
        return 0;
    }
    const char *total = strstr(text, "MemTotal:");
    const char *free = strstr(text, "MemAvailable:");
    double all = total ? strtod(total + 9, NULL) : 0;
    return all > 0 && free ? 100 * (1 - strtod(free + 13, NULL) / all) : 0;
}

bool km_usage_look(struct km_usage *usage, pid_t root, int64_t now_ns,
                   struct km_usage_sample *sample)
{
    struct km_usage_process *seen = usage->seen;
    size_t count = read_all(seen), kept = 0;
    double pages = 0, ticks = 0;
    find_ours(seen, count, root);
    for (size_t i = 0; i < count; i++) {
        if (seen[i].ours) {
            uint64_t before = ticks_before(usage, &seen[i]);
            ticks +=
                seen[i].ticks > before ? (double)(seen[i].ticks - before) : 0;
            pages += (double)seen[i].pages;
            seen[kept++] = seen[i];
        }
    }
    double seconds = (double)(now_ns - usage->at_ns) / 1e9;
    double hertz = (double)sysconf(_SC_CLK_TCK);
    bool first = usage->at_ns == 0;
    *sample = (struct km_usage_sample){
        .cpu_percent = 100 * ticks / hertz / (seconds > 0 ? seconds : 1),
        .memory_bytes = pages * (double)sysconf(_SC_PAGESIZE),
        .host_memory_percent = host_memory_percent(),
    };
    usage->at_ns = now_ns;
    usage->count =
        kept < KM_USAGE_PROCESSES_MAX ? kept : KM_USAGE_PROCESSES_MAX;
    memcpy(usage->before, seen, usage->count * sizeof *seen);
    return !first && kept > 0;
}
