/* csv_sniff.h - how the kinds of CSV files are told apart. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_CSV_SNIFF_H
#define KM_SOURCE_CSV_SNIFF_H

#include "source/source.h"

int km_csv_sniff(const struct km_sniff *sniff);
int km_csv_sniff_lightning(const struct km_sniff *sniff);
int km_csv_sniff_algoperf(const struct km_sniff *sniff);
int km_csv_sniff_monitor(const struct km_sniff *sniff);

#endif
