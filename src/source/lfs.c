/* lfs.c - Git LFS pointers: a file that stands for a file.
 *
 * A clone without `git lfs pull` has small texts where the logs should be.
 * They are named as what they are, so that nobody takes them for empty logs.
 * Document: docs/formats/lfs.md */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/number.h"
#include "source/json_formats.h"

static const char marker[] = "version https://git-lfs.github.com/spec/v1\n";

static int sniff_lfs(const struct km_sniff *sniff)
{
    return !sniff->is_folder && km_str_starts(sniff->head, km_str_of(marker))
               ? 100
               : 0;
}

static enum km_code begin_lfs(struct km_source *source, struct km_str saved,
                              struct km_err *err)
{
    (void)source;
    (void)saved;
    (void)err;
    return KM_OK;
}

/* The size that the pointer names, or -1. */
static int64_t find_size(struct km_str text)
{
    static const struct km_str key = {"\nsize ", 6};
    size_t at = km_str_search(text, key) + key.len;
    int64_t size;
    if (at >= text.len) {
        return -1;
    }
    struct km_str digits = {text.ptr + at, km_str_find(text, '\n', at) - at};
    return km_integer_parse(digits, &size) && size >= 0 ? size : -1;
}

static enum km_code feed_lfs(struct km_source *source, struct km_str bytes,
                             bool last, size_t *used, struct km_err *err)
{
    (void)source;
    *used = 0;
    if (!last && bytes.len < KM_SNIFF_BYTES) {
        return KM_OK;
    }
    int64_t size = find_size(bytes);
    if (size < 0) {
        return km_fail(err, KM_EFORMAT,
                       "a Git LFS pointer, not the file: fetch it with "
                       "git lfs pull");
    }
    return km_fail(err, KM_EFORMAT,
                   "a Git LFS pointer, not the file (%lld bytes): fetch it "
                   "with git lfs pull",
                   (long long)size);
}

static void save_lfs(const struct km_source *source, struct km_buf *out)
{
    (void)source;
    (void)out;
}

const struct km_source_ops km_source_lfs = {
    .name = "lfs",
    .title = "Git LFS pointer",
    .shape = KM_SHAPE_DOCUMENT,
    .scope = KM_SCOPE_FILE,
    .sniff = sniff_lfs,
    .begin = begin_lfs,
    .feed = feed_lfs,
    .save = save_lfs,
};
