/* CONCATENATION, one input of it: `times` runs of `run` values, each `apart` values after the one before. */
KERNEL void joining(const int8_t *in, int8_t *out, int32_t times, int32_t run, int32_t apart)
{
    for (int32_t i = 0; i < times; i++)
        for (int32_t j = 0; j < run; j++)
            out[i * apart + j] = in[i * run + j];
}
