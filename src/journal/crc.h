/* crc.h - CRC-32C for the journal, with nothing but libc behind it.
 *
 * The client library may not depend on anything, so the journal has its own:
 * the SSE4.2 instruction where the processor has it, a table elsewhere. The
 * one-slot form is inline because it stands on the path of every log call.
 * Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_JOURNAL_CRC_H
#define KM_JOURNAL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* As km_crc32c() of base: start with 0, go on with the earlier result. */
uint32_t km_journal_crc32c(uint32_t crc, const void *bytes, size_t len);

/* Four words into a bare register (no inversion on either side), by table. */
uint32_t km_journal_crc_words_table(uint32_t reg, const uint64_t words[4]);

static inline uint32_t km_journal_crc_words(uint32_t reg,
                                            const uint64_t words[4])
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        uint64_t wide = reg;
        __asm__("crc32q %1, %0" : "+r"(wide) : "rm"(words[0]));
        __asm__("crc32q %1, %0" : "+r"(wide) : "rm"(words[1]));
        __asm__("crc32q %1, %0" : "+r"(wide) : "rm"(words[2]));
        __asm__("crc32q %1, %0" : "+r"(wide) : "rm"(words[3]));
        return (uint32_t)wide;
    }
#endif
    return km_journal_crc_words_table(reg, words);
}

#endif
