// A step of AdamW on a run of weights: training/optimizers.py has the mathematics. Loshchilov & Hutter 2019, algorithm 2.

//     m = β1 m + (1 - β1) g        v = β2 v + (1 - β2) g²        w = shrink w - length m / (unbias √v + ε)
//
// shrink = 1 - lr λ, unbias = 1/√(1 - β2ᵗ) and length = lr/(1 - β1ᵗ) change at every step. They are read from the device, so that a CUDA graph,
// in which arguments stay what they were, can be given new ones. rest1 and rest2 are 1 - β1 and 1 - β2: subtracted in float32, they would
// have lost two digits. One thread for each weight.
extern "C" __global__ void adamw(
    float *w, const float *g, float *m, float *v, const float *shrink, const float *unbias, const float *length,
    float beta1, float rest1, float beta2, float rest2, float eps, int size) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size) return;
    m[i] = beta1 * m[i] + rest1 * g[i];
    v[i] = beta2 * v[i] + rest2 * g[i] * g[i];
    w[i] = *shrink * w[i] - *length * m[i] / (*unbias * sqrtf(v[i]) + eps);
}
