/* cmd_top.c - `km top`: the fleet in a terminal, live. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "cli/card_output.h"
#include "cli/commands.h"
#include "cli/top_table.h"
#include "report/fleet_json.h"
#include "report/quantity.h"
#include "report/screen.h"
#include "report/text.h"

enum {
    EVERY_S = 2,      /* a look at what has changed */
    BUDGET_MS = 150,  /* of computing between two looks at the keyboard */
    ONCE_MS = 600000, /* where nobody waits at a keyboard */
    HEAD_ROWS = 4,    /* sentence, blank, titles, and the line of keys */
    SEARCH_BYTES = 64,
};

struct top {
    struct km_cli *cli;
    struct km_fleet fleet;
    struct km_screen screen;
    struct km_terminal terminal;
    size_t *order; /* of the rows, in the fleet's arena of rows */
    size_t count, chosen, first;
    uint64_t chosen_run; /* stays chosen when rows move */
    enum km_fleet_sort sort;
    bool going_only, searching, helping, more, ended;
    char search[SEARCH_BYTES];
    size_t search_len;
    uint64_t reading; /* the run whose report is shown; 0: none */
    size_t line;      /* its first line on the screen */
    int64_t every_ns;
};

static bool is_shown(void *user, const struct km_fleet_row *row)
{
    return !((const struct top *)user)->going_only || row->going;
}

/* Which rows are shown, in which order; the chosen run stays chosen. */
static enum km_code arrange(struct top *top, struct km_err *err)
{
    struct km_fleet *fleet = &top->fleet;
    top->order = km_new(&fleet->list, size_t, fleet->count + 1);
    if (!top->order) {
        return km_fail(err, KM_EMEMORY, "no memory for the list of runs");
    }
    top->count = km_fleet_arrange(fleet, top->sort, is_shown, top, top->order);
    for (size_t i = 0; i < top->count; i++) {
        if (fleet->rows[top->order[i]].run.id == top->chosen_run) {
            top->chosen = i;
        }
    }
    if (top->chosen >= top->count) {
        top->chosen = top->count ? top->count - 1 : 0;
    }
    return KM_OK;
}

static enum km_code look(struct top *top, struct km_err *err)
{
    const char *word =
        top->cli->args->word_count ? top->cli->args->words[0] : "";
    struct km_run_filter filter = {
        .contains = top->search_len
                        ? (struct km_str){top->search, top->search_len}
                        : km_str_of(word),
        .order = KM_ORDER_NEWEST,
        .limit = KM_TOP_RUNS_MAX,
    };
    enum km_code code = km_fleet_list(&top->fleet, &filter, err);
    return code ? code : arrange(top, err);
}

/* The runs on the screen first; rows are in the order of the store, so those
 * are computed one by one. */
static enum km_code compute(struct top *top, size_t shown, int64_t budget_ns,
                            struct km_err *err)
{
    int64_t begun_ns = km_clock_monotonic_ns(&km_clock_system);
    enum km_code code = KM_OK;
    top->more = false;
    for (size_t i = top->first; i < top->count && i - top->first < shown; i++) {
        if (top->fleet.rows[top->order[i]].fresh) {
            continue;
        }
        if (km_clock_monotonic_ns(&km_clock_system) - begun_ns > budget_ns) {
            top->more = true;
            return KM_OK;
        }
        bool more;
        code = km_fleet_compute(&top->fleet, top->order[i], 1, 0, &more, err);
        if (code) {
            return code;
        }
    }
    return km_fleet_compute(&top->fleet, 0, 0, budget_ns, &top->more, err);
}

