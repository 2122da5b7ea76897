/* names.c - shortens names that look alike by what they have in common. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "report/names.h"

#include <stdlib.h>

#include "report/text.h"

enum {
    PARTS_MAX = 64,
    PART_ROOM_MAX = 32,
    PART_ROOM_MIN = 4,
    NAME_TEXT_BYTES_MAX = 64 * 1024,
};

struct entry {
    struct km_str name, *shown;
};

/* Names that are shortened together. */
struct group {
    struct km_arena *arena;
    struct entry *entries;
    size_t count, width;
    const char *ellipsis;
    size_t part_count; /* of every name; 0: they have not the same number */
    size_t part_room;  /* a part that is wider is cut in its middle */
    bool differs[PARTS_MAX], kept[PARTS_MAX];
};

static int compare_texts(struct km_str a, struct km_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* By what is shown, then by name. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_texts(*a->shown, *b->shown);
    return order ? order : compare_texts(a->name, b->name);
}

static struct km_str keep(struct km_arena *arena, const struct km_buf *text)
{
    char *copy =
        text->failed
            ? NULL
            : km_arena_copy(arena, text->bytes ? text->bytes : "", text->len);
    return (struct km_str){copy, copy ? text->len : 0};
}

/* Part `index` of a path. */
static struct km_str part_of(struct km_str name, size_t index)
{
    size_t at = 0;
    while (index--) {
        at = km_str_find(name, '/', at) + 1;
    }
    return (struct km_str){name.ptr + at, km_str_find(name, '/', at) - at};
}

static size_t count_parts(struct km_str name)
{
    size_t count = 1;
    for (size_t i = 0; i < name.len; i++) {
        count += name.ptr[i] == '/';
    }
    return count;
}

static void look_at_parts(struct group *group)
{
    size_t count = count_parts(group->entries[0].name);
    for (size_t i = 1; i < group->count && count; i++) {
        count = count_parts(group->entries[i].name) == count ? count : 0;
    }
    group->part_count = count <= PARTS_MAX ? count : 0;
    for (size_t p = 0; p < group->part_count; p++) {
        struct km_str first = part_of(group->entries[0].name, p);
        group->differs[p] = group->kept[p] = false;
        for (size_t i = 1; i < group->count && !group->differs[p]; i++) {
            group->differs[p] =
                !km_str_equal(first, part_of(group->entries[i].name, p));
        }
    }
}

/* The kept parts, one mark for each stretch of dropped ones. */
static void write_kept(const struct group *group, struct km_str name,
                       struct km_buf *out)
{
    bool marked = false;
    for (size_t p = 0; p < group->part_count; p++) {
        struct km_str part = part_of(name, p);
        if (!group->kept[p] && marked) {
            continue;
        }
        km_buf_append_text(out, p ? "/" : "");
        marked = !group->kept[p];
        if (marked) {
            km_buf_append_text(out, group->ellipsis);
        } else if (km_text_width(part) > group->part_room) {
            km_text_fit(out, part, group->part_room, KM_ALIGN_MIDDLE,
                        group->ellipsis);
        } else {
            km_buf_append(out, part.ptr, part.len);
        }
    }
}

static bool kept_fit(const struct group *group)
{
    bool fit = true;
    for (size_t i = 0; i < group->count && fit; i++) {
        struct km_buf text;
        km_buf_init(&text, NAME_TEXT_BYTES_MAX);
        write_kept(group, group->entries[i].name, &text);
        fit = !text.failed &&
              km_text_width((struct km_str){text.bytes, text.len}) <=
                  group->width;
        km_buf_finish(&text);
    }
    return fit;
}

/* Keeps a part when there is room for it. */
static void try_part(struct group *group, size_t part)
{
    bool was = group->kept[part];
    group->kept[part] = true;
    group->kept[part] = was || kept_fit(group);
}

/* Keeps all parts that differ, and the last, which tells them from the names of
 * other groups; as wide as there is room for. */
static bool keep_differing(struct group *group)
{
    for (group->part_room = PART_ROOM_MAX; group->part_room >= PART_ROOM_MIN;
         group->part_room--) {
        for (size_t p = 0; p < group->part_count; p++) {
            group->kept[p] = group->differs[p] || p + 1 == group->part_count;
        }
        if (group->part_count && kept_fit(group)) {
            return true;
        }
    }
    return false;
}

