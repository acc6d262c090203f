"""Checkpoints of transformers, read and written: random models, saved by one side and loaded by the other, give the same scores."""

import json
import os

import numpy as np
import pytest

from minillm.cli import main
from minillm.generation import beam_search, generate
from minillm.gradcheck import randomize
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    Encoder,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
)
from minillm.models.huggingface import load_pretrained, read_eos_token_id, read_labels, save_pretrained
from minillm.pretraining.evaluation import evaluate
from minillm.training import load

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
hugging_face_t5 = pytest.importorskip("transformers.models.t5.modeling_t5")
hugging_face_llama = pytest.importorskip("transformers.models.llama.modeling_llama")
hugging_face_mistral = pytest.importorskip("transformers.models.mistral.modeling_mistral")
hugging_face_qwen2 = pytest.importorskip("transformers.models.qwen2.modeling_qwen2")

NORMS = (hugging_face_t5.T5LayerNorm, hugging_face_llama.LlamaRMSNorm)
NORMS += (hugging_face_mistral.MistralRMSNorm, hugging_face_qwen2.Qwen2RMSNorm)

V = 23
GPT2_SIZES = {"vocab_size": V, "n_positions": 40, "n_embd": 12, "n_layer": 2, "n_head": 3, "n_inner": 20}
BERT_SIZES = {"vocab_size": V, "max_position_embeddings": 9, "hidden_size": 12, "num_hidden_layers": 2}
BERT_SIZES |= {"num_attention_heads": 3, "intermediate_size": 20, "type_vocab_size": 3}
T5_SIZES = {"vocab_size": V, "d_model": 12, "d_kv": 5, "d_ff": 20, "num_heads": 3}
T5_SIZES |= {"num_layers": 2, "num_decoder_layers": 3, "decoder_start_token_id": 0, "eos_token_id": None}
T5_SIZES |= {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 7}
NO_ENDS = {"bos_token_id": None, "eos_token_id": None}
LLAMA_SIZES = {"vocab_size": V, "max_position_embeddings": 40, "hidden_size": 16, "intermediate_size": 20, **NO_ENDS}
LLAMA_SIZES |= {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
LINEAR = {"rope_type": "linear", "rope_theta": 50.0, "factor": 3.0}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 50.0, "factor": 3.0, "original_max_position_embeddings": 20}
LLAMA3 |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
GATED = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}

# name of a case -> their class, and the fields of its config
THEIRS = {
    "GPT-2": ("GPT2LMHeadModel", {**GPT2_SIZES, **NO_ENDS}),
    "GPT-2 with a head of its own": ("GPT2LMHeadModel", {**GPT2_SIZES, **NO_ENDS, "tie_word_embeddings": False}),
    "GPT-2 with ReLU": ("GPT2LMHeadModel", {**GPT2_SIZES, **NO_ENDS, "activation_function": "relu", "n_inner": None}),
    "GPT-2 with SiLU": ("GPT2LMHeadModel", {**GPT2_SIZES, **NO_ENDS, "activation_function": "silu"}),
    "GPT-2 with a large eps": ("GPT2LMHeadModel", {**GPT2_SIZES, **NO_ENDS, "layer_norm_epsilon": 0.1}),
    "Llama": ("LlamaForCausalLM", {**LLAMA_SIZES, "attention_bias": False, "rms_norm_eps": 1e-5}),
    "Llama with biases": ("LlamaForCausalLM", {**LLAMA_SIZES, "attention_bias": True, "mlp_bias": True}),
    "Llama with wide heads": ("LlamaForCausalLM", {**LLAMA_SIZES, "head_dim": 6, "num_key_value_heads": 4}),
    "Llama that shares its head": ("LlamaForCausalLM", {**LLAMA_SIZES, "tie_word_embeddings": True}),
    "Llama, interpolated": ("LlamaForCausalLM", {**LLAMA_SIZES, "rope_parameters": LINEAR}),
    "Llama 3.1": ("LlamaForCausalLM", {**LLAMA_SIZES, "rope_parameters": LLAMA3}),
    "Mistral": ("MistralForCausalLM", {**LLAMA_SIZES, "sliding_window": 3}),
    "Qwen2": ("Qwen2ForCausalLM", {**LLAMA_SIZES, "rope_parameters": {"rope_type": "default", "rope_theta": 100.0}}),
    "BERT without a head": ("BertModel", BERT_SIZES),
    "BERT for masked words": ("BertForMaskedLM", {**BERT_SIZES, "layer_norm_eps": 1e-5}),
    "BERT with GPT-2's GELU": ("BertForMaskedLM", {**BERT_SIZES, "hidden_act": "gelu_new", "pad_token_id": None}),
    "BERT for classes": ("BertForSequenceClassification", {**BERT_SIZES, "num_labels": 4}),
    "BERT for two classes": ("BertForSequenceClassification", BERT_SIZES),
    "BERT for questions": ("BertForQuestionAnswering", BERT_SIZES),
    "BERT of pretraining": ("BertForPreTraining", BERT_SIZES),
    "T5": ("T5ForConditionalGeneration", T5_SIZES),
    "T5 with GELU": ("T5ForConditionalGeneration", {**T5_SIZES, "feed_forward_proj": "gelu"}),
    "T5 that starts with another token": ("T5ForConditionalGeneration", {**T5_SIZES, "pad_token_id": 3, "decoder_start_token_id": 3}),
    "T5 1.1": ("T5ForConditionalGeneration", {**T5_SIZES, **GATED}),
    "T5 1.1 that shares its head": ("T5ForConditionalGeneration", {**T5_SIZES, **GATED}),
}  # fmt: skip

