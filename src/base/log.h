/* log.h - what the program says about itself while it works.
 *
 * One line an event: `time level event key=value ...` on stderr. Never per
 * point, never a secret; control characters in values are escaped.
 * Threads: any (one write per line). */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_LOG_H
#define KM_BASE_LOG_H

enum km_log_level { KM_LOG_ERROR, KM_LOG_WARN, KM_LOG_INFO, KM_LOG_DEBUG };

void km_log_level_set(enum km_log_level level); /* default: WARN */

/* `format` gives the `key=value ...` part. */
void km_logf(enum km_log_level level, const char *event, const char *format,
             ...) __attribute__((format(printf, 3, 4)));

#endif