/* What differs and the end; then the beginning and the rest, from the end. */
static bool choose_parts(struct group *group)
{
    if (!keep_differing(group)) {
        return false;
    }
    try_part(group, 0);
    for (size_t p = group->part_count; p-- > 0;) {
        try_part(group, p);
    }
    return true;
}

/* From where they first differ; the mark stands for what is in front. */
static void write_tail(const struct group *group, struct km_str name,
                       size_t common, struct km_buf *out)
{
    struct km_buf text;
    km_buf_init(&text, NAME_TEXT_BYTES_MAX);
    km_buf_append_text(&text, group->ellipsis);
    km_buf_append(&text, name.ptr + common, name.len - common);
    struct km_str whole = {text.bytes, text.len};
    if (km_text_width(whole) <= group->width) {
        km_buf_append(out, whole.ptr, whole.len);
    } else {
        km_text_fit(out, whole, group->width, KM_ALIGN_LEFT, group->ellipsis);
    }
    km_buf_finish(&text);
}

/* Bytes that all names of the group begin with, up to a whole letter. */
static size_t common_bytes(const struct group *group)
{
    struct km_str first = group->entries[0].name;
    size_t common = first.len;
    for (size_t i = 1; i < group->count; i++) {
        struct km_str other = group->entries[i].name;
        size_t at = 0;
        while (at < common && at < other.len &&
               other.ptr[at] == first.ptr[at]) {
            at++;
        }
        common = at;
    }
    while (common && ((unsigned char)first.ptr[common - 1] & 0x80)) {
        common--;
    }
    return common;
}

static size_t count_distinct(const struct km_str *texts, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++) {
            again = km_str_equal(texts[i], texts[k]);
        }
        distinct += !again;
    }
    return distinct;
}

/* Shortens the group by its parts, or by its tails; NULL: the arena is full. */
static struct km_str *shorten(const struct group *group, bool by_parts)
{
    struct km_str *texts = km_new(group->arena, struct km_str, group->count);
    size_t common = by_parts ? 0 : common_bytes(group);
    for (size_t i = 0; i < group->count && texts; i++) {
        struct km_buf text;
        km_buf_init(&text, NAME_TEXT_BYTES_MAX);
        if (by_parts) {
            write_kept(group, group->entries[i].name, &text);
        } else {
            write_tail(group, group->entries[i].name, common, &text);
        }
        texts[i] = keep(group->arena, &text);
        texts = texts[i].ptr ? texts : NULL;
        km_buf_finish(&text);
    }
    return texts;
}

/* Takes the way of shortening that tells more of the group apart than one name
 * for all does. False: the arena is full. */
static bool tell_apart(struct group *group)
{
    const struct km_str *best = NULL;
    size_t most = 1;
    look_at_parts(group);
    for (int by_parts = choose_parts(group); by_parts >= 0; by_parts--) {
        const struct km_str *texts = shorten(group, by_parts != 0);
        if (!texts) {
            return false;
        }
        size_t distinct = count_distinct(texts, group->count);
        if (distinct > most) {
            most = distinct;
            best = texts;
        }
    }
    for (size_t i = 0; i < group->count && best; i++) {
        *group->entries[i].shown = best[i];
    }
    return true;
}

bool km_names_fit(struct km_arena *arena, const struct km_str *names,
                  size_t count, size_t width, const char *ellipsis,
                  struct km_str *shown)
{
    struct entry *entries = km_new(arena, struct entry, count ? count : 1);
    bool good = entries != NULL;
    for (size_t i = 0; i < count && good; i++) {
        struct km_buf text;
        km_buf_init(&text, NAME_TEXT_BYTES_MAX);
        km_text_name(&text, names[i], width, ellipsis);
        shown[i] = keep(arena, &text);
        good = shown[i].ptr != NULL;
        km_buf_finish(&text);
        entries[i] = (struct entry){names[i], &shown[i]};
    }
    if (!good || count == 0) {
        return good;
    }
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t first = 0; first < count && good;) {
        size_t end = first + 1;
        while (end < count &&
               km_str_equal(*entries[first].shown, *entries[end].shown)) {
            end++;
        }
        struct group group = {.arena = arena,
                              .entries = entries + first,
                              .count = end - first,
                              .width = width,
                              .ellipsis = ellipsis};
        bool same = km_str_equal(entries[first].name, entries[end - 1].name);
        good = same || tell_apart(&group);
        first = end;
    }
    return good;
}
