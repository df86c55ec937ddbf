"""How providers and gateways spell model names: routing prefixes, regions, cloud ids, dated suffixes.

LiteLLM writes ``azure/eu/gpt-4o``, Bedrock ``us.anthropic.claude-sonnet-4-5-20250929-v1:0`` or an ARN that ends in it,
Vertex ``claude-3-5-sonnet@20240620`` and ``publishers/google/models/gemini-2.5-pro``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

GATEWAYS = frozenset(
    [
        "",
        "unknown",
        "litellm",
        "litellm_proxy",
        "openrouter",
        "portkey",
        "helicone",
        "cloudflare",
        "kong",
        "vercel",
        "langfuse",
    ]
)
"""Words in the provider column that name a middleman, or nobody: the model's own prefix says who bills."""

HOSTS = frozenset(
    ["azure", "bedrock", "vertex_ai", "groq", "self-hosted", "together_ai", "fireworks_ai", "deepinfra", "cerebras"]
)
"""Providers that sell other makers' models: ``openai/gpt-oss-120b`` on Groq is Groq's, not OpenAI's."""

_PROVIDERS = {
    "azure": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "aws.bedrock": "bedrock",
    "amazon_bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "vertex_ai": "vertex_ai",
    "vertex": "vertex_ai",
    "vertexai": "vertex_ai",
    "gcp.vertex_ai": "vertex_ai",
    "google_vertex": "vertex_ai",
    "gemini": "google",
    "google": "google",
    "gcp.gemini": "google",
    "google_ai_studio": "google",
    "google_genai": "google",
    "models": "google",
    "openai": "openai",
    "text_completion_openai": "openai",
    "chatgpt": "openai",
    "anthropic": "anthropic",
    "xai": "xai",
    "x_ai": "xai",
    "x.ai": "xai",
    "mistral": "mistral",
    "mistralai": "mistral",
    "mistral_ai": "mistral",
    "codestral": "mistral",
    "deepseek": "deepseek",
    "groq": "groq",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "voyage": "voyage",
    "voyageai": "voyage",
    "self_hosted": "self-hosted",
    "selfhosted": "self-hosted",
    "hosted_vllm": "self-hosted",
    "vllm": "self-hosted",
    "ollama": "self-hosted",
    "ollama_chat": "self-hosted",
    "openrouter": "openrouter",
    "litellm_proxy": "litellm_proxy",
    "together_ai": "together_ai",
    "fireworks_ai": "fireworks_ai",
    "deepinfra": "deepinfra",
    "cerebras": "cerebras",
}

_BEDROCK_VENDORS = (
    "anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|writer|stability|luma|twelvelabs|nvidia|google"
    "|moonshot|minimax|zai"
)
_BEDROCK_REGION = re.compile(r"^(us-gov|us|eu|apac|ap|au|jp|ca|sa|me|af|in|uk|global)\.(?=[a-z0-9]+\.)")
_BEDROCK_ID = re.compile(rf"(^|[./])({_BEDROCK_VENDORS})\.[a-z]")
_BEDROCK_ROUTE = re.compile(r"^(converse|invoke|mantle|converse_like)/|^\d+-month-commitment/")
_AWS_REGION = re.compile(r"^((?:us|eu|ap|ca|sa|me|af|il|mx|cn|us-gov)-[a-z]+-\d)/")
_BEDROCK_VERSION = re.compile(r"(-v\d+)?(:\d+)(:\d+k)?$")
_AZURE_REGION = re.compile(
    r"^(us-gov|us|eu|apac|uk|ca|jp|au|in|global|global-standard|data-?zone|regional)/", re.IGNORECASE
)
_VERTEX_VERSION = re.compile(r"@(20\d{6}|default|latest|\d{3})$")
_GENERIC_SNAPSHOT = re.compile(r"-20\d{2}-\d{2}-\d{2}$|[-@]20\d{6}$|[-@](latest|default)$")
_DATE = re.compile(r"(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")


