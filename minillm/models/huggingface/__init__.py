"""Pretrained models in the layout of Hugging Face, read and written: GPT-2, Llama, Mistral, Qwen2, BERT and T5."""

from minillm.models.huggingface.checkpoint import (
    is_pretrained,
    load_pretrained,
    read_eos_token_id,
    read_labels,
    save_pretrained,
    tensors_of,
)

__all__ = ["is_pretrained", "load_pretrained", "read_eos_token_id", "read_labels", "save_pretrained", "tensors_of"]
