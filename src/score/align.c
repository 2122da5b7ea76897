/* align.c - metric prefixes of "nat/Mtok" and "ktok/s" told from their units.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "score/align.h"

#include <math.h>
#include <string.h>

/* Units that figures put a prefix on, and the clock. */
static const struct {
    const char *name;
    double size;
} bases[] = {{"step", 1},     {"tok", 1},         {"sample", 1},
             {"FLOP", 1},     {"h", 3600},        {"min", 60},
             {"s", 1},        {"active h", 3600}, {"ms", 1e-3},
             {"active s", 1}, {"active min", 60}};
enum { BASES = sizeof bases / sizeof *bases };

/* What a unit is of, and how large it is. */
struct part {
    struct km_str base;
    double size;
};

static const char *kind_of(size_t base)
{
    const char *name = bases[base].name;
    bool active = strncmp(name, "active", 6) == 0;
    return base < 4 ? name : active ? "active" : "clock";
}

static struct part read_part(struct km_str unit)
{
    static const char prefixes[] = "kMGTPEZY";
    for (size_t i = 0; i < BASES; i++) {
        struct km_str name = km_str_of(bases[i].name);
        if (km_str_equal(unit, name)) {
            return (struct part){km_str_of(kind_of(i)), bases[i].size};
        }
        const char *prefix = i < 4 && unit.len == name.len + 1
                                 ? strchr(prefixes, *unit.ptr)
                                 : NULL;
        if (prefix && *prefix &&
            memcmp(unit.ptr + 1, name.ptr, name.len) == 0) {
            double power = (double)(prefix - prefixes) + 1;
            return (struct part){name, pow(1000, power)};
        }
    }
    return (struct part){unit, 1};
}

double km_unit_ratio(const char *from, const char *to)
{
    const char *ends[2] = {strchr(from, '/'), strchr(to, '/')};
    if (!ends[0] != !ends[1]) {
        return NAN;
    }
    if (!ends[0]) {
        struct part a = read_part(km_str_of(from));
        struct part b = read_part(km_str_of(to));
        return km_str_equal(a.base, b.base) ? a.size / b.size : (double)NAN;
    }
    struct part over[2] = {
        read_part((struct km_str){from, (size_t)(ends[0] - from)}),
        read_part((struct km_str){to, (size_t)(ends[1] - to)})};
    struct part under[2] = {read_part(km_str_of(ends[0] + 1)),
                            read_part(km_str_of(ends[1] + 1))};
    return km_str_equal(over[0].base, over[1].base) &&
                   km_str_equal(under[0].base, under[1].base)
               ? over[0].size / over[1].size * under[1].size / under[0].size
               : (double)NAN;
}

/* The first value of the same figure and variant in the cards before. */
static const struct km_figure_result *
find_first(const struct km_scorecard *cards, size_t before,
           const struct km_figure_result *like)
{
    for (size_t c = 0; c < before; c++) {
        for (size_t i = 0; i < cards[c].count; i++) {
            const struct km_figure_result *other = &cards[c].results[i];
            if (other->figure == like->figure && isfinite(other->value) &&
                strcmp(other->variant, like->variant) == 0) {
                return other;
            }
        }
    }
    return NULL;
}

void km_scorecards_align(struct km_scorecard *cards, size_t count)
{
    for (size_t c = 1; c < count; c++) {
        for (size_t i = 0; i < cards[c].count; i++) {
            struct km_figure_result *result = &cards[c].results[i];
            const struct km_figure_result *first = find_first(cards, c, result);
            double ratio = first && isfinite(result->value) &&
                                   strcmp(first->unit, result->unit) != 0
                               ? km_unit_ratio(result->unit, first->unit)
                               : (double)NAN;
            if (isfinite(ratio)) {
                result->value *= ratio;
                result->lo *= ratio;
                result->hi *= ratio;
                result->unit = first->unit;
            }
        }
    }
}
