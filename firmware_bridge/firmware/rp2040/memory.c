/* The functions that compilers call by themselves: GCC the first two, LLVM those of the Arm run-time ABI. */
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int value, size_t count);
void *memcpy(void *to, const void *from, size_t count);

void *memset(void *to, int value, size_t count) {
    volatile uint8_t *p = to; /* volatile: else the loop becomes a call of this */
    while (count--) *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t count) {
    volatile uint8_t *p = to;
    const uint8_t *q = from;
    while (count--) *p++ = *q++;
    return to;
}

#define CLEARS(name)                     \
    void name(void *to, size_t count);   \
    void name(void *to, size_t count) { memset(to, 0, count); }
#define COPIES(name)                                       \
    void name(void *to, const void *from, size_t count);   \
    void name(void *to, const void *from, size_t count) { memcpy(to, from, count); }

CLEARS(__aeabi_memclr)
CLEARS(__aeabi_memclr4)
CLEARS(__aeabi_memclr8)
COPIES(__aeabi_memcpy)
COPIES(__aeabi_memcpy4)
COPIES(__aeabi_memcpy8)
