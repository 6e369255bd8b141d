/* Where the core multiplies two pairs of 16 bits at once (Cortex-M4, M7, M33), four values at a time; PLAIN_C leaves
   that out. The sums are the same. */
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(PLAIN_C)
typedef struct {
    uint32_t four;
} __attribute__((packed, may_alias)) bytes_t;

static inline uint32_t even_of(uint32_t four)
{
    uint32_t even;
    __asm__("sxtb16 %0, %1" : "=r"(even) : "r"(four));
    return even;
}

static inline uint32_t odd_of(uint32_t four)
{
    uint32_t odd;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(four));
    return odd;
}

static inline uint32_t both(uint32_t a, uint32_t b, uint32_t sum)
{
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

static inline uint32_t four_products(uint32_t even, uint32_t odd, const int8_t *weights, uint32_t sum)
{
    const uint32_t four = ((const bytes_t *)weights)->four;
    return both(odd, odd_of(four), both(even, even_of(four), sum));
}
#define FOURS
#endif

static uint32_t dot(uint32_t sum, const int8_t *values, const int8_t *weights, int count)
{
    int i = 0;
#ifdef FOURS
    for (; i + 4 <= count; i += 4) {
        const uint32_t four = ((const bytes_t *)(values + i))->four;
        sum = four_products(even_of(four), odd_of(four), weights + i, sum);
    }
#endif
    for (; i < count; i++)
        sum += (uint32_t)(values[i] * weights[i]);
    return sum;
}

/* Four output channels at once: each value is read once for four products. */
static void dot4(uint32_t sums[4], const int8_t *values, const int8_t *weights, int apart, int count)
{
    uint32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    const int8_t *const end = values + count;
#ifdef FOURS
    for (; end - values >= 4; values += 4, weights += 4) {
        const uint32_t four = ((const bytes_t *)values)->four, even = even_of(four), odd = odd_of(four);
        s0 = four_products(even, odd, weights, s0);
        s1 = four_products(even, odd, weights + apart, s1);
        s2 = four_products(even, odd, weights + 2 * apart, s2);
        s3 = four_products(even, odd, weights + 3 * apart, s3);
    }
#endif
    for (; values < end; values++, weights++) {
        const int32_t value = *values;
        s0 += (uint32_t)(value * weights[0]);
        s1 += (uint32_t)(value * weights[apart]);
        s2 += (uint32_t)(value * weights[2 * apart]);
        s3 += (uint32_t)(value * weights[3 * apart]);
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}
