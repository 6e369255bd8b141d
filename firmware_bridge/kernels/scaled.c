/* value * factor * 2^(shift - 31), rounded twice: to the nearest, then half away from zero. */
static int32_t scaled(int32_t value, int32_t factor, int shift)
{
    const int right = shift > 0 ? 0 : -shift;
    const uint32_t raised = (uint32_t)value << (shift > 0 ? shift : 0);
    const int32_t high = (int32_t)(((int64_t)(int32_t)raised * factor + (INT64_C(1) << 30)) >> 31);
    const int32_t mask = (int32_t)((UINT32_C(1) << right) - 1);
    return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0));
}
