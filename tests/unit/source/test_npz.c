/* test_npz.c - NumPy archives of every kind, and those that lie. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/npz.h"

#include <zlib.h>

#include "tap.h"
#include "transcript.h"

static struct km_buf new_buf(void)
{
    struct km_buf buf;
    km_buf_init(&buf, 64 * KM_MIB);
    return buf;
}

static void put16(struct km_buf *out, unsigned value)
{
    km_buf_append(out, &(uint16_t){(uint16_t)value}, 2);
}

static void put32(struct km_buf *out, size_t value)
{
    km_buf_append(out, &(uint32_t){(uint32_t)value}, 4);
}

/* A .npy file of version 1. */
static struct km_buf array_of(const char *descr, const char *order,
                              const char *shape, const void *bytes, size_t len)
{
    struct km_buf header = new_buf(), out = new_buf();
    km_buf_printf(&header,
                  "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n",
                  descr, order, shape);
    km_buf_append(&out, "\x93NUMPY\1\0", 8);
    put16(&out, (unsigned)header.len);
    km_buf_append(&out, header.bytes, header.len);
    km_buf_append(&out, bytes, len);
    km_buf_finish(&header);
    return out;
}

struct file {
    const char *name;
    struct km_buf bytes;
    bool deflate;
};

static size_t pack(const struct km_buf *in, unsigned char *out, size_t cap)
{
    z_stream stream = {.next_in = (unsigned char *)in->bytes,
                       .avail_in = (unsigned)in->len,
                       .next_out = out,
                       .avail_out = (unsigned)cap};
    if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY)) {
        abort();
    }
    (void)deflate(&stream, Z_FINISH);
    (void)deflateEnd(&stream);
    return stream.total_out;
}

/* The fields that a local header and a directory entry share. */
static void put_shared(struct km_buf *out, const struct file *file,
                       size_t packed)
{
    put16(out, 0); /* flags */
    put16(out, file->deflate ? 8 : 0);
    put32(out, 0); /* time and date */
    put32(out, (uint32_t)crc32(0, (unsigned char *)file->bytes.bytes,
                               (unsigned)file->bytes.len));
    put32(out, packed);
    put32(out, file->bytes.len);
    put16(out, (unsigned)strlen(file->name));
    put16(out, 0);
}

/* A zip archive of the files; gives their memory back. */
static struct km_buf zip(struct file *files, size_t count)
{
    static unsigned char room[65536];
    struct km_buf out = new_buf(), directory = new_buf();
    for (size_t i = 0; i < count; i++) {
        size_t start = out.len, len = files[i].bytes.len;
        const void *bytes = files[i].bytes.bytes;
        if (files[i].deflate) {
            len = pack(&files[i].bytes, room, sizeof room);
            bytes = room;
        }
        km_buf_append(&out, "PK\3\4\24\0", 6);
        put_shared(&out, &files[i], len);
        km_buf_append_text(&out, files[i].name);
        km_buf_append(&out, bytes, len);
        km_buf_append(&directory, "PK\1\2\24\0\24\0", 8);
        put_shared(&directory, &files[i], len);
        put16(&directory, 0);
        put32(&directory, 0);
        put32(&directory, 0);
        put32(&directory, start);
        km_buf_append_text(&directory, files[i].name);
        km_buf_finish(&files[i].bytes);
    }
    size_t start = out.len;
    km_buf_append(&out, directory.bytes, directory.len);
    km_buf_append(&out, "PK\5\6\0\0\0\0", 8);
    put16(&out, (unsigned)count);
    put16(&out, (unsigned)count);
    put32(&out, directory.len);
    put32(&out, start);
    put16(&out, 0);
    km_buf_finish(&directory);
    return out;
}

static struct feed_result feed_bytes(const struct km_buf *file)
{
    return feed_source(&km_source_npz, (struct km_str){file->bytes, file->len},
                       (struct feed_options){.name = "x.npy"});
}

static const int64_t steps[] = {100, 200};
static const double results[] = {1, 2, 3, 4, 6, 8};

static struct km_buf evaluations(bool deflate, bool fortran)
{
    static const double turned[] = {1, 4, 2, 6, 3, 8};
    struct file files[] = {
        {"timesteps.npy", array_of("<i8", "False", "(2,)", steps, sizeof steps),
         deflate},
        {"results.npy",
         array_of("<f8", fortran ? "True" : "False", "(2, 3)",
                  fortran ? turned : results, sizeof results),
         deflate},
        {"ep_lengths.npy",
         array_of("<i4", "False", "(2, 3)", (const int32_t[]){5, 5, 5, 6, 6, 9},
                  24),
         deflate}};
    return zip(files, 3);
}

static void evaluations_become_series_and_evaluations(void)
{
    for (int i = 0; i < 4; i++) {
        struct km_buf file = evaluations(i & 1, i & 2);
        struct feed_result result = feed_bytes(&file);
        CHECK_INT(result.code, KM_OK);
        CHECK_INT(result.consumed, file.len);
        CHECK(strstr(result.text.bytes,
                     "evaluation eval mean_reward\t 100 2 "
                     "0.5773502691896257 3\n"
                     "evaluation eval mean_reward\t 200 6 "
                     "1.1547005383792515 3\n"
                     "point eval/mean_ep_length{}0\t 100 - 5\n"
                     "point eval/mean_ep_length{}0\t 200 - 7\n"
                     "point eval/mean_reward{}0\t 100 - 2\n"
                     "point eval/mean_reward{}0\t 200 - 6\n"
                     "point eval/std_reward{}0\t 100 - 0.81649658") != NULL);
        CHECK_INT(result.points, 6);
        feed_finish(&result);
        km_buf_finish(&file);
    }
}

