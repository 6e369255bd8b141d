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
        for (int x = 0; x < at->out_width; x++, out += at->out_channels) {
            const int count = runs_under(p, in, y, x, runs, &length);
            const int8_t *weights = p->weights;
            for (int c = 0; c < at->out_channels; c += 4) {
                const channels_t *four = p->channels + c / 4;
                const int some = at->out_channels - c < 4 ? at->out_channels - c : 4;
                uint32_t sums[4];
                begin(four, sums);
                for (int r = 0; r < count; r++, weights += length)
                    dots(sums, some, runs[r], weights, size, length);
                weights += (some - 1) * size;
                finish(p, four, some, sums, out + c);
            }
        }
}
