/* DEPTHWISE_CONV_2D, one output channel for each of the input. weights: height x width x channels. */
KERNEL void depthwise_place(const weighted_t *p, const int8_t **taps, int count, int8_t *out)
{
    const int channels = p->at.in_channels;
    int c = 0;
    for (; c + 4 <= channels; c += 4) {
        const channel_t *channel = p->channels + c;
        uint32_t s0 = bias_of(channel), s1 = bias_of(channel + 1);
        uint32_t s2 = bias_of(channel + 2), s3 = bias_of(channel + 3);
        const int8_t *w = p->weights + c;
        for (int t = 0; t < count; t++, w += channels) {
            const int8_t *v = taps[t] + c;
            s0 += (uint32_t)(v[0] * w[0]);
            s1 += (uint32_t)(v[1] * w[1]);
            s2 += (uint32_t)(v[2] * w[2]);
            s3 += (uint32_t)(v[3] * w[3]);
        }
        out[c] = weighted_end(p, s0, c);
        out[c + 1] = weighted_end(p, s1, c + 1);
        out[c + 2] = weighted_end(p, s2, c + 2);
        out[c + 3] = weighted_end(p, s3, c + 3);
    }
    for (; c < channels; c++) {
        uint32_t sum = bias_of(p->channels + c);
        const int8_t *w = p->weights + c;
        for (int t = 0; t < count; t++, w += channels)
            sum += (uint32_t)(taps[t][c] * *w);
        out[c] = weighted_end(p, sum, c);
    }
}

KERNEL void depthwise(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const place_t *at = &p->at;
    const int8_t *taps[MOST_TAPS];
    for (int y = 0; y < at->out_height; y++)
        for (int x = 0; x < at->out_width; x++, out += at->in_channels) {
            const int count = taps_under(p, in, y * at->stride_y - at->above, x * at->stride_x - at->left, taps);
            depthwise_place(p, taps, count, out);
        }
}
