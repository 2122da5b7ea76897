/* tail.c - segments read by place, published slots told from the others. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ship/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/read_at.h"
#include "journal/journal.h"
#include "ship/shelf.h"

enum { TORN_WAIT_NS = 2000000 };

/* One segment, open. */
struct segment {
    int fd;
    uint32_t index, slots; /* of the file as it is now */
    uint32_t salt;
};

static uint64_t offset_of(uint32_t slot)
{
    return KM_JOURNAL_HEADER_BYTES + (uint64_t)slot * KM_JOURNAL_SLOT_BYTES;
}

static uint32_t slot_of(uint64_t offset)
{
    return offset < KM_JOURNAL_HEADER_BYTES
               ? 0
               : (uint32_t)((offset - KM_JOURNAL_HEADER_BYTES) /
                            KM_JOURNAL_SLOT_BYTES);
}

void km_tail_init(struct km_tail *tail, const char *folder)
{
    *tail = (struct km_tail){.folder = folder};
    tail->gap.segment = tail->passed.segment = tail->next.segment = UINT32_MAX;
}

void km_tail_seek(struct km_tail *tail, struct km_ship_place place)
{
    tail->server = place;
    tail->place = place;
    tail->is_sighted = false;
}

static enum km_code check_header(const struct km_tail *tail, uint32_t index,
                                 const unsigned char *bytes,
                                 struct segment *segment, struct km_err *err)
{
    struct km_journal_header header;
    struct km_err why;
    enum km_code code =
        km_journal_header_decode(bytes, KM_JOURNAL_HEADER_BYTES, &header, &why);
    if (code) {
        return km_fail(err, code, "%s/%06u.kmj: %s", tail->folder,
                       (unsigned)index, why.message);
    }
    if (header.segment != index) {
        return km_fail(err, KM_ECORRUPT,
                       "%s/%06u.kmj: byte 12: the header is that of segment %u",
                       tail->folder, (unsigned)index, (unsigned)header.segment);
    }
    segment->salt = header.salt;
    return KM_OK;
}

/* KM_EBUSY: not there, or not begun. The caller closes. */
static enum km_code open_segment(const struct km_tail *tail, uint32_t index,
                                 struct segment *segment, struct km_err *err)
{
    char path[KM_PATH_BYTES_MAX];
    unsigned char head[KM_JOURNAL_HEADER_BYTES] = {0};
    struct stat about;
    *segment = (struct segment){.fd = -1, .index = index};
    int len = snprintf(path, sizeof path, "%s/%06u.kmj", tail->folder,
                       (unsigned)index);
    if (len < 0 || (size_t)len >= sizeof path) {
        return km_fail(err, KM_ELIMIT, "the path of %s is too long",
                       tail->folder);
    }
    segment->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (segment->fd < 0) {
        return errno == ENOENT
                   ? KM_EBUSY
                   : km_fail_errno(err, errno, "cannot open %s", path);
    }
    ssize_t got = fstat(segment->fd, &about) == 0 && S_ISREG(about.st_mode)
                      ? km_read_at(segment->fd, head, sizeof head, 0)
                      : -1;
    if (got < 0) {
        return km_fail_errno(err, errno ? errno : EIO, "cannot read %s", path);
    }
    if (got < (ssize_t)sizeof head || head[0] == 0) {
        return KM_EBUSY;
    }
    segment->slots = slot_of((uint64_t)about.st_size);
    return check_header(tail, index, head, segment, err);
}

static void close_segment(struct segment *segment)
{
    if (segment->fd >= 0) {
        (void)close(segment->fd);
        segment->fd = -1;
    }
}

/* Fills the window with whole slots from `slot` on, behind the header when
 * that is the first one. NULL: cannot be read. */
static const char *fill(struct km_buf *window, const struct segment *segment,
                        uint32_t slot, uint32_t *slots)
{
    bool header = slot == 0;
    uint64_t offset = header ? 0 : offset_of(slot);
    km_buf_reset(window);
    char *room = km_buf_reserve(window, KM_SHIP_RANGE_BYTES);
    ssize_t got =
        room ? km_read_at(segment->fd, room, KM_SHIP_RANGE_BYTES, offset) : -1;
    size_t before = header ? KM_JOURNAL_HEADER_BYTES : 0;
    *slots = 0;
    if (got < 0) {
        return NULL;
    }
    if ((size_t)got > before) {
        *slots = (uint32_t)(((size_t)got - before) / KM_JOURNAL_SLOT_BYTES);
    }
    return room + before;
}

