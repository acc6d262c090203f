// Cross-entropy of the rows of logits (rows, vocab): ops/loss.py and ops/reductions.py have the mathematics.

//     log p_v = z_v - m - log Σ exp(z - m)        m the largest logit
//
// One block for each row.
extern "C" __global__ void log_softmax(const float *logits, float *logp, int vocab) {
    long long row = (long long)blockIdx.x * vocab;
    logits += row, logp += row;

    float peak, sum;
    softmax_sum(logits, 0, vocab, &peak, &sum);
    float log_sum = logf(sum);
    for (int v = threadIdx.x; v < vocab; v += blockDim.x) logp[v] = logits[v] - peak - log_sum;
}

//     dlogits_v = share (p_v - ε/V - (1 - ε) [v = target])        loss = Σ share (-(1 - ε) log p_target - ε/V Σ log p_v)
//
// `share` is 1/count for a position that is scored and 0 for others, times the gradient of the loss. One block for each row.
extern "C" __global__ void cross_entropy_backward(
    const float *logp, const int *targets, const float *shares, float *dlogits, int vocab, float smoothing) {
    long long row = (long long)blockIdx.x * vocab;
    logp += row, dlogits += row;

    int target = targets[blockIdx.x];
    float share = shares[blockIdx.x];
    for (int v = threadIdx.x; v < vocab; v += blockDim.x) {
        float wanted = smoothing / vocab + (v == target ? 1 - smoothing : 0);
        dlogits[v] = share * (expf(logp[v]) - wanted);  // log p = log softmax(z): every logit goes down by p, and up by what is wanted
    }
}
