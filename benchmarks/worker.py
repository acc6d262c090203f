"""One side of a benchmark in a process of its own: python -m benchmarks.worker SIDE '{"layers": 4, ...}' BATCH CORES

SIDE is one of minillm, torch, torch.compile, transformers. Reads commands from stdin, a line each, and answers each with one line of JSON:

    step N       seconds of each of N training steps (forward, backward, clipping, AdamW)
    cpu N        the same in seconds of CPU time, of this process alone
    generate N   seconds to write N tokens with a key/value cache, from a prompt of one
    digest       a fingerprint of the weights
    memory       peak resident memory above that after the imports, in bytes, with all of that of the processes that share the work
                 (None where the system does not tell)
"""

import hashlib
import json
import multiprocessing
import re
import sys
import time
from pathlib import Path

import numpy as np

from minillm.backend import reuse_freed_memory
from minillm.generation import generate
from minillm.models import EncoderConfig, GPTConfig, ModelConfig, TransformerConfig, build
from minillm.objectives import (
    CAUSAL,
    MASKED,
    SEQUENCE_TO_SEQUENCE,
    Data,
    DenoisingData,
    MaskedData,
    Objective,
    Windows,
)
from minillm.text import Corpus, SpecialTokens
from minillm.training import Trainer, TrainOptions

VOCAB = 65
SPECIAL = SpecialTokens(pad=0, mask=1, bos=2, eos=3)


def peak_memory() -> int | None:
    """Peak resident memory of this process and of those that it started, in bytes; only Linux tells of another process."""
    processes = ["self", *(str(child.pid) for child in multiprocessing.active_children())]
    try:
        status = "".join(Path(f"/proc/{name}/status").read_text(encoding="utf-8") for name in processes)
    except OSError:
        return None
    return sum(1024 * int(kilobytes) for kilobytes in re.findall(r"VmHWM:\s+(\d+) kB", status))


def random_ids(batch: int, context: int) -> np.ndarray:
    return np.random.default_rng(0).integers(4, VOCAB, size=20 * (batch + 2) * context)


def task(config: ModelConfig, batch: int, context: int) -> tuple[Data, Objective]:
    """Random tokens, and the objective that this kind of model is for."""
    ids = random_ids(batch, context)
    if isinstance(config, GPTConfig):
        return Corpus(ids, context), CAUSAL
    if isinstance(config, EncoderConfig):
        return MaskedData(Windows(ids, context - 2), SPECIAL, VOCAB), MASKED
    return DenoisingData(Windows(ids, context - 1), SPECIAL), SEQUENCE_TO_SEQUENCE


class Minillm:
    """The trainer as the command line runs it, logging (so reading back the loss) at every step."""

    def __init__(self, config: ModelConfig, batch: int, context: int, cores: int):
        reuse_freed_memory()
        self.model = build(config)
        options = TrainOptions(batch=batch, log_every=1, workers=min(batch, cores))
        data, objective = task(config, batch, context)
        self.trainer = Trainer(self.model, data, options, objective)

    def step(self) -> None:
        self.trainer.step()

    def write(self, tokens: int) -> None:
        list(generate(self.model, np.array([1]), tokens))

    def digest(self) -> str:
        return hashlib.sha256(self.model.vector.data.tobytes()).hexdigest()

    def shared_memory(self) -> int:
        """Bytes that lie in two processes at once, and are counted in both: weights, and the gradients of the other workers."""
        vector = self.model.vector
        return (self.trainer.options.workers - 1) * (vector.data.nbytes + vector.grad.nbytes)


class Torch:
    def __init__(self, config: ModelConfig, batch: int, context: int, cores: int):
        import torch

        from benchmarks.torch_families import TorchMaskedLM, TorchSequenceToSequence
        from benchmarks.torch_gpt import TorchGPT

        torch.set_num_threads(cores)
        self.torch, self.batch = torch, batch
        if isinstance(config, GPTConfig):
            self.model = TorchGPT(config)
        elif isinstance(config, EncoderConfig):
            self.model = TorchMaskedLM(config)
        else:
            self.model = TorchSequenceToSequence(config, context)
        matrices = [p for p in self.model.parameters() if p.ndim >= 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True)
        self.rng, self.data = np.random.default_rng(0), task(config, batch, context)[0]

    def step(self) -> None:
        torch = self.torch
        loss = self.model.loss(*(torch.from_numpy(array) for array in self.data.batch(self.rng, self.batch)))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        loss.item()

    def write(self, tokens: int) -> None:
        torch = self.torch
        with torch.inference_mode():
            caches, token = [[] for _ in self.model.blocks], torch.tensor([[1]])
            for i in range(tokens):
                probabilities = torch.softmax(self.model(token, caches, i)[0, -1], -1)
                token = torch.multinomial(probabilities, 1)[None]

    def shared_memory(self) -> int:
        return 0


class CompiledTorch(Torch):
    """The same with forward and backward pass compiled."""

    def __init__(self, config: ModelConfig, batch: int, context: int, cores: int):
        super().__init__(config, batch, context, cores)
        self.model.loss = self.torch.compile(self.model.loss)


class Transformers:
    """GPT-2 as the `transformers` library generates with it."""

    def __init__(self, config: GPTConfig, batch: int, context: int, cores: int):
        import torch
        from transformers import GPT2Config, GPT2LMHeadModel, logging

        torch.set_num_threads(cores)
        logging.set_verbosity_error()
        self.torch = torch
        sizes = {"n_layer": config.layers, "n_head": config.heads, "n_embd": config.d_model}
        sizes |= {"n_positions": config.context, "vocab_size": VOCAB}
        self.model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=None, pad_token_id=0)).eval()

    def write(self, tokens: int) -> None:
        one = self.torch.tensor([[1]])
        self.model.generate(one, attention_mask=one, max_new_tokens=tokens, do_sample=True, top_k=0, use_cache=True)


CONFIGS = {"gpt": GPTConfig, "encoder": EncoderConfig, "transformer": TransformerConfig}
SIDES = {"minillm": Minillm, "torch": Torch, "torch.compile": CompiledTorch, "transformers": Transformers}
CLOCKS = {"step": time.perf_counter, "cpu": time.process_time}


def main() -> None:
    name, sizes, batch, cores = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    context = sizes["context"]
    if sizes.get("kind") == "transformer":
        del sizes["context"]  # which is how long the texts are, and nothing to the model
    config = CONFIGS[sizes.pop("kind", "gpt")](VOCAB, **sizes)
    if name != "minillm":
        import torch  # noqa: F401  imported here, so that memory is counted from after it
    imported = peak_memory()
    side = SIDES[name](config, batch, context, cores)
    print("ready", flush=True)
    for line in sys.stdin:
        command, *number = line.split()
        if command in CLOCKS:
            clock, answer = CLOCKS[command], []
            for _ in range(int(number[0])):
                start = clock()
                side.step()
                answer.append(clock() - start)
        elif command == "generate":
            start = time.perf_counter()
            side.write(int(number[0]))
            answer = time.perf_counter() - start
        elif command == "digest":
            answer = side.digest()
        elif command == "memory":
            answer = None if imported is None else peak_memory() - imported - side.shared_memory()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
