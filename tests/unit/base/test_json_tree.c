/* test_json_tree.c - a document as a tree: found by name, written back as it
 * was read, and refused when it is not one whole document. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_tree.h"

#include "tap.h"

static const struct km_json_node *
parse(const char *text, struct km_arena *arena, struct km_err *err)
{
    *err = (struct km_err){.code = KM_OK};
    km_arena_init(arena, KM_MIB);
    return km_json_tree_parse(km_str_of(text), arena, err);
}

static void finds_and_writes_back_what_it_read(void)
{
    static const char text[] =
        "{\"a\":[1,2.5,\"x\\n\",true,null,[],{}],\"b\":{\"c\":"
        "9223372036854775807},\"d\":null}";
    struct km_arena arena;
    struct km_err err;
    struct km_buf out;
    const struct km_json_node *root = parse(text, &arena, &err);
    CHECK(root != NULL);
    const struct km_json_node *c =
        km_json_tree_find(km_json_tree_find(root, "b"), "c");
    CHECK(c && c->integer == INT64_MAX);
    CHECK(km_json_tree_find(root, "d") == NULL); /* null is not given */
    CHECK(km_json_tree_find(c, "x") == NULL);
    CHECK(km_json_tree_find(NULL, "x") == NULL);
    km_buf_init(&out, KM_MIB);
    km_json_tree_write(root, &out);
    CHECK_TEXT(out.bytes, text);
    km_buf_finish(&out);
    km_arena_finish(&arena);
}

static void refuses_what_is_not_one_whole_document(void)
{
    static const char *const bad[] = {
        "", " ", "{", "[1", "{\"a\":}", "1 2", "{} {}", "{\"a\" 1}", "nul"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct km_arena arena;
        struct km_err err;
        CHECK(parse(bad[i], &arena, &err) == NULL);
        CHECK_INT(err.code, KM_EINPUT);
        km_arena_finish(&arena);
    }
}

static void bounds_depth(void)
{
    char text[2 * KM_JSON_DEPTH_MAX + 3] = "";
    struct km_arena arena;
    struct km_err err;
    memset(text, '[', KM_JSON_DEPTH_MAX);
    memset(text + KM_JSON_DEPTH_MAX, ']', KM_JSON_DEPTH_MAX);
    CHECK(parse(text, &arena, &err) != NULL);
    km_arena_finish(&arena);
    memset(text, '[', KM_JSON_DEPTH_MAX + 1);
    memset(text + KM_JSON_DEPTH_MAX + 1, ']', KM_JSON_DEPTH_MAX + 1);
    CHECK(parse(text, &arena, &err) == NULL && err.code != KM_OK);
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(finds_and_writes_back_what_it_read);
    RUN(refuses_what_is_not_one_whole_document);
    RUN(bounds_depth);
    return tap_end();
}
