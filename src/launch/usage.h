/* usage.h - what a process and its children use of the machine.
 *
 * Read from /proc; a process that is gone between two looks is not counted any
 * more, so that the processor's share never goes below zero.
 * Threads: one. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_LAUNCH_USAGE_H
#define KM_LAUNCH_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { KM_USAGE_PROCESSES_MAX = 1024, KM_USAGE_SEEN_MAX = 8192 };

struct km_usage_process {
    pid_t pid, parent;
    uint64_t ticks; /* of processor time */
    uint64_t start; /* when it began: a pid may be given again */
    int64_t pages;
    bool ours;
};

/* The look before, and room for the next one. Large. */
struct km_usage {
    int64_t at_ns; /* 0: none */
    size_t count;
    struct km_usage_process before[KM_USAGE_PROCESSES_MAX];
    struct km_usage_process seen[KM_USAGE_SEEN_MAX];
};

struct km_usage_sample {
    double cpu_percent;         /* since the look before; 100: one processor */
    double memory_bytes;        /* resident, shared pages counted once each */
    double host_memory_percent; /* of the machine, used by anybody */
};

/* False at the first look, and when /proc says nothing. */
bool km_usage_look(struct km_usage *usage, pid_t root, int64_t now_ns,
                   struct km_usage_sample *sample);

#endif