static void plain_arrays_become_series_by_index_or_step(void)
{
    struct file files[] = {
        {"loss.npy",
         array_of(">f4", "False", "(3,)", "\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0",
                  12),
         true},
        {"step.npy", array_of("|u1", "False", "(3,)", "\x05\x06\xff", 3),
         false},
        {"short.npy", array_of("<f2", "False", "(2,)", "\0\x3c\0\xc0", 4),
         false},
        {"seed.npy", array_of("<i2", "False", "()", "\xfe\xff", 2), false},
        {"notes.txt", array_of("<i2", "False", "()", "\xfe\xff", 2), false},
        {"table.npy", array_of("|b1", "False", "(1, 2)", "\0\1", 2), false},
        {"pickle.npy", array_of("|O", "False", "(1,)", "\x80\4N.", 4), false},
    };
    struct km_buf file = zip(files, sizeof files / sizeof files[0]);
    struct feed_result result = feed_bytes(&file);
    CHECK_INT(result.code, KM_OK);
    CHECK_INT(result.warnings, 2);
    CHECK(strstr(result.text.bytes, "point loss{}0\t 5 - 1\n"
                                    "point loss{}0\t 6 - 2\n"
                                    "point loss{}0\t 255 - 3\n"
                                    "point short{}i0\t 0 - 1\n"
                                    "point short{}i0\t 1 - -2\n") != NULL);
    CHECK(strstr(result.text.bytes, "attribute 2 seed\t-2") != NULL);
    CHECK_INT(result.points, 5);
    feed_finish(&result);
    km_buf_finish(&file);
}

static void a_lone_array_is_named_like_its_file(void)
{
    struct km_buf file =
        array_of("<i4", "False", "(2,)", (const int32_t[]){-1, 7}, 8);
    struct feed_result result = feed_bytes(&file);
    CHECK_INT(result.code, KM_OK);
    CHECK(strstr(result.text.bytes, "point x{}i0\t 0 - -1\n") != NULL);
    feed_finish(&result);
    km_buf_finish(&file);
}

static void headers_that_lie_are_refused(void)
{
    static const struct {
        const char *descr, *shape;
    } rows[] = {
        {"<f8", "(3,)"},
        {"<f8", "(4611686018427387904,)"},
        {"<f8", "(4294967296, 4294967296)"},
        {"<f8", "(-1,)"},
        {"<f8", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"},
        {"<f8", "3"},
        {"<f8", "(x,)"},
        {"<f3", "(1,)"},
        {"<c8", "(1,)"},
        {"|S8", "(1,)"},
        {"<f1", "(1,)"},
        {"", "(1,)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct km_buf file =
            array_of(rows[i].descr, "False", rows[i].shape, results, 16);
        struct feed_result result = feed_bytes(&file);
        CHECK(result.code == KM_EINPUT || result.code == KM_EFORMAT);
        CHECK_INT(result.points, 0);
        feed_finish(&result);
        km_buf_finish(&file);
    }
}

static void every_cut_and_flipped_byte_is_noticed_or_harmless(void)
{
    for (int deflated = 0; deflated < 2; deflated++) {
        struct km_buf file = evaluations(deflated, false);
        for (size_t len = 1; len < file.len; len++) {
            struct feed_result result =
                feed_source(&km_source_npz, (struct km_str){file.bytes, len},
                            (struct feed_options){0});
            CHECK(result.code != KM_OK);
            CHECK_INT(result.points, 0);
            feed_finish(&result);
        }
        for (size_t at = 0; at < file.len; at++) {
            file.bytes[at] ^= 0x41;
            struct feed_result result = feed_bytes(&file);
            CHECK(result.points <= 7);
            feed_finish(&result);
            file.bytes[at] ^= 0x41;
        }
        km_buf_finish(&file);
    }
}

static void a_bomb_is_refused_before_it_unpacks(void)
{
    struct km_buf file = evaluations(true, false);
    struct km_str all = {file.bytes, file.len};
    size_t entry = km_str_search(all, KM_STR("PK\1\2"));
    static const struct {
        uint32_t size;
        enum km_code code;
    } rows[] = {{1u << 30, KM_ECORRUPT}, {60000, KM_ECORRUPT}};
    for (size_t i = 0; i < 2; i++) {
        memcpy(file.bytes + entry + 24, &rows[i].size, 4);
        struct feed_result result = feed_bytes(&file);
        CHECK_INT(result.code, rows[i].code);
        feed_finish(&result);
    }
    km_buf_finish(&file);
}

int main(void)
{
    RUN(evaluations_become_series_and_evaluations);
    RUN(plain_arrays_become_series_by_index_or_step);
    RUN(a_lone_array_is_named_like_its_file);
    RUN(headers_that_lie_are_refused);
    RUN(every_cut_and_flipped_byte_is_noticed_or_harmless);
    RUN(a_bomb_is_refused_before_it_unpacks);
    return tap_end();
}
