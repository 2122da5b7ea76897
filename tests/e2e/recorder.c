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
 *     done                         answers "done": all before is recorded
 *     many STEP COUNT NAME         values of so many steps, from STEP on
 *     fork STEP COUNT NAME         the same by a child, which ends before
 *
 * $RECORDER_DISK and $RECORDER_SEGMENT are the options disk_bytes_max and
 * segment_bytes; with $RECORDER_TELL it says how many points were dropped. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <knotmeter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const double start_ns = 1704067200e9;

static void log_some(struct km_run *run, int64_t step, int64_t count,
                     const char *name)
{
    uint32_t metric = km_run_metric(run, name);
    for (int64_t i = 0; i < count; i++) {
        km_run_log(run, step + i, metric, 0.25 * (double)i);
    }
}

static uint64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* False: no such command, or its words are not what it needs. */
static int obey(struct km_run *run, const char *line)
{
    char name[256], text[1024];
    int64_t step, count;
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
    } else if (sscanf(line, "many %" SCNd64 " %" SCNd64 " %255s", &step, &count,
                      name) == 3) {
        log_some(run, step, count, name);
    } else if (sscanf(line, "fork %" SCNd64 " %" SCNd64 " %255s", &step, &count,
                      name) == 3) {
        pid_t pid = fork();
        if (pid == 0) {
            log_some(run, step, count, name);
            km_run_close(run);
            _exit(0);
        }
        return pid > 0 && waitpid(pid, NULL, 0) == pid;
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
                                 .disk_bytes_max = number_of("RECORDER_DISK"),
                                 .segment_bytes = number_of("RECORDER_SEGMENT"),
                                 .device = argc > 6 ? argv[6] : ""});
    int obeyed = 1;
    while (obeyed && fgets(line, sizeof line, stdin)) {
        obeyed = obey(run, line);
        if (!obeyed) {
            (void)fprintf(stderr, "recorder: cannot do: %s", line);
        }
    }
    struct km_run_counters counters;
    km_run_count(run, &counters);
    km_run_close(run);
    if (getenv("RECORDER_TELL")) {
        (void)printf("dropped %" PRIu64 "\n", counters.dropped);
    }
    return obeyed ? 0 : 1;
}
