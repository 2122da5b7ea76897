/* runs_settings.c - the attributes of runs, one line each. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/runs_settings.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "report/run_json.h"
#include "report/table.h"

/* In the order of enum km_attribute_kind, as a store lists them. */
static const struct {
    const char *key, *word;
    enum km_tone tone;
} kinds[] = {
    [KM_ATTRIBUTE_CONFIG] = {"settings", "", KM_TONE_PLAIN},
    [KM_ATTRIBUTE_TAG] = {"tags", "tag", KM_TONE_QUIET},
    [KM_ATTRIBUTE_SUMMARY] = {"summary", "final value", KM_TONE_QUIET},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], VALUE_SHOWN_BYTES = 200 };

struct printing {
    struct km_cli *cli;
    struct km_table table;
    struct km_json_writer json;
    int open; /* kinds whose object was begun in JSON */
    size_t count;
};

/* Texts without their quotes, when nothing in them is escaped. */
static struct km_str shown_value(struct km_str json)
{
    bool text = json.len >= 2 && json.ptr[0] == '"';
    if (text && !memchr(json.ptr, '\\', json.len)) {
        json = (struct km_str){json.ptr + 1, json.len - 2};
    }
    return json;
}

static void open_kind(struct printing *printing, int kind)
{
    while (printing->open <= kind) {
        if (printing->open) {
            km_json_object_end(&printing->json);
        }
        km_json_key(&printing->json, kinds[printing->open++].key);
        km_json_object_begin(&printing->json);
    }
}

static bool print_attribute(void *user, const struct km_attribute *row)
{
    struct printing *printing = user;
    printing->count++;
    if (printing->cli->json) {
        open_kind(printing, (int)row->kind);
        km_json_key_str(&printing->json, row->key);
        km_json_raw(&printing->json, row->value_json);
        return true;
    }
    struct km_str value = shown_value(row->value_json);
    bool cut = value.len > VALUE_SHOWN_BYTES;
    km_table_cell(&printing->table, row->key, kinds[row->kind].tone);
    km_table_cellf(&printing->table, kinds[row->kind].tone, "%.*s%s",
                   (int)(cut ? VALUE_SHOWN_BYTES : value.len), value.ptr,
                   cut ? "..." : "");
    km_table_cell(&printing->table, km_str_of(kinds[row->kind].word),
                  KM_TONE_QUIET);
    return true;
}

static const struct km_column columns[] = {
    {"setting", KM_ALIGN_LEFT, false},
    {"value", KM_ALIGN_LEFT, true},
    {"", KM_ALIGN_LEFT, false},
};

static enum km_code print_run(struct km_cli *cli, struct km_store *store,
                              const struct km_run_row *row, bool many,
                              struct km_err *err)
{
    struct printing printing = {.cli = cli};
    km_table_init(&printing.table, &cli->arena, columns, 3);
    if (cli->json) {
        km_json_writer_init(&printing.json, &cli->out);
        km_json_object_begin(&printing.json);
        km_json_run_identity(&printing.json, &cli->arena, row);
    }
    enum km_code code = km_store_list_attributes(
        store, row->id, print_attribute, &printing, err);
    if (code) {
        return code;
    }
    if (cli->json) {
        open_kind(&printing, KINDS - 1);
        km_json_object_end(&printing.json);
        km_json_object_end(&printing.json);
        km_buf_append_char(&cli->out, '\n');
        return KM_OK;
    }
    if (many) {
        km_text_plain(&cli->out, km_str_of(km_run_label(&cli->arena, row)));
        km_buf_append_char(&cli->out, '\n');
    }
    if (printing.count == 0) {
        km_buf_append_text(
            &cli->out, "no settings; a config.json beside its log gives some "
                       "(docs/formats/settings.md)\n");
        return KM_OK;
    }
    const struct km_terminal whole = km_cli_list_terminal(cli);
    return km_table_print(&printing.table, &whole, &cli->out, err);
}

enum km_code km_runs_settings(struct km_cli *cli, struct km_store *store,
                              const struct km_run_list *list,
                              struct km_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && !cli->json) {
            km_buf_append_char(&cli->out, '\n');
        }
        enum km_code code =
            print_run(cli, store, &list->rows[i], list->count > 1, err);
        if (code) {
            return code;
        }
        if (!km_cli_row_end(cli)) {
            return KM_OK;
        }
    }
    if (list->count == 0 && !cli->json) {
        km_buf_append_text(&cli->out, "no runs\n");
    }
    return KM_OK;
}
