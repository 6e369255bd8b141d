/* The label with the largest output; the first one wins a tie. */
static int best_of(const int8_t *outputs)
{
    int best = 0;
    for (int i = 1; i < LABELS; i++)
        best = outputs[i] > outputs[best] ? i : best;
    return best;
}
