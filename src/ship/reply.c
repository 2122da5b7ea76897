/* reply.c - statuses judged by a table, places read from JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ship/reply.h"

#include "base/json_read.h"
#include "base/number.h"
#include "journal/journal.h"

/* The first row that holds the status. */
static const struct {
    long low, high;
    enum km_reply_kind kind;
    enum km_code code;
    const char *what; /* the sentence when the server gives none */
} judgements[] = {
    {200, 200, KM_REPLY_PLACE, KM_OK, ""},
    {409, 409, KM_REPLY_PLACE, KM_ECONFLICT, ""},
    {300, 399, KM_REPLY_FATAL, KM_EFORMAT,
     "it leads elsewhere, which is not followed: name the server itself"},
    {400, 400, KM_REPLY_REFUSED, KM_EINPUT, "it does not understand us"},
    {401, 401, KM_REPLY_FATAL, KM_EDENIED, "a token is needed"},
    {403, 403, KM_REPLY_REFUSED, KM_EDENIED, "the token does not allow it"},
    {404, 405, KM_REPLY_FATAL, KM_ENOTFOUND, "no Knotmeter server is there"},
    {408, 408, KM_REPLY_AGAIN, KM_EIO, "it waited too long for us"},
    {413, 413, KM_REPLY_FATAL, KM_ELIMIT, "it takes only smaller ranges"},
    {415, 415, KM_REPLY_FATAL, KM_EFORMAT, "it does not take journals"},
    {421, 421, KM_REPLY_FATAL, KM_EUSAGE, "it is not known by that name"},
    {422, 422, KM_REPLY_REFUSED, KM_ECORRUPT, "the journal is damaged"},
    {429, 429, KM_REPLY_AGAIN, KM_EBUSY, "too much is asked of it"},
    {503, 503, KM_REPLY_AGAIN, KM_EBUSY, "it is busy"},
    {507, 507, KM_REPLY_AGAIN, KM_ENOSPACE, "its disk is full"},
    {500, 599, KM_REPLY_AGAIN, KM_EIO, "it is in trouble"},
    {0, 999, KM_REPLY_FATAL, KM_EFORMAT, "that is no answer of Knotmeter"},
};

struct found {
    int64_t segment, offset, points, damaged;
    char message[256];
};

static void keep_number(struct found *found, struct km_str key, int64_t value)
{
    const struct {
        const char *name;
        int64_t *at;
    } rows[] = {{"segment", &found->segment},
                {"offset", &found->offset},
                {"points", &found->points},
                {"damaged", &found->damaged}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (km_str_is(key, rows[i].name)) {
            *rows[i].at = value;
        }
    }
}

static void keep_message(struct found *found, struct km_str text)
{
    size_t len = text.len < sizeof found->message - 1
                     ? text.len
                     : sizeof found->message - 1;
    memcpy(found->message, text.ptr, len);
    found->message[len] = '\0';
}

/* {"segment": 0, "offset": 128, ...} or {"error": {"message": "..."}}. False:
 * no JSON. */
static bool read_body(struct km_str body, struct found *found)
{
    struct km_json_reader reader;
    struct km_json_token token = {.kind = KM_JSON_MORE};
    struct km_err err;
    char key[16] = "";
    bool well = true, any = false;
    km_json_reader_init(&reader);
    km_json_reader_feed(&reader, body.ptr, body.len, true);
    while ((well = km_json_next(&reader, &token, &err) == KM_OK) &&
           token.kind != KM_JSON_MORE) {
        any = true;
        if (token.kind == KM_JSON_KEY) {
            size_t len = token.text.len < sizeof key ? token.text.len : 0;
            memcpy(key, token.text.ptr, len);
            key[len < sizeof key ? len : 0] = '\0';
        } else if (token.kind == KM_JSON_INTEGER && token.depth == 1) {
            keep_number(found, km_str_of(key), token.integer);
        } else if (token.kind == KM_JSON_STRING && token.depth == 2 &&
                   km_str_is(km_str_of(key), "message")) {
            keep_message(found, token.text);
        }
    }
    km_json_reader_finish(&reader);
    return well && any;
}

static bool is_place(const struct found *found)
{
    int64_t inside = found->offset - KM_JOURNAL_HEADER_BYTES;
    return found->segment >= 0 && found->segment < KM_JOURNAL_SEGMENTS_MAX &&
           (found->offset == 0 ||
            (inside >= 0 && inside % KM_JOURNAL_SLOT_BYTES == 0 &&
             found->offset <= KM_JOURNAL_SEGMENT_BYTES_MAX));
}

void km_reply_judge(struct km_reply *reply, long status, struct km_str body,
                    const char *url)
{
    size_t row = 0;
    struct found found = {.segment = -1, .offset = -1};
    while (status < judgements[row].low || status > judgements[row].high) {
        row++;
        if (row + 1 == sizeof judgements / sizeof judgements[0]) {
            break;
        }
    }
    bool json = read_body(body, &found);
    reply->kind = judgements[row].kind;
    if (reply->kind == KM_REPLY_PLACE && json && is_place(&found)) {
        reply->place = (struct km_ship_place){(uint32_t)found.segment,
                                              (uint64_t)found.offset};
        reply->points = found.points;
        reply->damaged = found.damaged;
        return;
    }
    if (reply->kind == KM_REPLY_PLACE) {
        reply->kind = KM_REPLY_FATAL;
        km_fail(&reply->err, KM_EFORMAT,
                "%s answered %ld with what is no place of a journal: no "
                "Knotmeter server is there",
                url, status);
        return;
    }
    km_fail(&reply->err, judgements[row].code, "%s answered %ld: %s", url,
            status, found.message[0] ? found.message : judgements[row].what);
}

int64_t km_reply_retry_after(struct km_str value)
{
    enum { SECONDS_MAX = 3600 };
    int64_t seconds = 0;
    if (!km_integer_parse(km_str_trim(value), &seconds) || seconds < 0) {
        return 0;
    }
    return seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
}
