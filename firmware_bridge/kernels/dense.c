/* FULLY_CONNECTED. weights: out x in. LiteRT's reference kernel rounds here once; its other kernels round twice. */
static int8_t dense_end(const weighted_t *p, uint32_t sum, int number)
{
    const channel_t *channel = p->channels + number;
    const int right = 31 - shift_of(channel);
    const int64_t product = (int64_t)(int32_t)sum * channel->factor + (INT64_C(1) << (right - 1));
    return clamped((int32_t)(product >> right) + p->zero, p->low, p->high);
}

KERNEL void dense(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const int count = p->at.in_channels;
    const int8_t *weights = p->weights;
    int c = 0;
    for (; c + 4 <= p->at.out_channels; c += 4, weights += 4 * count) {
        uint32_t sums[4] = {bias_of(p->channels + c), bias_of(p->channels + c + 1),
                            bias_of(p->channels + c + 2), bias_of(p->channels + c + 3)};
        dot4(sums, in, weights, count, count);
        for (int i = 0; i < 4; i++)
            out[c + i] = dense_end(p, sums[i], c + i);
    }
    for (int rest = p->at.out_channels & 3; rest > 0; rest--, c++, weights += count)
        out[c] = dense_end(p, dot(bias_of(p->channels + c), in, weights, count), c);
}
