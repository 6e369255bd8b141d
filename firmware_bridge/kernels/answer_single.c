/* One output for two labels: it is the score of the second. */
static int best_of(const int8_t *outputs)
{
    return scores[outputs[0] + 128] > 32768;
}

static uint32_t score_of(const int8_t *outputs, int best)
{
    const uint32_t second = scores[outputs[0] + 128];
    return best ? second : 65536 - second;
}
