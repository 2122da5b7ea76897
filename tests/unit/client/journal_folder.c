/* journal_folder.c - reads back what a program logged, for tests. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "journal_folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { METRICS_MAX = 4096 };
static struct {
    char name[64], labels[128];
    bool defined;
} metrics[METRICS_MAX];
static struct km_journal_decoder decoder;
static char scratch[256];

static void copy_text(char *out, size_t size, struct km_str text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static void take_metric(struct km_str payload)
{
    struct km_journal_field field;
    int64_t id = METRICS_MAX;
    char name[64] = "", labels[128] = "";
    while (km_journal_field_next(&payload, &field)) {
        id = field.id == KM_FIELD_ID ? field.integer : id;
        if (field.id == KM_FIELD_NAME) {
            copy_text(name, sizeof name, field.text);
        } else if (field.id == KM_FIELD_LABELS) {
            copy_text(labels, sizeof labels, field.text);
        }
    }
    if (id >= 0 && id < METRICS_MAX) {
        memcpy(metrics[id].name, name, sizeof name);
        memcpy(metrics[id].labels, labels, sizeof labels);
        metrics[id].defined = true;
    }
}

static void take_text(struct seen *seen, const struct km_journal_record *record)
{
    struct km_str rest = record->payload;
    struct km_journal_field field;
    size_t room = sizeof seen->texts - seen->texts_len;
    size_t at = seen->texts_len;
    if (room < 512) {
        return;
    }
    at += (size_t)snprintf(seen->texts + at, 16, "%d", record->kind);
    while (km_journal_field_next(&rest, &field)) {
        bool text = field.id != KM_FIELD_ID && field.text.len != 8;
        if (record->kind == KM_JOURNAL_FINISH) {
            seen->state =
                field.id == KM_FIELD_STATE ? field.integer : seen->state;
            seen->dropped =
                field.id == KM_FIELD_DROPPED ? field.integer : seen->dropped;
        }
        if (text) {
            at += (size_t)snprintf(seen->texts + at, 200, " %d=%.*s", field.id,
                                   field.text.len < 150 ? (int)field.text.len
                                                        : 150,
                                   field.text.ptr);
        }
        if (at + 256 > sizeof seen->texts) {
            break;
        }
    }
    seen->texts[at++] = '\n';
    seen->texts[at] = '\0';
    seen->texts_len = at;
}

static void take_point(struct seen *seen,
                       const struct km_journal_record *record)
{
    if (record->metric >= METRICS_MAX || !metrics[record->metric].defined) {
        seen->undefined++;
        return;
    }
    if (seen->count == seen->cap) {
        seen->cap = seen->cap ? seen->cap * 2 : 1024;
        seen->points = realloc(seen->points, seen->cap * sizeof *seen->points);
        if (!seen->points) {
            abort();
        }
    }
    struct seen_point *point = &seen->points[seen->count++];
    memcpy(point->metric, metrics[record->metric].name, sizeof point->metric);
    memcpy(point->labels, metrics[record->metric].labels, sizeof point->labels);
    point->step = record->step;
    point->time_ns = record->time_ns;
    point->value = record->value;
}

static void read_segment(struct seen *seen, const unsigned char *bytes,
                         size_t len)
{
    struct km_journal_header header;
    memset(metrics, 0, sizeof metrics);
    if (km_journal_header_decode(bytes, len, &header, NULL)) {
        return;
    }
    km_journal_decoder_init(&decoder, &header);
    uint32_t slot = 0, gaps = 0;
    for (size_t at = KM_JOURNAL_HEADER_BYTES; at < len;) {
        struct km_journal_record record;
        enum km_journal_found found =
            km_journal_next(&decoder, bytes + at, len - at, slot, &record);
        if (found == KM_JOURNAL_CUT) {
            break;
        }
        seen->damaged += found == KM_JOURNAL_DAMAGED;
        gaps += found == KM_JOURNAL_GAP;
        if (found != KM_JOURNAL_GAP) {
            seen->gaps += gaps;
            gaps = 0;
        }
        if (found == KM_JOURNAL_FOUND && record.kind == KM_JOURNAL_POINT) {
            take_point(seen, &record);
        } else if (found == KM_JOURNAL_FOUND &&
                   record.kind == KM_JOURNAL_METRIC) {
            take_metric(record.payload);
        } else if (found == KM_JOURNAL_FOUND) {
            take_text(seen, &record);
        }
        slot += record.slot_count;
        at += (size_t)record.slot_count * KM_JOURNAL_SLOT_BYTES;
    }
}

void seen_read(struct seen *seen, const char *folder)
{
    memset(seen, 0, sizeof *seen);
    for (;; seen->segments++) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%06u.kmj", folder,
                       (unsigned)seen->segments);
        FILE *file = fopen(path, "rb");
        if (!file) {
            return;
        }
        struct stat about = {0};
        (void)fstat(fileno(file), &about);
        size_t size = (size_t)about.st_size;
        unsigned char *bytes = malloc(size + 1);
        size_t len = bytes ? fread(bytes, 1, size, file) : 0;
        (void)fclose(file);
        read_segment(seen, bytes, len);
        free(bytes);
    }
}

void seen_free(struct seen *seen)
{
    free(seen->points);
    seen->points = NULL;
}

const char *scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(scratch, sizeof scratch, "%.200s/km-test-XXXXXX",
                   base ? base : "/tmp");
    return mkdtemp(scratch);
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *walk)
{
    (void)about;
    (void)kind;
    (void)walk;
    return remove(path);
}

void scratch_remove(void)
{
    (void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

size_t find_writers(const char *dir, char (*paths)[512], size_t max)
{
    size_t count = 0;
    DIR *outer = opendir(dir);
    struct dirent *run, *writer;
    while (outer && (run = readdir(outer))) {
        char path[300];
        (void)snprintf(path, sizeof path, "%.100s/%.150s", dir, run->d_name);
        DIR *inner = run->d_name[0] == '.' ? NULL : opendir(path);
        while (inner && (writer = readdir(inner))) {
            if (writer->d_name[0] != '.' && count < max) {
                (void)snprintf(paths[count++], 512, "%.290s/%.200s", path,
                               writer->d_name);
            }
        }
        if (inner) {
            (void)closedir(inner);
        }
    }
    if (outer) {
        (void)closedir(outer);
    }
    return count;
}
