/* body.c - gzip and zstd, never further than the limit. */
/* SPDX-License-Identifier: Apache-2.0 */
#define ZLIB_CONST
#include "http/body.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { RATIO_MAX = 100, RATIO_FREE = 64 * 1024, GZIP = 16 };

static size_t limit_of(size_t packed, size_t max)
{
    size_t most = packed > max / RATIO_MAX ? max : packed * RATIO_MAX;
    most = most < RATIO_FREE ? RATIO_FREE : most;
    return most < max ? most : max;
}

static enum km_code fail_limit(size_t limit, struct km_err *err)
{
    return km_fail(err, KM_ELIMIT, "the body unpacks to more than %zu bytes",
                   limit);
}

static enum km_code unzstd(struct km_str packed, size_t limit, char *out,
                           size_t *len, struct km_err *err)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {packed.ptr, packed.len, 0};
    ZSTD_outBuffer to = {out, limit + 1, 0};
    size_t left = 1;
    while (context && in.pos < in.size && to.pos <= limit) {
        left = ZSTD_decompressStream(context, &to, &in);
        if (ZSTD_isError(left)) {
            break;
        }
    }
    ZSTD_freeDCtx(context);
    *len = to.pos;
    if (!context) {
        return km_fail(err, KM_EMEMORY, "no memory to unpack a body");
    }
    if (to.pos > limit) {
        return fail_limit(limit, err);
    }
    return left == 0
               ? KM_OK
               : km_fail(err, KM_ECORRUPT,
                         "the body is no whole zstd frame: byte %zu", in.pos);
}

static enum km_code gunzip(struct km_str packed, size_t limit, char *out,
                           size_t *len, struct km_err *err)
{
    z_stream stream = {0};
    if (inflateInit2(&stream, GZIP + MAX_WBITS) != Z_OK) {
        return km_fail(err, KM_EMEMORY, "no memory to unpack a body");
    }
    stream.next_in = (z_const Bytef *)packed.ptr;
    stream.avail_in = (uInt)packed.len;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)(limit + 1);
    int done = inflate(&stream, Z_FINISH);
    *len = limit + 1 - stream.avail_out;
    uInt left = stream.avail_in;
    (void)inflateEnd(&stream);
    if (*len > limit) {
        return fail_limit(limit, err);
    }
    return done == Z_STREAM_END && left == 0
               ? KM_OK
               : km_fail(err, KM_ECORRUPT,
                         "the body is no whole gzip member: byte %zu",
                         packed.len - left);
}

enum km_code km_body_unpack(const char *encoding, struct km_str packed,
                            size_t max, struct km_arena *arena,
                            struct km_str *out, struct km_err *err)
{
    bool zstd = encoding && strcmp(encoding, "zstd") == 0;
    bool gzip = encoding && strcmp(encoding, "gzip") == 0;
    *out = packed;
    if (!encoding || strcmp(encoding, "identity") == 0) {
        return KM_OK;
    }
    if (!zstd && !gzip) {
        return km_fail(err, KM_EFORMAT,
                       "Content-Encoding '%.40s', expected gzip or zstd",
                       encoding);
    }
    size_t limit = limit_of(packed.len, max), len = 0;
    char *bytes = km_arena_alloc(arena, limit + 1);
    if (!bytes) {
        return km_fail(err, KM_EMEMORY, "no memory to unpack a body");
    }
    enum km_code code = zstd ? unzstd(packed, limit, bytes, &len, err)
                             : gunzip(packed, limit, bytes, &len, err);
    *out = (struct km_str){bytes, len};
    return code;
}
