/* A picture's values as the network stores them. `pixels` may be the array they are put into. */
static void enter(const uint8_t *pixels, int8_t *in)
{
    for (int32_t i = 0; i < PIXELS; i += CHANNELS)
        for (int c = 0; c < CHANNELS; c++)
            in[i + c] = entries[256 * c + pixels[i + c]];
}
