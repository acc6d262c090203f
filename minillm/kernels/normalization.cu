// Layer norm and RMS norm of the rows of x (rows, columns): ops/normalization.py has the mathematics. Ba, Kiros & Hinton 2016, eq. 4; Zhang &
// Sennrich 2019, eq. 4.

// 1 / sqrt(square + eps). square - square is 0, or NaN where it overflowed, which no check overlooks; 1 / sqrt(infinity) would be a row of zeros.
__device__ float reciprocal_root(float square, float eps) { return 1 / sqrtf(square + eps) + (square - square); }

//     x̂ = (x - mean(x)) rstd        rstd = 1 / sqrt(var(x) + eps)        y = gamma x̂ + beta
//
// One block for each row. The row is read from memory once: for its second and third reading it lies in the cache.
extern "C" __global__ void layer_norm(
    const float *x, const float *gamma, const float *beta, float *y, float *xhat, float *rstd, int columns, float eps) {
    long long row = (long long)blockIdx.x * columns;
    x += row, y += row, xhat += row;

    float sum = 0, squares = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) sum += x[c];
    float mean = block_sum(sum) / columns;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) squares += (x[c] - mean) * (x[c] - mean);
    float scale = reciprocal_root(block_sum(squares) / columns, eps);

    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        xhat[c] = (x[c] - mean) * scale;
        y[c] = gamma[c] * xhat[c] + beta[c];
    }
    if (threadIdx.x == 0) rstd[blockIdx.x] = scale;
}

//     dx = rstd (g - mean(g) - x̂ mean(g x̂))        g = gamma dy
//
// One block for each row.
extern "C" __global__ void layer_norm_backward(
    const float *dy, const float *xhat, const float *rstd, const float *gamma, float *dx, int columns) {
    long long row = (long long)blockIdx.x * columns;
    dy += row, xhat += row, dx += row;

    float sum_g = 0, sum_g_xhat = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        float g = gamma[c] * dy[c];  // y = gamma x̂ + beta
        sum_g += g;
        sum_g_xhat += g * xhat[c];
    }
    float mean_g = block_sum(sum_g) / columns, mean_g_xhat = block_sum(sum_g_xhat) / columns;

    for (int c = threadIdx.x; c < columns; c += blockDim.x)  // x̂ = (x - mean(x)) rstd: straight, through the mean, through the variance
        dx[c] = rstd[blockIdx.x] * (gamma[c] * dy[c] - mean_g - xhat[c] * mean_g_xhat);
}

//     x̂ = x rstd        rstd = 1 / sqrt(mean(x²) + eps)        y = gamma x̂
//
// One block for each row.
extern "C" __global__ void rms_norm(
    const float *x, const float *gamma, float *y, float *xhat, float *rstd, int columns, float eps) {
    long long row = (long long)blockIdx.x * columns;
    x += row, y += row, xhat += row;

    float squares = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) squares += x[c] * x[c];
    float scale = reciprocal_root(block_sum(squares) / columns, eps);

    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        xhat[c] = x[c] * scale;
        y[c] = gamma[c] * xhat[c];
    }
    if (threadIdx.x == 0) rstd[blockIdx.x] = scale;
}

//     dx = rstd (g - x̂ mean(g x̂))        g = gamma dy
//
// One block for each row.
extern "C" __global__ void rms_norm_backward(
    const float *dy, const float *xhat, const float *rstd, const float *gamma, float *dx, int columns) {
    long long row = (long long)blockIdx.x * columns;
    dy += row, xhat += row, dx += row;

    float sum = 0;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) sum += gamma[c] * dy[c] * xhat[c];  // y = gamma x̂
    float mean = block_sum(sum) / columns;

    for (int c = threadIdx.x; c < columns; c += blockDim.x)  // x̂ = x rstd: straight, and through the mean square
        dx[c] = rstd[blockIdx.x] * (gamma[c] * dy[c] - xhat[c] * mean);
}

// dgamma = Σ dy x̂ and dbeta = Σ dy over some of the rows: parts (gridDim.y, 2, columns), which `sum_of_parts` adds up.
//
// A block has 32 x 32 threads, for 32 columns. The rows go round: thread y of block y takes every (32 gridDim.y)-th one. A warp is a piece
// of a row, so its threads read neighbouring addresses. Adding in place by atomics would be shorter, and other bits at each run.
extern "C" __global__ void norm_backward_weights(
    const float *dy, const float *xhat, float *parts, int rows, int columns) {
    __shared__ float sums[2][32][33];  // a width of 33, so that the numbers of a column lie in different banks
    int c = blockIdx.x * 32 + threadIdx.x;

    float dgamma = 0, dbeta = 0;
    if (c < columns)
        for (int r = blockIdx.y * 32 + threadIdx.y; r < rows; r += 32 * gridDim.y) {
            long long i = (long long)r * columns + c;
            dgamma += dy[i] * xhat[i];  // y = gamma x̂ + beta
            dbeta += dy[i];
        }
    sums[0][threadIdx.y][threadIdx.x] = dgamma;
    sums[1][threadIdx.y][threadIdx.x] = dbeta;
    __syncthreads();
    // Turned round: a warp now adds up the 32 numbers of one column.
    dgamma = over_warp<sum_of>(sums[0][threadIdx.x][threadIdx.y]);
    dbeta = over_warp<sum_of>(sums[1][threadIdx.x][threadIdx.y]);
    c = blockIdx.x * 32 + threadIdx.y;
    if (threadIdx.x == 0 && c < columns) {
        parts[(2LL * blockIdx.y + 0) * columns + c] = dgamma;
        parts[(2LL * blockIdx.y + 1) * columns + c] = dbeta;
    }
}

// The sum of `count` parts, each of `size` numbers: one thread for each number.
extern "C" __global__ void sum_of_parts(const float *parts, float *sum, int count, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    float total = 0;
    for (int part = 0; part < count; part++) total += parts[(long long)part * size + i];
    sum[i] = total;
}