static void head_line(const struct top *top, struct km_buf *out)
{
    size_t going = 0;
    for (size_t i = 0; i < top->fleet.count; i++) {
        going += top->fleet.rows[i].going;
    }
    char now[32];
    km_time_format(km_clock_wall_ns(top->cli->clock), now, sizeof now);
    km_buf_printf(out, "%s%s %s, %zu under way%s   by %s%s%s   %s\n\n",
                  km_terminal_tone(&top->terminal, KM_TONE_STRONG),
                  km_show_count(top->fleet.count).text,
                  top->fleet.count == 1 ? "run" : "runs", going,
                  km_terminal_tone(&top->terminal, KM_TONE_PLAIN),
                  km_fleet_sort_names[top->sort],
                  top->going_only ? ", under way" : "",
                  top->more ? ", computing" : "", now);
}

static void foot_line(const struct top *top, struct km_buf *out)
{
    km_buf_append_text(out, km_terminal_tone(&top->terminal, KM_TONE_QUIET));
    if (top->searching || top->search_len) {
        km_buf_append_text(out, "/");
        km_text_plain(out, (struct km_str){top->search, top->search_len});
        km_buf_append_text(out, top->searching ? "_" : "   esc: all runs");
    } else if (top->helping) {
        km_buf_append_text(
            out, "~ weak: not calibrated, or zero is not excluded   forecast: "
                 "at the planned last step");
    } else {
        km_buf_append_text(out,
                           "j k choose  enter report  s sort  r under way  / "
                           "search  ? help  q quit");
    }
    km_buf_append_text(out, km_terminal_tone(&top->terminal, KM_TONE_PLAIN));
}

static size_t rows_shown(const struct top *top)
{
    size_t height = top->screen.height;
    return height > HEAD_ROWS + 1 ? height - HEAD_ROWS : 1;
}

static void scroll_to_chosen(struct top *top)
{
    size_t shown = rows_shown(top);
    if (top->chosen < top->first) {
        top->first = top->chosen;
    }
    if (top->chosen >= top->first + shown) {
        top->first = top->chosen - shown + 1;
    }
    if (top->first >= top->count) {
        top->first = 0;
    }
}

static enum km_code show_fleet(struct top *top, struct km_err *err)
{
    struct km_arena arena;
    struct km_buf out;
    km_arena_init(&arena, KM_ARENA_COMMAND_BYTES_MAX);
    km_buf_init(&out, KM_MIB);
    scroll_to_chosen(top);
    size_t shown = rows_shown(top), left = top->count - top->first;
    head_line(top, &out);
    enum km_code code = KM_OK;
    if (top->count) {
        code = km_top_table(top->cli, &top->fleet, top->order, top->first,
                            left < shown ? left : shown, top->chosen,
                            &top->terminal, &arena, &out, err);
    } else {
        km_buf_append_text(&out, top->fleet.count || top->search_len
                                     ? "no such runs\n"
                                     : "no runs yet\n");
    }
    foot_line(top, &out);
    if (code == KM_OK) {
        km_screen_show(&top->screen, (struct km_str){out.bytes, out.len});
    }
    km_buf_finish(&out);
    km_arena_finish(&arena);
    return code;
}

/* Where the line with this number begins; the number of lines where it is
 * beyond them. */
static size_t line_at(struct km_str text, size_t *line)
{
    size_t at = 0, passed = 0;
    while (passed < *line && at < text.len) {
        at = km_str_find(text, '\n', at) + 1;
        passed++;
    }
    *line = passed;
    return at < text.len ? at : text.len;
}

/* The report of a run, from the line that it is scrolled to. */
static enum km_code show_report(struct top *top, struct km_err *err)
{
    struct km_cli *cli = top->cli;
    struct km_scorecard card;
    struct km_score_options options = top->fleet.options;
    struct km_arena whole = cli->arena;
    struct km_terminal terminal = cli->terminal;
    km_arena_init(&cli->arena, KM_ARENA_COMMAND_BYTES_MAX);
    cli->terminal = top->terminal;
    enum km_code code = km_scorecard_compute(top->fleet.store, top->reading,
                                             &options, &cli->arena, &card, err);
    code = code ? code : km_card_output(cli, &card, 1, err);
    if (code == KM_OK) {
        struct km_str text = {cli->out.bytes, cli->out.len};
        size_t lines = SIZE_MAX;
        (void)line_at(text, &lines);
        size_t last =
            lines > top->screen.height ? lines - top->screen.height : 0;
        top->line = top->line < last ? top->line : last;
        size_t at = line_at(text, &top->line);
        km_screen_show(&top->screen,
                       (struct km_str){text.ptr + at, text.len - at});
    }
    km_buf_reset(&cli->out);
    km_arena_finish(&cli->arena);
    cli->arena = whole;
    cli->terminal = terminal;
    return code;
}

