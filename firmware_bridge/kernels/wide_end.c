static int32_t weighted(uint32_t sum, const channels_t *four, int i, int right)
{
    return scaled((int32_t)sum, factor_of(four, i), -right_of(four, i, right));
}
