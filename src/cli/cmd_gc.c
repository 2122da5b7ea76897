/* cmd_gc.c - `km gc`: merge, give back space, delete runs that are named. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "cli/select.h"
#include "report/quantity.h"
#include "report/text.h"

#define SLICE_NS INT64_C(200000000) /* between two looks at the stop flag */

static enum km_code merge_all(struct km_store *store, struct km_err *err)
{
    bool more = true;
    while (more && !atomic_load(km_cli_stop_flag())) {
        enum km_code code = km_store_maintain(store, SLICE_NS, &more, err);
        if (code) {
            return code;
        }
    }
    return KM_OK;
}

static enum km_code delete_runs(struct km_cli *cli, struct km_store *store,
                                const struct km_run_list *list, bool dry,
                                struct km_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct km_run_row *row = &list->rows[i];
        enum km_code code =
            dry ? KM_OK : km_store_delete_run(store, row->id, err);
        if (code) {
            return code;
        }
        if (!cli->json && !cli->quiet) {
            km_buf_append_text(&cli->out, dry ? "would delete " : "deleted ");
            km_text_plain(&cli->out, km_str_of(km_run_label(&cli->arena, row)));
            km_buf_printf(&cli->out, ", %s points\n",
                          km_show_count(row->point_count).text);
        }
    }
    return KM_OK;
}

static void print_result(struct km_cli *cli, const struct km_store_usage *was,
                         const struct km_store_usage *now, uint64_t deleted)
{
    uint64_t freed = was->bytes_total > now->bytes_total
                         ? was->bytes_total - now->bytes_total
                         : 0;
    if (cli->json) {
        struct km_json_writer w;
        km_json_writer_init(&w, &cli->out);
        km_json_object_begin(&w);
        km_json_key(&w, "runs_deleted");
        km_json_int(&w, (int64_t)deleted);
        km_json_key(&w, "bytes_before");
        km_json_int(&w, (int64_t)was->bytes_total);
        km_json_key(&w, "bytes_after");
        km_json_int(&w, (int64_t)now->bytes_total);
        km_json_key(&w, "chunks_before");
        km_json_int(&w, (int64_t)was->chunks);
        km_json_key(&w, "chunks_after");
        km_json_int(&w, (int64_t)now->chunks);
        km_json_object_end(&w);
        km_buf_append_char(&cli->out, '\n');
    } else if (!cli->quiet) {
        km_buf_printf(&cli->out, "%s chunks, %s on disk, %s given back\n",
                      km_show_count(now->chunks).text,
                      km_show_bytes(now->bytes_total).text,
                      km_show_bytes(freed).text);
    }
}

/* What `delete` names, or with --keep-newest the oldest beyond that many. */
static enum km_code choose(struct km_cli *cli, struct km_store *store,
                           struct km_run_list *list, struct km_err *err)
{
    *list = (struct km_run_list){0};
    struct km_run_filter filter = {.order = KM_ORDER_NEWEST};
    if (cli->args->word_count) {
        return km_select_runs(cli, store, &filter, cli->args->words,
                              cli->args->word_count, list, err);
    }
    double keep = km_option_number(cli->args, "keep-newest", -1);
    if (keep < 0) {
        return KM_OK;
    }
    enum km_code code = km_select_runs(cli, store, &filter, NULL, 0, list, err);
    size_t kept = (size_t)keep < list->count ? (size_t)keep : list->count;
    list->rows = list->rows ? list->rows + kept : NULL;
    list->count -= kept;
    return code;
}

enum km_code km_run_gc(struct km_cli *cli, struct km_err *err)
{
    bool named = cli->args->word_count > 0;
    bool may_delete = km_option_given(cli->args, "delete");
    bool dry = km_option_given(cli->args, "dry-run");
    if (named && !may_delete) {
        return km_fail(err, KM_EUSAGE,
                       "runs are deleted only with --delete; --dry-run shows "
                       "what would go");
    }
    if (may_delete && !named && !km_option_given(cli->args, "keep-newest")) {
        return km_fail(err, KM_EUSAGE,
                       "--delete expects runs, or --keep-newest N");
    }
    struct km_store *store;
    enum km_code code =
        km_cli_store(cli, dry ? KM_ACCESS_READ : KM_ACCESS_WRITE, &store, err);
    struct km_run_list list = {0};
    if (!code && may_delete) {
        code = choose(cli, store, &list, err);
    }
    struct km_store_usage was = {0}, now = {0};
    code = code ? code : km_store_usage(store, &was, err);
    code = code ? code : delete_runs(cli, store, &list, dry, err);
    if (code || dry) {
        return code;
    }
    code = merge_all(store, err);
    code = code ? code : km_store_usage(store, &now, err);
    if (!code) {
        print_result(cli, &was, &now, list.count);
    }
    return code;
}
