/* Add to the sums of `some` channels, from channel c on, the products of their taps and weights. */
static void products(uint32_t *sums, int some, const int8_t **taps, int count, int c, const int8_t *w, int apart)
{
#ifdef HELIUM
    const mve_pred16_t those = __arm_vctp32q((uint32_t)some);
    int32x4_t four = __arm_vldrwq_z_s32((const int32_t *)sums, those);
    for (int t = 0; t < count; t++, w += apart) {
        const int32x4_t v = __arm_vldrbq_z_s32(taps[t] + c, those), by = __arm_vldrbq_z_s32(w, those);
        four = __arm_vaddq_s32(four, __arm_vmulq_s32(v, by));
    }
    __arm_vstrwq_p_s32((int32_t *)sums, four, those);
#else
    if (some < 4) {
        for (int t = 0; t < count; t++, w += apart)
            for (int i = 0; i < some; i++)
                sums[i] += (uint32_t)(taps[t][c + i] * w[i]);
        return;
    }
    uint32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (int t = 0; t < count; t++, w += apart) {
        const int8_t *v = taps[t] + c;
        s0 += (uint32_t)(v[0] * w[0]);
        s1 += (uint32_t)(v[1] * w[1]);
        s2 += (uint32_t)(v[2] * w[2]);
        s3 += (uint32_t)(v[3] * w[3]);
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
#endif
}
