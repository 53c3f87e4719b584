"""prompts holds what language models are asked: Jinja templates (`*.j2`) beside the JSON schema of the reply.

A template begins with a comment that says, in plain words, what it asks for and which variables it takes. This module
only loads and renders them; every rendered prompt carries the hash of its template for provenance.
"""

from prompts.loader import PromptTemplate, TemplateError, load_template, template_names

__all__ = ["PromptTemplate", "TemplateError", "load_template", "template_names"]
