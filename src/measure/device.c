/* device.c - the table of devices; the first row whose words are all in the
 * name wins. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { NAME_BYTES_READ = 127 };

static const struct {
    const char *word, *also; /* `also` NULL: `word` is enough */
    struct km_device device;
} rows[] = {
    {"gb300", NULL, {"GB300", 2.5e15}},
    {"gb200", NULL, {"GB200", 2.5e15}},
    {"b300", NULL, {"B300", 2.25e15}},
    {"b200", NULL, {"B200", 2.25e15}},
    {"h200", NULL, {"H200", 989e12}},
    {"h100", "nvl", {"H100 NVL", 835e12}},
    {"h100", "pcie", {"H100 PCIe", 756e12}},
    {"h100", NULL, {"H100 SXM", 989e12}},
    {"h20", NULL, {"H20", 148e12}},
    {"a100", NULL, {"A100", 312e12}},
    {"a6000", NULL, {"A6000", 154.85e12}},
    {"mi355x", NULL, {"MI355X", 2500e12}},
    {"mi325x", NULL, {"MI325X", 1300e12}},
    {"mi300x", NULL, {"MI300X", 1300e12}},
    {"mi250x", NULL, {"MI250X, one die", 191.5e12}},
};

/* Whether `word` is in `text` and no digit follows that would make it another
 * ("h20" is not in "h2000"). */
static bool has_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        if (at[len] < '0' || at[len] > '9') {
            return true;
        }
    }
    return false;
}

const struct km_device *km_device_find(const char *name)
{
    char text[NAME_BYTES_READ + 1];
    size_t len = 0;
    for (; name && *name && len < NAME_BYTES_READ; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            text[len++] = c;
        } else if (len && text[len - 1] >= '0' && text[len - 1] <= '9') {
            text[len++] = ' '; /* "H100 80GB" is not h10080 */
        }
    }
    text[len] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (has_word(text, rows[i].word) &&
            (!rows[i].also || strstr(text, rows[i].also))) {
            return &rows[i].device;
        }
    }
    return NULL;
}
