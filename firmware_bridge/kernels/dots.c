/* Where the core multiplies two pairs of 16 bits at once (Cortex-M4, M7, M33), four values at a time; PLAIN_C leaves
   that out. The sums are the same. In the order written here they need no more registers than there are. */
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && !defined(PLAIN_C)
typedef struct {
    uint32_t four;
} __attribute__((packed, may_alias)) bytes_t;

static inline uint32_t even_of(uint32_t four)
{
    uint32_t even;
    __asm__ volatile("sxtb16 %0, %1" : "=r"(even) : "r"(four));
    return even;
}

static inline uint32_t odd_of(uint32_t four)
{
    uint32_t odd;
    __asm__ volatile("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(four));
    return odd;
}

static inline uint32_t both(uint32_t a, uint32_t b, uint32_t sum)
{
    __asm__ volatile("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

static inline uint32_t four_products(uint32_t even, uint32_t odd, const int8_t *weights, uint32_t sum)
{
    const uint32_t four = ((const bytes_t *)weights)->four;
    return both(odd, odd_of(four), both(even, even_of(four), sum));
}
#define FOURS
#endif

/* Bytes of a vector: of a loop over a multiple of them a compiler makes vectors even where it is to keep code small. */
#if defined(__SSE2__) || defined(__ARM_NEON)
#define VECTOR 16
#endif

static uint32_t dot(uint32_t sum, const int8_t *values, const int8_t *weights, int count)
{
    int i = 0;
#if defined(HELIUM)
    for (; i < count; i += 16) {
        const mve_pred16_t left = __arm_vctp8q((uint32_t)(count - i));
        const int8x16_t v = __arm_vldrbq_z_s8(values + i, left), w = __arm_vldrbq_z_s8(weights + i, left);
        sum = (uint32_t)__arm_vmladavaq_s8((int32_t)sum, v, w);
    }
#elif defined(FOURS)
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
static void dot4(uint32_t *sums, const int8_t *v, const int8_t *w, int apart, int count)
{
    uint32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
#if defined(HELIUM)
    for (; count > 0; count -= 16, v += 16, w += 16) {
        const mve_pred16_t left = __arm_vctp8q((uint32_t)count);
        const int8x16_t values = __arm_vldrbq_z_s8(v, left);
        s0 = (uint32_t)__arm_vmladavaq_s8((int32_t)s0, values, __arm_vldrbq_z_s8(w, left));
        s1 = (uint32_t)__arm_vmladavaq_s8((int32_t)s1, values, __arm_vldrbq_z_s8(w + apart, left));
        s2 = (uint32_t)__arm_vmladavaq_s8((int32_t)s2, values, __arm_vldrbq_z_s8(w + 2 * apart, left));
        s3 = (uint32_t)__arm_vmladavaq_s8((int32_t)s3, values, __arm_vldrbq_z_s8(w + 3 * apart, left));
    }
#elif defined(FOURS)
    for (const int8_t *later = w + 2 * apart; count >= 4; count -= 4, v += 4, w += 4, later += 4) {
        const uint32_t four = ((const bytes_t *)v)->four, even = even_of(four), odd = odd_of(four);
        s0 = four_products(even, odd, w, s0);
        s1 = four_products(even, odd, w + apart, s1);
        s2 = four_products(even, odd, later, s2);
        s3 = four_products(even, odd, later + apart, s3);
    }
#elif defined(VECTOR)
    const int8_t *w1 = w + apart, *w2 = w1 + apart, *w3 = w2 + apart;
    const int most = count & -VECTOR;
    for (int i = 0; i < most; i++) {
        s0 += (uint32_t)(v[i] * w[i]);
        s1 += (uint32_t)(v[i] * w1[i]);
        s2 += (uint32_t)(v[i] * w2[i]);
        s3 += (uint32_t)(v[i] * w3[i]);
    }
    count -= most, v += most, w += most;
#endif
    for (const int8_t *later = w + 2 * apart; count > 0; count--, v++, w++, later++) {
        const int32_t value = *v;
        s0 += (uint32_t)(value * w[0]);
        s1 += (uint32_t)(value * w[apart]);
        s2 += (uint32_t)(value * later[0]);
        s3 += (uint32_t)(value * later[apart]);
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

/* Add to the sums of `some` output channels their products; from one to the next weights lie `apart`. */
static void dots(uint32_t *sums, int some, const int8_t *values, const int8_t *weights, int apart, int count)
{
    if (some == 4)
        dot4(sums, values, weights, apart, count);
    else
        for (int i = 0; i < some; i++)
            sums[i] = dot(sums[i], values, weights + i * apart, count);
}
