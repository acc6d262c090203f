// Runs CUDA C on a processor, thread after thread, to test what it computes. Speed, and what needs a real GPU's hardware, it does not show.
//
// Every thread of a block is a fiber with a stack of its own. It runs until it must wait: at __syncthreads() for its block, at a shuffle for
// its warp. A warp runs as far as it can before the next begins, in forward or in reverse order: where a __syncthreads() is missing, one of
// the two orders reads what is not there yet, or is there no more. A barrier that some threads never reach is an error.

#include <csetjmp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>
#include <sys/mman.h>
#include <ucontext.h>

#define __global__
#define __device__ static
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __shared__ static __attribute__((section("shared_memory")))

struct dim3 {
    unsigned x, y, z;
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;

static float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }

namespace emulated {

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };
struct Fiber {
    State state;
    bool begun;
    int line;  // of the barrier at which it waits
    unsigned mask, round;  // of its shuffles
    jmp_buf place;
    ucontext_t start;
};
constexpr int MOST = 1024;
constexpr size_t STACK = 1 << 16;
static Fiber fibers[MOST];
static float lanes[2][MOST];  // what threads show to the others of their warp, in even and odd rounds
static char *stacks;
static int current, threads;
static jmp_buf scheduler;
static void (*call)(void **);
static void **arguments;
static const char *fault;

static void wait(State state, int line) {
    fibers[current].state = state, fibers[current].line = line;
    int me = current;
    if (!_setjmp(fibers[me].place)) _longjmp(scheduler, 1);
}

static void body() {
    call(arguments);
    fibers[current].state = DONE;
    _longjmp(scheduler, 1);
}

static void resume(int t) {
    Fiber &fiber = fibers[t];
    current = t;
    threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
    if (_setjmp(scheduler)) return;  // it waits, or is done
    if (fiber.begun) _longjmp(fiber.place, 1);
    fiber.begun = true;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = stacks + t * STACK, fiber.start.uc_stack.ss_size = STACK;
    makecontext(&fiber.start, body, 0);
    setcontext(&fiber.start);
}

// Whether all threads first ... end - 1 wait in this state at one barrier. A thread that is done will never come.
static bool all_wait(int first, int end, State state) {
    int waiting = 0;
    for (int t = first; t < end; t++) waiting += fibers[t].state == state && fibers[t].line == fibers[first].line;
    return waiting == end - first;
}

static void release(int first, int end) {
    for (int t = first; t < end; t++) fibers[t].state = READY;
}

static bool run_warp(int first, int end, bool reverse) {
    bool moved = false;
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < end - first; i++) {
            int t = reverse ? end - 1 - i : first + i;
            if (fibers[t].state == READY) resume(t), again = moved = true;
        }
        if (all_wait(first, end, AT_WARP_BARRIER)) release(first, end);
    }
    return moved;
}

static void run_block(bool reverse) {
    for (int t = 0; t < threads; t++) fibers[t].state = READY, fibers[t].begun = false, fibers[t].round = 0;
    int warps = (threads + 31) / 32;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < warps; i++) {
            int first = 32 * (reverse ? warps - 1 - i : i), end = first + 32 < threads ? first + 32 : threads;
            moved |= run_warp(first, end, reverse);
        }
        if (all_wait(0, threads, AT_BLOCK_BARRIER)) release(0, threads);
    }
    for (int t = 0; t < threads; t++)
        if (fibers[t].state != DONE) fault = "some threads wait at a barrier that others never reach";
}

template <class... P, size_t... I>
void unpack(void (*kernel)(P...), void **values, std::index_sequence<I...>) {
    kernel(*(P *)values[I]...);
}
// A kernel, called with the addresses of its arguments, as cuLaunchKernel has them.
template <auto kernel, class... P>
void call_with(void (*)(P...), void **values) {
    unpack<P...>(kernel, values, std::index_sequence_for<P...>{});
}

extern char shared_begin[] __asm__("__start_shared_memory") __attribute__((weak));
extern char shared_end[] __asm__("__stop_shared_memory") __attribute__((weak));

static const char *run(void (*kernel)(void **), const unsigned *grid, const unsigned *block, void **values, bool reverse) {
    if (!stacks) stacks = (char *)mmap(nullptr, MOST * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    call = kernel, arguments = values, fault = nullptr;
    gridDim = {grid[0], grid[1], grid[2]}, blockDim = {block[0], block[1], block[2]};
    threads = block[0] * block[1] * block[2];
    unsigned blocks = grid[0] * grid[1] * grid[2];
    for (unsigned i = 0; i < blocks && !fault; i++) {
        unsigned b = reverse ? blocks - 1 - i : i;
        blockIdx = {b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]};
        if (shared_begin) memset(shared_begin, 0xff, shared_end - shared_begin);  // NaN: what was not written is seen
        run_block(reverse);
    }
    return fault;
}

static float shuffle(float x, unsigned mask, int from, int line) {
    int round = fibers[current].round++ % 2, first = current / 32 * 32;
    if (mask != 0xffffffff || threads % 32) fault = "a shuffle of a warp that is not full";
    lanes[round][current] = x;
    wait(AT_WARP_BARRIER, line);
    return lanes[round][first + from];
}

}  // namespace emulated

#define __syncthreads() emulated::wait(emulated::AT_BLOCK_BARRIER, __LINE__)
#define __syncwarp() emulated::wait(emulated::AT_WARP_BARRIER, __LINE__)
#define __shfl_sync(mask, x, lane) emulated::shuffle(x, mask, lane, __LINE__)
#define __shfl_xor_sync(mask, x, apart) emulated::shuffle(x, mask, emulated::current % 32 ^ (apart), __LINE__)
