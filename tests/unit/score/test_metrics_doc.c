/* test_metrics_doc.c - docs/metrics.md says what the registry computes.
 *
 * Every figure has a section and every section with a dot in its heading is a
 * figure; every line "- worked: `variant` = value unit" is computed anew from
 * the known run and must agree to the digits that are written. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "known_run.h"
#include "known_sets.h"
#include "tap.h"

enum { LINE_BYTES = 400 };

static const char *path;
static struct score_run run;
static struct km_arena arena;
static struct km_scorecard card;

/* Reads "## learn.velocity" into `id`; false for other lines. */
static bool read_heading(const char *line, char id[LINE_BYTES])
{
    id[0] = '\0';
    return strncmp(line, "## ", 3) == 0 &&
           sscanf(line + 3, "%399[a-z0-9_.]", id) == 1 && strchr(id, '.');
}

static void every_figure_has_a_section_and_the_other_way_round(void)
{
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    char line[LINE_BYTES], id[LINE_BYTES];
    size_t sections = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (read_heading(line, id)) {
            const struct km_figure *figure = km_figure_find(km_str_of(id));
            CHECK(figure != NULL);
            sections++;
            /* the section opens with the title */
            CHECK(fgets(line, sizeof line, file) != NULL);
            CHECK(fgets(line, sizeof line, file) != NULL);
            CHECK(figure && strncmp(line, "**", 2) == 0 &&
                  strncmp(line + 2, figure->title, strlen(figure->title)) == 0);
        }
    }
    CHECK_INT(sections, km_figure_count());
    if (file) {
        (void)fclose(file);
    }
}

/* Half a unit of the last digit written. */
static double tolerance(const char *digits)
{
    const char *dot = strchr(digits, '.');
    return dot ? 0.5001 * pow(10, -(double)strlen(dot + 1)) : 0.5001;
}

/* With a value: on the card of the known run, else on that of a known set. */
static const struct km_figure_result *find_result(const char *id,
                                                  const char *variant)
{
    const struct km_figure_result *found = score_run_find(&card, id, variant);
    for (size_t i = 0;
         i < known_set_count && !(found && isfinite(found->value)); i++) {
        const struct km_figure_result *other =
            score_run_find(&known_sets[i].card, id, variant);
        found = other ? other : found;
    }
    return found;
}

static void check_worked(const char *id, const char *line)
{
    char variant[64] = "", digits[32] = "", unit[64] = "";
    int read = sscanf(line, "- worked: `%63[^`]` = %31s %63[^\n]", variant,
                      digits, unit);
    if (read != 3) {
        variant[0] = '\0';
        read = 1 + sscanf(line, "- worked: `` = %31s %63[^\n]", digits, unit);
    }
    CHECK_INT(read, 3);
    const struct km_figure_result *f = find_result(id, variant);
    CHECK(f != NULL);
    if (!f || fabs(f->value - strtod(digits, NULL)) > tolerance(digits)) {
        printf("# %s %s is %.6g\n", id, variant, f ? f->value : (double)NAN);
    }
    CHECK_NEAR(f ? f->value : (double)NAN, strtod(digits, NULL),
               tolerance(digits));
    CHECK_TEXT(f ? f->unit : "", unit);
}

static void every_worked_value_comes_out(void)
{
    struct km_score_options options;
    known_run_options(&options);
    score_run_begin(&run);
    known_run_log(&run, 1, KNOWN_STEPS, 0);
    known_run_goal(&run);
    CHECK(km_store_append(run.store, &run.batch, NULL) == KM_OK);
    km_batch_reset(&run.batch, 1);
    known_run_record(&run);
    CHECK_INT(score_run_card(&run, &options, &arena, &card), KM_OK);
    for (size_t i = 0; i < known_set_count; i++) {
        known_sets[i].make(&known_sets[i].arena, &known_sets[i].card);
    }
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES], id[LINE_BYTES], found[LINE_BYTES] = "";
    size_t worked = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (read_heading(line, id)) {
            memcpy(found, id, sizeof found);
        }
        if (strncmp(line, "- worked:", 9) == 0) {
            check_worked(found, line);
            worked++;
        }
    }
    CHECK(worked >= km_figure_count());
    if (file) {
        (void)fclose(file);
    }
    for (size_t i = 0; i < known_set_count; i++) {
        km_arena_finish(&known_sets[i].arena);
    }
    score_run_end(&run, &arena);
}

static void every_row_is_ready_to_be_explained(void)
{
    for (size_t i = 0; i < km_figure_count(); i++) {
        const struct km_figure *f = km_figure_at(i);
        CHECK(*f->title && *f->unit && *f->needs && *f->summary &&
              *f->formula && *f->source &&
              (f->compute != NULL) == (f->scope == KM_SCOPE_RUN));
        CHECK(km_figure_find(km_str_of(f->id)) == f);
    }
    CHECK(km_figure_find(KM_STR("learn.nothing")) == NULL);
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "docs/metrics.md";
    RUN(every_row_is_ready_to_be_explained);
    RUN(every_figure_has_a_section_and_the_other_way_round);
    RUN(every_worked_value_comes_out);
    return tap_end();
}
