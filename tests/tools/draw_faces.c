/* draw_faces.c - an invented card on a face, for golden tests.
 *
 *     draw_faces CARD text WIDTH [plain|ascii|256|true]
 *     draw_faces CARD html|markdown */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/scorecard_html.h"
#include "report/scorecard_text.h"
#include "unit/report/face_cards.h"

static struct km_terminal terminal_of(size_t width, const char *kind)
{
    bool wide = strcmp(kind, "256") == 0, full = strcmp(kind, "true") == 0;
    return (struct km_terminal){.unicode = strcmp(kind, "ascii") != 0,
                                .colour = wide || full,
                                .palette = wide   ? KM_PALETTE_256
                                           : full ? KM_PALETTE_TRUE
                                                  : KM_PALETTE_TONES,
                                .width = width};
}

static int draw(const struct km_scorecard *card, int argc, char **argv)
{
    struct km_arena arena;
    struct km_buf out;
    km_arena_init(&arena, 256u << 20);
    km_buf_init(&out, 64u << 20);
    enum km_code code = KM_OK;
    if (argc > 3 && strcmp(argv[2], "text") == 0) {
        struct km_terminal terminal = terminal_of(
            (size_t)strtoul(argv[3], NULL, 10), argc > 4 ? argv[4] : "plain");
        code = km_scorecard_text(card, &terminal, &arena, &out, NULL);
    } else if (argc > 2 && strcmp(argv[2], "html") == 0) {
        struct km_html_options options = {0, "0"};
        km_report_html(card, 1, &options, &out);
    } else {
        km_scorecard_markdown(card, &out);
    }
    (void)fwrite(out.bytes, 1, out.len, stdout);
    km_buf_finish(&out);
    km_arena_finish(&arena);
    return code ? 1 : 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 2 && i < face_card_count; i++) {
        if (strcmp(argv[1], face_cards[i].name) == 0) {
            struct km_scorecard card = face_cards[i].make();
            return draw(&card, argc, argv);
        }
    }
    (void)fprintf(stderr, "draw_faces CARD text|html|markdown [WIDTH [HOW]]\n");
    return 2;
}
