"""The network: a Hugging Face model with adapters, pooled, and a linear head."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from grader.errors import UsageError
from grader.peft.config import ScorerConfig

HEAD = "head."


class AdapterSettings(Protocol):
    """What adapters are made by; see `grader.peft.config.ScorerConfig`."""

    @property
    def base(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def rank(self) -> int: ...
    @property
    def alpha(self) -> int: ...
    @property
    def dropout(self) -> float: ...
    @property
    def targets(self) -> tuple[str, ...]: ...
    @property
    def seed(self) -> int: ...


def is_decoder(model_config: Any) -> bool:
    """Whether a model reads from left to right only; then the last token's state stands for the text, not the mean."""
    from transformers.models.auto import modeling_auto as auto

    kind = model_config.model_type
    return kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES


def check_four_bit() -> None:
    """Whether 4-bit weights can be used here.

    Raises:
        UsageError: there is no CUDA device, or bitsandbytes is missing; the message says what to use instead.
    """
    import importlib.util

    import torch

    if not torch.cuda.is_available():
        raise UsageError(
            "QLoRA keeps the base model in 4 bit with bitsandbytes, which needs a CUDA GPU, and none is visible here; "
            "use --method lora (the same adapters, the base in its own precision)"
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UsageError("QLoRA needs bitsandbytes: pip install answergate[qlora], or use --method lora")


def load_backbone(folder: Path, config: ScorerConfig) -> Any:
    """The base model, with adapters where the method wants them; only what is trained requires gradients.

    Raises:
        UsageError: `qlora` without a GPU, no peft, or a model without layers that adapters fit.
    """
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    # A bar for loading a file that is there in a second only hides the training's own progress.
    logging.disable_progress_bar()
    if config.method == "qlora":
        check_four_bit()
        from transformers import BitsAndBytesConfig

        four_bit = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        model = AutoModel.from_pretrained(folder, quantization_config=four_bit, device_map={"": 0})
    else:
        model = AutoModel.from_pretrained(folder, dtype=torch.float32)
    if config.method in ("full", "frozen"):
        model.requires_grad_(config.method == "full")
        return model
    return with_adapters(model, config)


def with_adapters(model: Any, config: AdapterSettings) -> Any:
    """The model with LoRA adapters; everything else is frozen.

    Raises:
        UsageError: peft is missing, or no layer has one of the names in `targets`.
    """
    import torch

    try:
        from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    except ImportError:
        raise UsageError("adapters need `pip install answergate[peft]`") from None
    # The adapters' first weights are random: the same seed must give the same artifact.
    torch.manual_seed(config.seed)
    if config.method == "qlora":
        model = prepare_model_for_kbit_training(model)
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.targets) or None,
    )
    try:
        return get_peft_model(model, lora)
    except ValueError as error:
        raise UsageError(f"{config.base}: adapters fit no layer ({error}); name layers with --targets") from error


def build_scorer_network(folder: Path, config: ScorerConfig) -> Any:
    """`network(input_ids, attention_mask, …) -> (n, outputs)` as a torch module with parts `backbone` and `head`."""
    import torch

    class ScorerNetwork(torch.nn.Module):
        def __init__(self, backbone: Any, decoder: bool, width: int) -> None:
            super().__init__()
            self.backbone = backbone
            self.decoder = decoder
            torch.manual_seed(config.seed + 1)
            self.head = torch.nn.Linear(width, config.outputs)

        def pooled(self, inputs: Any) -> Any:
            states = self.backbone(**inputs).last_hidden_state
            mask = inputs["attention_mask"]
            if self.decoder:
                rows = torch.arange(len(mask), device=mask.device)
                return states[rows, mask.sum(dim=1) - 1].float()
            weights = mask[..., None].to(states.dtype)
            return ((states * weights).sum(dim=1) / weights.sum(dim=1)).float()

        def forward(self, inputs: Any) -> Any:
            return self.head(self.pooled(inputs))

    backbone = load_backbone(folder, config)
    return ScorerNetwork(backbone, is_decoder(backbone.config), int(backbone.config.hidden_size))


def trained_parameters(network: Any) -> dict[str, Any]:
    """What training changes and an artifact holds, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
