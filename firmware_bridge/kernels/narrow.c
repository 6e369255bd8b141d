/* Four output channels in 28 bytes. A factor is 2^30 + factors / 4. Its product is shifted to the right by what the layer
   has for all channels, and by so many places more as the two lowest bits of factors and, times 4, the MORE lowest bits of
   high * 2^16 + low say; the other bits of these are the bias. */
typedef struct {
    uint32_t factors[4];
    uint16_t low[4];
    int8_t high[4];
} channels_t;

static int32_t stored_of(const channels_t *four, int i)
{
    return four->high[i] * (1 << 16) + four->low[i];
}

static uint32_t bias_of(const channels_t *four, int i)
{
    return (uint32_t)(stored_of(four, i) >> MORE);
}

static int32_t factor_of(const channels_t *four, int i)
{
    return (int32_t)((four->factors[i] >> 2) + (UINT32_C(1) << 30));
}

static int right_of(const channels_t *four, int i, int right)
{
    return right + (int)(four->factors[i] & 3) + 4 * (stored_of(four, i) & ((1 << MORE) - 1));
}
