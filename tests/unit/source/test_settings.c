/* test_settings.c - config files as flat settings: nesting, types, bounds. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "source/settings.h"

#include "feed.h"
#include "tap.h"

static const struct {
    const char *name, *text, *attributes;
} rows[] = {
    {"config.json",
     "{\"lr\": 0.1, \"seed\": 3, \"opt\": {\"name\": \"adam\", \"betas\": "
     "[0.9, "
     "0.95], \"deep\": {\"on\": true, \"no\": null}}, \"tag\": \"a b\"}",
     "lr=0.1;seed=3;opt.name=\"adam\";opt.betas=[0.9,0.95];opt.deep.on=true;"
     "opt.deep.no=null;tag=\"a b\";"},
    {"config.json",
     "\xef\xbb\xbf{\"list\": [{\"a\": [1, {}]}, \"x\"], \"o\": {}}",
     "list=[{\"a\":[1,{}]},\"x\"];"},
    {"config.json", "{}", ""},
    {"hparams.yaml",
     "# a comment\nlr: 1e-3\nseed: 3\nname: '7'\nquiet: no\non: true\n"
     "nothing:\ntilde: ~\nmodel:\n  layers: 12\n  sizes: [1, two]\n"
     "  nested:\n    - {a: 1.5}\n    - [x]\n",
     "lr=1e-3;seed=3;name=\"7\";quiet=\"no\";on=true;nothing=null;tilde=null;"
     "model.layers=12;model.sizes=[1,\"two\"];"
     "model.nested=[{\"a\":1.5},[\"x\"]];"},
    {"hparams.yaml", "m: !!python/object:x.Y\n  lr: 2\n", "m.lr=2;"},
    {"config.yaml",
     "wandb_version: 1\n_wandb:\n  value: {cli: 1}\nlr:\n  desc: null\n"
     "  value: 0.1\nopt:\n  desc: null\n  value:\n    name: adam\n",
     "lr=0.1;opt.name=\"adam\";"},
};

static void settings_become_flat_pairs(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 0; piece < 8; piece += 7) {
            struct fed fed = {.code = KM_OK};
            fed_text(&fed, &km_source_settings, rows[i].name, rows[i].text,
                     piece);
            CHECK_INT(fed.code, KM_OK);
            CHECK_TEXT(fed.attributes, rows[i].attributes);
            CHECK_INT(fed.count, 0);
            fed_end(&fed);
        }
    }
}

static const struct {
    const char *name, *text, *sentence;
} broken[] = {
    {"config.json", "{\"lr\": ", "JSON ends at byte 7"},
    {"config.json", "[1]", "expected settings"},
    {"config.json", "{\"a\" 1}", "byte"},
    {"hparams.yaml", "a: [1\nb: 2\n", "line"},
    {"hparams.yaml", "- 1\n- 2\n", "expected settings"},
    {"hparams.yaml", "just words\n", "expected settings"},
    {"hparams.yaml", "? [a, b]\n: 1\n", "a key is no text"},
};

static void what_is_broken_gets_a_sentence(void)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct fed fed = {.code = KM_OK};
        fed_text(&fed, &km_source_settings, broken[i].name, broken[i].text, 0);
        CHECK_INT(fed.code, KM_EINPUT);
        CHECK(strstr(fed.err.message, "its settings are not used: ") != NULL);
        if (!strstr(fed.err.message, broken[i].sentence)) {
            CHECK_TEXT(fed.err.message, broken[i].sentence);
        }
        CHECK_TEXT(fed.attributes, "");
        fed_end(&fed);
    }
}

static void hostile_settings_are_bounded(void)
{
    struct km_buf text;
    km_buf_init(&text, (size_t)4 * KM_MIB);
    for (int i = 0; i < 100; i++) {
        km_buf_append_text(&text, "{\"a\":");
    }
    struct fed fed = {.code = KM_OK};
    km_buf_append_char(&text, '\0');
    fed_text(&fed, &km_source_settings, "config.json", text.bytes, 0);
    CHECK(fed.code != KM_OK);
    fed_end(&fed);
    km_buf_reset(&text);
    for (int i = 0; i < 100; i++) {
        km_buf_printf(&text, "%*sa:\n", i, "");
    }
    km_buf_append_char(&text, '\0');
    fed = (struct fed){.code = KM_OK};
    fed_text(&fed, &km_source_settings, "config.yaml", text.bytes, 0);
    CHECK_INT(fed.code, KM_ELIMIT);
    fed_end(&fed);
    km_buf_reset(&text); /* an alias bomb is not followed */
    km_buf_append_text(&text, "a: &a [x, x]\nb: &b [*a, *a]\nc: *b\nd: 1\n");
    km_buf_append_char(&text, '\0');
    fed = (struct fed){.code = KM_OK};
    fed_text(&fed, &km_source_settings, "config.yaml", text.bytes, 0);
    CHECK_TEXT(fed.attributes, "a=[\"x\",\"x\"];b=[null,null];d=1;");
    CHECK_INT(fed.warnings, 1);
    fed_end(&fed);
    km_buf_reset(&text);
    km_buf_append_text(&text, "{");
    while (text.len < KM_SETTINGS_BYTES_MAX) {
        km_buf_printf(&text, "\"k%zu\":1,", text.len);
    }
    km_buf_append_text(&text, "\"z\":1}");
    km_buf_append_char(&text, '\0');
    fed = (struct fed){.code = KM_OK};
    fed_text(&fed, &km_source_settings, "config.json", text.bytes, 0);
    CHECK_INT(fed.code, KM_ELIMIT);
    fed_end(&fed);
    km_buf_finish(&text);
}

static void names_say_what_a_file_may_speak_of(void)
{
    CHECK(km_settings_of_folder(KM_STR("config.json")));
    CHECK(km_settings_of_folder(KM_STR("hparams.yaml")));
    CHECK(km_settings_of_folder(KM_STR("params.yml")));
    CHECK(!km_settings_of_folder(KM_STR("tokenizer_config.json")));
    CHECK(!km_settings_of_folder(KM_STR("config.toml")));
    CHECK_INT(km_settings_stem(KM_STR("run-1.json")).len, 5);
    CHECK_INT(km_settings_stem(KM_STR(".json")).len, 0);
}

int main(void)
{
    RUN(settings_become_flat_pairs);
    RUN(what_is_broken_gets_a_sentence);
    RUN(hostile_settings_are_bounded);
    RUN(names_say_what_a_file_may_speak_of);
    return tap_end();
}
