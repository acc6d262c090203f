// Attention in tiles, without an array of all scores: ops/chunked_attention.py has the mathematics. Dao et al. 2022, algorithms 1 and 4.
//
// A thread has a query, its row of q and all that is added up for it, in registers: so the width of a head, WIDTH, is known when this is
// compiled. The keys and values pass by in shared memory, a tile at a time. All threads of a warp read the same numbers of a tile at the same
// time, which costs one reading, and four at once, since tiles are aligned and WIDTH is a multiple of 8. In the gradients of keys and values
// a thread has a key, and the queries pass by.

#define THREADS 128  // of a block, and so queries, or keys
#define TILE 16      // rows in shared memory at a time
#define EACH(d) _Pragma("unroll") for (int d = 0; d < WIDTH; d++)  // unrolled, since registers have names and no numbers

__device__ float dot(const float *a, const float *b) {
    float sum[4] = {0, 0, 0, 0};  // four of them, so that an addition need not wait for the one before
    EACH(d) sum[d % 4] += a[d] * b[d];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

// Which keys a query sees: begin ... end - 1. With a causal mask the last query sees the last key, and each as many as the window has.
__device__ int end_of(int query, int queries, int keys, int causal) {
    int end = causal ? query + 1 + keys - queries : keys;
    return end < keys ? end : keys;
}
__device__ int begin_of(int query, int queries, int keys, int causal, int window) {
    int begin = causal ? query + 1 + keys - queries - window : 0;
    return begin > 0 ? begin : 0;
}

// Rows first ... first + TILE - 1 of x (rows, WIDTH) come into a tile; behind the last row there are zeros.
__device__ void load(float (*tile)[WIDTH], const float *x, int first, int rows) {
    for (int i = threadIdx.x; i < TILE * WIDTH; i += THREADS)
        tile[i / WIDTH][i % WIDTH] = first + i / WIDTH < rows ? x[(long long)first * WIDTH + i] : 0;
}

//     y = Σ_j p_j v_j        p_j = exp(s_j - m) / Σ        s_j = scale q · k_j
//
// m, the largest score, and Σ, the sum of exp(s_j - m), are those of the keys so far, and a = Σ_j exp(s_j - m) v_j as well: what was added up
// with a smaller m is corrected by exp(m - m'). Blocks: (heads of all texts, tiles of queries).
extern "C" __global__ void __launch_bounds__(THREADS) attention(
    const float *q, const float *k, const float *v, float *y, float *peaks, float *totals, int queries, int keys, int causal, int window,
    float scale) {
    __shared__ __align__(16) float k_tile[TILE][WIDTH], v_tile[TILE][WIDTH];
    __shared__ float scores[TILE][THREADS];  // each thread reads its own alone
    int first_query = blockIdx.y * THREADS, query = first_query + threadIdx.x;
    long long row = (long long)blockIdx.x * queries + query, matrix = (long long)blockIdx.x * keys * WIDTH;
    k += matrix, v += matrix;

    float q_row[WIDTH], a[WIDTH], peak = LOWEST / 2, total = 0;
    EACH(d) q_row[d] = query < queries ? scale * q[row * WIDTH + d] : 0;
    EACH(d) a[d] = 0;
    int begin = begin_of(query, queries, keys, causal, window), end = end_of(query, queries, keys, causal);
    int last = end_of(first_query + THREADS - 1, queries, keys, causal);  // behind the keys that any query of the block sees

    for (int first = begin_of(first_query, queries, keys, causal, window); first < last; first += TILE) {
        __syncthreads();  // all have used the tiles before
        load(k_tile, k, first, keys);
        load(v_tile, v, first, keys);
        __syncthreads();  // the tiles are there
        float higher = peak;
        for (int j = 0; j < TILE; j++) {
            bool seen = begin <= first + j && first + j < end;
            float s = seen ? dot(q_row, k_tile[j]) : LOWEST;  // far below every peak: its exponential is 0
            scores[j][threadIdx.x] = s;
            higher = fmaxf(higher, s);
        }
        float shrink = expf(peak - higher);
        total *= shrink;
        EACH(d) a[d] *= shrink;
        for (int j = 0; j < TILE; j++) {
            float e = expf(scores[j][threadIdx.x] - higher);
            total += e;
            EACH(d) a[d] += e * v_tile[j][d];
        }
        peak = higher;
    }
    if (query >= queries) return;
    if (total == 0) total = 1;  // it sees nothing, and gets zeros
    EACH(d) y[row * WIDTH + d] = a[d] / total;
    peaks[row] = peak, totals[row] = total;
}

//     dq = scale Σ_j ds_j k_j        ds_j = p_j (dy · v_j - dy · y)
//
// dy · y, the sum of p_k (dy · v_k) over all keys, is kept in `sums` for the next kernels. Blocks as above.
extern "C" __global__ void __launch_bounds__(THREADS) attention_backward_queries(
    const float *dy, const float *q, const float *k, const float *v, const float *y, const float *peaks, const float *totals, float *dq,
    float *sums, int queries, int keys, int causal, int window, float scale) {
    __shared__ __align__(16) float k_tile[TILE][WIDTH], v_tile[TILE][WIDTH];
    int first_query = blockIdx.y * THREADS, query = first_query + threadIdx.x;
    long long row = (long long)blockIdx.x * queries + query, matrix = (long long)blockIdx.x * keys * WIDTH;
    k += matrix, v += matrix;

    float q_row[WIDTH], dy_row[WIDTH], dq_row[WIDTH], peak = 0, total = 1, sum = 0;
    EACH(d) q_row[d] = query < queries ? scale * q[row * WIDTH + d] : 0;
    EACH(d) dy_row[d] = query < queries ? dy[row * WIDTH + d] : 0;
    EACH(d) dq_row[d] = 0;
    if (query < queries) {
        peak = peaks[row], total = totals[row];
        EACH(d) sum += dy_row[d] * y[row * WIDTH + d];
        sums[row] = sum;
    }
    int begin = begin_of(query, queries, keys, causal, window), end = end_of(query, queries, keys, causal);
    int last = end_of(first_query + THREADS - 1, queries, keys, causal);

    for (int first = begin_of(first_query, queries, keys, causal, window); first < last; first += TILE) {
        __syncthreads();  // all have used the tiles before
        load(k_tile, k, first, keys);
        load(v_tile, v, first, keys);
        __syncthreads();  // the tiles are there
        for (int j = 0; j < TILE; j++) {
            bool seen = begin <= first + j && first + j < end;
            float p = seen ? expf(dot(q_row, k_tile[j]) - peak) / total : 0;
            float ds = p * (dot(dy_row, v_tile[j]) - sum);  // y = p v, p = softmax(s)
            __syncwarp();  // read the row again: two of them at once don't fit into the registers
            EACH(d) dq_row[d] += ds * k_tile[j][d];  // s = scale q · k
        }
    }
    if (query >= queries) return;
    EACH(d) dq[row * WIDTH + d] = scale * dq_row[d];
}

// The queries of a tile pass by a key; key j is seen by the queries begin ... end - 1.
__device__ int first_query_of(int key, int queries, int keys, int causal) {
    int begin = causal ? key - (keys - queries) : 0;
    return begin > 0 ? begin : 0;
}
__device__ int end_query_of(int key, int queries, int keys, int causal, int window) {
    int end = causal ? key - (keys - queries) + window : queries;
    return end < queries ? end : queries;
}

//     dv = Σ_t p_t dy_t
//
// Blocks: (heads of all texts, tiles of keys).
extern "C" __global__ void __launch_bounds__(THREADS) attention_backward_values(
    const float *dy, const float *q, const float *k, const float *peaks, const float *totals, float *dv, int queries, int keys, int causal,
    int window, float scale) {
    __shared__ __align__(16) float q_tile[TILE][WIDTH], dy_tile[TILE][WIDTH];
    int first_key = blockIdx.y * THREADS, key = first_key + threadIdx.x;
    long long row = (long long)blockIdx.x * keys + key, column = (long long)blockIdx.x * queries;
    q += column * WIDTH, dy += column * WIDTH, peaks += column, totals += column;

    float k_row[WIDTH], dv_row[WIDTH];
    EACH(d) k_row[d] = key < keys ? scale * k[row * WIDTH + d] : 0;
    EACH(d) dv_row[d] = 0;
    int begin = first_query_of(key, queries, keys, causal), end = end_query_of(key, queries, keys, causal, window);
    int last = end_query_of(first_key + THREADS - 1, queries, keys, causal, window);

    for (int first = first_query_of(first_key, queries, keys, causal); first < last; first += TILE) {
        __syncthreads();  // all have used the tiles before
        load(q_tile, q, first, queries);
        load(dy_tile, dy, first, queries);
        __syncthreads();  // the tiles are there
        for (int i = 0; i < TILE; i++) {
            int query = first + i;
            bool sees = begin <= query && query < end;
            float p = sees ? expf(dot(k_row, q_tile[i]) - peaks[query]) / totals[query] : 0;
            EACH(d) dv_row[d] += p * dy_tile[i][d];  // y = p v
        }
    }
    if (key >= keys) return;
    EACH(d) dv[row * WIDTH + d] = dv_row[d];
}

//     dk = scale Σ_t ds_t q_t        ds_t = p_t (dy_t · v - dy_t · y_t)
//
// Blocks as for the values.
extern "C" __global__ void __launch_bounds__(THREADS) attention_backward_keys(
    const float *dy, const float *q, const float *k, const float *v, const float *peaks, const float *totals, const float *sums, float *dk,
    int queries, int keys, int causal, int window, float scale) {
    __shared__ __align__(16) float q_tile[TILE][WIDTH], dy_tile[TILE][WIDTH];
    int first_key = blockIdx.y * THREADS, key = first_key + threadIdx.x;
    long long row = (long long)blockIdx.x * keys + key, column = (long long)blockIdx.x * queries;
    q += column * WIDTH, dy += column * WIDTH, peaks += column, totals += column, sums += column;

    float k_row[WIDTH], v_row[WIDTH], dk_row[WIDTH];
    EACH(d) k_row[d] = key < keys ? scale * k[row * WIDTH + d] : 0;
    EACH(d) v_row[d] = key < keys ? v[row * WIDTH + d] : 0;
    EACH(d) dk_row[d] = 0;
    int begin = first_query_of(key, queries, keys, causal), end = end_query_of(key, queries, keys, causal, window);
    int last = end_query_of(first_key + THREADS - 1, queries, keys, causal, window);

    for (int first = first_query_of(first_key, queries, keys, causal); first < last; first += TILE) {
        __syncthreads();  // all have used the tiles before
        load(q_tile, q, first, queries);
        load(dy_tile, dy, first, queries);
        __syncthreads();  // the tiles are there
        for (int i = 0; i < TILE; i++) {
            int query = first + i;
            bool sees = begin <= query && query < end;
            float p = sees ? expf(dot(k_row, q_tile[i]) - peaks[query]) / totals[query] : 0;
            float ds = sees ? p * (dot(v_row, dy_tile[i]) - sums[query]) : 0;  // y = p v, p = softmax(s)
            __syncwarp();  // as above
            EACH(d) dk_row[d] += ds * q_tile[i][d];  // s = scale q · k
        }
    }
    if (key >= keys) return;
    EACH(d) dk[row * WIDTH + d] = scale * dk_row[d];
}