static enum km_code show(struct top *top, struct km_err *err)
{
    km_screen_size(&top->screen);
    top->terminal = top->cli->terminal;
    top->terminal.width = top->screen.width;
    if (top->reading && top->terminal.width > KM_TERMINAL_WIDTH_MAX) {
        top->terminal.width = KM_TERMINAL_WIDTH_MAX;
    }
    return top->reading ? show_report(top, err) : show_fleet(top, err);
}

static void choose(struct top *top, int64_t by)
{
    int64_t at = (int64_t)top->chosen + by;
    int64_t last = top->count ? (int64_t)top->count - 1 : 0;
    top->chosen = (size_t)(at < 0 ? 0 : at > last ? last : at);
    if (top->count) {
        top->chosen_run = top->fleet.rows[top->order[top->chosen]].run.id;
    }
}

/* What moves a list or a text: by how much; 0: another key. */
static int64_t movement(int key, size_t page)
{
    switch (key) {
    case KM_KEY_UP:
    case 'k':
        return -1;
    case KM_KEY_DOWN:
    case 'j':
        return 1;
    case KM_KEY_PAGE_UP:
    case 'b':
        return -(int64_t)page;
    case KM_KEY_PAGE_DOWN:
    case ' ':
        return (int64_t)page;
    case KM_KEY_HOME:
    case 'g':
        return -(int64_t)KM_TOP_RUNS_MAX;
    case KM_KEY_END:
    case 'G':
        return KM_TOP_RUNS_MAX;
    default:
        return 0;
    }
}

static void key_of_search(struct top *top, int key)
{
    if (key == KM_KEY_ESCAPE) {
        top->search_len = 0;
        top->searching = false;
    } else if (key == KM_KEY_ENTER) {
        top->searching = false;
    } else if (key == KM_KEY_BACKSPACE || key == 8) {
        top->search_len -= top->search_len > 0;
    } else if (key >= ' ' && key < 256 && top->search_len < SEARCH_BYTES) {
        top->search[top->search_len++] = (char)key;
    }
}

static void key_of_report(struct top *top, int key)
{
    int64_t by = movement(key, top->screen.height - 1);
    if (key == 'q' || key == KM_KEY_ESCAPE || key == KM_KEY_ENTER) {
        top->reading = 0;
    } else if (by) {
        int64_t at = (int64_t)top->line + by;
        top->line = (size_t)(at < 0 ? 0 : at);
    }
}

static void key_of_fleet(struct top *top, int key)
{
    int64_t by = movement(key, rows_shown(top));
    if (by) {
        choose(top, by);
        return;
    }
    switch (key) {
    case 'q':
        top->ended = true;
        break;
    case KM_KEY_ENTER:
        choose(top, 0);
        top->reading = top->count ? top->chosen_run : 0;
        top->line = 0;
        break;
    case 's':
        top->sort = (enum km_fleet_sort)((top->sort + 1) % KM_FLEET_SORTS);
        top->chosen = 0; /* the first in the new order */
        top->chosen_run = 0;
        break;
    case 'r':
        top->going_only = !top->going_only;
        break;
    case '/':
        top->searching = true;
        break;
    case '?':
        top->helping = !top->helping;
        break;
    case KM_KEY_ESCAPE:
        top->search_len = 0;
        break;
    default:
        break;
    }
}

