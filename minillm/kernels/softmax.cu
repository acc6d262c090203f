// Softmax of the rows of scores (rows, keys): ops/dot_product_attention.py has the mathematics.

//     p_j = exp(s_j - m) / Σ_k exp(s_k - m)        m the largest score that is seen
//
// One block for each row. With a causal mask there are `queries` rows to each matrix of scores, and the last of them sees the last key; a
// `window` leaves it that many keys. What is not seen is not read either, and becomes 0. Without a mask `queries` is 0.
extern "C" __global__ void softmax(const float *scores, float *p, int keys, int queries, int window) {
    long long row = (long long)blockIdx.x * keys;
    scores += row, p += row;

    int begin = 0, end = keys;  // of the keys that this query sees
    if (queries > 0) {
        end = keys - queries + 1 + (int)(blockIdx.x % queries);
        begin = end > window ? end - window : 0;
    }
    float peak, sum;
    softmax_sum(scores, begin, end, &peak, &sum);
    // A row of nothing but -infinity has the sum 0 and becomes zeros. All others have exp(0) = 1 in their sum. NaN stays NaN.
    if (sum < 1) sum = 1;
    for (int j = threadIdx.x; j < keys; j += blockDim.x) p[j] = begin <= j && j < end ? expf(scores[j] - peak) / sum : 0;
}

//     ds_j = p_j (dp_j - Σ_k dp_k p_k)
//
// One block for each row. Where p is 0, as behind a mask, so is ds, and dp is not read.
extern "C" __global__ void softmax_backward(const float *dp, const float *p, float *ds, int keys) {
    long long row = (long long)blockIdx.x * keys;
    dp += row, p += row, ds += row;

    float sum = 0;
    for (int j = threadIdx.x; j < keys; j += blockDim.x)
        if (p[j] != 0) sum += dp[j] * p[j];
    sum = block_sum(sum);
    for (int j = threadIdx.x; j < keys; j += blockDim.x) ds[j] = p[j] != 0 ? p[j] * (dp[j] - sum) : 0;  // p = softmax(s)
}
