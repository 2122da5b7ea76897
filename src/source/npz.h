/* npz.h - what the parts of the NumPy archive reader share.
 *
 * npz.c opens the zip archive and turns arrays into records, npy.c reads one
 * array. Arrays of Python objects are pickles and never read.
 * Ownership: arrays point into the file or into the source's arena.
 * Document: docs/formats/npz.md */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_SOURCE_NPZ_H
#define KM_SOURCE_NPZ_H

#include "source/source.h"

enum { NPY_RANK_MAX = 8 };

extern const struct km_source_ops km_source_npz;

/* One array of numbers. */
struct km_npy {
    struct km_str name; /* without ".npy" */
    const unsigned char *elements;
    char kind;    /* 'f' float, 'i' signed, 'u' unsigned, 'b' bool */
    size_t width; /* bytes of one element */
    bool swapped; /* big-endian */
    bool fortran; /* first index fastest */
    unsigned rank;
    uint64_t dims[NPY_RANK_MAX];
    uint64_t count; /* of elements */
};

/* Reads a .npy file in memory. KM_EFORMAT, with what was expected, when it
 * holds no plain numbers (objects, records, texts, complex numbers). */
enum km_code km_npy_read(struct km_str bytes, struct km_npy *array,
                         struct km_err *err);

/* The element at `index` in memory; `index` < count. */
double km_npy_at(const struct km_npy *array, uint64_t index);

#endif
