/* api_journals.c - journals that are shipped here. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"
#include "http/api.h"
#include "http/private.h"

static enum km_code parse_writer(const struct km_request *r,
                                 unsigned char *writer, struct km_err *err)
{
    return km_journal_writer_parse(r->parameters[0], writer)
               ? KM_OK
               : km_fail(err, KM_EUSAGE,
                         "a journal is named by 32 hexadecimal digits");
}

static struct km_receive_as as_of(const struct km_request *r)
{
    bool only = r->grant.project.len > 0;
    return (struct km_receive_as){
        .project = only ? r->grant.project : KM_STR("default"), .only = only};
}

/* {"segment": S, "offset": N, ...}: where the next range begins. */
static void write_place(struct km_request *r,
                        const struct km_receive_answer *answer)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &r->reply);
    km_json_object_begin(&w);
    km_json_key(&w, "segment");
    km_json_int(&w, answer->segment);
    km_json_key(&w, "offset");
    km_json_int(&w, (int64_t)answer->offset);
    km_json_key(&w, "points");
    km_json_int(&w, (int64_t)answer->points);
    km_json_key(&w, "damaged");
    km_json_int(&w, (int64_t)answer->damaged);
    km_json_object_end(&w);
}

enum km_code km_api_journal_place(struct km_request *r, struct km_err *err)
{
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    struct km_receive_answer answer;
    const struct km_receive_as as = as_of(r);
    enum km_code code = parse_writer(r, writer, err);
    code = code ? code
                : km_receive_place(r->options->receiver, writer, &as, &answer,
                                   err);
    if (code == KM_OK) {
        write_place(r, &answer);
    }
    return code;
}

enum km_code km_api_journal_take(struct km_request *r, struct km_err *err)
{
    unsigned char writer[KM_JOURNAL_WRITER_BYTES];
    struct km_receive_answer answer;
    const struct km_receive_as as = as_of(r);
    int64_t segment = -1, offset = 0, gone = 0;
    enum km_code code = parse_writer(r, writer, err);
    if (code == KM_OK && (!km_integer_parse(r->parameters[1], &segment) ||
                          segment < 0 || segment >= KM_JOURNAL_SEGMENTS_MAX)) {
        code = km_fail(err, KM_EUSAGE, "a segment is a number below %d",
                       KM_JOURNAL_SEGMENTS_MAX);
    }
    if (code == KM_OK) {
        code = km_request_number(r, "offset", 0, KM_JOURNAL_SEGMENT_BYTES_MAX,
                                 0, &offset, err);
    }
    if (code) {
        return code;
    }
    code = km_request_number(r, "gone", 0, 1, 0, &gone, err);
    if (code) {
        return code;
    }
    const struct km_journal_range range = {(uint32_t)segment, (uint64_t)offset,
                                           r->taken, gone == 1};
    code = km_receive(r->options->receiver, writer, &as, &range, &answer, err);
    if (code == KM_OK || code == KM_ECONFLICT) {
        write_place(r, &answer); /* also what does not join is told the place */
        r->status = code ? 409 : 200;
        r->http->counters.points += answer.points;
    }
    return code;
}
