"""One side of a benchmark in a process of its own: python -m benchmarks.worker minillm|torch '{"layers": 4, ...}' BATCH

Reads commands from stdin, a line each, and answers each with one line of JSON:

    step N       seconds of each of N training steps (forward, backward, clipping, AdamW)
    generate N   seconds to write N tokens with a key/value cache, from a prompt of one
    memory       peak resident memory above that after the imports, in bytes (None where the system does not tell)
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from minillm.backend import reuse_freed_memory
from minillm.generation import generate
from minillm.models import GPT, GPTConfig
from minillm.text import Corpus
from minillm.training import Trainer, TrainOptions, default_threads

VOCAB = 65


def peak_memory() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def minillm_side(config: GPTConfig, batch: int) -> tuple[Callable, Callable]:
    """The trainer as the command line runs it, on random tokens, logging (so reading back the loss) at every step."""
    reuse_freed_memory()
    model = GPT(config)
    ids = np.random.default_rng(0).integers(VOCAB, size=20 * (batch + 2) * config.context)
    options = TrainOptions(batch=batch, log_every=1, threads=default_threads(batch))
    trainer = Trainer(model, Corpus(ids, config.context), options)
    return trainer.step, lambda tokens: list(generate(model, np.array([1]), tokens))


def torch_side(config: GPTConfig, batch: int) -> tuple[Callable, Callable]:
    import torch
    import torch.nn.functional as F

    from benchmarks.torch_gpt import TorchGPT

    model = TorchGPT(config)
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
    rng = np.random.default_rng(0)

    def step() -> None:
        ids = torch.from_numpy(rng.integers(VOCAB, size=(batch, config.context + 1)))
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), ids[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    @torch.inference_mode()
    def write(tokens: int) -> None:
        caches, token = [[] for _ in model.blocks], torch.tensor([[1]])
        for i in range(tokens):
            probabilities = torch.softmax(model(token, caches, i)[0, -1], -1)
            token = torch.multinomial(probabilities, 1)[None]

    return step, write


def main() -> None:
    side, config, batch = sys.argv[1], GPTConfig(vocab_size=VOCAB, **json.loads(sys.argv[2])), int(sys.argv[3])
    if side == "torch":
        import torch  # noqa: F401  imported here, so that memory is counted from after it
    imported = peak_memory()
    step, write = (minillm_side if side == "minillm" else torch_side)(config, batch)
    print("ready", flush=True)
    for line in sys.stdin:
        command, *number = line.split()
        answer = None
        if command == "step":
            answer = []
            for _ in range(int(number[0])):
                start = time.perf_counter()
                step()
                answer.append(time.perf_counter() - start)
        elif command == "generate":
            start = time.perf_counter()
            write(int(number[0]))
            answer = time.perf_counter() - start
        elif command == "memory":
            answer = None if imported is None else peak_memory() - imported
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
