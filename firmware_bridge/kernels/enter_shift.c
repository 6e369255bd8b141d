/* A picture's values as the network stores them. `pixels` may be the array they are put into. */
static void enter(const uint8_t *pixels, int8_t *in)
{
    for (int32_t i = 0; i < PIXELS; i++)
        in[i] = (int8_t)(pixels[i] - 128);
}
