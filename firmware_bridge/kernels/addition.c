/* ADD of two tensors of one shape. The output may lie where an input lies. */
typedef struct {
    int32_t count;
    int32_t factors[3];
    int8_t shifts[3];
    int16_t zeros[2], zero, low, high;
} addition_t;

KERNEL void addition(const addition_t *p, const int8_t *a, const int8_t *b, int8_t *out)
{
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t first = scaled((a[i] - p->zeros[0]) * (1 << 20), p->factors[0], p->shifts[0]);
        const int32_t second = scaled((b[i] - p->zeros[1]) * (1 << 20), p->factors[1], p->shifts[1]);
        out[i] = (int8_t)clamped(scaled(first + second, p->factors[2], p->shifts[2]) + p->zero, p->low, p->high);
    }
}
