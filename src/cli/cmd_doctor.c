/* cmd_doctor.c - `km doctor`: is everything in the store as it should be? */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "report/quantity.h"
#include "report/text.h"

struct findings {
    struct km_cli *cli;
    uint64_t count;
    enum km_code worst;
};

static void on_finding(void *user, enum km_code code, const char *text)
{
    struct findings *findings = user;
    struct km_cli *cli = findings->cli;
    if (code != KM_OK) {
        findings->count++;
        findings->worst = code;
    }
    if (cli->json) {
        struct km_json_writer w;
        km_json_writer_init(&w, &cli->out);
        km_json_object_begin(&w);
        km_json_key(&w, "code");
        km_json_text(&w, km_code_name(code));
        km_json_key(&w, "finding");
        km_json_text(&w, text);
        km_json_object_end(&w);
    } else {
        km_text_plain(&cli->out, km_str_of(text));
    }
    km_buf_append_char(&cli->out, '\n');
    (void)km_cli_row_end(cli);
}

static void print_usage(struct km_cli *cli, const struct km_store_usage *usage,
                        bool deep)
{
    if (cli->json || cli->quiet) {
        return;
    }
    km_buf_printf(&cli->out, "%s runs, %s series, ",
                  km_show_count(usage->runs).text,
                  km_show_count(usage->series).text);
    km_buf_printf(&cli->out, "%s points in %s chunks, ",
                  km_show_count(usage->points).text,
                  km_show_count(usage->chunks).text);
    km_buf_printf(&cli->out, "%s sources, %s on disk\n",
                  km_show_count(usage->sources).text,
                  km_show_bytes(usage->bytes_total).text);
    km_buf_append_text(&cli->out,
                       deep ? "every chunk was read again\n"
                            : "structure and counts were checked; --deep reads "
                              "every chunk again\n");
}

enum km_code km_run_doctor(struct km_cli *cli, struct km_err *err)
{
    bool deep = km_option_given(cli->args, "deep");
    bool repair = km_option_given(cli->args, "repair");
    struct km_store *store;
    enum km_code code = km_cli_store(
        cli, repair ? KM_ACCESS_WRITE : KM_ACCESS_READ, &store, err);
    if (code) {
        return code;
    }
    struct findings findings = {.cli = cli};
    code = km_store_check(store, deep, repair, on_finding, &findings, err);
    if (code && findings.count == 0) {
        return code;
    }
    if (findings.count) {
        const char *path = "";
        (void)km_cli_store_path(cli, &path, NULL);
        return km_fail(err, findings.worst, "%" PRIu64 " %s in %s%s",
                       findings.count,
                       findings.count == 1 ? "problem" : "problems", path,
                       repair ? ", mended where that was possible"
                              : "; --repair mends what can be mended");
    }
    struct km_store_usage usage = {0};
    code = km_store_usage(store, &usage, err);
    if (!code) {
        print_usage(cli, &usage, deep);
    }
    if (!code && !cli->json) {
        km_buf_append_text(&cli->out, "no problem was found\n");
    }
    return code;
}
