// Activations y = x p of x, number by number: ops/activations.py has the mathematics. One thread for each number.

__device__ long long my_number() { return (long long)blockIdx.x * blockDim.x + threadIdx.x; }

#define ROOT_2_OVER_PI 0.7978845608f  // √(2/π)
#define ROOT_1_OVER_2_PI 0.3989422804f  // 1/√(2π)

//     y = x p        p = (1 + tanh u)/2        u = √(2/π) (x + 0.044715 x³)
extern "C" __global__ void gelu(const float *x, float *y, float *p, int size) {
    long long i = my_number();
    if (i >= size) return;
    float u = ROOT_2_OVER_PI * (1 + 0.044715f * x[i] * x[i]) * x[i];
    p[i] = 0.5f * tanhf(u) + 0.5f;
    y[i] = x[i] * p[i];
}

//     dy/dx = p + x p'        p' = 2 p (1 - p) u'        u' = √(2/π) (1 + 3 · 0.044715 x²)
extern "C" __global__ void gelu_backward(const float *dy, const float *x, const float *p, float *dx, int size) {
    long long i = my_number();
    if (i >= size) return;
    float w = (1 - p[i]) * p[i] * x[i];  // zero for large |x|, so that its products with x do not overflow
    float slope = 2 * ROOT_2_OVER_PI * (w + 3 * 0.044715f * (w * x[i]) * x[i]);  // u = √(2/π) (x + 0.044715 x³), p = (1 + tanh u)/2
    dx[i] = dy[i] * (p[i] + slope);  // y = x p
}

//     y = x Φ(x)        Φ the distribution function of the normal distribution
extern "C" __global__ void gelu_erf(const float *x, float *y, float *phi, int size) {
    long long i = my_number();
    if (i >= size) return;
    phi[i] = normcdff(x[i]);
    y[i] = x[i] * phi[i];
}

//     dy/dx = Φ(x) + x φ(x)        φ(x) = exp(-x²/2)/√(2π)
extern "C" __global__ void gelu_erf_backward(const float *dy, const float *x, const float *phi, float *dx, int size) {
    long long i = my_number();
    if (i >= size) return;
    float density = ROOT_1_OVER_2_PI * expf(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (phi[i] + x[i] * density);  // y = x Φ(x)
}

//     y = x σ(x)        σ(x) = (1 + tanh(x/2))/2
extern "C" __global__ void silu(const float *x, float *y, float *p, int size) {
    long long i = my_number();
    if (i >= size) return;
    p[i] = 0.5f * tanhf(0.5f * x[i]) + 0.5f;
    y[i] = x[i] * p[i];
}

//     dy/dx = p + x p'        p' = p (1 - p)
extern "C" __global__ void silu_backward(const float *dy, const float *x, const float *p, float *dx, int size) {
    long long i = my_number();
    if (i >= size) return;
    dx[i] = dy[i] * (p[i] + (1 - p[i]) * p[i] * x[i]);  // p = σ(x), y = x p
}
