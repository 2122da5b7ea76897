/* clock.c - a processor counter as a clock, where it is fit to be one. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static int64_t read_clock(clockid_t id)
{
    struct timespec at;
    (void)clock_gettime(id, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

int64_t km_client_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t km_client_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

#if defined(__x86_64__)
/* The kernel stops using a counter that it found to be unsteady. */
static bool kernel_trusts_counter(void)
{
    char name[64] = "";
    int fd = open("/sys/devices/system/clocksource/clocksource0/"
                  "current_clocksource",
                  O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return true;
    }
    ssize_t got = read(fd, name, sizeof name - 1);
    (void)close(fd);
    return got <= 0 || strstr(name, "tsc") || strstr(name, "kvm-clock");
}
#endif

bool km_client_counter_usable(void)
{
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    bool invariant = __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
    return invariant && kernel_trusts_counter();
#else
    return false;
#endif
}

/* Counter and system clocks at one instant: of a few tries, the one that took
 * the least time between two readings of the counter. */
void km_client_clock_read(const struct km_run *run, struct km_clock_pair *pair)
{
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = km_client_now(run);
        int64_t monotonic_ns = read_clock(CLOCK_MONOTONIC);
        int64_t wall_ns = read_clock(CLOCK_REALTIME);
        uint64_t took = km_client_now(run) - before;
        if (took < best) {
            best = took;
            pair->counter = before + took / 2;
            pair->monotonic_ns = monotonic_ns;
            pair->wall_ns = wall_ns;
        }
    }
}
