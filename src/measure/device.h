/* device.h - peak dense BF16 FLOP/s of accelerators, by name.
 *
 * Names are matched as runs report them: letters and digits count, case and
 * what is between them do not ("NVIDIA A100-SXM4-80GB", "nvidia_h100_pcie").
 * Values are those of the vendors' pages without sparsity, as the torchtitan
 * project collects them. A name that is not known is not guessed.
 * Threads: any.   Document: docs/metrics.md#speed.mfu */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_MEASURE_DEVICE_H
#define KM_MEASURE_DEVICE_H

struct km_device {
    const char *name;  /* "H100 SXM" */
    double peak_flops; /* FLOP per second of one device */
};

/* NULL: not known. `name` may be NULL. */
const struct km_device *km_device_find(const char *name);

#endif
