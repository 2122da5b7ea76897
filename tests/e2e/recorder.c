/* recorder.c - a program that logs through libknotmeter what it is told to.
 *
 *     recorder DIR PROJECT ID RANK WORLD [DEVICE]
 *
 * It reads commands, a line each, and ends with its input:
 *
 *     log STEP NAME VALUE          at the time of the clock
 *     at STEP SECONDS NAME VALUE   so long after the beginning of 2024
 *     number KEY VALUE             config
 *     model PARAMS LAYERS HEADS HEAD_DIM SEQ_LEN
 *     event KIND STEP JSON
 *     done                         answers "done": all before is recorded */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <knotmeter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double start_ns = 1704067200e9;

/* False: no such command, or its words are not what it needs. */
static int obey(struct km_run *run, const char *line)
{
    char name[256], text[1024];
    int64_t step;
    double value, seconds;
    struct km_run_model model;
    if (sscanf(line, "log %" SCNd64 " %255s %lf", &step, name, &value) == 3) {
        km_run_log_name(run, step, name, value);
    } else if (sscanf(line, "at %" SCNd64 " %lf %255s %lf", &step, &seconds,
                      name, &value) == 4) {
        km_run_log_at(run, step, km_run_metric(run, name), value,
                      (int64_t)(start_ns + seconds * 1e9));
    } else if (sscanf(line, "number %255s %lf", name, &value) == 2) {
        km_run_config_number(run, name, value);
    } else if (sscanf(line,
                      "model %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                      " %" SCNd64,
                      &model.params, &model.layers, &model.heads,
                      &model.head_dim, &model.seq_len) == 5) {
        km_run_model(run, &model);
    } else if (sscanf(line, "event %255s %" SCNd64 " %1023[^\n]", name, &step,
                      text) == 3) {
        km_run_event(run, name, NULL, step, text);
    } else if (strcmp(line, "done\n") == 0) {
        return puts("done") >= 0 && fflush(stdout) == 0;
    } else {
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    char line[2048];
    if (argc < 6) {
        (void)fprintf(stderr, "usage: recorder DIR PROJECT ID RANK WORLD\n");
        return 2;
    }
    struct km_run *run = km_run_open(
        &(struct km_run_options){.dir = argv[1],
                                 .project = argv[2],
                                 .id = argv[3],
                                 .rank = (int)strtol(argv[4], NULL, 10),
                                 .world_size = (int)strtol(argv[5], NULL, 10),
                                 .device = argc > 6 ? argv[6] : ""});
    int obeyed = 1;
    while (obeyed && fgets(line, sizeof line, stdin)) {
        obeyed = obey(run, line);
        if (!obeyed) {
            (void)fprintf(stderr, "recorder: cannot do: %s", line);
        }
    }
    km_run_close(run);
    return obeyed ? 0 : 1;
}
