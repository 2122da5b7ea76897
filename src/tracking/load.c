/* load.c - the book as the store's notes have it. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_map.h"
#include "base/json_tree.h"
#include "base/limits.h"
#include "tracking/private.h"

struct loading {
    struct km_tracker *tracker;
    struct km_arena arena; /* of the whole */
    struct km_arena note;  /* of one note */
    struct km_id_map run_of;
    struct km_pairs *(*pairs_of)(struct km_tracked_run *run);
    bool raw; /* the JSON is kept as it is */
    bool full;
};

static struct km_str text_of(const struct km_json_node *node, const char *key)
{
    const struct km_json_node *found = km_json_tree_find(node, key);
    return found ? found->text : KM_STR("");
}

static int64_t number_of(const struct km_json_node *node, const char *key)
{
    const struct km_json_node *found = km_json_tree_find(node, key);
    return found ? found->integer : 0;
}

static const struct km_json_node *parse(struct loading *loading,
                                        const struct km_note *note)
{
    km_arena_reset(&loading->note);
    return km_json_tree_parse(note->json, &loading->note, NULL);
}

/* A note that does not parse is nobody's: it is passed over. */
static bool take_experiment(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    const struct km_json_node *json = parse(loading, note);
    if (!json) {
        return true;
    }
    struct km_experiment *one =
        km_book_experiment(&loading->tracker->book, note->key);
    loading->full |= !one || !km_book_text(&one->name, text_of(json, "name"));
    if (!loading->full) {
        one->deleted = number_of(json, "deleted") != 0;
        one->created_ms = number_of(json, "created_ms");
        one->updated_ms = number_of(json, "updated_ms");
    }
    return !loading->full;
}

/* Key: the experiment's id, '/', the tag's key. */
static bool take_experiment_tag(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    const struct km_json_node *json = parse(loading, note);
    size_t slash = km_str_find(note->key, '/', 0);
    struct km_experiment *one = km_book_find_experiment(
        &loading->tracker->book, (struct km_str){note->key.ptr, slash});
    if (json && one && slash < note->key.len) {
        const struct km_str key = {note->key.ptr + slash + 1,
                                   note->key.len - slash - 1};
        loading->full |= !km_pairs_put(&one->tags, key, json->text);
    }
    return !loading->full;
}

static bool take_run(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    struct km_book *book = &loading->tracker->book;
    const struct km_json_node *json = parse(loading, note);
    struct km_experiment *experiment =
        json ? km_book_find_experiment(book, text_of(json, "experiment"))
             : NULL;
    if (!experiment) {
        return true;
    }
    struct km_tracked_run *run = km_book_run(book, note->key);
    loading->full |=
        !run || !km_book_text(&run->name, text_of(json, "name")) ||
        !km_book_text(&run->project, text_of(json, "project")) ||
        !km_book_text(&run->user, text_of(json, "user")) ||
        !km_id_map_put(&loading->run_of, note->run_id, book->run_count - 1);
    if (loading->full) {
        return false;
    }
    enum km_tracked_status status =
        km_tracked_status_of(text_of(json, "status"));
    run->experiment = experiment;
    run->store_id = note->run_id;
    run->status = status ? status : KM_TRACKED_RUNNING;
    run->deleted = number_of(json, "deleted") != 0;
    run->start_ms = number_of(json, "start_ms");
    run->end_ms = number_of(json, "end_ms");
    return true;
}

static struct km_pairs *params_of(struct km_tracked_run *run)
{
    return &run->params;
}

static struct km_pairs *tags_of(struct km_tracked_run *run)
{
    return &run->tags;
}

static struct km_pairs *inputs_of(struct km_tracked_run *run)
{
    return &run->inputs;
}

static struct km_pairs *outputs_of(struct km_tracked_run *run)
{
    return &run->outputs;
}

static bool take_pair(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    uint32_t run = note->run_id ? km_id_map_find(&loading->run_of, note->run_id)
                                : KM_ID_ABSENT;
    const struct km_json_node *json =
        loading->raw ? NULL : parse(loading, note);
    if (run != KM_ID_ABSENT && (loading->raw || json)) {
        loading->full |=
            !km_pairs_put(loading->pairs_of(loading->tracker->book.runs[run]),
                          note->key, loading->raw ? note->json : json->text);
    }
    return !loading->full;
}

static bool take_pairs(const struct km_json_node *json, const char *key,
                       struct km_pairs *pairs)
{
    const struct km_json_node *object = km_json_tree_find(json, key);
    for (const struct km_json_node *at = object ? object->first : NULL; at;
         at = at->next) {
        if (!km_pairs_put(pairs, at->key, at->text)) {
            return false;
        }
    }
    return true;
}

static bool take_model(void *user, const struct km_note *note)
{
    struct loading *loading = user;
    struct km_book *book = &loading->tracker->book;
    const struct km_json_node *json = parse(loading, note);
    struct km_experiment *experiment =
        json ? km_book_find_experiment(book, text_of(json, "experiment"))
             : NULL;
    struct km_tracked_model *one =
        experiment ? km_book_model(book, note->key) : NULL;
    if (!one) {
        loading->full |= experiment != NULL;
        return !loading->full;
    }
    one->experiment = experiment;
    one->deleted = number_of(json, "deleted") != 0;
    one->created_ms = number_of(json, "created_ms");
    one->updated_ms = number_of(json, "updated_ms");
    loading->full |=
        !km_book_text(&one->name, text_of(json, "name")) ||
        !km_book_text(&one->type, text_of(json, "type")) ||
        !km_book_text(&one->source_run, text_of(json, "source_run")) ||
        !km_book_text(&one->status, text_of(json, "status")) ||
        !km_book_text(&one->status_message, text_of(json, "status_message")) ||
        !take_pairs(json, "params", &one->params) ||
        !take_pairs(json, "tags", &one->tags) ||
        !take_pairs(json, "metrics", &one->metrics);
    return !loading->full;
}

enum km_code km_tracker_load(struct km_tracker *tracker, struct km_err *err)
{
    const struct {
        struct km_str kind;
        km_note_fn take;
        struct km_pairs *(*pairs_of)(struct km_tracked_run *run);
        bool raw;
    } kinds[] = {
        {KM_NOTE_EXPERIMENT, take_experiment, NULL, false},
        {KM_NOTE_EXPERIMENT_TAG, take_experiment_tag, NULL, false},
        {KM_NOTE_RUN, take_run, NULL, false},
        {KM_NOTE_PARAM, take_pair, params_of, false},
        {KM_NOTE_TAG, take_pair, tags_of, false},
        {KM_NOTE_INPUT, take_pair, inputs_of, true},
        {KM_NOTE_OUTPUT, take_pair, outputs_of, true},
        {KM_NOTE_MODEL, take_model, NULL, false},
    };
    struct loading loading = {.tracker = tracker};
    enum km_code code = KM_OK;
    km_arena_init(&loading.arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_arena_init(&loading.note, 64 * KM_MIB);
    km_id_map_init(&loading.run_of, &loading.arena);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && code == KM_OK; i++) {
        loading.pairs_of = kinds[i].pairs_of;
        loading.raw = kinds[i].raw;
        code = km_store_read_notes(tracker->store, kinds[i].kind, 0,
                                   kinds[i].take, &loading, err);
        if (code == KM_OK && loading.full) {
            code =
                km_fail(err, KM_EMEMORY, "no memory for the runs of clients");
        }
    }
    km_arena_finish(&loading.note);
    km_arena_finish(&loading.arena);
    return code;
}
