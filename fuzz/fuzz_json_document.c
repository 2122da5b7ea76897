/* fuzz_json_document.c - any bytes as each kind of JSON document: no crash, and
 * the cuts between reads change nothing. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "feed_source.h"

#include "source/json_formats.h"

static struct fuzz_sum feed_pieces(const struct km_source_ops *ops,
                                   struct km_str text, size_t piece)
{
    static const struct km_source_options options = {.salvage = true};
    static const struct km_place place = {
        .path = {"outputs/2-b/all_results.json", 28},
        .folder = {"outputs/2-b", 11},
        .name = {"all_results.json", 16},
        .root_fd = -1,
    };
    struct km_sniff sniff = {&place, text, false};
    (void)ops->sniff(&sniff);
    struct fuzz_session session;
    fuzz_open(&session, ops, &place, &options, KM_STR(""), KM_STR(""));
    struct fuzz_sum sum = {.code = session.code};
    size_t taken = 0, end = 0;
    while (sum.code == KM_OK) {
        end = text.len - end > piece ? end + piece : text.len;
        size_t used = 0;
        struct km_err err;
        session.source.offset = taken;
        sum.code = ops->feed(&session.source,
                             (struct km_str){text.ptr + taken, end - taken},
                             end == text.len, &used, &err);
        if (used > end - taken) {
            abort();
        }
        taken += used;
        sum.points += km_emit_batch(session.emit)->evaluation_count;
        fuzz_take(&sum, session.emit);
        if (end == text.len && (used == 0 || taken == end)) {
            break;
        }
    }
    fuzz_close(&session);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct km_source_ops *const all[] = {
        &km_source_continual, &km_source_lm_eval, &km_source_rl_curves,
        &km_source_trainer_state};
    if (len > 1 << 16) {
        return 0;
    }
    struct km_str text = {(const char *)bytes, len};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fuzz_sum whole = feed_pieces(all[i], text, len + 1);
        struct fuzz_sum parts = feed_pieces(all[i], text, len / 7 + 1);
        if (whole.code != parts.code || whole.points != parts.points ||
            whole.bits != parts.bits) {
            abort();
        }
    }
    return 0;
}
