/* attribute_text.c - numbers and truth values out of text parameters. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/attribute_text.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

/* JSON wants a digit on both sides of the point and no leading zeros or '+'. */
static bool is_json_number(struct km_str text)
{
    double value;
    if (text.len == 0 || text.len > 40 || !km_number_parse(text, &value) ||
        !isfinite(value)) {
        return false;
    }
    size_t sign = text.ptr[0] == '-';
    char first = text.ptr[sign], last = text.ptr[text.len - 1];
    if (first < '0' || first > '9' || last == '.') {
        return false;
    }
    if (first == '0' && text.len > sign + 1) {
        return strchr(".eE", text.ptr[sign + 1]) != NULL;
    }
    size_t point = km_str_find(text, '.', 0);
    return point == text.len ||
           (text.ptr[point + 1] >= '0' && text.ptr[point + 1] <= '9');
}

struct km_str km_attribute_json(struct km_str text)
{
    struct km_str json = km_str_trim(text);
    if (km_str_is(json, "True") || km_str_is(json, "true")) {
        return KM_STR("true");
    }
    if (km_str_is(json, "False") || km_str_is(json, "false")) {
        return KM_STR("false");
    }
    if (km_str_is(json, "None") || km_str_is(json, "null")) {
        return KM_STR("null");
    }
    return is_json_number(json) ? json : KM_STR("");
}

void km_attribute_emit(struct km_emit *emit, enum km_attribute_kind kind,
                       struct km_str key, struct km_str text)
{
    struct km_str json = km_attribute_json(text);
    if (json.len) {
        km_emit_attribute(emit, kind, key, json);
    } else {
        km_emit_attribute_text(emit, kind, key, text);
    }
}
