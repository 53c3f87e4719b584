"""feedback writes what to improve: a language model with LoRA, told question, answer, reference and predicted grade."""
