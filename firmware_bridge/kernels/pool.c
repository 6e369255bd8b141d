/* MAX_POOL_2D and AVERAGE_POOL_2D: only places inside the picture count. */
typedef struct {
    place_t at;
    int16_t low, high;
    uint8_t average;
} pool_t;

static int8_t pooled(const pool_t *p, const int8_t *first, int rows, int columns)
{
    const int row = p->at.in_width * p->at.in_channels;
    const int count = rows * columns;
    int32_t sum = 0, most = -128;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            const int32_t value = first[i * row + j * p->at.in_channels];
            sum += value;
            most = value > most ? value : most;
        }
    if (p->average) /* half away from zero */
        most = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
    return (int8_t)clamped(most, p->low, p->high);
}

KERNEL void pool(const pool_t *p, const int8_t *in, int8_t *out)
{
    const place_t *at = &p->at;
    for (int y = 0; y < at->out_height; y++)
        for (int x = 0; x < at->out_width; x++) {
            const int y0 = y * at->stride_y - at->above, x0 = x * at->stride_x - at->left;
            const int top = y0 < 0 ? 0 : y0, first = x0 < 0 ? 0 : x0;
            const int bottom = y0 + at->height > at->in_height ? at->in_height : y0 + at->height;
            const int last = x0 + at->width > at->in_width ? at->in_width : x0 + at->width;
            const int8_t *corner = in + (top * at->in_width + first) * at->in_channels;
            for (int c = 0; c < at->in_channels; c++)
                *out++ = pooled(p, corner + c, bottom - top, last - first);
        }
}
