"""A small LLaMA-shaped model made here: a tokenizer trained on given texts, random weights.

Where no pretrained model can be had this is the base to pretrain on one's own texts; and it is the smallest model on
which every path of the adapters runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAD, BEGIN, END = "<pad>", "<s>", "</s>"


@dataclass(frozen=True)
class SmallModelSize:
    """Shape of the model."""

    vocabulary: int = 4000
    width: int = 192
    layers: int = 4
    heads: int = 4
    context: int = 512


def build_small_model(
    texts: Sequence[str], folder: str | os.PathLike[str], size: SmallModelSize | None = None, seed: int = 0
) -> Path:
    """Write tokenizer and model in the Hugging Face layout; the same texts and seed give the same files.

    The tokenizer is byte-level BPE (every text has tokens, in any script).
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    size = size or SmallModelSize()
    folder = Path(folder)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=[PAD, BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", pair=f"{BEGIN} $A $B", special_tokens=[(BEGIN, 1)]
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, bos_token=BEGIN, eos_token=END)
    fast.model_input_names = ["input_ids", "attention_mask"]
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=size.width,
            intermediate_size=4 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=size.context,
            tie_word_embeddings=True,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