ENCODER = EncoderConfig(vocab_size=V, context=9, layers=2, heads=3, d_model=12, d_ff=20, token_types=3)
LLAMA = {"context": 40, "layers": 2, "heads": 4, "kv_heads": 2, "d_model": 16, "d_ff": 20, "bias": False, "d_kv": 6}
LLAMA |= {"positions": "rotary", "norm": "rms", "activation": "swiglu", "rope_theta": 50.0, "eps": 1e-6}
OURS = {
    "GPT": lambda **at: GPT(GPTConfig(V, context=40, layers=2, heads=3, d_model=12, d_ff=20), **at),
    "GPT with a head of its own": lambda **at: GPT(
        GPTConfig(V, context=40, layers=2, heads=3, d_model=12, tie_head=False, activation="gelu_erf"), **at
    ),
    "Llama": lambda **at: GPT(GPTConfig(V, **LLAMA), **at),
    "Llama 3.1": lambda **at: GPT(GPTConfig(V, **LLAMA, rope_factor=3.0, rope_original_context=20), **at),
    "Mistral": lambda **at: GPT(GPTConfig(V, **LLAMA, window=3, rope_factor=2.0), **at),
    "Qwen2": lambda **at: GPT(GPTConfig(V, **LLAMA, qkv_bias=True, tie_head=False), **at),
    "masked words": lambda **at: MaskedLM(ENCODER, **at),
    "body": lambda **at: Encoder(ENCODER, **at),
    "GPT with a large eps": lambda **at: GPT(GPTConfig(V, context=40, layers=2, heads=3, d_model=12, eps=0.1), **at),
    "classes": lambda **at: SequenceClassifier(ClassifierConfig(ENCODER, classes=4, pooler=True), **at),
    "questions": lambda **at: QuestionAnswering(QuestionAnsweringConfig(ENCODER), **at),
    "T5": lambda **at: T5(T5Config(V, layers=2, decoder_layers=3, heads=3, d_model=12, d_kv=5, d_ff=20), **at),
    "T5 1.1": lambda **at: T5(
        T5Config(V, layers=2, heads=3, d_model=12, d_kv=5, d_ff=20, activation="gelu", gated=True, tie_head=False), **at
    ),
}

# Their angles are in float32, whatever the model is in.
ROTARY = {name for name in (*THEIRS, *OURS) if name.startswith(("Llama", "Mistral", "Qwen2"))}

IDS = np.random.default_rng(1).integers(0, V, (4, 7))
MASK = np.arange(7) < np.array([[7], [3], [1], [6]])
TYPES = np.random.default_rng(2).integers(0, 3, (4, 7))
TARGET = np.random.default_rng(3).integers(0, V, (4, 5))


@pytest.fixture(autouse=True)
def quiet_and_exact(monkeypatch):
    """No progress bars; and norms that count in float64 where their model does, as theirs do not."""
    transformers.logging.disable_progress_bar()

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)

    for norm in NORMS:
        monkeypatch.setattr(norm, "forward", forward)


