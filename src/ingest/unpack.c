/* unpack.c - gzip by zlib's inflate, member after member. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"

enum { GZIP_WINDOW = 15 + 16, PIECE_BYTES = 256 * KM_KIB, MAGIC_BYTES = 3 };

bool km_gzip_is(struct km_str head)
{
    return head.len >= MAGIC_BYTES && memcmp(head.ptr, "\x1f\x8b\x08", 3) == 0;
}

struct km_str km_gzip_inner_name(struct km_str name)
{
    const struct km_str end = KM_STR(".gz");
    bool packed = name.len > end.len && km_str_ends(name, end);
    return (struct km_str){name.ptr, packed ? name.len - end.len : name.len};
}

void km_gzip_head(char *head, size_t *len, size_t cap)
{
    z_stream stream = {.zalloc = NULL};
    char *packed = malloc(*len);
    size_t got = 0;
    if (packed && inflateInit2(&stream, GZIP_WINDOW) == Z_OK) {
        memcpy(packed, head, *len);
        stream.next_in = (const unsigned char *)packed;
        stream.avail_in = (unsigned)*len;
        stream.next_out = (unsigned char *)head;
        stream.avail_out = (unsigned)cap;
        (void)inflate(&stream, Z_SYNC_FLUSH);
        got = cap - stream.avail_out;
        (void)inflateEnd(&stream);
    }
    free(packed);
    *len = got;
}

/* A file that has no name any more, gone when it is closed. */
static int open_unnamed(struct km_err *err)
{
    static const char name[] = "/knotmeter-XXXXXX";
    char path[KM_PATH_BYTES_MAX];
    const char *folder = getenv("TMPDIR");
    folder = folder && *folder ? folder : "/tmp";
    size_t len = strlen(folder);
    int fd = -1;
    errno = ENAMETOOLONG;
    if (len + sizeof name <= sizeof path) {
        memcpy(path, folder, len);
        memcpy(path + len, name, sizeof name);
        fd = mkstemp(path);
    }
    if (fd < 0) {
        km_fail_errno(err, errno, "no room to unpack in %s", folder);
        return -1;
    }
    (void)unlink(path);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

struct unpacking {
    int from, to;
    z_stream stream;
    char in[PIECE_BYTES], out[PIECE_BYTES];
    uint64_t read_bytes, size_bytes;
    bool at_end, ended; /* of the file; of a member */
};

static enum km_code read_piece(struct unpacking *u, struct km_err *err)
{
    ssize_t got;
    do {
        got = pread(u->from, u->in, sizeof u->in, (off_t)u->read_bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return km_fail_errno(err, errno, "cannot read at byte %" PRIu64,
                             u->read_bytes);
    }
    u->read_bytes += (uint64_t)got;
    u->at_end = got == 0;
    u->stream.next_in = (const unsigned char *)u->in;
    u->stream.avail_in = (unsigned)got;
    return KM_OK;
}

static enum km_code write_piece(struct unpacking *u, struct km_err *err)
{
    const char *at = u->out;
    size_t left = sizeof u->out - u->stream.avail_out;
    u->size_bytes += left;
    if (u->size_bytes > KM_GZIP_BYTES_MAX) {
        return km_fail(err, KM_ELIMIT,
                       "it unpacks to more than %d MiB: unpack it with gunzip",
                       (int)(KM_GZIP_BYTES_MAX / KM_MIB));
    }
    while (left) {
        ssize_t done = write(u->to, at, left);
        if (done < 0 && errno != EINTR) {
            return km_fail_errno(err, errno, "no room to unpack it");
        }
        at += done > 0 ? done : 0;
        left -= done > 0 ? (size_t)done : 0;
    }
    return KM_OK;
}

/* Inflates what was read; a member that ends may be followed by another, and
 * what is none of it is padding. */
static enum km_code inflate_piece(struct unpacking *u, struct km_err *err)
{
    enum km_code code = KM_OK;
    while (code == KM_OK && u->stream.avail_in) {
        if (u->ended && (u->stream.next_in[0] != 0x1f ||
                         inflateReset(&u->stream) != Z_OK)) {
            u->at_end = true;
            return KM_OK;
        }
        u->ended = false;
        u->stream.next_out = (unsigned char *)u->out;
        u->stream.avail_out = sizeof u->out;
        int result = inflate(&u->stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) {
            return km_fail(err, KM_EMEMORY, "memory to unpack it is short");
        }
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            return km_fail(err, KM_ECORRUPT,
                           "the gzip data are damaged before byte %" PRIu64
                           "; nothing of it is read",
                           u->read_bytes);
        }
        u->ended = result == Z_STREAM_END;
        code = write_piece(u, err);
    }
    return code;
}

static enum km_code unpack(struct unpacking *u, const atomic_bool *stop,
                           struct km_err *err)
{
    enum km_code code = KM_OK;
    while (code == KM_OK && !u->at_end) {
        if (stop && atomic_load(stop)) {
            return km_fail(err, KM_EINTERRUPTED, "stopped at byte %" PRIu64,
                           u->read_bytes);
        }
        code = read_piece(u, err);
        code = code ? code : inflate_piece(u, err);
    }
    return code;
}

int km_gzip_unpack(int fd, const atomic_bool *stop, uint64_t *size_bytes,
                   bool *cut, struct km_err *err)
{
    struct unpacking *u = calloc(1, sizeof *u);
    if (!u || inflateInit2(&u->stream, GZIP_WINDOW) != Z_OK) {
        free(u);
        km_fail(err, KM_EMEMORY, "memory to unpack it is short");
        return -1;
    }
    u->from = fd;
    u->to = open_unnamed(err);
    enum km_code code = u->to < 0 ? KM_EIO : unpack(u, stop, err);
    (void)inflateEnd(&u->stream);
    if (code && u->to >= 0) {
        (void)close(u->to);
        u->to = -1;
    }
    *size_bytes = u->size_bytes;
    *cut = !u->ended;
    int to = u->to;
    free(u);
    return to;
}
