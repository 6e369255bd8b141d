/* An output channel: its factor, and its bias * 256 + shift + 128 in one word. */
typedef struct {
    int32_t factor, bias_and_shift;
} channel_t;

static uint32_t bias_of(const channel_t *channel)
{
    return (uint32_t)(channel->bias_and_shift >> 8);
}

static int shift_of(const channel_t *channel)
{
    return (channel->bias_and_shift & 255) - 128;
}
