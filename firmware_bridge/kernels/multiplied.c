/* DEPTHWISE_CONV_2D with several output channels for each of the input. weights: height x width x out channels. */
KERNEL void multiplied(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const place_t *at = &p->at;
    const int each = at->out_channels / at->in_channels;
    const int8_t *taps[MOST_TAPS];
    for (int y = 0; y < at->out_height; y++)
        for (int x = 0; x < at->out_width; x++) {
            const int count = taps_under(p, in, y * at->stride_y - at->above, x * at->stride_x - at->left, taps);
            for (int c = 0; c < at->out_channels; c++) {
                uint32_t sum = bias_of(p->channels + c);
                const int8_t *w = p->weights + c;
                for (int t = 0; t < count; t++, w += at->out_channels)
                    sum += (uint32_t)(taps[t][c / each] * *w);
                *out++ = weighted_end(p, sum, c);
            }
        }
}
