"""What a FOCUS charge meters, out of the free text that providers write: token class, model, service tier."""

from __future__ import annotations

import json
import re

_UNIT = re.compile(r"^(?:per )?(?P<count>\d[\d,.]*)? ?(?P<scale>k|m|thousand|million)? ?tokens?$")
_SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}

# Read in this order; each: all of these groups of words must have a word in the text.
_CACHED = ("cache", "cached", "caching", "cd", "cchd")
_WRITE = ("write", "writes", "wr", "creation", "written")
_INPUT = ("input", "inputs", "inp", "inpt", "prompt", "prompts")
_OUTPUT = ("output", "outputs", "outp", "outpt", "opt", "completion", "completions", "response", "generated")
_CLASSES: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("cache_write_1h_tokens", (_CACHED, _WRITE, ("1h", "1hr", "1hour"))),
    ("cache_write_tokens", (_CACHED, _WRITE)),
    ("cache_read_tokens", (_CACHED,)),
    ("reasoning_tokens", (("reasoning", "thinking"),)),
    ("audio_output_tokens", (_OUTPUT, ("audio", "aud"))),
    ("image_output_tokens", (_OUTPUT, ("image", "img"))),
    ("output_tokens", (_OUTPUT,)),
    ("audio_input_tokens", (_INPUT, ("audio", "aud"))),
    ("image_input_tokens", (_INPUT, ("image", "img"))),
    ("input_tokens", (_INPUT,)),
)
_TIERS = {"batch": "batch", "flex": "flex", "fl": "flex", "priority": "priority"}
_FAMILY = re.compile(
    r"(?i)(?<![a-z])(claude|gpt|chatgpt|o[134](?=[ -])|gemini|gemma|llama|mistral|mixtral|codestral|magistral"
    r"|nova|titan|command|deepseek|grok|text-embedding|embed|jamba|qwen|phi)"
)
_NOISE = re.compile(
    r"(?i)[\s_,:-]+(inputs?|inpt?|outputs?|outpt?|opt|cached?|caching|cchd|cd|prompts?|completions?|tokens?|batch|flex"
    r"|priority|reasoning|thinking|audio|image|text|regnl|regional|glbl|global|data[ -]?zone|dz|dzone|per|on-demand|in"
    r"|response|generated)\b.*"
)
MODEL_KEYS = ("model", "modelname", "modelid", "xmodel", "xmodelname", "xmodelid")


def words(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, camel case taken apart ("CacheRead1hInput": cache, read, 1h, input)."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9][hH])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return frozenset(re.findall(r"[a-z0-9]+", apart.lower()))


def token_factor(unit: str | None) -> float | None:
    """Return how many tokens one of ``unit`` is ("Tokens" 1, "1000 Tokens" 1,000, "1M tokens" 1,000,000), else None."""
    match = _UNIT.match(" ".join((unit or "").lower().split()))
    if match is None:
        return None
    try:
        count = float((match["count"] or "1").replace(",", ""))
    except ValueError:
        return None
    return count * _SCALES.get(match["scale"] or "", 1)


def token_class(*texts: str | None) -> str | None:
    """Return the ledger column of the token class that the first telling text names, else None."""
    for text in texts:
        found = words(text or "")
        for column, groups in _CLASSES:
            if all(found.intersection(group) for group in groups):
                return column
    return None


def service_tier(*texts: str | None) -> str | None:
    """Return the service tier that a text names, else None: the standard one, or none told."""
    found = frozenset[str]().union(*(words(text or "") for text in texts))
    return next((tier for word, tier in _TIERS.items() if word in found), None)


def model_name(details: str | None, *texts: str | None) -> str | None:
    """Return the model: a field of ``details`` (JSON) that names one, else what a text calls it, else None."""
    for key, value in fields(details).items():
        if re.sub(r"[^a-z]", "", key.lower()) in MODEL_KEYS and isinstance(value, str) and value:
            return value
    for text in texts:
        match = _FAMILY.search(text or "")
        if match and text:
            return _NOISE.sub("", text[match.start() :]).strip(" -_,:") or None
    return None


def fields(text: str | None) -> dict[str, object]:
    """Return the fields of a JSON object written as text; none where it is no such thing."""
    try:
        value = json.loads(text or "null")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
