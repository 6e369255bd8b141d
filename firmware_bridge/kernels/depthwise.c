/* DEPTHWISE_CONV_2D, one output channel for each of the input. weights: height x width x channels. */
KERNEL void depthwise(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const place_t *at = &p->at;
    const int channels = at->in_channels;
    const int8_t *taps[MOST_TAPS];
    for (int y = 0; y < at->out_height; y++)
        for (int x = 0; x < at->out_width; x++, out += channels) {
            const int count = taps_under(p, in, y * at->stride_y - at->above, x * at->stride_x - at->left, taps);
            for (int c = 0; c < channels; c += 4) {
                const channels_t *four = p->channels + c / 4;
                const int some = channels - c < 4 ? channels - c : 4;
                uint32_t sums[4];
                begin(four, sums);
                products(sums, some, taps, count, c, p->weights + c, channels);
                finish(p, four, some, sums, out + c);
            }
        }
}
