"""Models: stacks of layers with a config."""

from minillm.models.classifier import ClassifierConfig, SequenceClassifier
from minillm.models.config import ModelConfig
from minillm.models.encoder import Encoder, MaskedLM
from minillm.models.encoder_config import EncoderConfig
from minillm.models.encoder_decoder import EncoderDecoder, EncoderDecoderCache
from minillm.models.gpt import GPT, KeyValueCache
from minillm.models.gpt_config import GPTConfig
from minillm.models.kinds import build, check_fields, check_types, config_from_dict, config_to_dict, kind_of
from minillm.models.model import Model, check_ids, copy_parameters, finite_on_host
from minillm.models.question_answering import QuestionAnswering, QuestionAnsweringConfig
from minillm.models.t5 import T5
from minillm.models.t5_config import T5Config
from minillm.models.transformer import Transformer
from minillm.models.transformer_config import TransformerConfig
from minillm.models.value import GPTWithValue

__all__ = [
    "GPT",
    "T5",
    "ClassifierConfig",
    "Encoder",
    "EncoderConfig",
    "EncoderDecoder",
    "EncoderDecoderCache",
    "GPTConfig",
    "GPTWithValue",
    "KeyValueCache",
    "MaskedLM",
    "Model",
    "ModelConfig",
    "QuestionAnswering",
    "QuestionAnsweringConfig",
    "SequenceClassifier",
    "T5Config",
    "Transformer",
    "TransformerConfig",
    "build",
    "check_fields",
    "check_ids",
    "check_types",
    "config_from_dict",
    "config_to_dict",
    "copy_parameters",
    "finite_on_host",
    "kind_of",
]
