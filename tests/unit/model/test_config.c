/* test_config.c - the user's file: what it may say, and how it is refused. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "model/config.h"
#include "tap.h"

static const char full[] = "# mine\n"
                           "store: /data/km\n"
                           "metrics:\n"
                           "  - match: \"my/thing*\"\n"
                           "    role: valid_loss\n"
                           "    unit: bit\n"
                           "  - {match: speed, better: higher}\n"
                           "prices: {accelerator_hour: 2.5, currency: EUR}\n"
                           "targets:\n"
                           "  \"speedrun/*\": 3.28\n"
                           "  \"*\": 1e-3\n";

static enum km_code parse(const char *text, struct km_arena *arena,
                          struct km_config *config, struct km_err *err)
{
    km_arena_init(arena, 4 * KM_MIB);
    return km_config_parse("my.yaml", km_str_of(text), arena, config, err);
}

static void check_full(const struct km_config *config)
{
    CHECK_TEXT(config->store, "/data/km");
    CHECK_INT(config->roles.rule_count, 2);
    struct km_role_of of =
        km_role_find(&config->roles, KM_STR("my/thing/1"), KM_STR(""));
    CHECK_INT(of.role, KM_ROLE_VALID_LOSS);
    CHECK_TEXT(of.unit, "bit");
    of = km_role_find(&config->roles, KM_STR("speed"), KM_STR(""));
    CHECK_INT(of.better, 1);
    CHECK_NEAR(config->price_per_accelerator_hour, 2.5, 0);
    CHECK(isnan(config->price_per_step));
    CHECK_TEXT(config->currency, "EUR");
    CHECK_NEAR(km_config_target(config, KM_STR("speedrun/a")), 3.28, 0);
    CHECK_NEAR(km_config_target(config, KM_STR("other/a")), 1e-3, 0);
}

static void reads_every_section(void)
{
    struct km_arena arena;
    struct km_config config;
    struct km_err err = {0};
    CHECK_INT(parse(full, &arena, &config, &err), KM_OK);
    check_full(&config);
    km_arena_finish(&arena);
}

static void what_it_prints_reads_back(void)
{
    struct km_arena arena, again;
    struct km_config config, other;
    struct km_buf out;
    km_buf_init(&out, KM_MIB);
    CHECK_INT(parse(full, &arena, &config, NULL), KM_OK);
    km_config_print(&config, &out);
    CHECK(!out.failed);
    CHECK_INT(parse(out.bytes, &again, &other, NULL), KM_OK);
    check_full(&other);
    km_buf_finish(&out);
    km_arena_finish(&arena);
    km_arena_finish(&again);
}

static void an_empty_file_gives_nothing(void)
{
    static const char *const texts[] = {"", "# only a comment\n", "---\n"};
    for (size_t i = 0; i < 3; i++) {
        struct km_arena arena;
        struct km_config config;
        CHECK_INT(parse(texts[i], &arena, &config, NULL), KM_OK);
        CHECK(!config.store && config.roles.rule_count == 0);
        CHECK(isnan(km_config_target(&config, KM_STR("a/b"))));
        km_arena_finish(&arena);
    }
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"stor: x\n", "my.yaml: line 1, column 1: expected store, quota_gib, metrics, prices "
                  "or targets"},
    {"- a\n", "my.yaml: line 1, column 1: expected store, quota_gib, metrics, prices or "
              "targets"},
    {"metrics: 3\n", "my.yaml: line 1, column 10: expected a list of rules"},
    {"metrics:\n  - role: loss\n",
     "my.yaml: line 2, column 11: expected a role, such as train_loss or "
     "learning_rate"},
    {"metrics:\n  - role: none\n",
     "my.yaml: line 3, column 1: expected the key match in this rule"},
    {"metrics:\n  - match: a\n    better: up\n",
     "my.yaml: line 3, column 13: expected higher, lower or neither"},
    {"prices:\n  accelerator_hour: free\n",
     "my.yaml: line 2, column 21: expected a price above 0"},
    {"prices:\n  step: -1\n",
     "my.yaml: line 2, column 9: expected a price above 0"},
    {"targets:\n  \"a/*\": soon\n",
     "my.yaml: line 2, column 10: expected the value to reach, a number"},
    {"targets:\n  \"a/*\": nan\n",
     "my.yaml: line 2, column 10: expected the value to reach, a number"},
    {"store: a\n---\nstore: b\n",
     "my.yaml: line 2, column 1: expected one document only"},
    {"store: *x\n", "my.yaml: line 1, column 8: expected the folder of the "
                    "store"},
};

static void says_where_and_what_was_expected(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct km_arena arena;
        struct km_config config;
        struct km_err err = {0};
        CHECK_INT(parse(refused[i].text, &arena, &config, &err), KM_EINPUT);
        CHECK_TEXT(err.message, refused[i].message);
        CHECK(config.store == NULL);
        km_arena_finish(&arena);
    }
    struct km_arena arena;
    struct km_config config;
    struct km_err err = {0};
    CHECK_INT(parse("store: \"a\n", &arena, &config, &err), KM_EINPUT);
    CHECK(strstr(err.message, "not YAML") != NULL);
    km_arena_finish(&arena);
}

static void finds_the_file_of_the_user(void)
{
    char folder[] = "/tmp/km-config-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/c.yaml", folder);
    struct km_arena arena;
    struct km_config config;
    struct km_err err = {0};
    km_arena_init(&arena, 4 * KM_MIB);
    CHECK_INT(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    CHECK_INT(unsetenv("KNOTMETER_CONFIG"), 0);
    CHECK_INT(km_config_load(&arena, &config, &err), KM_OK);
    CHECK(config.path == NULL);
    CHECK_INT(setenv("KNOTMETER_CONFIG", path, 1), 0);
    CHECK_INT(km_config_load(&arena, &config, &err), KM_ENOTFOUND);
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(full, file) >= 0);
    CHECK(file && fclose(file) == 0);
    CHECK_INT(km_config_load(&arena, &config, &err), KM_OK);
    check_full(&config);
    CHECK_TEXT(config.path, path);
    (void)unlink(path);
    (void)rmdir(folder);
    km_arena_finish(&arena);
}

int main(void)
{
    RUN(reads_every_section);
    RUN(what_it_prints_reads_back);
    RUN(an_empty_file_gives_nothing);
    RUN(says_where_and_what_was_expected);
    RUN(finds_the_file_of_the_user);
    return tap_end();
}
