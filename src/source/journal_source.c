/* journal_source.c - the folder of one writer of libknotmeter: its segments in
 * turn, also while they grow.
 *
 * The folder is one origin, so that a process is one attempt. A segment stands
 * alone (it defines its metrics first); to resume, it is read from its start
 * and only what lies behind the saved slot is emitted. Slots that were empty
 * with used ones behind them are remembered as gaps and looked at again.
 *
 *     saved = version, segment, slot, gaps (segment, slot)...   all u32
 *
 * Document: docs/formats/journal.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/journal_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/read_at.h"
#include "source/journal_intake.h"

enum {
    SAVED_VERSION = 1,
    WINDOW_BYTES = 1 * KM_MIB,
    /* a record and its payload always fit into what is left of the window */
    WINDOW_REFILL = KM_JOURNAL_PAYLOAD_BYTES_MAX * 32 / 28 + 256,
};

struct gap {
    uint32_t segment, slot;
};

struct journal_state {
    uint32_t segment, slot; /* next to read */
    struct gap gaps[KM_JOURNAL_GAPS_MAX];
    uint32_t gap_count;
    bool gaps_full;
    /* of the segment being read */
    int fd;
    uint32_t at; /* slot */
    struct km_buf window;
    uint32_t window_slot, window_slots; /* what the window holds */
    struct km_journal_intake intake;
};

static int open_segment(const struct km_place *place, uint32_t segment)
{
    struct km_err err;
    char path[KM_PATH_BYTES_MAX + 16];
    int len = snprintf(path, sizeof path, "%.*s/%06u.kmj", (int)place->path.len,
                       place->path.ptr, (unsigned)segment);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -1;
    }
    return km_place_open(place, path, &err);
}

/* "000012.kmj" */
static bool is_segment(const char *name, uint32_t *segment)
{
    enum { DIGITS = 6 };
    if (strspn(name, "0123456789") != DIGITS ||
        strcmp(name + DIGITS, ".kmj") != 0) {
        return false;
    }
    *segment = (uint32_t)strtoul(name, NULL, 10);
    return true;
}

/* The lowest segment behind `after`: those that a server has may be deleted.
 * False: there is none. */
static bool find_segment(const struct km_place *place, int64_t after,
                         uint32_t *found)
{
    struct km_err err;
    uint32_t at, least = UINT32_MAX;
    int fd = km_place_open(place, place->path.ptr, &err);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (is_segment(entry->d_name, &at) && at > after && at < least) {
            least = at;
        }
    }
    if (folder) {
        (void)closedir(folder);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    *found = least;
    return least != UINT32_MAX;
}

/* 32 hexadecimal digits */
static bool is_writer(struct km_str name)
{
    bool hex = name.len == (size_t)2 * KM_JOURNAL_WRITER_BYTES;
    for (size_t i = 0; hex && i < name.len; i++) {
        hex = strchr("0123456789abcdef", name.ptr[i]) != NULL;
    }
    return hex;
}

static int sniff_journal(const struct km_sniff *sniff)
{
    char head[8];
    if (!sniff->is_folder) {
        return 0;
    }
    uint32_t first;
    int fd = open_segment(sniff->place, 0);
    if (fd < 0 && is_writer(sniff->place->name) &&
        find_segment(sniff->place, 0, &first)) {
        fd = open_segment(sniff->place, first);
    }
    if (fd < 0) {
        return 0;
    }
    ssize_t got = km_read_at(fd, head, sizeof head, 0);
    (void)close(fd);
    bool mine = got == (ssize_t)sizeof head &&
                km_journal_is_header((struct km_str){head, sizeof head});
    return mine ? 100 : 0;
}

static uint32_t word_at(struct km_str text, size_t index)
{
    uint32_t word;
    memcpy(&word, text.ptr + 4 * index, 4);
    return word;
}

