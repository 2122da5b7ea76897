/* replay_main.c - runs a fuzz target over files: its seeds become tests.
 *
 *     replay_X DIR...   every file of every folder, in the order of names
 *
 * Each file is also given cut short at a few places, so that a seed tests its
 * own truncations. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int failed;

static void replay(const char *path, int number)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("not ok %d - %s cannot be opened\n", number, path);
        failed = 1;
        return;
    }
    uint8_t *bytes = malloc(1 << 24);
    size_t len = bytes ? fread(bytes, 1, 1 << 24, file) : 0;
    (void)fclose(file);
    for (size_t cut = 0; cut <= 16; cut++) {
        size_t part = len * cut / 16;
        uint8_t *exact = malloc(part ? part : 1); /* so that ASan sees the end */
        if (exact) {
            if (part) {
                memcpy(exact, bytes, part);
            }
            (void)LLVMFuzzerTestOneInput(exact, part);
        }
        free(exact);
    }
    free(bytes);
    printf("ok %d - %s\n", number, strrchr(path, '/') + 1);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **names;
        int found = scandir(argv[i], &names, NULL, alphasort);
        for (int k = 0; k < found; k++) {
            if (names[k]->d_name[0] != '.') {
                char path[4096];
                (void)snprintf(path, sizeof path, "%s/%s", argv[i],
                               names[k]->d_name);
                replay(path, ++count);
            }
            free(names[k]);
        }
        if (found >= 0) {
            free(names);
        }
    }
    if (count == 0) {
        printf("not ok 1 - there are no seeds\n");
        count = failed = 1;
    }
    printf("1..%d\n", count);
    return failed;
}
