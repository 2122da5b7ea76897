/* open.c - from a place to an open session: recognise, identify, begin. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "ingest/session.h"
#include "ingest/unpack.h"
#include "source/settings.h"
#include "source/text_log.h"

/* A file changed this recently may change again without its time moving. */
#define YOUNG_NS 2000000000

enum {
    LIVE_SESSIONS_MAX = 16, /* followed files that stay open */
    OVERTAKEN_MAX = 3,      /* how often a file is tried again */
};

void km_ingest_session_close(struct ingest_session *session)
{
    if (!session) {
        return;
    }
    if (session->has_begun && session->ops->finish) {
        session->ops->finish(&session->source);
    }
    km_arena_finish(&session->source.arena);
    km_emit_destroy(session->emit);
    km_fingerprint_destroy(session->print);
    km_buf_finish(&session->bytes);
    km_buf_finish(&session->state);
    km_buf_finish(&session->warnings);
    if (session->fd >= 0) {
        (void)close(session->fd);
    }
    km_arena_finish(&session->arena);
    free(session);
}

struct km_str km_ingest_session_path(const struct ingest_session *session)
{
    return session->path;
}

static struct ingest_session *create(struct ingest *in,
                                     const struct ingest_found *found)
{
    struct ingest_session *session = calloc(1, sizeof *session);
    if (!session) {
        return NULL;
    }
    session->in = in;
    session->fd = -1;
    session->found = *found;
    km_arena_init(&session->arena, KM_MIB);
    km_arena_init(&session->source.arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_buf_init(&session->bytes, (size_t)2 * KM_RECORD_BYTES_MAX);
    km_buf_init(&session->warnings, (size_t)256 * KM_KIB);
    km_buf_init(&session->state, (size_t)3 * KM_EMIT_STATE_BYTES_MAX);
    struct km_place *place = &session->found.place;
    const struct km_str path = place->path;
    char *full =
        km_arena_printf(&session->arena, "%s/%.*s",
                        found->root->path.len > 1 ? found->root->path.ptr : "",
                        (int)path.len, path.ptr);
    if (!full) {
        km_ingest_session_close(session);
        return NULL;
    }
    session->path = km_str_of(full);
    size_t skip = session->path.len - path.len;
    place->path = (struct km_str){full + skip, path.len};
    place->name = (struct km_str){full + session->path.len - place->name.len,
                                  place->name.len};
    char *folder =
        km_arena_copy(&session->arena, place->folder.ptr, place->folder.len);
    place->folder =
        (struct km_str){folder ? folder : "", folder ? place->folder.len : 0};
    return session;
}

/* Opens the file and looks at its size; false with `err` when it cannot be
 * read, and with KM_OK when it is no file any more. */
static bool open_file(struct ingest_session *session, enum km_code *code,
                      struct km_err *err)
{
    struct stat st;
    session->fd = km_place_open(&session->found.place,
                                session->found.place.path.ptr, err);
    if (session->fd < 0) {
        *code = err->code;
        return false;
    }
    if (fstat(session->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        *code = KM_OK;
        return false;
    }
    int64_t mtime_ns =
        (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    session->size_bytes = (uint64_t)st.st_size;
    session->found.place.size_bytes = session->size_bytes;
    session->found.place.mtime_ns = mtime_ns;
    int64_t now_ns = km_clock_wall_ns(session->in->clock);
    session->mtime_ns =
        now_ns - mtime_ns < YOUNG_NS ? KM_TIME_ABSENT : mtime_ns;
    (void)posix_fadvise(session->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return true;
}

static bool is_lfs_pointer(struct km_str head)
{
    return km_str_starts(head,
                         KM_STR("version https://git-lfs.github.com/spec/"));
}

/* What no format claims: counted, and an error only when it was named. */
static void report_unrecognised(struct ingest_session *session,
                                struct km_str head)
{
    struct km_import_report *report = session->in->report;
    if (!session->found.is_named && !is_lfs_pointer(head) &&
        km_source_is_companion(session->found.place.name)) {
        return;
    }
    struct km_import_item item = {.path = session->path.ptr, .message = ""};
    struct km_err err;
    bool is_pointer = is_lfs_pointer(head);
    report->lfs_pointers += is_pointer;
    report->unrecognised += !is_pointer;
    km_fail(&err, KM_EFORMAT, "%s",
            is_pointer ? "a Git LFS pointer stands here instead of the file: "
                         "fetch it with git lfs pull"
            : head.len && km_settings_stem(session->found.place.name).len
                ? "no format that is known here, and the settings of no log: "
                  "none is read from the same folder"
            : head.len && session->is_packed
                ? "packed with gzip, and no format that is known here inside"
            : head.len ? "no format that is known here"
                       : "the file is empty");
    if (is_pointer || session->found.is_named) {
        item.message = err.message;
    }
    if (session->found.is_named && (head.len || is_pointer)) {
        item.code = KM_EFORMAT;
    }
    km_ingest_item(session->in, &item);
}

static struct km_emit *open_emit(struct ingest_session *session,
                                 enum km_source_scope scope,
                                 struct km_str saved, struct km_err *err)
{
    struct ingest *in = session->in;
    struct ingest_name name;
    if (!km_ingest_name(&session->found, scope, in->options, &in->naming,
                        &name)) {
        km_fail(err, KM_EMEMORY, "memory for a name could not be had");
        return NULL;
    }
    bool is_settings = session->ops == &km_source_settings;
    if (is_settings) { /* it brings no run of its own */
        name.project = session->beside[0].project;
        name.external_id = session->beside[0].external_id;
        name.labels = KM_STR("");
    }
    const struct km_emit_options options = {
        .origin_id = session->cursor.source_id,
        .run = {.project = name.project,
                .external_id = name.external_id,
                .source =
                    is_settings ? KM_STR("") : km_str_of(session->ops->name),
                .created_ns = KM_TIME_ABSENT,
                .ended_ns = KM_TIME_ABSENT},
        .labels = name.labels,
        .order_key = name.order_key,
        .saved = saved,
        .flush = km_session_flush,
        .on_warning = km_session_warn,
        .user = session,
    };
    return km_emit_create(&options, err);
}

static bool copy_state(void *user, const struct km_cursor *cursor)
{
    struct ingest_session *session = user;
    if (cursor->source_id != session->cursor.source_id) {
        return true;
    }
    km_buf_reset(&session->state);
    km_buf_append(&session->state, cursor->state.ptr, cursor->state.len);
    return false;
}

/* Fetches the saved state of a known source; empty when there is none. */
static enum km_code fetch_state(struct ingest_session *session,
                                struct ingest_state *state, struct km_err *err)
{
    const struct km_cursor like = {.source_id = session->cursor.source_id};
    km_buf_reset(&session->state);
    enum km_code code = km_store_find_cursors(session->in->options->store,
                                              &like, copy_state, session, err);
    if (code) {
        session->store_failed = true;
        return code;
    }
    const struct km_str blob = {session->state.bytes, session->state.len};
    if (!km_ingest_state_read(blob, state)) {
        return km_fail(err, KM_ECORRUPT, "the saved state of %s is damaged",
                       session->path.ptr);
    }
    return KM_OK;
}

static enum km_code begin(struct ingest_session *session, bool resumes,
                          enum km_source_scope scope, struct km_err *err)
{
    struct ingest_state state = {0};
    enum km_code code = resumes ? fetch_state(session, &state, err) : KM_OK;
    if (code) {
        return code;
    }
    session->emit = open_emit(session, scope, state.emit, err);
    if (!session->emit) {
        return err->code;
    }
    session->source.ops = session->ops;
    session->source.place = &session->found.place;
    session->source.options = &session->in->options->source;
    session->source.emit = session->emit;
    session->source.offset = session->consumed_bytes;
    if (session->ops->state_bytes) {
        session->source.state = km_arena_calloc(&session->source.arena, 1,
                                                session->ops->state_bytes);
        if (!session->source.state) {
            return km_fail(err, KM_EMEMORY,
                           "memory for a format could not be had");
        }
    }
    session->has_begun = true;
    return session->ops->begin(&session->source, state.source, err);
}

/* The copy of a cursor that only says where the file is now, or how old. */
static enum km_code move_cursor(struct ingest_session *session,
                                struct km_err *err)
{
    struct ingest_state state;
    enum km_code code = fetch_state(session, &state, err);
    if (code) {
        return code;
    }
    struct km_batch batch;
    km_batch_init(&batch);
    km_batch_reset(&batch, session->cursor.source_id);
    struct km_buf blob;
    km_buf_init(&blob, (size_t)3 * KM_EMIT_STATE_BYTES_MAX);
    state.device = session->found.device;
    state.inode = session->found.inode;
    km_ingest_state_write(&blob, &state);
    batch.has_cursor = true;
    batch.cursor = session->cursor;
    batch.cursor.path = session->path;
    batch.cursor.mtime_ns = session->mtime_ns;
    batch.cursor.size_bytes = session->size_bytes;
    batch.cursor.state = (struct km_str){blob.bytes, blob.len};
    code = km_session_append(session, &batch, err);
    if (code == KM_OK && !km_identity_put(&session->in->identity, &batch.cursor,
                                          state.device, state.inode)) {
        code = km_fail(err, KM_EMEMORY,
                       "memory for a known source could not be had");
        session->store_failed = true;
    }
    km_buf_finish(&blob);
    km_batch_finish(&batch);
    return code;
}

/* Keeps a followed file open; the one not used for longest makes room. */
static bool keep_live(struct ingest *in, struct ingest_session *session)
{
    if (!in->live) {
        in->live = calloc(LIVE_SESSIONS_MAX, sizeof *in->live);
        if (!in->live) {
            return false;
        }
    }
    size_t at = in->live_count;
    if (at == LIVE_SESSIONS_MAX) {
        at = 0;
        for (size_t i = 1; i < in->live_count; i++) {
            if (in->live[i]->used_at < in->live[at]->used_at) {
                at = i;
            }
        }
        km_ingest_session_close(in->live[at]);
    } else {
        in->live_count++;
    }
    session->used_at = ++in->live_clock;
    in->live[at] = session;
    return true;
}

/* Forgets what was begun: the source is read from its start, in place of what
 * it brought before. */
static void start_again(struct ingest_session *session)
{
    km_emit_destroy(session->emit);
    session->emit = NULL;
    if (session->has_begun && session->ops->finish) {
        session->ops->finish(&session->source);
    }
    session->has_begun = false;
    session->replace = true;
    session->consumed_bytes = session->bytes_before = 0;
    session->points = session->records = 0;
    session->source.status = KM_SOURCE_COMPLETE;
    session->tail_open = false;
    if (session->print) {
        km_fingerprint_reset(session->print);
    }
}

/* Reads a session whose format and identity are settled. */
static enum km_code read_session(struct ingest_session *session, bool resumes,
                                 enum km_source_scope scope, bool keep_open,
                                 struct km_err *err)
{
    session->bytes_before = session->consumed_bytes;
    enum km_code code = begin(session, resumes, scope, err);
    if (resumes && code == KM_ECORRUPT && !session->store_failed) {
        start_again(session); /* our own memory of it is unusable */
        code = begin(session, false, scope, err);
        resumes = false;
    }
    if (code == KM_OK) {
        code = km_session_read(session, keep_open, err);
    }
    if (resumes && code == KM_ECONFLICT && !session->store_failed) {
        km_session_warn(session, 0, err->message);
        start_again(session); /* what was read before is not there any more */
        code = begin(session, false, scope, err);
        code = code ? code : km_session_read(session, keep_open, err);
    }
    return code;
}

static enum km_code read_head(struct ingest_session *session, char *head,
                              size_t *len, struct km_err *err)
{
    *len = 0;
    while (session->fd >= 0 && *len < KM_SNIFF_BYTES) {
        ssize_t got =
            pread(session->fd, head + *len, KM_SNIFF_BYTES - *len, (off_t)*len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return km_fail_errno(err, errno, "cannot read %s",
                                 session->path.ptr);
        }
        if (got == 0) {
            break;
        }
        *len += (size_t)got;
    }
    return KM_OK;
}

static enum km_code recognise(struct ingest_session *session,
                              const struct km_sniff *sniff)
{
    const struct km_import_options *options = session->in->options;
    struct km_str wanted = options->format;
    if (session->found.ops) {
        session->ops = session->found.ops;
    } else if (is_lfs_pointer(sniff->head)) {
        session->ops = NULL;
    } else if (session->beside_count) {
        session->ops = km_source_detect(sniff); /* whatever the format */
    } else if (wanted.len) {
        session->ops = km_source_find(wanted);
    } else if (options->source.pattern.len && session->found.is_named) {
        session->ops = &km_source_text_log; /* its lines are described */
    } else {
        session->ops = km_source_detect(sniff);
    }
    if (session->ops == &km_source_settings && session->beside_count == 0) {
        session->ops = NULL;
    }
    if (session->ops != &km_source_settings) { /* a log of such a name */
        session->beside_changed = false;
        session->source.beside_count = 0;
    }
    return session->ops ? KM_OK : KM_EFORMAT;
}

/* A packed file goes by the name and the first bytes of what is inside. */
static void look_inside(struct ingest_session *session, char *head, size_t *len)
{
    struct km_place *place = &session->found.place;
    session->is_packed = km_gzip_is((struct km_str){head, *len});
    if (session->is_packed) {
        km_gzip_head(head, len, KM_SNIFF_BYTES);
        place->path = km_gzip_inner_name(place->path);
        place->name = km_gzip_inner_name(place->name);
    }
}

static enum km_code unpack(struct ingest_session *session, struct km_err *err)
{
    if (session->ops->shape == KM_SHAPE_STORE) {
        return km_fail(err, KM_EFORMAT,
                       "a %s is not read while it is packed: unpack it with "
                       "gunzip",
                       session->ops->title);
    }
    int fd = km_gzip_unpack(session->fd, session->in->options->stop,
                            &session->size_bytes, &session->is_cut, err);
    if (fd < 0) {
        return err->code;
    }
    (void)close(session->fd);
    session->fd = fd;
    return KM_OK;
}

/* Everything from an open file on. Failures of the file are in `err`; the
 * session says whether it was the store. */
static enum km_code import_open(struct ingest_session *session, bool keep_open,
                                bool *unchanged, bool *recognised,
                                struct km_err *err)
{
    char head_bytes[KM_SNIFF_BYTES];
    size_t head_len = 0;
    enum km_code code = read_head(session, head_bytes, &head_len, err);
    if (code) {
        return code;
    }
    look_inside(session, head_bytes, &head_len);
    const struct km_sniff sniff = {.place = &session->found.place,
                                   .head = {head_bytes, head_len},
                                   .is_folder = session->found.is_folder};
    if (recognise(session, &sniff) != KM_OK) {
        *recognised = false;
        report_unrecognised(session, sniff.head);
        return KM_OK;
    }
    if (session->is_packed) {
        code = unpack(session, err);
        if (code) {
            return code;
        }
    }
    if (session->ops->shape == KM_SHAPE_STORE && session->fd >= 0) {
        (void)close(session->fd); /* it opens its files itself */
        session->fd = -1;
    }
    enum ingest_kind kind;
    code = km_ingest_identify(session, sniff.head, &kind, err);
    if (code) {
        return code;
    }
    *unchanged = kind == KM_INGEST_UNCHANGED || kind == KM_INGEST_DUPLICATE;
    if (*unchanged) {
        session->status = session->cursor.status;
        session->bytes_before = session->consumed_bytes;
        return kind == KM_INGEST_UNCHANGED ? move_cursor(session, err) : KM_OK;
    }
    enum km_source_scope scope = session->ops->scope_of
                                     ? session->ops->scope_of(&sniff)
                                     : session->ops->scope;
    bool was_known = session->is_known && !session->replace;
    code = read_session(session, kind == KM_INGEST_RESUMED && !session->replace,
                        scope, keep_open, err);
    *unchanged = was_known && session->points + session->records == 0;
    if (code == KM_EFORMAT && !session->found.is_named) {
        *recognised = false; /* it only looked like one */
        report_unrecognised(session, sniff.head);
        return KM_OK;
    }
    return code;
}

/* The other import is through with the file: what is left can be read. */
static bool may_go_on(const struct ingest_session *session)
{
    if (!session->overtaken) {
        return false;
    }
    const struct ingest_known *known =
        km_identity_of_id(&session->in->identity, session->cursor.source_id);
    return known && known->cursor.status != KM_SOURCE_BUSY;
}

/* While files are followed, one of settings is looked at whenever any grew. */
static bool is_told_already(const struct ingest_session *session,
                            enum km_code code, bool unchanged)
{
    const struct ingest *in = session->in;
    return in->options->follow && (code || unchanged) &&
           session->found.settings != KM_INGEST_NO_SETTINGS &&
           km_ingest_is_told(in, session->path.ptr);
}

/* `again` asks to be called once more, and is set when that is worth while. */
static enum km_code import_once(struct ingest *in,
                                const struct ingest_found *found,
                                bool keep_open, bool *again, struct km_err *err)
{
    struct ingest_session *session = create(in, found);
    if (!session) {
        return km_fail(err, KM_EMEMORY, "memory for a file could not be had");
    }
    const struct ingest_known *known =
        km_identity_at_path(&in->identity, session->path);
    struct km_err why = {.code = KM_OK};
    enum km_code code = KM_OK;
    bool unchanged = false, recognised = true;
    km_arena_reset(&in->naming);
    if (found->settings != KM_INGEST_NO_SETTINGS) {
        code = km_ingest_beside(session, known, &why);
    }
    bool is_same =
        !session->beside_changed ||
        (known && !km_str_is(known->cursor.format, km_source_settings.name));
    if (code == KM_OK && known && is_same &&
        km_ingest_is_untouched(in, known, found)) {
        session->ops = km_source_find(known->cursor.format);
        session->status = known->cursor.status;
        session->cursor.source_id = known->cursor.source_id;
        unchanged = session->ops != NULL;
    }
    if (!unchanged && code == KM_OK) {
        if (!found->is_folder && !open_file(session, &code, &why)) {
            recognised = code != KM_OK; /* gone, or no file any more */
        } else {
            code =
                import_open(session, keep_open, &unchanged, &recognised, &why);
        }
    }
    bool fatal = session->store_failed || code == KM_EINTERRUPTED;
    *again = *again && may_go_on(session);
    if (recognised && !*again && !is_told_already(session, code, unchanged) &&
        !(code == KM_ENOTFOUND && !found->is_named)) {
        km_session_report(session, code, &why, unchanged);
    }
    if (fatal && err) {
        *err = why;
    }
    bool stays = keep_open && code == KM_OK && session->has_begun &&
                 session->ops->shape == KM_SHAPE_STREAM && !session->is_packed;
    if (!stays || !keep_live(in, session)) {
        km_ingest_session_close(session);
    }
    return fatal ? code : KM_OK;
}

enum km_code km_ingest_source(struct ingest *in,
                              const struct ingest_found *found, bool keep_open,
                              struct km_err *err)
{
    enum km_code code = KM_OK;
    bool again = true;
    for (int i = OVERTAKEN_MAX; again; i--) {
        again = i > 0;
        code = import_once(in, found, keep_open, &again, err);
    }
    return code;
}

enum km_code km_ingest_session_more(struct ingest *in,
                                    struct ingest_session *session,
                                    const struct ingest_found *found,
                                    struct km_err *err)
{
    struct km_err why = {.code = KM_OK};
    session->used_at = ++in->live_clock;
    session->size_bytes = found->place.size_bytes;
    session->mtime_ns = KM_TIME_ABSENT;
    session->points = session->records = 0;
    session->bytes_before = session->consumed_bytes;
    session->is_renamed = false;
    enum km_code code = km_session_read(session, true, &why);
    bool fatal = session->store_failed || code == KM_EINTERRUPTED;
    if (session->overtaken) {
        return KM_OK; /* the caller begins again */
    }
    if (session->points || session->records || code) {
        km_session_report(session, code, &why, false);
    }
    if (fatal && err) {
        *err = why;
    }
    return fatal ? code : KM_OK;
}