static enum km_code begin_journal(struct km_source *source, struct km_str saved,
                                  struct km_err *err)
{
    struct journal_state *state = source->state;
    state->fd = -1;
    km_buf_init(&state->window, WINDOW_BYTES + 1);
    km_journal_intake_init(&state->intake);
    state->intake.is_fresh = saved.len == 0;
    if (saved.len == 0) {
        return KM_OK;
    }
    size_t words = saved.len / 4;
    if (saved.len % 4 || words < 3 || words % 2 == 0 ||
        (words - 3) / 2 > KM_JOURNAL_GAPS_MAX ||
        word_at(saved, 0) != SAVED_VERSION) {
        return km_fail(err, KM_ECORRUPT,
                       "the saved place of a journal has %zu bytes that are "
                       "not of version %d",
                       saved.len, SAVED_VERSION);
    }
    state->segment = word_at(saved, 1);
    state->slot = word_at(saved, 2);
    for (size_t i = 3; i < words; i += 2) {
        state->gaps[state->gap_count++] =
            (struct gap){word_at(saved, i), word_at(saved, i + 1)};
    }
    return KM_OK;
}

static void save_journal(const struct km_source *source, struct km_buf *out)
{
    const struct journal_state *state = source->state;
    const uint32_t head[3] = {SAVED_VERSION, state->segment, state->slot};
    km_buf_append(out, head, sizeof head);
    km_buf_append(out, state->gaps, state->gap_count * sizeof state->gaps[0]);
}

static void finish_journal(struct km_source *source)
{
    struct journal_state *state = source->state;
    km_buf_finish(&state->window);
    km_journal_intake_finish(&state->intake);
    if (state->fd >= 0) {
        (void)close(state->fd);
        state->fd = -1;
    }
}

static void add_gap(struct km_source *source, uint32_t segment, uint32_t slot)
{
    struct journal_state *state = source->state;
    if (state->gap_count < KM_JOURNAL_GAPS_MAX) {
        state->gaps[state->gap_count++] = (struct gap){segment, slot};
    } else if (!state->gaps_full) {
        state->gaps_full = true;
        km_emit_warn(source->emit, km_journal_offset(slot),
                     "segment %u: more than %d empty slots; the rest is not "
                     "looked at again",
                     segment, KM_JOURNAL_GAPS_MAX);
    }
}

/* Takes a gap off the list; false when the slot is none. */
static bool take_gap(struct journal_state *state, uint32_t segment,
                     uint32_t slot)
{
    for (uint32_t i = 0; i < state->gap_count; i++) {
        if (state->gaps[i].segment == segment && state->gaps[i].slot == slot) {
            state->gaps[i] = state->gaps[--state->gap_count];
            return true;
        }
    }
    return false;
}

/* Fills the window from slot `at`. False: nothing whole is there. */
static bool fill_window(struct journal_state *state)
{
    state->window.len = 0;
    state->window_slots = 0;
    char *room = km_buf_reserve(&state->window, WINDOW_BYTES);
    uint64_t offset = km_journal_offset(state->at);
    ssize_t got = room ? km_read_at(state->fd, room, WINDOW_BYTES, offset) : -1;
    state->window_slot = state->at;
    state->window_slots = got > 0 ? (uint32_t)got / KM_JOURNAL_SLOT_BYTES : 0;
    return state->window_slots > 0;
}

/* Bytes from slot `at` on, enough for any record unless the file ends. */
static struct km_str bytes_at(struct journal_state *state)
{
    uint32_t inside = state->at - state->window_slot;
    size_t left =
        (size_t)(state->window_slots - inside) * KM_JOURNAL_SLOT_BYTES;
    if (inside >= state->window_slots ||
        (left < WINDOW_REFILL &&
         state->window_slots == WINDOW_BYTES / KM_JOURNAL_SLOT_BYTES)) {
        if (!fill_window(state)) {
            return (struct km_str){0};
        }
        inside = 0;
        left = (size_t)state->window_slots * KM_JOURNAL_SLOT_BYTES;
    }
    return (struct km_str){
        state->window.bytes + (size_t)inside * KM_JOURNAL_SLOT_BYTES, left};
}

/* Decodes at `at`. A slot may be seen half copied while it is published: what
 * looks broken is read once more. */
static enum km_journal_found look(struct journal_state *state,
                                  struct km_journal_record *record)
{
    struct km_str bytes = bytes_at(state);
    enum km_journal_found found = km_journal_next(
        &state->intake.decoder, (const unsigned char *)bytes.ptr, bytes.len,
        state->at, record);
    if (found == KM_JOURNAL_DAMAGED) {
        const struct timespec pause = {.tv_nsec = 2000000};
        (void)nanosleep(&pause, NULL);
        bool read = fill_window(state);
        found = read ? km_journal_next(
                           &state->intake.decoder,
                           (const unsigned char *)state->window.bytes,
                           (size_t)state->window_slots * KM_JOURNAL_SLOT_BYTES,
                           state->at, record)
                     : KM_JOURNAL_CUT;
    }
    return found;
}