/* True: something is to be shown anew. */
static bool take_key(struct top *top, int wait_ms)
{
    int key = km_screen_key(wait_ms);
    if (key == KM_KEY_NONE) {
        return false;
    }
    if (key == KM_KEY_GONE) {
        top->ended = true;
    } else if (top->searching) {
        key_of_search(top, key);
    } else if (top->reading) {
        key_of_report(top, key);
    } else {
        key_of_fleet(top, key);
    }
    return true;
}

static enum km_code stay(struct top *top, struct km_err *err)
{
    enum km_code code = KM_OK;
    int64_t looked_ns = 0;
    while (code == KM_OK && !top->ended && !atomic_load(km_cli_stop_flag())) {
        int64_t now_ns = km_clock_monotonic_ns(&km_clock_system);
        if (looked_ns == 0 || now_ns - looked_ns >= top->every_ns) {
            looked_ns = now_ns;
            code = look(top, err);
        }
        code = code ? code : show(top, err);
        if (code == KM_OK && !top->reading) {
            bool before = top->more;
            code = compute(top, rows_shown(top), BUDGET_MS * 1000000L, err);
            if (code == KM_OK && (top->more || before)) {
                code = arrange(top, err);
                code = code ? code : show(top, err);
            }
        }
        int64_t left_ms = (looked_ns + top->every_ns -
                           km_clock_monotonic_ns(&km_clock_system)) /
                          1000000;
        int wait_ms = top->more ? 0 : left_ms < 0 ? 0 : (int)left_ms;
        if (code == KM_OK && take_key(top, wait_ms < 200 ? wait_ms : 200)) {
            looked_ns = 0; /* a search or an order shows at once */
        }
    }
    return code;
}

static void row_json(struct km_cli *cli, const struct km_fleet_row *row)
{
    struct km_json_writer w;
    km_json_writer_init(&w, &cli->out);
    km_json_fleet_row(&w, &cli->arena, row);
    km_buf_append_char(&cli->out, '\n');
}

/* Where there is no terminal: the fleet as it is now. */
static enum km_code once(struct top *top, struct km_err *err)
{
    struct km_cli *cli = top->cli;
    enum km_code code = look(top, err);
    top->more = true;
    while (code == KM_OK && top->more && !atomic_load(km_cli_stop_flag())) {
        code = compute(top, 0, ONCE_MS * 1000000LL, err);
    }
    code = code ? code : arrange(top, err);
    if (code) {
        return code;
    }
    if (cli->json) {
        for (size_t i = 0; i < top->count && km_cli_row_end(cli); i++) {
            row_json(cli, &top->fleet.rows[top->order[i]]);
        }
        return KM_OK;
    }
    const struct km_terminal terminal = km_cli_list_terminal(cli);
    if (top->count == 0) {
        km_buf_append_text(&cli->out, "no runs\n");
        return KM_OK;
    }
    return km_top_table(cli, &top->fleet, top->order, 0, top->count, SIZE_MAX,
                        &terminal, &cli->arena, &cli->out, err);
}

enum km_code km_run_top(struct km_cli *cli, struct km_err *err)
{
    struct km_store *store;
    struct top top = {.cli = cli};
    enum km_code code = km_cli_store(cli, KM_ACCESS_READ, &store, err);
    if (code) {
        return code;
    }
    struct km_score_options options;
    km_score_options_init(&options);
    options.roles = &cli->config.roles;
    options.clock = cli->clock;
    top.every_ns =
        (int64_t)(km_option_number(cli->args, "every", EVERY_S) * 1e9);
    km_fleet_init(&top.fleet, store, &options);
    bool live = !cli->json && !km_option_given(cli->args, "once") &&
                km_screen_open(&top.screen);
    code = live ? stay(&top, err) : once(&top, err);
    km_screen_close(&top.screen);
    km_fleet_finish(&top.fleet);
    return code;
}
