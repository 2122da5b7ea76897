/* cmd_about.c - version, man and completion: the program about itself. */
/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sqlite3.h>
#include <string.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>

#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/help.h"

struct library {
    const char *name, *version;
};

enum km_code km_run_version(struct km_cli *cli, struct km_err *err)
{
    (void)err;
    char pcre2[64] = "";
    (void)pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    pcre2[strcspn(pcre2, " ")] = '\0';
    char xxhash[32];
    unsigned x = XXH_versionNumber();
    (void)snprintf(xxhash, sizeof xxhash, "%u.%u.%u", x / 10000, x / 100 % 100,
                   x % 100);
    const struct library libraries[] = {
        {"sqlite", sqlite3_libversion()},
        {"zstd", ZSTD_versionString()},
        {"zlib", zlibVersion()},
        {"pcre2", pcre2},
        {"yaml", yaml_get_version_string()},
        {"xxhash", xxhash},
    };
    size_t count = sizeof libraries / sizeof libraries[0];
    if (!cli->json) {
        km_buf_append_text(&cli->out, "knotmeter " KM_VERSION "\n");
        for (size_t i = 0; i < count && !cli->quiet; i++) {
            km_buf_printf(&cli->out, "  %-8s %s\n", libraries[i].name,
                          libraries[i].version);
        }
        return KM_OK;
    }
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_key(&w, "version");
    km_json_text(&w, KM_VERSION);
    km_json_key(&w, "libraries");
    km_json_object_begin(&w);
    for (size_t i = 0; i < count; i++) {
        km_json_key(&w, libraries[i].name);
        km_json_text(&w, libraries[i].version);
    }
    km_json_object_end(&w);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
    return KM_OK;
}

enum km_code km_run_man(struct km_cli *cli, struct km_err *err)
{
    (void)err;
    if (km_option_given(cli->args, "markdown")) {
        km_manual_markdown(&cli->out);
    } else {
        km_man_write(&cli->out);
    }
    return KM_OK;
}

enum km_code km_run_completion(struct km_cli *cli, struct km_err *err)
{
    static const struct {
        const char *shell;
        void (*write)(struct km_buf *out);
    } shells[] = {{"bash", km_completion_bash},
                  {"zsh", km_completion_zsh},
                  {"fish", km_completion_fish}};
    const char *shell = cli->args->words[0];
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shell, shells[i].shell) == 0) {
            shells[i].write(&cli->out);
            return KM_OK;
        }
    }
    return km_fail(err, KM_EUSAGE,
                   "completion knows bash, zsh and fish, not "
                   "%.64s",
                   shell);
}
