// What the kernels share; it stands before each of them when they are compiled.
//
// A kernel of rows gives each row a block. Its threads take the columns in turn, thread t the columns t, t + blockDim.x, t + 2 blockDim.x ...,
// so that neighbours read neighbouring addresses. The threads of a block are a multiple of 32, so that its warps are full. Every sum is
// taken in the same order at each run: the results are the same to the last bit.

#define EVERY_LANE 0xffffffff
#define LOWEST -3.402823466e38f  // the lowest number of float32; LOWEST - LOWEST is 0, where -infinity - -infinity is not a number

__device__ float sum_of(float a, float b) { return a + b; }
__device__ float larger_of(float a, float b) { return fmaxf(a, b); }

// x of all 32 threads of a warp, combined. In five rounds each thread takes in what the thread 16, 8, 4, 2, 1 lanes away has so far.
template <float combine(float, float)>
__device__ float over_warp(float x) {
    for (int apart = 16; apart > 0; apart /= 2) x = combine(x, __shfl_xor_sync(EVERY_LANE, x, apart));
    return x;
}

// x of all threads of the block, combined; all of them get it. `nothing` is what changes nothing: 0 for a sum.
template <float combine(float, float)>
__device__ float over_block(float x, float nothing) {
    __shared__ float of_warp[32];  // a block has at most 1024 threads
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    x = over_warp<combine>(x);
    if (lane == 0) of_warp[warp] = x;
    __syncthreads();  // all warps have written
    x = over_warp<combine>(lane < blockDim.x / 32 ? of_warp[lane] : nothing);
    __syncthreads();  // all warps have read: the next call may write
    return x;
}

__device__ float block_sum(float x) { return over_block<sum_of>(x, 0); }
__device__ float block_max(float x) { return over_block<larger_of>(x, LOWEST); }

// Of the numbers s[begin] ... s[end - 1] of a row: the largest, m, and Σ exp(s - m), with one reading of the row.
//
// A sum that was begun with a smaller m is corrected by exp(m - m'). Milakov & Gimelshein 2018, algorithm 3. A number that is NaN makes the
// sum NaN; where all are -infinity, or there are none, the sum is 0.
__device__ void softmax_sum(const float *s, int begin, int end, float *m, float *sum) {
    float peak = LOWEST, total = 0;
    for (int c = begin + threadIdx.x; c < end; c += blockDim.x) {
        if (s[c] > peak) {
            total *= expf(peak - s[c]);
            peak = s[c];
        }
        total += expf(s[c] - peak);
    }
    *m = block_max(peak);
    *sum = block_sum(total * expf(peak - *m));
}
