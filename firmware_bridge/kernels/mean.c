/* MEAN over height and width; 1 / count is in the factor. */
typedef struct {
    int32_t count, factor;
    int16_t channels, zero_in, zero, low, high;
    int8_t shift;
} mean_t;

KERNEL void mean(const mean_t *p, const int8_t *in, int8_t *out)
{
    for (int c = 0; c < p->channels; c++) {
        int32_t sum = -p->zero_in * p->count;
        for (int32_t i = 0; i < p->count; i++)
            sum += in[i * p->channels + c];
        out[c] = (int8_t)clamped(scaled(sum, p->factor, p->shift) + p->zero, p->low, p->high);
    }
}
