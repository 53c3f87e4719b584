"""SetFit-style fine-tuning: a small sentence encoder is trained on pairs of the graded answers, then a linear head.

Tunstall et al., Efficient Few-Shot Learning Without Prompts (2022), with graded pairs: two answers should be as similar
as their grades. The encoder is a folder in the Hugging Face layout; nothing is downloaded.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from grader.rivals.base import Graded, Rival, Task
from grader.rivals.logistic import expected_grades


def setfit_rival(folder: str | os.PathLike[str], steps: int = 20, batch: int = 16, rate: float = 2e-5) -> Rival:
    """The rival that fine-tunes the encoder in `folder`, from its own weights for every question.

    Args:
        folder: Model and tokenizer files.
        steps: Optimiser steps per question.
        batch: Pairs per step.
        rate: Learning rate of AdamW.
    """
    loaded: dict[str, Any] = {}

    def grade(task: Task) -> Graded:
        import torch
        from transformers import AutoModel, AutoTokenizer

        from grader.estimator import OnlineLogisticRegression

        if not loaded:
            loaded["tokenizer"] = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            loaded["model"] = AutoModel.from_pretrained(folder, local_files_only=True).float()
            loaded["start"] = {name: value.clone() for name, value in loaded["model"].state_dict().items()}
        model, tokenizer = loaded["model"], loaded["tokenizer"]
        model.load_state_dict(loaded["start"])
        torch.manual_seed(task.seed)
        generator = np.random.default_rng(task.seed)

        def embed(texts: list[str]) -> Any:
            inputs = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
            states = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None].to(states.dtype)
            return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1)

        texts, grades = list(task.support_texts), task.grades / task.question.max_grade
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
        model.train()
        for _ in range(steps):
            left, right = generator.integers(len(texts), size=(2, batch))
            wanted = torch.from_numpy(1.0 - np.abs(grades[left] - grades[right])).float()
            together = embed([texts[row] for row in left] + [texts[row] for row in right])
            similarity = (together[:batch] * together[batch:]).sum(dim=1)
            loss = ((similarity - wanted) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            support = embed(texts).numpy()
            query = np.concatenate(
                [embed(list(task.query_texts[row : row + 32])).numpy() for row in range(0, len(task.query_texts), 32)]
            )
        return expected_grades(task, OnlineLogisticRegression(C=30.0), support, query)

    return Rival("setfit", "contrastive fine-tuning of a small sentence encoder, then logistic regression", grade, True)
