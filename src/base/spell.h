/* spell.h - numbers in sentences as people write them.
 *
 * printf() writes a rounded number of ten thousand or more as 1.76e+04. In a
 * sentence that is 17 600.
 * Ownership: the arena.   Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_BASE_SPELL_H
#define KM_BASE_SPELL_H

#include "base/arena.h"

/* The text with every number that printf() wrote with an exponent of -06 to +12
 * written out, whole parts of five digits or more in groups of three. A number
 * stands by itself or in brackets: what is part of a name stays. Returns `text`
 * when there is none; NULL: memory is short, or `text` is NULL. */
const char *km_spell_numbers(const char *text, struct km_arena *arena);

#endif
