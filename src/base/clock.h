/* clock.h - time that tests can hold still.
 *
 * Wall time is for showing; it never decides order or identity. Durations come
 * from the monotonic clock.
 * Units: nanoseconds, since 1970 for wall time.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_CLOCK_H
#define KM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct km_clock {
    int64_t (*wall_ns)(void *user);
    int64_t (*monotonic_ns)(void *user);
    void *user;
};

extern const struct km_clock km_clock_system;

int64_t km_clock_wall_ns(const struct km_clock *clock);
int64_t km_clock_monotonic_ns(const struct km_clock *clock);

/* "2026-11-23T01:02:03Z" into `out`; out_size at least 21. */
void km_time_format(int64_t wall_ns, char *out, size_t out_size);

/* Reads ISO 8601 ("2026-11-23T01:02:03[.frac][Z|+hh:mm]", blank for T); a time
 * without zone is UTC. False when it is not one. */
int km_time_parse(const char *text, size_t len, int64_t *wall_ns);

/* Seconds since 1970 as nanoseconds, without losing digits of the fraction.
 * INT64_MIN (an absent time) for 0, NaN and what does not fit. */
int64_t km_time_of_seconds(double seconds);

#endif
