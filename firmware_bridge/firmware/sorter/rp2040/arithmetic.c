/* What a Cortex-M0+ has no instructions for, by the names of the Arm run-time ABI; compilers call these by themselves. */
#include <stdint.h>

uint64_t __aeabi_lmul(uint64_t a, uint64_t b);
uint64_t __aeabi_llsl(uint64_t value, int by);
uint64_t __aeabi_llsr(uint64_t value, int by);
int64_t __aeabi_lasr(int64_t value, int by);
uint64_t __aeabi_uidivmod(uint32_t number, uint32_t by);
uint32_t __aeabi_uidiv(uint32_t number, uint32_t by);
uint64_t __aeabi_idivmod(int32_t number, int32_t by);
int32_t __aeabi_idiv(int32_t number, int32_t by);

static uint64_t joined(uint32_t high, uint32_t low) { return (uint64_t)high << 32 | low; }

uint64_t __aeabi_lmul(uint64_t a, uint64_t b) {
    uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b;
    uint32_t a0 = a_low & 0xffffu, a1 = a_low >> 16, b0 = b_low & 0xffffu, b1 = b_low >> 16;
    uint32_t low = a0 * b0, one = a0 * b1 + (low >> 16), two = a1 * b0 + (one & 0xffffu);
    uint32_t high = a1 * b1 + (one >> 16) + (two >> 16);
    return joined(high + a_low * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * b_low, two << 16 | (low & 0xffffu));
}

uint64_t __aeabi_llsl(uint64_t value, int by) {
    uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;
    if (by == 0) return value;
    return by < 32 ? joined(high << by | low >> (32 - by), low << by) : joined(low << (by - 32), 0);
}

uint64_t __aeabi_llsr(uint64_t value, int by) {
    uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;
    if (by == 0) return value;
    return by < 32 ? joined(high >> by, low >> by | high << (32 - by)) : joined(0, high >> (by - 32));
}

int64_t __aeabi_lasr(int64_t value, int by) {
    int32_t high = (int32_t)(value >> 32);
    uint32_t low = (uint32_t)value;
    if (by == 0) return value;
    if (by >= 32) return (int64_t)joined((uint32_t)(high >> 31), (uint32_t)(high >> (by - 32)));
    return (int64_t)joined((uint32_t)(high >> by), low >> by | (uint32_t)high << (32 - by));
}

/* The remainder above, the quotient below: two registers. */
uint64_t __aeabi_uidivmod(uint32_t number, uint32_t by) {
    uint32_t quotient = 0, rest = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint32_t carry = rest >> 31;
        rest = rest << 1 | (number >> bit & 1u);
        if (!carry && rest < by) continue;
        rest -= by;
        quotient |= 1u << bit;
    }
    return joined(rest, quotient);
}

uint32_t __aeabi_uidiv(uint32_t number, uint32_t by) { return (uint32_t)__aeabi_uidivmod(number, by); }

static uint32_t size_of(int32_t number) { return number < 0 ? 0u - (uint32_t)number : (uint32_t)number; }

uint64_t __aeabi_idivmod(int32_t number, int32_t by) {
    uint64_t both = __aeabi_uidivmod(size_of(number), size_of(by));
    uint32_t quotient = (uint32_t)both, rest = (uint32_t)(both >> 32);
    return joined(number < 0 ? 0u - rest : rest, (number < 0) != (by < 0) ? 0u - quotient : quotient);
}

int32_t __aeabi_idiv(int32_t number, int32_t by) { return (int32_t)__aeabi_idivmod(number, by); }
