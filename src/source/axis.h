/* axis.h - steps and times as logs write them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_AXIS_H
#define KM_SOURCE_AXIS_H

#include "base/json_read.h"

/* Wall time from a number of seconds, milliseconds, microseconds or
 * nanoseconds since 1970, told apart by size (2001 to 2100), or from ISO 8601
 * text. False for anything else, such as seconds since the run began. */
bool km_axis_time(const struct km_json_token *token, int64_t *time_ns);
bool km_axis_time_of(double value, int64_t *time_ns);

#endif
