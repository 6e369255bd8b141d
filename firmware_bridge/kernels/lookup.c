/* An operator of one value, as a table of its answers to -128 ... 127. The output may lie where the input lies. */
KERNEL void lookup(const int8_t *table, int32_t count, const int8_t *in, int8_t *out)
{
    for (int32_t i = 0; i < count; i++)
        out[i] = table[in[i] + 128];
}
