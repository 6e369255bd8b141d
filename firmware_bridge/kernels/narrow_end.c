/* sum * factor / 2^(31 + right), rounded twice: to the nearest, then half away from zero. Sums are below 2^30. */
static int32_t weighted(uint32_t sum, const channels_t *four, int i, int right)
{
    const int64_t product = (int64_t)(int32_t)(2 * sum) * factor_of(four, i);
    const int32_t high = (int32_t)((product + (INT64_C(1) << 31)) >> 32);
    const int all = right_of(four, i, right);
    return (high + (1 << (all - 1)) + (high >> 31)) >> all;
}
