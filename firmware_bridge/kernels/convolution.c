/* CONV_2D and FULLY_CONNECTED. weights: out x height x width x in. */
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
            for (int rest = at->out_channels & 3; rest > 0; rest--, c++) {
                uint32_t sum = bias_of(p->channels + c);
                for (int r = 0; r < count; r++, weights += length)
                    sum = dot(sum, runs[r], weights, length);
                *out++ = weighted_end(p, sum, c);
            }
        }
}
