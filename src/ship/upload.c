/* upload.c - GET and POST of a journal's place and ranges. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ship/upload.h"

#include <curl/curl.h>
#include <stdio.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

enum {
    URL_BYTES_MAX = 2048,
    HEADERS_BYTES_MAX = 64 * KM_KIB,
    SLOW_BYTES_PER_S = 1000,
    WHOLE_TIMEOUTS = 10, /* a whole exchange may take so many time-outs */
    PACK_LEVEL = 1,
    PACK_RATIO_MAX = 90, /* servers unpack to 100 times the size */
};

struct km_upload {
    CURL *curl;
    struct curl_slist *plain, *packed_headers;
    ZSTD_CCtx *packer; /* NULL: sent as it is */
    struct km_buf body, packed;
    size_t header_bytes;
    int64_t retry_after_s;
    bool too_large;
    struct km_upload_options kept;
    char url[URL_BYTES_MAX];
    char said[CURL_ERROR_SIZE];
};

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    struct km_upload *upload = user;
    size_t len = size * count;
    if (upload->body.len + len > KM_SHIP_ANSWER_BYTES_MAX) {
        upload->too_large = true;
        return 0;
    }
    km_buf_append(&upload->body, bytes, len);
    return len;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *user)
{
    struct km_upload *upload = user;
    const struct km_str line = {bytes, size * count};
    static const char name[] = "retry-after:";
    upload->header_bytes += line.len;
    if (upload->header_bytes > HEADERS_BYTES_MAX) {
        upload->too_large = true;
        return 0;
    }
    if (line.len > sizeof name - 1 &&
        curl_strnequal(bytes, name, sizeof name - 1)) {
        upload->retry_after_s = km_reply_retry_after((struct km_str){
            bytes + sizeof name - 1, line.len - (sizeof name - 1)});
    }
    return line.len;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d)
{
    const struct km_upload *upload = user;
    (void)a, (void)b, (void)c, (void)d;
    return upload->kept.stop && atomic_load(upload->kept.stop);
}

/* What the URL may not hold, and whether it is this machine. */
static enum km_code check_url(struct km_upload *upload, bool *is_here,
                              struct km_err *err)
{
    static const CURLUPart refused[] = {CURLUPART_USER, CURLUPART_PASSWORD,
                                        CURLUPART_QUERY, CURLUPART_FRAGMENT};
    const char *url = upload->kept.url;
    char *part = NULL;
    CURLU *parts = curl_url();
    bool well =
        parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK;
    well = well && (curl_strnequal(url, "http://", 7) ||
                    curl_strnequal(url, "https://", 8));
    for (size_t i = 0; well && i < sizeof refused / sizeof refused[0]; i++) {
        well = curl_url_get(parts, refused[i], &part, 0) != CURLUE_OK;
        curl_free(part);
        part = NULL;
    }
    *is_here = false;
    if (well && curl_url_get(parts, CURLUPART_HOST, &part, 0) == CURLUE_OK) {
        *is_here = curl_strequal(part, "localhost") ||
                   curl_strnequal(part, "127.", 4) ||
                   curl_strequal(part, "[::1]");
        curl_free(part);
    }
    curl_url_cleanup(parts);
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    if (!well || len >= sizeof upload->url) {
        return km_fail(err, KM_EUSAGE,
                       "'%.200s' is no address of a server: expected "
                       "http://HOST:PORT or https://HOST, without a name, a "
                       "password or a query",
                       strchr(url, '@') ? "..." : url);
    }
    memcpy(upload->url, url, len);
    upload->url[len] = '\0';
    return KM_OK;
}

static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *more = curl_slist_append(*list, line);
    *list = more ? more : *list;
    return more != NULL;
}

static bool make_headers(struct km_upload *upload)
{
    static const char *const lines[] = {
        "Content-Type: application/octet-stream",
        "Expect:", "Accept: application/json"};
    char line[KM_TOKEN_BYTES_MAX + 64];
    bool well = true;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        well = well && add_header(&upload->plain, lines[i]) &&
               add_header(&upload->packed_headers, lines[i]);
    }
    well =
        well && add_header(&upload->packed_headers, "Content-Encoding: zstd");
    if (upload->kept.token) {
        (void)snprintf(line, sizeof line, "Authorization: Bearer %s",
                       upload->kept.token);
        well = well && add_header(&upload->plain, line) &&
               add_header(&upload->packed_headers, line);
    }
    return well;
}

static void set_bounds(struct km_upload *upload)
{
    CURL *curl = upload->curl;
    long silence_s = upload->kept.timeout_s;
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, silence_s);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT,
                           (long)SLOW_BYTES_PER_S);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, silence_s);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, silence_s * WHOLE_TIMEOUTS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, upload);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, upload);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, upload);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, upload->said);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "knotmeter/" KM_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                           (long)CURL_HTTP_VERSION_1_1);
}

