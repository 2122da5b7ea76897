/* settings_hint.c - the settings that there are, or how to give some. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/settings_hint.h"

#include <string.h>

#include "cli/suggest.h"

enum { LISTED_MAX = 8 };

#define HOW_TO_GIVE                                                            \
    "a config.json or hparams.yaml beside a log gives its run settings "       \
    "(docs/formats/settings.md)"

static bool has_settings(const struct km_member *member)
{
    for (size_t i = 0; i < member->setting_count; i++) {
        if (!member->settings[i].is_tag) {
            return true;
        }
    }
    return false;
}

static bool any_has_settings(const struct km_cohort *cohort, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_settings(&cohort->members[i])) {
            return true;
        }
    }
    return false;
}

void km_settings_hint(struct km_cli *cli, const struct km_cohort *cohort,
                      size_t count)
{
    if (count && !any_has_settings(cohort, count)) {
        km_cli_note(cli, "none of these runs has settings: " HOW_TO_GIVE);
    }
}

/* Keys that make configurations, the first few; those of the most runs are not
 * looked for. */
static void list_keys(const struct km_cohort *cohort, size_t count,
                      struct km_buf *out)
{
    const char *listed[LISTED_MAX];
    size_t shown = 0;
    bool more = false;
    for (size_t i = 0; i < count; i++) {
        const struct km_member *member = &cohort->members[i];
        for (size_t s = 0; s < member->setting_count; s++) {
            const char *key = member->settings[s].key;
            bool again =
                member->settings[s].is_tag ||
                (km_setting_is_incidental(key) && !km_setting_is_seed(key));
            for (size_t k = 0; k < shown && !again; k++) {
                again = strcmp(listed[k], key) == 0;
            }
            if (!again && shown == LISTED_MAX) {
                more = true;
            } else if (!again) {
                km_buf_printf(out, "%s%.60s", shown ? ", " : "", key);
                listed[shown++] = key;
            }
        }
    }
    km_buf_append_text(out, more ? ", ..." : "");
}

enum km_code km_settings_refuse(const struct km_cohort *cohort, size_t count,
                                const char *key, struct km_err *err)
{
    if (!any_has_settings(cohort, count)) {
        return km_fail(
            err, KM_ENOTFOUND,
            "no run has the setting %.80s, nor any other: " HOW_TO_GIVE, key);
    }
    struct km_suggestion suggestion;
    km_suggest_begin(&suggestion, key);
    for (size_t i = 0; i < count; i++) {
        const struct km_member *member = &cohort->members[i];
        for (size_t s = 0; s < member->setting_count; s++) {
            km_suggest_offer(&suggestion, member->settings[s].key);
        }
    }
    if (suggestion.nearest) {
        return km_fail(err, KM_ENOTFOUND,
                       "no run has the setting %.80s; the nearest is %.80s "
                       "(`km runs --settings` shows all)",
                       key, suggestion.nearest);
    }
    struct km_buf names;
    km_buf_init(&names, KM_ERR_BYTES);
    list_keys(cohort, count, &names);
    enum km_code code =
        km_fail(err, KM_ENOTFOUND,
                "no run has the setting %.80s; there are %s (`km runs "
                "--settings` shows all)",
                key, names.bytes && !names.failed ? names.bytes : "others");
    km_buf_finish(&names);
    return code;
}
