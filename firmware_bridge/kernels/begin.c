/* What the sums of four output channels begin with; past the last channel these are zero. */
static void begin(const channels_t *four, uint32_t *sums)
{
    for (int i = 0; i < 4; i++)
        sums[i] = bias_of(four, i);
}
