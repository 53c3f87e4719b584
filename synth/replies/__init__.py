"""replies turns what a model wrote into answers: JSON, near-JSON, plain lists; labels stripped, refusals recognised."""

from synth.replies.json_reply import parse_objects
from synth.replies.labels import split_label
from synth.replies.list_reply import parse_list
from synth.replies.refusals import is_refusal
from synth.replies.reply import ParsedReply, ReplyItem, parse_answers

__all__ = ["ParsedReply", "ReplyItem", "is_refusal", "parse_answers", "parse_list", "parse_objects", "split_label"]
