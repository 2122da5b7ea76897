/* shelf.h - the journals that lie in folders.
 *
 * A journal is a folder that is named after its writer, 32 hexadecimal digits,
 * and holds segments. Links are not followed.
 * Ownership: paths live in the caller's arena. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SHIP_SHELF_H
#define KM_SHIP_SHELF_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* Called with the path of each journal found, sorted within its folder. Its
 * text lives for the length of the call. False ends the search. */
typedef bool km_shelf_visit(void *user, const char *path);

/* Searches `folder`, itself a journal or a folder of them. KM_ENOTFOUND: it is
 * no folder. Folders below it that cannot be read are passed over. */
enum km_code km_shelf_search(const char *folder, km_shelf_visit *visit,
                             void *user, struct km_err *err);

/* The lowest segment of a journal at or after `from`; false: there is none. */
bool km_shelf_segment(const char *journal, unsigned from, unsigned *segment);

#endif
