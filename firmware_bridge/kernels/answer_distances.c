/* The score of the best label, in 1/65536: its share of all, by how far the other outputs lie below it. */
static uint32_t score_of(const int8_t *outputs, int best)
{
    uint32_t sum = 0;
    for (int i = 0; i < LABELS; i++)
        sum += scores[outputs[best] - outputs[i]];
    return ((uint32_t)scores[0] << 16) / sum;
}
