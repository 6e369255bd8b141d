/* The score of the best label, in 1/65536, from its own output alone. */
static uint32_t score_of(const int8_t *outputs, int best)
{
    return scores[outputs[best] + 128];
}