def price_provider(word: str | None) -> str:
    """Return the provider as price files name it, for any common spelling; an unknown word stays as it is."""
    text = (word or "").strip().casefold().replace(" ", "_").replace("-", "_")
    if text.startswith("vertex_ai"):
        return "vertex_ai"
    return _PROVIDERS.get(text, (word or "unknown").strip().casefold())


def prefix_provider(segment: str) -> str | None:
    """Return the provider a name's first path segment stands for, or None when it is not one."""
    text = segment.casefold().replace("-", "_")
    return "vertex_ai" if text.startswith("vertex_ai") else _PROVIDERS.get(text)


def spellings(provider: str, name: str, strip: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Return the names to look up, most literal first, and the region the name itself states.

    Args:
        provider: As price files name it.
        name: As logged.
        strip: The price file's routing prefixes.
    """
    found = [name]
    region = None
    text = _stripped(provider, name, strip, found)
    if provider == "bedrock":
        region = _bedrock(text, found)
    elif provider == "azure":
        match = _AZURE_REGION.match(text)
        if match:
            region = match[1]
            found.append(text[match.end() :])
    elif provider == "vertex_ai":
        text = text.rpartition("/models/")[2].rpartition("/")[2] if "/" in text else text
        found.append(text)
        if _VERTEX_VERSION.search(text):
            found.append(text.replace("@", "-"))
    if found[-1].startswith("ft:"):
        found.append(":".join(found[-1].split(":")[:2]))
    return tuple(dict.fromkeys(found)), region


def _stripped(provider: str, name: str, strip: tuple[str, ...], found: list[str]) -> str:
    text = name
    while True:
        prefix = next((p for p in strip if text.casefold().startswith(p.casefold())), None)
        if prefix is None:
            head, slash, _ = text.partition("/")
            if not slash or prefix_provider(head) != provider:
                return text
            prefix = head + slash
        text = text[len(prefix) :]
        found.append(text)


def _bedrock(text: str, found: list[str]) -> str | None:
    region = None
    if text.startswith("arn:"):
        text = text.rpartition("/")[2]
        found.append(text)
    while match := _BEDROCK_ROUTE.match(text) or _AWS_REGION.match(text):
        region = match[1] if match.re is _AWS_REGION else region
        text = text[match.end() :]
        found.append(text)
    if match := _BEDROCK_REGION.match(text):
        region = match[1]
        text = text[match.end() :]
        found.append(text)
    plain = _BEDROCK_VERSION.sub("", text)
    found += [text.rpartition(":")[0]] if text.endswith("k") and text.count(":") > 1 else []
    found.append(plain)
    found.append(plain.partition(".")[2] if _BEDROCK_ID.match(plain) else plain)
    if plain.startswith("claude"):  # LiteLLM leaves the vendor out of some regional names
        found.append(f"anthropic.{plain}")
    return region


def cloud_of(name: str) -> str | None:
    """Return bedrock or vertex_ai for a name only that cloud uses, else None."""
    if _BEDROCK_ID.search(name) or name.startswith("arn:aws"):
        return "bedrock"
    return "vertex_ai" if _VERTEX_VERSION.search(name) or "publishers/" in name else None


def undated(name: str, snapshot: re.Pattern[str] | None) -> tuple[str, str] | None:
    """Split a snapshot's name into the undated model and the suffix; None when it has no such suffix."""
    match = (snapshot or _GENERIC_SNAPSHOT).search(name) or _GENERIC_SNAPSHOT.search(name)
    if match is None or match.start() == 0:
        return None
    return name[: match.start()], match.group()


def suffix_date(suffix: str) -> datetime | None:
    """Return the day a snapshot's suffix names, midnight UTC; None when it names none.

    Raises:
        ValueError: digits that look like a date and are none.
    """
    match = _DATE.search(suffix)
    return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC) if match else None


def loose(name: str) -> str:
    """Return the form display names and ids share: ``Claude Haiku 4.5`` and ``claude-haiku-4-5`` are one."""
    return re.sub(r"[\s._]+", "-", name.strip().casefold())
