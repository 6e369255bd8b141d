/* PAD of height and width. */
typedef struct {
    int16_t in_height, in_width, channels, out_height, out_width, above, left;
    int8_t value;
} padding_t;

KERNEL void padding(const padding_t *p, const int8_t *in, int8_t *out)
{
    for (int y = 0; y < p->out_height; y++)
        for (int x = 0; x < p->out_width; x++) {
            const int iy = y - p->above, ix = x - p->left;
            const int inside = iy >= 0 && iy < p->in_height && ix >= 0 && ix < p->in_width;
            const int8_t *from = in + (iy * p->in_width + ix) * p->channels;
            for (int c = 0; c < p->channels; c++)
                *out++ = inside ? from[c] : p->value;
        }
}
