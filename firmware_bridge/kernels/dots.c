static uint32_t dot(uint32_t sum, const int8_t *values, const int8_t *weights, int count)
{
    for (int i = 0; i < count; i++)
        sum += (uint32_t)(values[i] * weights[i]);
    return sum;
}

/* Four output channels at once: each value is read once for four products. */
static void dot4(uint32_t sums[4], const int8_t *values, const int8_t *weights, int apart, int count)
{
    const int8_t *w0 = weights, *w1 = w0 + apart, *w2 = w1 + apart, *w3 = w2 + apart;
    uint32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (int i = 0; i < count; i++) {
        const int32_t value = values[i];
        s0 += (uint32_t)(value * w0[i]);
        s1 += (uint32_t)(value * w1[i]);
        s2 += (uint32_t)(value * w2[i]);
        s3 += (uint32_t)(value * w3[i]);
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}