static uint64_t word_at(const char *slots, uint32_t index)
{
    uint64_t word;
    memcpy(&word, slots + (size_t)index * KM_JOURNAL_SLOT_BYTES, 8);
    return word;
}

/* Whether the check bits hold: a slot may have been copied while it was
 * published. */
static bool is_whole(const struct segment *segment, const char *slots,
                     uint32_t index, uint32_t slot)
{
    uint64_t words[4];
    memcpy(words, slots + (size_t)index * KM_JOURNAL_SLOT_BYTES, sizeof words);
    const uint64_t sealed = words[0];
    words[0] &= ~((uint64_t)0xffff << 16);
    return km_journal_seal(segment->salt, slot, words) == sealed;
}

/* Slots of the window that may be sent. */
static uint32_t count_published(struct km_tail *tail,
                                const struct segment *segment,
                                struct km_buf *window, uint32_t first)
{
    uint32_t slots, at = 0, torn = UINT32_MAX;
    const char *bytes = fill(window, segment, first, &slots);
    uint32_t horizon =
        tail->passed.segment == segment->index ? tail->passed.horizon : 0;
    while (bytes && at < slots) {
        uint64_t word = word_at(bytes, at);
        if (word == 0 && first + at >= horizon) {
            break;
        }
        if (word != 0 && at != torn &&
            !is_whole(segment, bytes, at, first + at)) {
            const struct timespec pause = {.tv_nsec = TORN_WAIT_NS};
            (void)nanosleep(&pause, NULL);
            torn = at; /* what is broken for good is sent as it is */
            bytes = fill(window, segment, first, &slots);
            continue;
        }
        tail->finished |= (word & 0xff) == KM_JOURNAL_FINISH;
        at++;
    }
    return at;
}

/* The first slot at or after `from` that is not empty, or slot_count. */
static uint32_t next_used(const struct segment *segment, struct km_buf *window,
                          uint32_t from)
{
    while (from < segment->slots) {
        uint32_t slots, at = 0;
        const char *bytes = fill(window, segment, from, &slots);
        while (bytes && at < slots && word_at(bytes, at) == 0) {
            at++;
        }
        if (!bytes || slots == 0) {
            break;
        }
        from += at;
        if (at < slots) {
            return from;
        }
    }
    return segment->slots;
}

/* The last slot that is not empty, and one; 0: none from `from` on. Looks at
 * one window, or at all of them when nobody writes any more. */
static uint32_t used_end(const struct km_tail *tail,
                         const struct segment *segment, struct km_buf *window,
                         uint32_t from)
{
    uint32_t end = 0;
    while (from < segment->slots) {
        uint32_t slots;
        const char *bytes = fill(window, segment, from, &slots);
        for (uint32_t at = 0; bytes && at < slots; at++) {
            end = word_at(bytes, at) ? from + at + 1 : end;
        }
        if (!bytes || slots == 0 || !tail->is_last) {
            break;
        }
        from += slots;
    }
    return end;
}

/* Whether the next segment holds more than it was prepared with. */
static bool next_is_in_use(struct km_tail *tail, struct km_buf *window)
{
    struct segment next;
    struct km_err err;
    uint32_t index = tail->place.segment + 1, slots;
    bool in_use = false;
    if (tail->next.segment != index) {
        tail->next.segment = index;
        tail->next.slots = 0;
    }
    bool open = open_segment(tail, index, &next, &err) == KM_OK;
    while (open && !in_use && tail->next.slots < next.slots) {
        const char *bytes = fill(window, &next, tail->next.slots, &slots);
        uint32_t at = 0;
        for (; bytes && at < slots && !in_use; at++) {
            uint64_t kind = word_at(bytes, at) & 0xff;
            if (kind == KM_JOURNAL_EMPTY) {
                break;
            }
            in_use = kind != KM_JOURNAL_CLOCK && kind != KM_JOURNAL_METRIC &&
                     kind != KM_JOURNAL_RUN && kind != KM_JOURNAL_NEXT &&
                     kind != KM_JOURNAL_PAD;
        }
        tail->next.slots += in_use ? 0 : at;
        if (!bytes || at < slots || slots == 0) {
            break;
        }
    }
    close_segment(&next);
    return in_use;
}

/* An empty slot at `slot` with something behind it. True: it was waited for
 * long enough. */
static bool wait_for_gap(struct km_tail *tail, uint32_t slot, uint32_t horizon,
                         int64_t now_ns)
{
    if (tail->gap.segment != tail->place.segment || tail->gap.slot != slot) {
        tail->gap.segment = tail->place.segment;
        tail->gap.slot = slot;
        tail->gap.horizon = horizon;
        tail->gap.since_ns = now_ns;
    }
    return now_ns - tail->gap.since_ns >= KM_TAIL_GAP_NS;
}

