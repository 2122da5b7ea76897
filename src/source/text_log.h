/* text_log.h - the row of the table of formats that reads printed logs.
 *
 * Document: docs/formats/text_log.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_TEXT_LOG_H
#define KM_SOURCE_TEXT_LOG_H

#include "source/source.h"

extern const struct km_source_ops km_source_text_log;

#endif