/* Opens a segment and reads its header. KM_EBUSY: not there (yet). */
static enum km_code enter_segment(struct km_source *source, uint32_t segment,
                                  struct km_err *err)
{
    struct journal_state *state = source->state;
    unsigned char head[KM_JOURNAL_HEADER_BYTES] = {0};
    struct km_journal_header header;
    if (state->fd >= 0) {
        (void)close(state->fd);
    }
    state->fd = open_segment(source->place, segment);
    if (state->fd < 0) {
        return KM_EBUSY;
    }
    ssize_t got = km_read_at(state->fd, head, sizeof head, 0);
    if (got < (ssize_t)sizeof head || head[0] == 0) {
        return KM_EBUSY;
    }
    enum km_code code =
        km_journal_header_decode(head, sizeof head, &header, err);
    if (code == KM_OK && header.segment != segment) {
        code = km_fail(err, KM_ECORRUPT,
                       "byte 12: segment %u in the file of "
                       "segment %u",
                       (unsigned)header.segment, (unsigned)segment);
    }
    if (code) {
        source->status = KM_SOURCE_DAMAGED;
        source->damage_offset = 0;
        return code;
    }
    km_journal_intake_enter(&state->intake, source->emit, &header);
    state->at = state->window_slot = state->window_slots = 0;
    return KM_OK;
}

/* A slot that is broken for good: the end, unless --salvage goes on. */
static enum km_code pass_damage(struct km_source *source, uint32_t segment,
                                uint32_t slot, struct km_err *err)
{
    uint64_t offset = km_journal_offset(slot);
    if (source->options && source->options->salvage) {
        source->skipped_bytes += KM_JOURNAL_SLOT_BYTES;
        return KM_OK;
    }
    source->status = KM_SOURCE_DAMAGED;
    source->damage_offset = offset;
    return km_fail(err, KM_ECORRUPT,
                   "%06u.kmj: byte %llu: the check bits of a record fail",
                   (unsigned)segment, (unsigned long long)offset);
}

/* Reads the entered segment to its present end. What lies before `from` was
 * read before, but for gaps. */
static enum km_code read_segment(struct km_source *source, uint32_t segment,
                                 uint32_t from, struct km_err *err)
{
    struct journal_state *state = source->state;
    uint32_t empty_from = UINT32_MAX; /* first of a run of empty slots */
    enum km_code code = KM_OK;
    for (;;) {
        struct km_journal_record record;
        enum km_journal_found found = look(state, &record);
        if (found == KM_JOURNAL_CUT) {
            break;
        }
        uint32_t slot = state->at;
        bool is_new = slot >= from;
        state->at += record.slot_count;
        if (found == KM_JOURNAL_GAP) {
            empty_from = is_new && empty_from == UINT32_MAX ? slot : empty_from;
            continue;
        }
        for (; empty_from < slot; empty_from++) {
            add_gap(source, segment, empty_from);
        }
        empty_from = UINT32_MAX;
        bool was_gap =
            !is_new && state->gap_count && take_gap(state, segment, slot);
        if (found == KM_JOURNAL_FOUND) {
            km_journal_intake_take(&state->intake, source->emit, &record,
                                   is_new || was_gap);
        } else if (found == KM_JOURNAL_DAMAGED && is_new) {
            code = pass_damage(source, segment, slot, err);
        }
        if (is_new && code == KM_OK) {
            state->slot = state->at;
        }
        if (code || km_emit_failed(source->emit)) {
            return code ? code : km_emit_error(source->emit, err);
        }
        if (km_emit_full(source->emit) &&
            (code = km_emit_checkpoint(source->emit, err)) != KM_OK) {
            return code;
        }
    }
    return KM_OK;
}

/* Whether a segment holds more than the preamble it was prepared with. */
static bool is_in_use(struct km_source *source, uint32_t segment)
{
    struct journal_state *state = source->state;
    struct km_err err;
    if (enter_segment(source, segment, &err) != KM_OK) {
        return false;
    }
    for (;;) {
        struct km_journal_record record;
        enum km_journal_found found = look(state, &record);
        unsigned kind = (unsigned)record.kind;
        if (found == KM_JOURNAL_CUT) {
            return false;
        }
        if (found == KM_JOURNAL_FOUND && kind != KM_JOURNAL_METRIC &&
            kind != KM_JOURNAL_RUN) {
            return true;
        }
        state->at += record.slot_count;
    }
}

