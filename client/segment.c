/* segment.c - one segment: made, settled on disk, let go.
 *
 * Mapped: the file is preallocated and its pages are made present, so that a
 * store cannot find the disk full later. Buffered: the same bytes in private
 * memory, written out by the helper. */
/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* File systems on which a preallocated, shared, written page stays writable:
 * ext2 to ext4, XFS, tmpfs, F2FS, and overlays as containers have them. */
bool km_client_mapping_is_safe(const char *folder)
{
    struct statfs about;
    if (statfs(folder, &about) != 0) {
        return false;
    }
    switch ((uint32_t)about.f_type) {
    case 0xef53:
    case 0x58465342:
    case 0x01021994:
    case 0xf2f52010:
    case 0x794c7630:
        return true;
    default:
        return false;
    }
}

void km_client_segment_path(const struct km_run *run, uint32_t index, char *out,
                            size_t out_size)
{
    int len =
        snprintf(out, out_size, "%s/%06u.kmj", run->folder, (unsigned)index);
    if (len < 0 || (size_t)len >= out_size) {
        out[0] = '\0';
    }
}

/* What may be taken: the wish, unless budget, disk or the process's own limit
 * leave less. 0: not even the least segment. */
static uint64_t affordable(const struct km_run *run, int fd, uint64_t bytes)
{
    struct statvfs disk;
    struct rlimit file_limit;
    uint64_t room = run->disk_bytes_max - atomic_load(&run->disk_bytes);
    if (getrlimit(RLIMIT_FSIZE, &file_limit) == 0 &&
        file_limit.rlim_cur < room) {
        room = file_limit.rlim_cur; /* beyond it there is a signal */
    }
    if (fstatvfs(fd, &disk) == 0) {
        uint64_t half = (uint64_t)disk.f_bavail * disk.f_frsize / 2;
        room = half < room ? half : room;
    }
    while (bytes > room && bytes > KM_CLIENT_SEGMENT_BYTES_MIN) {
        bytes /= 2;
    }
    if (bytes < KM_CLIENT_SEGMENT_BYTES_MIN) {
        bytes = KM_CLIENT_SEGMENT_BYTES_MIN;
    }
    return bytes <= room ? bytes : 0;
}

/* Memory for the segment; sets errno when it fails. */
static unsigned char *map_segment(const struct km_run *run, int fd,
                                  uint64_t bytes)
{
    if (run->buffered) {
        void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        return memory == MAP_FAILED ? NULL : memory;
    }
    int failed;
    do {
        failed = fallocate(fd, 0, 0, (off_t)bytes);
    } while (failed && errno == EINTR);
    if (failed) {
        return NULL;
    }
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    if (madvise(memory, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL) {
        int why = errno; /* the disk could not give the pages */
        (void)munmap(memory, bytes);
        errno = why;
        return NULL;
    }
    return memory;
}

static struct km_segment *new_segment(struct km_run *run, unsigned char *base,
                                      uint64_t bytes, int fd)
{
    struct km_segment *segment =
        aligned_alloc(_Alignof(struct km_segment), sizeof *segment);
    if (!segment) {
        return NULL;
    }
    memset(segment, 0, sizeof *segment);
    struct km_journal_header header = {.segment = run->segment_count,
                                       .segment_bytes = bytes,
                                       .start_ns = run->start_ns};
    memcpy(header.writer, run->writer, sizeof header.writer);
    km_journal_header_encode(&header, base);
    segment->base = base;
    segment->bytes = bytes;
    segment->slot_count =
        (uint32_t)((bytes - KM_JOURNAL_HEADER_BYTES) / KM_JOURNAL_SLOT_BYTES);
    segment->salt = header.salt;
    segment->index = header.segment;
    segment->fd = fd;
    return segment;
}

/* Makes the next segment in the run's folder; NULL with errno. Called by the
 * helper, or before there is one. */
struct km_segment *km_client_segment_create(struct km_run *run, uint64_t bytes)
{
    char path[KM_CLIENT_PATH_BYTES + 16];
    km_client_segment_path(run, run->segment_count, path, sizeof path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        return NULL;
    }
    struct km_segment *segment = NULL;
    bytes = affordable(run, fd, bytes);
    errno = bytes ? errno : ENOSPC;
    unsigned char *base = bytes ? map_segment(run, fd, bytes) : NULL;
    if (base) {
        segment = new_segment(run, base, bytes, run->buffered ? fd : -1);
        if (!segment) {
            (void)munmap(base, bytes);
            errno = ENOMEM;
        }
    }
    int why = errno;
    if (!segment || !run->buffered) {
        (void)close(fd);
    }
    if (!segment) {
        (void)unlink(path);
        errno = why;
        return NULL;
    }
    atomic_fetch_add(&run->disk_bytes, bytes);
    return segment;
}

void km_client_segment_unmap(struct km_segment *segment)
{
    if (segment->base) {
        (void)munmap(segment->base, segment->bytes);
        segment->base = NULL;
    }
    if (segment->fd >= 0) {
        (void)close(segment->fd);
        segment->fd = -1;
    }
}

/* Slots published from the start without a gap. */
static uint32_t count_published(struct km_segment *segment)
{
    uint32_t slot = segment->slots_seen;
    const unsigned char *at = segment->base + KM_JOURNAL_HEADER_BYTES +
                              (size_t)slot * KM_JOURNAL_SLOT_BYTES;
    while (slot < segment->slot_count &&
           __atomic_load_n((const uint64_t *)(const void *)at,
                           __ATOMIC_ACQUIRE) != 0) {
        slot++;
        at += KM_JOURNAL_SLOT_BYTES;
    }
    return slot;
}

/* Writes the bytes of a buffered segment up to `end` behind those on disk. */
static bool flush_to(struct km_run *run, struct km_segment *segment,
                     uint64_t end)
{
    while (segment->bytes_flushed < end) {
        ssize_t wrote =
            pwrite(segment->fd, segment->base + segment->bytes_flushed,
                   end - segment->bytes_flushed, (off_t)segment->bytes_flushed);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            km_client_say(run, "cannot write to %s: %s", run->folder,
                          strerror(errno));
            return false;
        }
        segment->bytes_flushed += (uint64_t)wrote;
    }
    return true;
}

bool km_client_segment_settle(struct km_run *run, struct km_segment *segment,
                              bool last)
{
    enum { STALLS_MAX = 20 };
    if (!segment->base) {
        return true;
    }
    uint64_t reserved = atomic_load(&segment->next_slot);
    uint32_t used = reserved < segment->slot_count ? (uint32_t)reserved
                                                   : segment->slot_count;
    segment->slots_seen = count_published(segment);
    bool full = segment->slots_seen == segment->slot_count;
    if (segment->fd < 0) {
        return full;
    }
    /* a slot that nobody publishes any more must not hold back the rest */
    segment->stalls = segment->slots_seen < used ? segment->stalls + 1 : 0;
    bool passed =
        last || (used == segment->slot_count && segment->stalls > STALLS_MAX);
    uint64_t slots = passed ? used : segment->slots_seen;
    bool wrote = flush_to(
        run, segment, KM_JOURNAL_HEADER_BYTES + slots * KM_JOURNAL_SLOT_BYTES);
    return wrote && full;
}
