"""output writes a corpus: rows in JSON Lines and Parquet, split without leakage, a data card, a report."""

from synth.output.corpus import CorpusSummary, corpus_dataset, push_corpus, write_corpus
from synth.output.split import assigned_parts

__all__ = ["CorpusSummary", "assigned_parts", "corpus_dataset", "push_corpus", "write_corpus"]
