/* kernels.c - matrices, norms, attention, and their gradients.
 *
 * Inner loops run along memory, four rows at a time, so that the compiler turns
 * them into vector instructions. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <tgmath.h>

#include "tinylm.h"

/* One body, compiled for several processors; the fit one is taken at start. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define KERNEL                                                                 \
    __attribute__((                                                            \
        target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define KERNEL
#endif

enum { ROWS = 4 };
#define NORM_EPSILON ((REAL)1e-5)

KERNEL void matrix_forward(REAL *restrict out, const REAL *restrict in,
                           const REAL *restrict weight, int rows, int in_dim,
                           int out_dim)
{
    int n = 0;
    for (; n + ROWS <= rows; n += ROWS) {
        REAL *restrict y0 = out + (size_t)n * (size_t)out_dim;
        REAL *restrict y1 = y0 + out_dim, *restrict y2 = y1 + out_dim,
                       *restrict y3 = y2 + out_dim;
        const REAL *x = in + (size_t)n * (size_t)in_dim;
        for (int o = 0; o < ROWS * out_dim; o++) {
            y0[o] = 0;
        }
        for (int i = 0; i < in_dim; i++) {
            const REAL *restrict w = weight + (size_t)i * (size_t)out_dim;
            const REAL a = x[i], b = x[in_dim + i], c = x[2 * in_dim + i],
                       d = x[3 * in_dim + i];
            for (int o = 0; o < out_dim; o++) {
                y0[o] += a * w[o];
                y1[o] += b * w[o];
                y2[o] += c * w[o];
                y3[o] += d * w[o];
            }
        }
    }
    for (; n < rows; n++) {
        REAL *restrict y = out + (size_t)n * (size_t)out_dim;
        for (int o = 0; o < out_dim; o++) {
            y[o] = 0;
        }
        for (int i = 0; i < in_dim; i++) {
            const REAL a = in[(size_t)n * (size_t)in_dim + (size_t)i];
            const REAL *restrict w = weight + (size_t)i * (size_t)out_dim;
            for (int o = 0; o < out_dim; o++) {
                y[o] += a * w[o];
            }
        }
    }
}

/* d_in = d_out x weight^T */
static KERNEL void backward_input(REAL *restrict d_in,
                                  const REAL *restrict d_out,
                                  const REAL *restrict weight, int rows,
                                  int in_dim, int out_dim)
{
    for (int n = 0; n < rows; n++) {
        const REAL *restrict g = d_out + (size_t)n * (size_t)out_dim;
        for (int i = 0; i < in_dim; i++) {
            const REAL *restrict w = weight + (size_t)i * (size_t)out_dim;
            REAL sum = 0;
            for (int o = 0; o < out_dim; o++) {
                sum += g[o] * w[o];
            }
            d_in[(size_t)n * (size_t)in_dim + (size_t)i] = sum;
        }
    }
}

/* d_weight += in^T x d_out */
static KERNEL void backward_weight(REAL *restrict d_weight,
                                   const REAL *restrict d_out,
                                   const REAL *restrict in, int rows,
                                   int in_dim, int out_dim)
{
    int n = 0;
    for (; n + ROWS <= rows; n += ROWS) {
        const REAL *restrict g0 = d_out + (size_t)n * (size_t)out_dim;
        const REAL *restrict g1 = g0 + out_dim, *restrict g2 = g1 + out_dim,
                             *restrict g3 = g2 + out_dim;
        const REAL *x = in + (size_t)n * (size_t)in_dim;
        for (int i = 0; i < in_dim; i++) {
            REAL *restrict d = d_weight + (size_t)i * (size_t)out_dim;
            const REAL a = x[i], b = x[in_dim + i], c = x[2 * in_dim + i],
                       e = x[3 * in_dim + i];
            for (int o = 0; o < out_dim; o++) {
                d[o] += a * g0[o] + b * g1[o] + c * g2[o] + e * g3[o];
            }
        }
    }
    for (; n < rows; n++) {
        const REAL *restrict g = d_out + (size_t)n * (size_t)out_dim;
        for (int i = 0; i < in_dim; i++) {
            REAL *restrict d = d_weight + (size_t)i * (size_t)out_dim;
            const REAL a = in[(size_t)n * (size_t)in_dim + (size_t)i];
            for (int o = 0; o < out_dim; o++) {
                d[o] += a * g[o];
            }
        }
    }
}

void matrix_backward(REAL *d_in, REAL *d_weight, const REAL *d_out,
                     const REAL *in, const REAL *weight, int rows, int in_dim,
                     int out_dim)
{
    backward_weight(d_weight, d_out, in, rows, in_dim, out_dim);
    backward_input(d_in, d_out, weight, rows, in_dim, out_dim);
}

void norm_forward(REAL *out, REAL *scale, const REAL *in, const REAL *gain,
                  int rows, int dim)
{
    for (int n = 0; n < rows; n++, in += dim, out += dim) {
        REAL sum = 0;
        for (int i = 0; i < dim; i++) {
            sum += in[i] * in[i];
        }
        scale[n] = 1 / sqrt(sum / (REAL)dim + NORM_EPSILON);
        for (int i = 0; i < dim; i++) {
            out[i] = in[i] * scale[n] * gain[i];
        }
    }
}