def make(case, spread=0.3, seed=0):
    """One of their models, with random weights that are large enough for every part to be seen in the scores."""
    name, fields = THEIRS[case]
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**fields, attn_implementation="eager")).eval()
    if case == "T5 1.1":  # only a checkpoint brings a head of its own; a new model shares the table
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(spread * noise if parameter.ndim == 2 else parameter + 0.3 * noise)  # from gains of one
    return model


def their_scores(model) -> np.ndarray:
    ids, mask, types = torch.tensor(IDS), torch.tensor(MASK).long(), torch.tensor(TYPES)
    with torch.no_grad():
        if model.config.model_type == "t5":
            return model(input_ids=ids, attention_mask=mask, decoder_input_ids=torch.tensor(TARGET)).logits.numpy()
        if model.config.model_type == "gpt2":
            return model(input_ids=ids, attention_mask=mask).logits.numpy()[MASK]
        if model.config.model_type in ("llama", "mistral", "qwen2"):  # rows in a window of padding alone are NaN
            return model(input_ids=ids).logits.numpy()[MASK]
        answer = model(input_ids=ids, attention_mask=mask, token_type_ids=types)
    if "start_logits" in answer:
        return np.stack([answer.start_logits.numpy(), answer.end_logits.numpy()], axis=1)
    return answer[0].numpy()


def our_scores(model) -> np.ndarray:
    if isinstance(model, T5):
        return model.forward(IDS, TARGET, source_mask=MASK)[0]
    if isinstance(model, GPT):
        return model.forward(IDS)[0][MASK]
    return model.forward(IDS, mask=MASK, token_types=TYPES)[0]


def widened(model, dtype):
    """In another precision; with rotary frequencies that were never narrower, as `from_pretrained` has them."""
    model = model.to(dtype)
    if hasattr(model, "model") and hasattr(model.model, "rotary_emb"):
        model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    return model


