/* What `some` sums of them come to. */
KERNEL void finish(const weighted_t *p, const channels_t *four, int some, const uint32_t *sums, int8_t *out)
{
    const int right = p->right, zero = p->zero, low = p->low, high = p->high;
    for (int i = 0; i < some; i++)
        out[i] = (int8_t)clamped(weighted(sums[i], four, i, right) + zero, low, high);
}
