/* csv_sniff.c - looks at the header and the first row to tell what wrote it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/csv_sniff.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "source/csv_row.h"
#include "source/csv_table.h"

enum { SNIFF_FIELDS = 512 };

struct glance {
    struct km_str fields[2][SNIFF_FIELDS];
    struct km_csv_row header, first;
    struct km_str comment; /* the first comment line, or empty */
    bool named_csv;
    bool has_row, row_is_torn;
};

static bool ends_like(struct km_str name, const char *end)
{
    size_t len = strlen(end);
    return name.len >= len &&
           strncasecmp(name.ptr + name.len - len, end, len) == 0;
}

/* Byte-order mark, blank lines and comment lines in front. */
static struct km_str skip_front(struct km_str head, struct km_str *comment)
{
    if (km_str_starts(head, KM_STR("\xef\xbb\xbf"))) {
        head.ptr += 3;
        head.len -= 3;
    }
    while (head.len &&
           (*head.ptr == '#' || *head.ptr == '\r' || *head.ptr == '\n')) {
        size_t end = km_str_find(head, '\n', 0);
        if (*head.ptr == '#' && comment->len == 0) {
            *comment = (struct km_str){head.ptr, end};
        }
        size_t used = end < head.len ? end + 1 : end;
        head.ptr += used;
        head.len -= used;
    }
    return head;
}

static bool look(const struct km_sniff *sniff, struct glance *glance)
{
    struct km_str head = sniff->head;
    if (sniff->is_folder || head.len == 0 || memchr(head.ptr, 0, head.len)) {
        return false;
    }
    glance->comment = (struct km_str){NULL, 0};
    glance->named_csv = ends_like(sniff->place->name, ".csv") ||
                        ends_like(sniff->place->name, ".tsv");
    head = skip_front(head, &glance->comment);
    if (head.len == 0 || memchr("{[<", *head.ptr, 3)) {
        return false;
    }
    char delimiter = km_csv_delimiter(head);
    glance->header = (struct km_csv_row){.fields = glance->fields[0],
                                         .cap = SNIFF_FIELDS,
                                         .limit = SNIFF_FIELDS};
    glance->first = (struct km_csv_row){.fields = glance->fields[1],
                                        .cap = SNIFF_FIELDS,
                                        .limit = SNIFF_FIELDS};
    size_t used = 0;
    if (km_csv_cut(head, delimiter, true, &glance->header, &used)) {
        return false;
    }
    head.ptr += used;
    head.len -= used;
    glance->has_row =
        head.len &&
        km_csv_cut(head, delimiter, true, &glance->first, &used) == KM_CSV_ROW;
    glance->row_is_torn =
        glance->has_row && km_str_find(head, '\n', 0) == head.len;
    return true;
}

static bool has_column(const struct glance *glance, const char *name)
{
    for (size_t i = 0; i < glance->header.count; i++) {
        if (km_str_is(glance->header.fields[i], name)) {
            return true;
        }
    }
    return false;
}

static size_t count_numbers(const struct km_csv_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++) {
        double value;
        count += km_number_parse(row->fields[i], &value);
    }
    return count;
}

int km_csv_sniff(const struct km_sniff *sniff)
{
    struct glance glance;
    if (!look(sniff, &glance)) {
        return 0;
    }
    size_t numbers = glance.has_row ? count_numbers(&glance.first) : 0;
    if (glance.named_csv) {
        return numbers || !glance.has_row || glance.row_is_torn ? 60 : 0;
    }
    /* No name to go by: a header of words, a row as long, mostly numbers. */
    if (glance.header.count < 2 || count_numbers(&glance.header) ||
        glance.first.count != glance.header.count) {
        return 0;
    }
    size_t missing = 0;
    for (size_t i = 0; i < glance.first.count; i++) {
        missing += km_csv_is_missing(glance.first.fields[i]);
    }
    return glance.has_row && numbers &&
                   (numbers + missing) * 2 > glance.first.count
               ? 40
               : 0;
}

int km_csv_sniff_lightning(const struct km_sniff *sniff)
{
    struct glance glance;
    return km_str_is(sniff->place->name, "metrics.csv") &&
                   look(sniff, &glance) && has_column(&glance, "step") &&
                   has_column(&glance, "epoch")
               ? 75
               : 0;
}

int km_csv_sniff_algoperf(const struct km_sniff *sniff)
{
    struct glance glance;
    return ends_like(sniff->place->name, "measurements.csv") &&
                   look(sniff, &glance) && has_column(&glance, "global_step") &&
                   (has_column(&glance, "accumulated_submission_time") ||
                    has_column(&glance, "preemption_count"))
               ? 80
               : 0;
}

int km_csv_sniff_monitor(const struct km_sniff *sniff)
{
    struct glance glance;
    return ends_like(sniff->place->name, "monitor.csv") &&
                   look(sniff, &glance) && glance.comment.len > 1 &&
                   glance.comment.ptr[1] == '{' && has_column(&glance, "r") &&
                   has_column(&glance, "l") && has_column(&glance, "t")
               ? 85
               : 0;
}
