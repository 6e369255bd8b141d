/* A window over a picture: it begins `above` and `left` of it. Sizes are (height, width, channels). */
typedef struct {
    int16_t in_height, in_width, in_channels;
    int16_t out_height, out_width, out_channels;
    int16_t above, left;
    uint8_t height, width, stride_y, stride_x, dilation_y, dilation_x;
} place_t;
