/* The score of the best label, in 1/65536: its own output, from -128 for 0 to 127 for the largest. */
static uint32_t score_of(const int8_t *outputs, int best)
{
    return (uint32_t)(outputs[best] + 128) << 8;
}
