/* journal_source.h - the folder of one writer of libknotmeter, as a source. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_JOURNAL_SOURCE_H
#define KM_SOURCE_JOURNAL_SOURCE_H

#include "source/source.h"

extern const struct km_source_ops km_source_journal;

#endif