# Theirs, read by us ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [False, True])
@pytest.mark.parametrize("stored", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", THEIRS)
def test_theirs_is_read(tmp_path, close, case, stored, shards):
    """Scores in both precisions, from weights of any. Two shards and more where they are asked for."""
    theirs = make(case).to(getattr(torch, stored))
    theirs.save_pretrained(tmp_path, **({"max_shard_size": "5KB"} if shards else {}))
    assert len([name for name in os.listdir(tmp_path) if name.endswith(".safetensors")]) > shards
    for dtype, limit in ((np.float32, 1e-5), (np.float64, 1e-7 if case in ROTARY else 1e-9)):
        ours = load_pretrained(tmp_path, dtype=dtype)
        assert ours.vector.data.dtype == dtype
        wide = widened(theirs, getattr(torch, dtype.__name__))
        expected = their_scores(wide)
        close(our_scores(ours), expected, limit)
        assert np.std(expected) > 0.1, "or this shows nothing"


LEFT_OUT = {"BERT of pretraining": ("cls.seq_relationship", "bert.pooler"), "BERT without a head": ("pooler",)}


@pytest.mark.parametrize("case", THEIRS)
def test_there_and_back(tmp_path, case):
    """What we read and write again is for them what it was: every parameter, and every field of the config that has to do with scores."""
    theirs = make(case)
    theirs.save_pretrained(tmp_path / "theirs")
    ours = load_pretrained(tmp_path / "theirs")
    save_pretrained(ours, tmp_path / "ours")
    assert load_pretrained(tmp_path / "ours").config == ours.config
    again = read_by_them(tmp_path / "ours")
    before, after = (dict(model.named_parameters(remove_duplicate=False)) for model in (theirs, again))
    for name, parameter in after.items():
        assert torch.equal(parameter, before[name]), name
    left_out = LEFT_OUT.get(case, ())
    assert not [name for name in before.keys() - after.keys() if not name.startswith(left_out)]
    was, now = theirs.config.to_dict(), again.config.to_dict()
    written_out = {"n_inner": None, "classifier_dropout": None, "pad_token_id": 0}  # what theirs may say instead
    other = {name for name in was if was[name] != now[name] and was[name] != written_out.get(name, "no")}
    assert other <= {"_name_or_path", "architectures"}


def test_all_names_of_their_activations():
    """Those that we take for the same are the same."""
    x = torch.linspace(-9, 9, 1001, dtype=torch.float64)
    new, tanh = (transformers.activations.ACT2FN[name](x) for name in ("gelu_new", "gelu_pytorch_tanh"))
    assert torch.allclose(new, tanh, atol=1e-12)


# Ours, read by them ---------------------------------------------------------------------------------------------------


def read_by_them(directory):
    """The model. They have nothing to say about its parameters."""
    config = transformers.AutoConfig.from_pretrained(directory)
    kind = getattr(transformers, config.architectures[0])
    settings = {"add_pooling_layer": False} if kind is transformers.BertModel else {}
    model, found = kind.from_pretrained(directory, output_loading_info=True, attn_implementation="eager", **settings)
    assert not any(found.values()), found
    return model.eval()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", OURS)
def test_ours_is_read(tmp_path, close, case, dtype):
    ours = randomize(OURS[case](dtype=np.dtype(dtype), seed=0), np.random.default_rng(0))
    ours.vector.data *= 0.5
    save_pretrained(ours, tmp_path)
    theirs = read_by_them(tmp_path)
    assert next(theirs.parameters()).dtype == getattr(torch, dtype)
    assert sum(parameter.numel() for parameter in theirs.parameters()) == ours.vector.data.size
    limit = 1e-5 if dtype == "float32" else 1e-7 if case in ROTARY else 1e-9
    close(our_scores(ours), their_scores(theirs), limit)


def test_labels_and_the_end_of_a_text(tmp_path):
    """Names of classes go there and come back."""
    names = ["sad", "glad", "neither", "both"]
    save_pretrained(OURS["classes"](), tmp_path / "ours", labels=names)
    theirs = read_by_them(tmp_path / "ours")
    assert theirs.config.id2label == dict(enumerate(names))
    assert theirs.config.label2id == {name: i for i, name in enumerate(names)}
    theirs.save_pretrained(tmp_path / "theirs")
    assert read_labels(tmp_path / "theirs") == names
    save_pretrained(OURS["GPT"](), tmp_path / "text", eos_id=7)
    assert read_by_them(tmp_path / "text").generation_config.eos_token_id == 7


# Texts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["GPT-2", "Llama", "Mistral", "Qwen2", "T5", "T5 1.1"])
def test_both_write_the_same(tmp_path, case):
    """Greedily and by beam search, to an end token, to one of two, and without one."""
    theirs = make(case, spread=1.0, seed=6 if case.startswith("T5") else 12).double()
    theirs.save_pretrained(tmp_path)
    ours = load_pretrained(tmp_path, dtype=np.float64)
    source, prompt = (IDS[:1], [0]) if isinstance(ours, T5) else (None, [3, 1, 4])

    def write(beams, eos):
        cache = None if source is None else ours.start(source)
        if beams == 1:
            return list(generate(ours, prompt, 20, cache=cache, temperature=0, eos=eos))
        return beam_search(ours, prompt, 20, cache=cache, beams=beams, eos=eos)[0].ids

    def they_write(beams, eos):
        ids = torch.tensor([prompt] if source is None else source)
        settings = {"max_new_tokens": 20, "num_beams": beams, "do_sample": False, "eos_token_id": eos or None}
        # Their cache fails where the decoder has more layers than the encoder.
        settings |= {"pad_token_id": eos[0] if eos else 0, "use_cache": source is None}
        text = theirs.generate(ids, attention_mask=torch.ones_like(ids), **settings)[0].tolist()[len(prompt) :]
        return text[: next((i for i, token in enumerate(text) if token in eos), None)]

    free = write(1, [])
    last_new = max(free, key=free.index)
    assert len(set(free)) > 2 and 2 < free.index(last_new) < 19, "or this shows nothing"
    for beams in (1, 4):
        for eos in ([], [last_new], [last_new, free[0]], [free[0], last_new]):
            assert write(beams, eos) == they_write(beams, eos)


# A whole folder ---------------------------------------------------------------------------------------------------------


TEXT = "the model reads a token and writes another after the other"


def draw_matrices(model):
    """Of order one, so that what is likeliest changes from token to token."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator))


@pytest.fixture
def gpt2(tmp_path):
    """A folder with GPT-2 and its tokenizer, as their packages save them, and both. The vocabulary is padded, as theirs often are."""
    bpe = pytest.importorskip("tokenizers").ByteLevelBPETokenizer()
    bpe.train_from_iterator([TEXT] * 3, vocab_size=300, special_tokens=["<|endoftext|>"], show_progress=False)
    bpe.save_model(str(tmp_path))
    size = bpe.get_vocab_size() + 200
    config = transformers.GPT2Config(vocab_size=size, n_positions=32, n_embd=12, n_layer=2, n_head=2, **NO_ENDS)
    model = transformers.GPT2LMHeadModel(config).eval()
    draw_matrices(model)
    model.save_pretrained(tmp_path)
    return tmp_path, model, bpe


def test_the_command_line_writes_what_theirs_writes(gpt2, capsys):
    folder, model, bpe = gpt2
    prompt = torch.tensor([bpe.encode("the model").ids])
    padding, end = list(range(bpe.get_vocab_size(), model.config.vocab_size)), bpe.token_to_id("<|endoftext|>")
    settings = {"attention_mask": torch.ones_like(prompt), "max_new_tokens": 12, "do_sample": False}
    freely = model.generate(prompt, pad_token_id=end, **settings)[0].tolist()
    settings |= {"pad_token_id": end, "eos_token_id": end, "suppress_tokens": padding}
    ids = model.generate(prompt, **settings)[0].tolist()
    assert set(freely) & set(padding) and len(set(ids)) > 6, "or this shows nothing"
    assert main(["generate", f"--checkpoint={folder}", "--prompt=the model", "--max-tokens=12", "--temperature=0"]) == 0
    assert capsys.readouterr().out == bpe.decode(ids) + "\n"


def sentencepiece(bpe):
    """Llama 2's: BPE over characters with ▁ for a space, bytes for characters that it lacks, and <s> before a text."""
    parts = bpe.normalizers, bpe.decoders
    tokenizer = bpe.Tokenizer(bpe.models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.normalizer = parts[0].Sequence([parts[0].Prepend("▁"), parts[0].Replace(" ", "▁")])
    steps = [parts[1].Replace("▁", " "), parts[1].ByteFallback(), parts[1].Fuse(), parts[1].Strip(" ", 1, 0)]
    tokenizer.decoder = parts[1].Sequence(steps)
    special = ["<unk>", "<s>", "</s>"]
    words = bpe.trainers.BpeTrainer(vocab_size=340, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([TEXT] * 3, words)
    data = json.loads(tokenizer.to_str())
    size = len(data["model"]["vocab"])
    data["model"]["vocab"] |= {f"<0x{byte:02X}>": size + byte for byte in range(256)}
    tokenizer = bpe.Tokenizer.from_str(json.dumps(data))
    tokenizer.post_processor = bpe.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>"}


def byte_level(bpe):
    """Qwen2's: bytes, after a pattern that cuts the text into words."""
    tokenizer = bpe.Tokenizer(bpe.models.BPE())
    tokenizer.normalizer = bpe.normalizers.NFC()
    before = bpe.pre_tokenizers
    split = before.Split(bpe.Regex(r"\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+"), "isolated")
    tokenizer.pre_tokenizer = before.Sequence([split, before.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = bpe.decoders.ByteLevel()
    settings = {"special_tokens": ["<|endoftext|>"], "initial_alphabet": before.ByteLevel.alphabet()}
    tokenizer.train_from_iterator([TEXT] * 3, bpe.trainers.BpeTrainer(vocab_size=300, show_progress=False, **settings))
    return tokenizer, {"eos_token": "<|endoftext|>"}


@pytest.mark.parametrize(
    ("case", "make_tokenizer"), [("Llama", sentencepiece), ("Mistral", sentencepiece), ("Qwen2", byte_level)]
)
def test_what_a_llama_of_theirs_writes_and_how_it_judges_a_text(tmp_path, capsys, case, make_tokenizer):
    """From the same first token, which is not shown; with characters that the vocabulary has only in bytes."""
    tokenizer, roles = make_tokenizer(pytest.importorskip("tokenizers"))
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
    theirs.save_pretrained(tmp_path)
    name, fields = THEIRS[case]
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**{**fields, "vocab_size": len(theirs)}, attn_implementation="eager")).eval()
    draw_matrices(model)
    model.save_pretrained(tmp_path)
    for prompt in ("the model", "一个 model"):
        encoded = theirs(prompt, return_tensors="pt")["input_ids"]
        settings = {"attention_mask": torch.ones_like(encoded), "max_new_tokens": 12, "do_sample": False}
        ids = model.generate(encoded, pad_token_id=0, **settings)[0].tolist()
        assert len(set(ids)) > 6, "or this shows nothing"
        argv = [f"--checkpoint={tmp_path}", f"--prompt={prompt}", "--max-tokens=12", "--temperature=0"]
        assert main(["generate", *argv]) == 0
        shown = ids[theirs.bos_token_id is not None :]
        assert capsys.readouterr().out == theirs.decode(shown) + "\n"
        loss = model(encoded, labels=encoded).loss.item()
        assert evaluate(*load(tmp_path), prompt).nats_per_token == pytest.approx(loss, rel=1e-5)


def test_the_command_line_draws_its_attention(gpt2, capsys):
    folder, _, _ = gpt2
    assert main(["attention", f"--checkpoint={folder}", "--text", TEXT, f"--out={folder / 'map.svg'}"]) == 0
    assert (folder / "map.svg").stat().st_size > 1000


def test_the_command_line_fills_gaps_with_a_bert(tmp_path, capsys):
    """With the likeliest words, none of them from beyond the vocabulary."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *TEXT.split()[:8]]
    (tmp_path / "vocab.txt").write_text("\n".join([*words, ""]), encoding="utf-8")
    model = make("BERT for masked words")
    model.save_pretrained(tmp_path)
    ids = torch.tensor([[2, 5, 6, 4, 8, 3]])
    scores = model(ids).logits[0, 3].detach().numpy()[5 : len(words)]
    assert main(["fill", f"--checkpoint={tmp_path}", "--text=the model [MASK] token", "--top=8"]) == 0
    shown = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert shown == [words[5 + i] for i in np.argsort(-scores)]


def test_the_command_line_answers_with_a_t5(tmp_path, capsys):
    tokenizer = pytest.importorskip("tokenizers").SentencePieceUnigramTokenizer()
    special = ["<pad>", "</s>", "<unk>", "<extra_id_0>"]
    texts = ["a bad cab", "a cad bad", "add a dab", "a cab"]
    tokenizer.train_from_iterator(texts, vocab_size=16, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    model = make("T5 1.1", spread=1.0, seed=6)
    model.save_pretrained(tmp_path)
    source = torch.tensor([[*tokenizer.encode("a cab").ids, 3, 1]])
    settings = {"max_new_tokens": 12, "suppress_tokens": list(range(tokenizer.get_vocab_size(), V)), "eos_token_id": 1}
    settings |= {"attention_mask": torch.ones_like(source), "use_cache": False, "do_sample": False}
    argv = [f"--checkpoint={tmp_path}", "--prompt=a cab<extra_id_0>", "--max-tokens=12", "--temperature=0"]
    assert main(["generate", *argv]) == 0
    ids = model.generate(source, **settings)[0].tolist()[1:]
    assert len(set(ids)) > 3 and 1 not in ids
    assert capsys.readouterr().out == tokenizer.decode(ids, False) + "\n"


@pytest.mark.parametrize("case", ["GPT-2", "T5"])
@pytest.mark.parametrize("config", [{}, {"eos_token_id": None}, {"eos_token_id": 2}, {"eos_token_id": [2, 5]}], ids=str)
@pytest.mark.parametrize(
    "generation", [None, {}, {"eos_token_id": None}, {"eos_token_id": 3}, {"eos_token_id": [3, 4]}], ids=str
)
def test_the_ends_of_a_text_are_theirs(tmp_path, case, config, generation):
    """Which of the files has the say where both are there, or one, or neither."""
    make(case).save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values.pop("eos_token_id", None)
    path.write_text(json.dumps(values | config), encoding="utf-8")
    (tmp_path / "generation_config.json").unlink(missing_ok=True)
    if generation is not None:
        (tmp_path / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    theirs = getattr(transformers, THEIRS[case][0]).from_pretrained(tmp_path).generation_config.eos_token_id
    assert read_eos_token_id(tmp_path) == ([] if theirs is None else theirs if isinstance(theirs, list) else [theirs])
