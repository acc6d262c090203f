// The mask of dropout: ops/regularization.py has the mathematics, backend.py's CounterGenerator the random numbers.

//     keep_i = [u_i >= rate] scale        scale = 1/(1 - rate)        u_i = mix(seed + γ (drawn + i + 1)) 2⁻⁶⁴
//
// SplitMix64 (Steele, Lea & Flood 2014, figure 15), of which float32 takes the upper 24 bits. The seed is read from the device, so that a
// CUDA graph can be given a new one. One thread for each number.
extern "C" __global__ void dropout_mask(
    const unsigned long long *seed, float *keep, long long drawn, float rate, float scale, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    unsigned long long z = *seed + 0x9E3779B97F4A7C15ull * (drawn + i + 1);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    float u = (z >> 40) * 5.9604644775390625e-8f;  // 2⁻²⁴
    keep[i] = u >= rate ? scale : 0;
}
