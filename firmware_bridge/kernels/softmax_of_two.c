/* SOFTMAX over two values, as a table of its answers to how far a value lies above the other, from -reach to reach; beyond
   them they stay as they are. The output may lie where the input lies. */
KERNEL void softmax_of_two(const int8_t *shares, int reach, int rows, const int8_t *in, int8_t *out)
{
    for (int row = 0; row < rows; row++, in += 2, out += 2) {
        const int apart = in[0] - in[1];
        const int above = apart > reach ? reach : apart < -reach ? -reach : apart;
        out[0] = shares[reach + above];
        out[1] = shares[reach - above];
    }
}
