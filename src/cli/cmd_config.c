/* cmd_config.c - `km config`: what is set, where, and what could be. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/json_write.h"
#include "cli/commands.h"
#include "report/table.h"

static const char example[] =
    "# Knotmeter's configuration; everything may be left out.\n"
    "# store: /data/knotmeter\n"
    "# metrics:                  # what metrics are for, first match wins\n"
    "#   - match: \"train/CE*\"    # '*' and '?', case does not count\n"
    "#     role: train_loss      # see `km config --roles`\n"
    "#     unit: nat\n"
    "#     better: lower\n"
    "# prices:\n"
    "#   accelerator_hour: 2.5\n"
    "#   currency: EUR\n"
    "# targets:                  # value to reach, by project/name\n"
    "#   \"speedrun/*\": 3.28\n";

static enum km_code print_roles(struct km_cli *cli, struct km_err *err)
{
    static const struct km_column columns[] = {
        {"role", KM_ALIGN_LEFT, false}, {"meaning", KM_ALIGN_LEFT, true}};
    struct km_table table;
    km_table_init(&table, &cli->arena, columns, 2);
    for (int role = 0; role < KM_ROLE_COUNT; role++) {
        km_table_cell(&table, km_str_of(km_role_word((enum km_role)role)),
                      KM_TONE_PLAIN);
        km_table_cell(&table, km_str_of(km_role_title((enum km_role)role)),
                      KM_TONE_QUIET);
    }
    return km_table_print(&table, &cli->terminal, &cli->out, err);
}

static void json_rules(struct km_json_writer *w,
                       const struct km_role_table *roles)
{
    km_json_key(w, "metrics");
    km_json_array_begin(w);
    for (size_t i = 0; i < roles->rule_count; i++) {
        const struct km_role_rule *rule = &roles->rules[i];
        km_json_object_begin(w);
        km_json_key(w, "match");
        km_json_str(w, rule->pattern);
        km_json_key(w, "role");
        km_json_text(w, rule->has_role ? km_role_word(rule->role) : NULL);
        km_json_key(w, "unit");
        km_json_text(w, rule->unit.len ? rule->unit.ptr : NULL);
        km_json_object_end(w);
    }
    km_json_array_end(w);
}

static void json_price(struct km_json_writer *w, const char *key, double price)
{
    km_json_key(w, key);
    if (isnan(price)) {
        km_json_null(w);
    } else {
        km_json_double(w, price);
    }
}

static void print_json(struct km_cli *cli, const char *store)
{
    const struct km_config *config = &cli->config;
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_object_begin(&w);
    km_json_key(&w, "file");
    km_json_text(&w, config->path);
    km_json_key(&w, "store");
    km_json_text(&w, store);
    json_price(&w, "price_per_accelerator_hour",
               config->price_per_accelerator_hour);
    json_price(&w, "price_per_step", config->price_per_step);
    km_json_key(&w, "currency");
    km_json_text(&w, config->currency);
    json_rules(&w, &config->roles);
    km_json_key(&w, "targets");
    km_json_object_begin(&w);
    for (size_t i = 0; i < config->target_count; i++) {
        km_json_key_str(&w, config->targets[i].pattern);
        km_json_double(&w, config->targets[i].value);
    }
    km_json_object_end(&w);
    km_json_object_end(&w);
    km_buf_append_char(&cli->out, '\n');
}

enum km_code km_run_config(struct km_cli *cli, struct km_err *err)
{
    if (km_option_given(cli->args, "example")) {
        km_buf_append_text(&cli->out, example);
        return KM_OK;
    }
    if (km_option_given(cli->args, "roles")) {
        return print_roles(cli, err);
    }
    const char *store;
    enum km_code code = km_cli_store_path(cli, &store, err);
    if (code) {
        return code;
    }
    if (cli->json) {
        print_json(cli, store);
        return KM_OK;
    }
    km_buf_append_text(&cli->out, "# file:  ");
    km_text_plain(&cli->out,
                  km_str_of(cli->config.path ? cli->config.path
                                             : "none, nothing is set"));
    km_buf_append_text(&cli->out, "\n# store: ");
    km_text_plain(&cli->out, km_str_of(store));
    km_buf_append_char(&cli->out, '\n');
    km_config_print(&cli->config, &cli->out);
    return KM_OK;
}
