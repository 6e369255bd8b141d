/* CONV_2D and FULLY_CONNECTED. weights: out x height x width x in. */
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

/* The runs of consecutive input values under a window: whole rows of it where it lies inside the picture. */
static int runs_under(const weighted_t *p, const int8_t *in, int y, int x, const int8_t **runs, int *length)
{
    const place_t *at = &p->at;
    const int y0 = y * at->stride_y - at->above, x0 = x * at->stride_x - at->left;
    if (at->dilation_x != 1 || y0 < 0 || x0 < 0 || x0 + at->width > at->in_width
        || y0 + (at->height - 1) * at->dilation_y >= at->in_height) {
        *length = at->in_channels;
        return taps_under(p, in, y0, x0, runs);
    }
    *length = at->width * at->in_channels;
    for (int i = 0; i < at->height; i++)
        runs[i] = in + ((y0 + i * at->dilation_y) * at->in_width + x0) * at->in_channels;
    return at->height;
}

KERNEL void convolution(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const place_t *at = &p->at;
    const int size = at->height * at->width * at->in_channels;
    const int8_t *runs[MOST_TAPS];
    int length;
    for (int y = 0; y < at->out_height; y++)
        for (int x = 0; x < at->out_width; x++) {
            const int count = runs_under(p, in, y, x, runs, &length);
            const int8_t *weights = p->weights;
            int c = 0;
            for (; c + 4 <= at->out_channels; c += 4, weights += 3 * size) {
                uint32_t sums[4] = {bias_of(p->channels + c), bias_of(p->channels + c + 1),
                                    bias_of(p->channels + c + 2), bias_of(p->channels + c + 3)};
                for (int r = 0; r < count; r++, weights += length)
                    dot4(sums, runs[r], weights, size, length);
                for (int i = 0; i < 4; i++)
                    *out++ = weighted_end(p, sums[i], c + i);
            }
            for (; c < at->out_channels; c++) {
                uint32_t sum = bias_of(p->channels + c);
                for (int r = 0; r < count; r++, weights += length)
                    sum = dot(sum, runs[r], weights, length);
                *out++ = weighted_end(p, sum, c);
            }
        }
}