/* Nothing is published at the place. Decides whether to go on past it: true
 * when the place or what is passed has changed. */
static bool go_past(struct km_tail *tail, const struct segment *segment,
                    struct km_buf *window, int64_t now_ns,
                    enum km_tail_state *state)
{
    uint32_t slot = slot_of(tail->place.offset);
    bool at_end = slot >= segment->slots;
    bool left = next_is_in_use(tail, window);
    uint32_t horizon = at_end ? 0 : used_end(tail, segment, window, slot);
    *state = KM_TAIL_END;
    if (at_end && left) {
        tail->place = (struct km_ship_place){tail->place.segment + 1, 0};
        return true;
    }
    if (at_end || (!left && horizon == 0)) {
        return false;
    }
    *state = KM_TAIL_WAITS;
    if (!wait_for_gap(tail, slot, horizon ? horizon : segment->slots, now_ns)) {
        return false;
    }
    if (left && next_used(segment, window, slot) == segment->slots) {
        tail->place = (struct km_ship_place){tail->place.segment + 1, 0};
        return true;
    }
    tail->passed.segment = segment->index;
    tail->passed.horizon = tail->gap.horizon;
    if (horizon == 0) { /* a long stretch: up to what is used behind it */
        tail->passed.horizon = next_used(segment, window, slot);
    }
    return true;
}

/* The segment of the place is not there: the lowest behind it, if any. */
static bool skip_deleted(struct km_tail *tail)
{
    unsigned found;
    if (!km_shelf_segment(tail->folder, tail->place.segment + 1, &found)) {
        return false;
    }
    tail->place = (struct km_ship_place){found, 0};
    return true;
}

static void give_range(const struct km_tail *tail, struct km_buf *window,
                       uint32_t slots, struct km_tail_range *range)
{
    size_t len = (size_t)slots * KM_JOURNAL_SLOT_BYTES +
                 (tail->place.offset ? 0 : KM_JOURNAL_HEADER_BYTES);
    *range = (struct km_tail_range){
        .segment = tail->place.segment,
        .offset = tail->place.offset,
        .bytes = {window->bytes, len},
        .gone = tail->place.segment > tail->server.segment + 1,
    };
}

enum km_code km_tail_look(struct km_tail *tail, struct km_buf *window,
                          int64_t now_ns, enum km_tail_state *state,
                          struct km_tail_range *range, struct km_err *err)
{
    bool more = true;
    *state = KM_TAIL_END;
    tail->complete = false;
    while (more) {
        struct segment segment;
        enum km_code code =
            open_segment(tail, tail->place.segment, &segment, err);
        if (code == KM_EBUSY && segment.fd < 0 && skip_deleted(tail)) {
            continue;
        }
        if (code) {
            close_segment(&segment);
            return code == KM_EBUSY ? KM_OK : code;
        }
        uint32_t slot = slot_of(tail->place.offset);
        tail->is_sighted |= slot <= segment.slots;
        uint32_t count = count_published(tail, &segment, window, slot);
        if (count > 0) {
            give_range(tail, window, count, range);
            *state = KM_TAIL_RANGE;
            more = false;
        } else {
            tail->complete = slot >= segment.slots;
            more = go_past(tail, &segment, window, now_ns, state);
        }
        close_segment(&segment);
    }
    return KM_OK;
}

bool km_tail_is_closed(struct km_tail *tail, struct km_buf *window)
{
    struct segment segment;
    struct km_err err;
    if (!tail->finished && !tail->looked_back && tail->complete) {
        tail->looked_back = true;
        bool open =
            open_segment(tail, tail->place.segment, &segment, &err) == KM_OK;
        for (uint32_t at = 0, count = 1; open && count && !tail->finished;
             at += count) {
            count = count_published(tail, &segment, window, at);
        }
        close_segment(&segment);
    }
    return tail->finished && tail->complete;
}

uint64_t km_tail_bytes_left(const struct km_tail *tail)
{
    uint64_t bytes = 0;
    unsigned at = tail->place.segment;
    for (; km_shelf_segment(tail->folder, at, &at); at++) {
        char path[KM_PATH_BYTES_MAX];
        struct stat about;
        int len = snprintf(path, sizeof path, "%s/%06u.kmj", tail->folder, at);
        if (len > 0 && (size_t)len < sizeof path && lstat(path, &about) == 0) {
            bytes += (uint64_t)about.st_size;
        }
    }
    uint64_t before = tail->place.offset;
    return bytes > before ? bytes - before : 0;
}
