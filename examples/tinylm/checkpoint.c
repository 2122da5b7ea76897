/* checkpoint.c - the whole state of a training in a file, replaced at once. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinylm.h"

struct head {
    char magic[8];
    struct shape shape;
    uint64_t count, step;
};

static struct head head_of(const struct model *model, uint64_t step)
{
    struct head head;
    memset(&head, 0, sizeof head);
    memcpy(head.magic, "tinylm1", 8);
    head.shape = model->shape;
    head.count = model->layout.count;
    head.step = step;
    return head;
}

int checkpoint_save(const char *path, const struct model *model,
                    const struct optimizer *optimizer, uint64_t step)
{
    char beside[4096];
    const size_t count = model->layout.count;
    const struct head head = head_of(model, step);
    int len = snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file =
        len > 0 && (size_t)len < sizeof beside ? fopen(beside, "wb") : NULL;
    if (!file) {
        perror(path);
        return -1;
    }
    bool whole =
        fwrite(&head, sizeof head, 1, file) == 1 &&
        fwrite(model->parameters, sizeof(REAL), count, file) == count &&
        fwrite(optimizer->first, sizeof(REAL), count, file) == count &&
        fwrite(optimizer->second, sizeof(REAL), count, file) == count;
    whole = fclose(file) == 0 && whole;
    if (!whole || rename(beside, path) != 0) {
        perror(path);
        return -1;
    }
    return 0;
}

int checkpoint_load(const char *path, struct model *model,
                    struct optimizer *optimizer, uint64_t *step)
{
    struct head head;
    const size_t count = model->layout.count;
    const struct head expected = head_of(model, 0);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    bool whole = fread(&head, sizeof head, 1, file) == 1;
    bool same = whole && memcmp(&head, &expected, sizeof head - 8) == 0;
    whole = same &&
            fread(model->parameters, sizeof(REAL), count, file) == count &&
            fread(optimizer->first, sizeof(REAL), count, file) == count &&
            fread(optimizer->second, sizeof(REAL), count, file) == count;
    (void)fclose(file);
    if (!whole) {
        (void)fprintf(stderr, "%s: not a whole checkpoint of this model\n",
                      path);
        return -1;
    }
    *step = head.step;
    return 0;
}
