/* The score of the best label, in 1/65536: its share of all, softened by the temperature of the bundle. */
static uint32_t score_of(const int8_t *outputs, int best)
{
    uint32_t sum = 0;
    for (int i = 0; i < LABELS; i++)
        sum += scores[outputs[i] + 128];
    return ((uint32_t)scores[outputs[best] + 128] << 16) / sum;
}
