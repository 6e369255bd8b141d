/* For each place of the window its values in the input, all channels of it, or `outside`. Returns how many there are. */
static int taps_under(const weighted_t *p, const int8_t *in, int y0, int x0, const int8_t **taps)
{
    const place_t *at = &p->at;
    int count = 0;
    for (int i = 0; i < at->height; i++)
        for (int j = 0; j < at->width; j++) {
            const int y = y0 + i * at->dilation_y, x = x0 + j * at->dilation_x;
            const int inside = y >= 0 && y < at->in_height && x >= 0 && x < at->in_width;
            taps[count++] = inside ? in + (y * at->in_width + x) * at->in_channels : p->outside;
        }
    return count;
}