/* Whether anything was published since: behind `from`, or in a gap. Looks at
 * first words only, so that following a quiet run costs next to nothing. */
static bool has_news(struct journal_state *state, uint32_t segment,
                     uint32_t from)
{
    uint64_t word;
    for (uint32_t i = 0; i < state->gap_count; i++) {
        uint64_t offset = km_journal_offset(state->gaps[i].slot);
        if (state->gaps[i].segment == segment &&
            km_read_at(state->fd, &word, 8, offset) == 8 && word != 0) {
            return true;
        }
    }
    bool news = false;
    for (state->at = from; from != UINT32_MAX && !news && fill_window(state);
         state->at += state->window_slots) {
        for (uint32_t i = 0; i < state->window_slots && !news; i++) {
            memcpy(&word,
                   state->window.bytes + (size_t)i * KM_JOURNAL_SLOT_BYTES, 8);
            news = word != 0;
        }
    }
    state->at = state->window_slot = state->window_slots = 0;
    return news;
}

/* Enters a segment and reads what is new in it. */
static enum km_code read_news(struct km_source *source, uint32_t segment,
                              uint32_t from, struct km_err *err)
{
    struct journal_state *state = source->state;
    enum km_code code = enter_segment(source, segment, err);
    if (code || !has_news(state, segment, from)) {
        return code;
    }
    code = read_segment(source, segment, from, err);
    source->read_bytes += (uint64_t)state->at * KM_JOURNAL_SLOT_BYTES;
    return code;
}

/* Gaps of segments that were read to their end. */
static enum km_code revisit_gaps(struct km_source *source, struct km_err *err)
{
    struct journal_state *state = source->state;
    for (uint32_t next = 0; next < state->segment;) {
        uint32_t segment = state->segment;
        for (uint32_t i = 0; i < state->gap_count; i++) {
            uint32_t of = state->gaps[i].segment;
            segment = of >= next && of < segment ? of : segment;
        }
        if (segment == state->segment) {
            break;
        }
        enum km_code code = read_news(source, segment, UINT32_MAX, err);
        if (code && code != KM_EBUSY) {
            return code;
        }
        next = segment + 1;
    }
    return KM_OK;
}

static uint32_t slots_of_file(int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || about.st_size < KM_JOURNAL_HEADER_BYTES) {
        return 0;
    }
    uint64_t slots = ((uint64_t)about.st_size - KM_JOURNAL_HEADER_BYTES) /
                     KM_JOURNAL_SLOT_BYTES;
    return slots < UINT32_MAX ? (uint32_t)slots : UINT32_MAX - 1;
}

static enum km_code scan_journal(struct km_source *source, struct km_err *err)
{
    struct journal_state *state = source->state;
    enum km_code code = revisit_gaps(source, err);
    while (code == KM_OK && state->segment < KM_JOURNAL_SEGMENTS_MAX) {
        uint32_t segment = state->segment;
        code = read_news(source, segment, state->slot, err);
        if (code == KM_EBUSY && state->fd < 0 &&
            find_segment(source->place, segment, &segment)) {
            state->segment = segment;
            state->slot = 0;
            code = KM_OK;
            continue;
        }
        if (code) {
            break;
        }
        uint32_t slots = slots_of_file(state->fd);
        if (!is_in_use(source, segment + 1)) {
            break;
        }
        for (uint32_t slot = state->slot; slot < slots; slot++) {
            add_gap(source, segment, slot); /* reserved, not published yet */
        }
        state->segment = segment + 1;
        state->slot = 0;
    }
    if (state->fd >= 0) {
        (void)close(state->fd);
        state->fd = -1;
    }
    return code == KM_EBUSY ? KM_OK : code;
}

const struct km_source_ops km_source_journal = {
    .name = "journal",
    .title = "journal of libknotmeter",
    .shape = KM_SHAPE_STORE,
    .scope = KM_SCOPE_INNER,
    .state_bytes = sizeof(struct journal_state),
    .sniff = sniff_journal,
    .begin = begin_journal,
    .save = save_journal,
    .scan = scan_journal,
    .finish = finish_journal,
};
