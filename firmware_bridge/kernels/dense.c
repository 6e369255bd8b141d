/* FULLY_CONNECTED. weights: out x in. LiteRT's reference kernel rounds here once; its other kernels round twice. */
KERNEL void dense(const weighted_t *p, const int8_t *in, int8_t *out)
{
    const int count = p->at.in_channels;
    const int8_t *weights = p->weights;
    for (int c = 0; c < p->at.out_channels; c += 4, weights += 4 * count) {
        const channels_t *four = p->channels + c / 4;
        const int some = p->at.out_channels - c < 4 ? p->at.out_channels - c : 4;
        uint32_t sums[4];
        begin(four, sums);
        dots(sums, some, in, weights, count, count);
        for (int i = 0; i < some; i++) {
            const int right = 31 + right_of(four, i, p->right);
            const int64_t product = (int64_t)(int32_t)sums[i] * factor_of(four, i) + (INT64_C(1) << (right - 1));
            out[c + i] = (int8_t)clamped((int32_t)(product >> right) + p->zero, p->low, p->high);
        }
    }
}
