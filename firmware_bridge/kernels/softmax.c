/* SOFTMAX. powers: e^-x for each distance from the largest value; further away is as good as zero. The output may lie
   where the input lies. */
static int32_t high_half(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

static int32_t raised_by(int32_t value, int times)
{
    const int64_t raised = (int64_t)value * (1 << times);
    return raised > INT32_MAX ? INT32_MAX : raised < INT32_MIN ? INT32_MIN : (int32_t)raised;
}

static int32_t divided(int32_t value, int times)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << times) - 1);
    return (value >> times) + ((value & mask) > (mask >> 1) + (value < 0));
}

/* 1 / (1 + x), x from 0 to 1 with 31 bits behind the point: three steps of Newton's method. */
static int32_t reciprocal(int32_t value)
{
    const int32_t half = (int32_t)(((int64_t)value + INT32_MAX + 1) >> 1);
    int32_t x = 1515870810 + high_half(half, -1010580540);
    for (int i = 0; i < 3; i++)
        x += raised_by(high_half(x, (1 << 29) - high_half(half, x)), 2);
    return raised_by(x, 1);
}

KERNEL void softmax(const int32_t *powers, int reach, int rows, int channels, const int8_t *in, int8_t *out)
{
    for (int row = 0; row < rows; row++, in += channels, out += channels) {
        int most = -128, zeros = 0;
        uint32_t sum = 0;
        for (int c = 0; c < channels; c++)
            most = in[c] > most ? in[c] : most;
        for (int c = 0; c < channels; c++)
            if (most - in[c] <= reach)
                sum += (uint32_t)divided(powers[most - in[c]], 12);
        while (!(sum & (UINT32_C(1) << 31))) {
            sum <<= 1;
            zeros++;
        }
        const int32_t share = reciprocal((int32_t)(sum & INT32_MAX));
        for (int c = 0; c < channels; c++) {
            const int far = most - in[c] > reach;
            const int32_t part = far ? 0 : divided(high_half(share, powers[most - in[c]]), 12 - zeros + 23);
            out[c] = (int8_t)((part > 255 ? 255 : part) - 128);
        }
    }
}
