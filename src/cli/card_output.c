/* card_output.c - options of a scorecard, and its faces. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/card_output.h"

#include <math.h>
#include <string.h>

#include "cli/outfile.h"
#include "cli/select.h"
#include "report/comparison.h"
#include "report/quantity.h"
#include "report/scorecard_html.h"
#include "report/scorecard_text.h"

enum { HTML_BYTES_MAX = 128 * 1024 * 1024 };

static double setting(struct km_cli *cli, const char *option, double config)
{
    return km_option_number(cli->args, option, config);
}

void km_card_options(struct km_cli *cli, const struct km_run_row *run,
                     struct km_score_options *options)
{
    const struct km_config *config = &cli->config;
    km_score_options_init(options);
    options->roles = &config->roles;
    options->clock = cli->clock;
    struct km_str label = km_str_of(km_run_label(&cli->arena, run));
    options->target = setting(cli, "target", km_config_target(config, label));
    options->horizon = setting(cli, "horizon", (double)NAN);
    options->price_per_accelerator_hour =
        setting(cli, "price", config->price_per_accelerator_hour);
    options->price_per_step =
        setting(cli, "price-per-step", config->price_per_step);
    options->accelerators = setting(cli, "accelerators", (double)NAN);
    options->peak_flops = 1e12 * setting(cli, "peak-tflops", (double)NAN);
    options->tokens_per_step = setting(cli, "tokens-per-step", (double)NAN);
    const char *currency = km_option_text(cli->args, "currency");
    options->currency = currency ? currency : config->currency;
}

struct km_scorecard km_card_new(struct km_cli *cli, const char *name)
{
    return (struct km_scorecard){.arena = &cli->arena,
                                 .run_name = name,
                                 .context = "",
                                 .headline = "",
                                 .target = NAN,
                                 .level = KM_CARD_LEVEL};
}

enum km_code km_card_cohort(struct km_cli *cli, struct km_store *store,
                            const struct km_run_row *rows, size_t count,
                            struct km_cohort *cohort, struct km_err *err)
{
    uint64_t *ids = km_new(&cli->arena, uint64_t, count + 1);
    struct km_score_options *options =
        km_new(&cli->arena, struct km_score_options, count + 1);
    const struct km_score_options **each =
        km_new(&cli->arena, const struct km_score_options *, count + 1);
    if (!ids || !options || !each) {
        return km_fail(err, KM_EMEMORY, "no memory for %zu runs", count);
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = rows[i].id;
        km_card_options(cli, &rows[i], &options[i]);
        each[i] = &options[i];
    }
    return km_cohort_load(store, ids, count, each, &cli->arena, cohort, err);
}

static enum km_code write_file(struct km_cli *cli, const struct km_buf *page,
                               const char *path, struct km_err *err)
{
    struct km_outfile file;
    enum km_code code = km_outfile_open(&file, path, &cli->arena, err);
    if (code) {
        return code;
    }
    code = km_outfile_write(&file, page->bytes, page->len, err);
    if (code) {
        km_outfile_abandon(&file);
        return code;
    }
    return km_outfile_commit(&file, err);
}

static enum km_code write_html(struct km_cli *cli,
                               const struct km_scorecard *cards, size_t count,
                               const char *path, struct km_err *err)
{
    struct km_buf page;
    km_buf_init(&page, HTML_BYTES_MAX);
    struct km_html_options options = {km_clock_wall_ns(cli->clock), KM_VERSION};
    km_report_html(cards, count, &options, &page);
    enum km_code code = KM_OK;
    if (page.failed) {
        code = km_fail(err, KM_ELIMIT, "the page exceeds %d bytes",
                       HTML_BYTES_MAX);
    } else if (strcmp(path, "-") == 0) {
        km_buf_append(&cli->out, page.bytes, page.len);
    } else {
        code = write_file(cli, &page, path, err);
        if (!code) {
            km_cli_note(cli, "wrote %s (%s)", path,
                        km_show_bytes(page.len).text);
        }
    }
    km_buf_finish(&page);
    return code;
}

static enum km_code print_text(struct km_cli *cli,
                               const struct km_scorecard *cards, size_t count,
                               struct km_err *err)
{
    enum km_code code = KM_OK;
    for (size_t i = 0; i < count && !code; i++) {
        km_buf_append_text(&cli->out, i ? "\n\n" : "");
        code = km_scorecard_text(&cards[i], &cli->terminal, &cli->arena,
                                 &cli->out, err);
    }
    size_t first = km_comparison_first(cards, count);
    if (!code && count - first > 1) {
        km_buf_append_char(&cli->out, '\n');
        code = km_comparison_text(cards + first, count - first, &cli->terminal,
                                  &cli->arena, &cli->out, err);
    }
    if (!code && cli->terminal.is_terminal && !cli->quiet) {
        km_buf_printf(&cli->out,
                      "\n%skm explain FIGURE says what a figure means, "
                      "--html FILE draws it%s\n",
                      km_terminal_tone(&cli->terminal, KM_TONE_QUIET),
                      km_terminal_tone(&cli->terminal, KM_TONE_PLAIN));
    }
    return code;
}

static enum km_code print_cards(struct km_cli *cli,
                                const struct km_scorecard *cards, size_t count,
                                struct km_err *err)
{
    const char *format = km_option_text(cli->args, "format");
    format = cli->json ? "json" : format ? format : "text";
    if (strcmp(format, "text") == 0) {
        return print_text(cli, cards, count, err);
    }
    if (strcmp(format, "csv") == 0) {
        km_scorecard_csv_heading(&cli->out);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(format, "csv") == 0) {
            km_scorecard_csv(&cards[i], &cli->out);
        } else if (strcmp(format, "markdown") == 0) {
            km_buf_append_text(&cli->out, i ? "\n" : "");
            km_scorecard_markdown(&cards[i], &cli->out);
        } else {
            struct km_json_writer w;
            km_json_writer_init(&w, &cli->out);
            km_scorecard_json(&cards[i], &w);
            km_buf_append_char(&cli->out, '\n');
        }
    }
    size_t first = km_comparison_first(cards, count);
    if (count - first > 1 && strcmp(format, "markdown") == 0) {
        km_comparison_markdown(cards + first, count - first, &cli->out);
    }
    return KM_OK;
}

/* --width and --ascii. */
static enum km_code judge_terminal(struct km_cli *cli, struct km_err *err)
{
    if (km_option_given(cli->args, "width")) {
        double width = km_option_number(cli->args, "width", 0);
        if (!(width >= KM_TERMINAL_WIDTH_MIN &&
              width <= KM_TERMINAL_WIDTH_MAX)) {
            return km_fail(err, KM_EUSAGE,
                           "--width takes %d to %d columns, not %g",
                           KM_TERMINAL_WIDTH_MIN, KM_TERMINAL_WIDTH_MAX, width);
        }
        cli->terminal.width = (size_t)width;
    }
    if (km_option_given(cli->args, "ascii")) {
        cli->terminal.unicode = false;
    }
    return KM_OK;
}

enum km_code km_card_output(struct km_cli *cli, struct km_scorecard *cards,
                            size_t count, struct km_err *err)
{
    enum km_code code = judge_terminal(cli, err);
    for (size_t i = 0; i < count && code == KM_OK; i++) {
        code = km_card_spell(&cards[i], err);
    }
    if (code) {
        return code;
    }
    const char *html = km_option_text(cli->args, "html");
    if (html) {
        code = write_html(cli, cards, count, html, err);
        if (code || (!cli->json && !km_option_given(cli->args, "format"))) {
            return code;
        }
    }
    return print_cards(cli, cards, count, err);
}