enum km_code km_upload_open(const struct km_upload_options *options,
                            struct km_upload **out, struct km_err *err)
{
    bool is_here;
    struct km_upload *upload = km_new(options->arena, struct km_upload, 1);
    if (!upload || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return km_fail(err, KM_EMEMORY, "no memory for a connection");
    }
    upload->kept = *options;
    km_buf_init(&upload->body, KM_SHIP_ANSWER_BYTES_MAX + 1);
    km_buf_init(&upload->packed, 2 * KM_SHIP_RANGE_BYTES);
    enum km_code code = check_url(upload, &is_here, err);
    if (code) {
        return code;
    }
    upload->curl = curl_easy_init();
    upload->packer = is_here ? NULL : ZSTD_createCCtx();
    if (!upload->curl || !make_headers(upload)) {
        km_upload_close(upload);
        return km_fail(err, KM_EMEMORY, "no memory for a connection");
    }
    set_bounds(upload);
    *out = upload;
    return KM_OK;
}

void km_upload_close(struct km_upload *upload)
{
    if (upload) {
        curl_easy_cleanup(upload->curl);
        curl_slist_free_all(upload->plain);
        curl_slist_free_all(upload->packed_headers);
        (void)ZSTD_freeCCtx(upload->packer);
        km_buf_finish(&upload->body);
        km_buf_finish(&upload->packed);
    }
}

const char *km_upload_url(const struct km_upload *upload)
{
    return upload->url;
}

/* One exchange, judged. */
static void perform(struct km_upload *upload, const char *path,
                    struct km_reply *reply)
{
    char url[URL_BYTES_MAX + 256];
    long status = 0;
    *reply = (struct km_reply){.kind = KM_REPLY_FATAL};
    km_buf_reset(&upload->body);
    upload->header_bytes = 0;
    upload->retry_after_s = 0;
    upload->too_large = false;
    upload->said[0] = '\0';
    (void)snprintf(url, sizeof url, "%s/api/v1/journals/%s", upload->url, path);
    (void)curl_easy_setopt(upload->curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(upload->curl);
    (void)curl_easy_getinfo(upload->curl, CURLINFO_RESPONSE_CODE, &status);
    if (upload->too_large) {
        km_fail(&reply->err, KM_EFORMAT,
                "%s answers with more than %d KiB: no Knotmeter server is "
                "there",
                upload->url, KM_SHIP_ANSWER_BYTES_MAX / KM_KIB);
    } else if (code == CURLE_UNSUPPORTED_PROTOCOL ||
               code == CURLE_WEIRD_SERVER_REPLY ||
               code == CURLE_PEER_FAILED_VERIFICATION) {
        km_fail(&reply->err,
                code == CURLE_PEER_FAILED_VERIFICATION ? KM_EDENIED
                                                       : KM_EFORMAT,
                "%s: %s", upload->url,
                upload->said[0] ? upload->said : curl_easy_strerror(code));
    } else if (code != CURLE_OK) {
        reply->kind = KM_REPLY_AGAIN;
        km_fail(&reply->err, KM_EIO, "%s cannot be reached: %s", upload->url,
                upload->said[0] ? upload->said : curl_easy_strerror(code));
    } else {
        const struct km_str body = {upload->body.bytes, upload->body.len};
        km_reply_judge(reply, status, body, upload->url);
        reply->retry_after_s = upload->retry_after_s;
    }
}

void km_upload_ask(struct km_upload *upload, const char *writer,
                   struct km_reply *reply)
{
    (void)curl_easy_setopt(upload->curl, CURLOPT_HTTPGET, 1L);
    (void)curl_easy_setopt(upload->curl, CURLOPT_HTTPHEADER, upload->plain);
    perform(upload, writer, reply);
}

/* The bytes packed where that makes them smaller. */
static bool pack(struct km_upload *upload, struct km_str *bytes)
{
    if (!upload->packer) {
        return false;
    }
    size_t room = ZSTD_compressBound(bytes->len);
    km_buf_reset(&upload->packed);
    char *at = km_buf_reserve(&upload->packed, room);
    size_t len = at ? ZSTD_compressCCtx(upload->packer, at, room, bytes->ptr,
                                        bytes->len, PACK_LEVEL)
                    : 0;
    if (!at || ZSTD_isError(len) || len >= bytes->len ||
        bytes->len / len >= PACK_RATIO_MAX) {
        return false;
    }
    *bytes = (struct km_str){at, len};
    return true;
}

void km_upload_send(struct km_upload *upload,
                    const struct km_upload_range *range, uint64_t *sent_bytes,
                    struct km_reply *reply)
{
    char path[256];
    struct km_str bytes = range->bytes;
    bool packed = pack(upload, &bytes);
    (void)snprintf(path, sizeof path, "%.64s/%u?offset=%llu%s", range->writer,
                   (unsigned)range->segment, (unsigned long long)range->offset,
                   range->gone ? "&gone=1" : "");
    (void)curl_easy_setopt(upload->curl, CURLOPT_POST, 1L);
    (void)curl_easy_setopt(upload->curl, CURLOPT_POSTFIELDS, bytes.ptr);
    (void)curl_easy_setopt(upload->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                           (curl_off_t)bytes.len);
    (void)curl_easy_setopt(upload->curl, CURLOPT_HTTPHEADER,
                           packed ? upload->packed_headers : upload->plain);
    perform(upload, path, reply);
    *sent_bytes += bytes.len;
}
