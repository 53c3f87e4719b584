"""The bank: questions in many languages with graded answers, and the texts that cheats write for each of them."""

from synth.bank.load import ADVERSARIAL_KINDS, Bank, BankAnswer, BankError, BankQuestion, bank_languages, load_bank

__all__ = ["ADVERSARIAL_KINDS", "Bank", "BankAnswer", "BankError", "BankQuestion", "bank_languages", "load_bank"]
