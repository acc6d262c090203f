// What the kernels of rows share; it stands before each of them when they are compiled.
//
// A block works on one row. Its threads take the columns in turn, thread t the columns t, t + blockDim.x, t + 2 blockDim.x ..., so that
// neighbours read neighbouring addresses. The threads of a block are a multiple of 32, so that its warps are full. Every sum is taken in
// the same order at each run: the results are the same to the last bit.

#define EVERY_LANE 0xffffffff

// The sum of x over the 32 threads of a warp. In five rounds each thread adds what the thread 16, 8, 4, 2, 1 lanes away has so far.
__device__ float warp_sum(float x) {
    for (int apart = 16; apart > 0; apart /= 2) x += __shfl_xor_sync(EVERY_LANE, x, apart);
    return x;
}

// The sum of x over all threads of the block, which all of them get.
__device__ float block_sum(float x) {
    __shared__ float sums[32];  // of the warps: a block has at most 1024 threads
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    x = warp_sum(x);
    if (lane == 0) sums[warp] = x;
    __syncthreads();  // all sums are there
    x = warp_sum(lane < blockDim.x / 32 ? sums[lane] : 0);
    __syncthreads();  // all have read them: the next block_sum may write
    return x;
}