/* Adds to d_in: the stream goes past the norm as well. */
void norm_backward(REAL *d_in, REAL *d_gain, const REAL *d_out, const REAL *in,
                   const REAL *scale, const REAL *gain, int rows, int dim)
{
    for (int n = 0; n < rows; n++, in += dim, d_in += dim, d_out += dim) {
        REAL dot = 0, s = scale[n];
        for (int i = 0; i < dim; i++) {
            dot += d_out[i] * gain[i] * in[i];
            d_gain[i] += d_out[i] * in[i] * s;
        }
        dot *= s * s * s / (REAL)dim;
        for (int i = 0; i < dim; i++) {
            d_in[i] += d_out[i] * gain[i] * s - in[i] * dot;
        }
    }
}

/* One sequence. `weights` keeps heads x context x context for the way back. */
KERNEL void attention_forward(REAL *out, REAL *weights, const REAL *qkv,
                              int context, int heads, int dim)
{
    const int head_dim = dim / heads, row = 3 * dim;
    const REAL scale = 1 / sqrt((REAL)head_dim);
    for (int h = 0; h < heads; h++) {
        for (int t = 0; t < context; t++) {
            const REAL *q = qkv + (size_t)t * (size_t)row + h * head_dim;
            REAL *w = weights + ((size_t)h * (size_t)context + (size_t)t) *
                                    (size_t)context;
            REAL most = -(REAL)1e30, sum = 0;
            for (int u = 0; u <= t; u++) {
                const REAL *k =
                    qkv + (size_t)u * (size_t)row + dim + h * head_dim;
                REAL dot = 0;
                for (int i = 0; i < head_dim; i++) {
                    dot += q[i] * k[i];
                }
                w[u] = dot * scale;
                most = w[u] > most ? w[u] : most;
            }
            for (int u = 0; u <= t; u++) {
                w[u] = exp(w[u] - most);
                sum += w[u];
            }
            REAL *y = out + (size_t)t * (size_t)dim + h * head_dim;
            for (int i = 0; i < head_dim; i++) {
                y[i] = 0;
            }
            for (int u = 0; u <= t; u++) {
                const REAL *v =
                    qkv + (size_t)u * (size_t)row + 2 * dim + h * head_dim;
                w[u] /= sum;
                for (int i = 0; i < head_dim; i++) {
                    y[i] += w[u] * v[i];
                }
            }
        }
    }
}

/* One sequence; d_qkv must be cleared. `d_weights` is scratch, one row. */
KERNEL void attention_backward(REAL *d_qkv, REAL *d_weights, const REAL *d_out,
                               const REAL *weights, const REAL *qkv,
                               int context, int heads, int dim)
{
    const int head_dim = dim / heads, row = 3 * dim;
    const REAL scale = 1 / sqrt((REAL)head_dim);
    for (int h = 0; h < heads; h++) {
        for (int t = 0; t < context; t++) {
            const REAL *g = d_out + (size_t)t * (size_t)dim + h * head_dim;
            const REAL *w =
                weights +
                ((size_t)h * (size_t)context + (size_t)t) * (size_t)context;
            REAL mean = 0;
            for (int u = 0; u <= t; u++) {
                const size_t at = (size_t)u * (size_t)row + 2 * (size_t)dim +
                                  (size_t)(h * head_dim);
                REAL dot = 0;
                for (int i = 0; i < head_dim; i++) {
                    dot += g[i] * qkv[at + (size_t)i];
                    d_qkv[at + (size_t)i] += w[u] * g[i];
                }
                d_weights[u] = dot;
                mean += w[u] * dot;
            }
            const size_t q = (size_t)t * (size_t)row + (size_t)(h * head_dim);
            for (int u = 0; u <= t; u++) {
                const REAL d = w[u] * (d_weights[u] - mean) * scale;
                const size_t k = (size_t)u * (size_t)row + (size_t)dim +
                                 (size_t)(h * head_dim);
                for (int i = 0; i < head_dim; i++) {
                    d_qkv[q + (size_t)i] += d * qkv[k + (size_t)i];
                    d_qkv[k + (size_t)i] += d * qkv[q + (size_t)i];
                }
            }
        }
    }
}

double loss_backward(REAL *logits, const unsigned char *targets, int rows,
                     REAL scale)
{
    double loss = 0;
    for (int n = 0; n < rows; n++, logits += VOCAB) {
        REAL most = logits[0], sum = 0;
        for (int v = 1; v < VOCAB; v++) {
            most = logits[v] > most ? logits[v] : most;
        }
        const REAL right = logits[targets[n]] - most;
        for (int v = 0; v < VOCAB; v++) {
            logits[v] = exp(logits[v] - most);
            sum += logits[v];
        }
        loss += (double)(log(sum) - right);
        for (int v = 0; v < VOCAB; v++) {
            logits[v] *= scale / sum;
        }
        logits[targets[n]] -= scale;
    }
    return loss;
}
