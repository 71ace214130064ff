#!/usr/bin/env python3
"""Makes server/data/prices.json, Tollgate's price catalog, from LiteLLM's public price file.

    deploy/scripts/import_prices.py PRICE_FILE [--today YYYY-MM-DD] [--out FILE]

The figures are facts taken from there; names and layout are our own (server/data/README.md). Prices are read and
written as decimals, never as floats, and every figure written is checked against the one read.
"""

import argparse
import datetime
import json
import pathlib
import re
import sys
from decimal import Decimal

PROVIDERS = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "azure": "azure",
    "azure_text": "azure",
    "azure_ai": "azure_ai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "mistral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "groq": "groq",
    "together_ai": "together_ai",
    "fireworks_ai": "fireworks_ai",
    "fireworks_ai-embedding-models": "fireworks_ai",
    "perplexity": "perplexity",
}

# Our name of each rate.
LEGS = {
    "input_cost_per_token": "in",
    "output_cost_per_token": "out",
    "cache_read_input_token_cost": "cached",
    "cache_creation_input_token_cost": "write",
    "cache_creation_input_token_cost_above_1hr": "write_1h",
    "input_cost_per_audio_token": "audio_in",
    "output_cost_per_audio_token": "audio_out",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_image_token": "image_in",
    "output_cost_per_image_token": "image_out",
}

# An older name, used where the newer one is absent.
OLD_CACHED = "input_cost_per_token_cache_hit"

SERVICES = {"_batches": "batch", "_flex": "flex", "_priority": "priority"}

CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_parallel_function_calling": "parallel_tools",
    "supports_tool_choice": "tool_choice",
    "supports_response_schema": "schema",
    "supports_system_messages": "system",
    "supports_vision": "vision",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio_in",
    "supports_audio_output": "audio_out",
    "supports_video_input": "video_in",
    "supports_reasoning": "reasoning",
    "supports_prompt_caching": "cache",
    "supports_web_search": "web_search",
    "supports_computer_use": "computer_use",
    "supports_assistant_prefill": "prefill",
}

# Dollars per million tokens that no model costs: the figure must be for a thousand.
ABSURD = Decimal(1000)

MILLION = Decimal(1_000_000)
# A model retired longer ago than this cannot be called any more.
KEPT_AFTER_RETIREMENT = datetime.timedelta(days=365)


def provider_of(entry):
    provider = entry.get("litellm_provider") or ""
    if provider.startswith("vertex_ai"):
        return "vertex_ai"
    return PROVIDERS.get(provider)


def name_of(provider, key):
    """The name the provider knows the model by, or None where the entry is not one model."""
    for prefix in (provider, "bedrock_mantle", "text-completion-openai", "cohere_chat"):
        key = key.removeprefix(prefix + "/")
    if provider == "fireworks_ai":
        key = key.removeprefix("accounts/fireworks/models/")
    if "commitment/" in key or re.match(r"(together-ai|fireworks-ai)-", key):
        return None  # Reserved capacity by the hour; classes of model sizes.
    if re.match(r"((low|medium|high|standard|hd|auto)/)?\d+-x-\d+/|(\d+|max)-(steps|x)", key):
        return None  # Images by size and quality.
    return key


def split_key(key):
    """A price's name as (service, threshold, leg); None where it is no price of a token that we keep."""
    service, threshold = "price", None
    while key not in LEGS:
        for ending, named in SERVICES.items():
            if key.endswith(ending):
                key, service = key.removesuffix(ending), named
                break
        else:
            found = re.fullmatch(r"(.+)_above_(\d+)k_tokens", key)
            if not found:
                return None
            key, threshold = found[1], int(found[2]) * 1000
    return service, threshold, LEGS[key]


def per_million(price):
    text = format((Decimal(price) * MILLION).normalize(), "f")
    if Decimal(text) != Decimal(price) * MILLION:
        sys.exit(f"{price} is not exact")
    return text


def prices_of(entry):
    """The entry's prices by service, each leg in dollars per million tokens."""
    prices = {}
    if OLD_CACHED in entry and "cache_read_input_token_cost" not in entry:
        entry = entry | {"cache_read_input_token_cost": entry[OLD_CACHED]}
    for key, price in entry.items():
        place = split_key(key)
        if place is None or not isinstance(price, (int, Decimal)):
            continue
        service, threshold, leg = place
        if price < 0:
            sys.exit(f"negative price: {key} {price}")
        prices.setdefault(service, {})
        target = prices[service]
        if threshold is not None:
            target = target.setdefault("above", {}).setdefault(str(threshold), {})
        target[leg] = per_million(price)
    order = [*LEGS.values(), "above"]
    return {name: in_order(prices[name], order) for name in ("price", "batch", "flex", "priority") if name in prices}


def in_order(legs, order):
    """Legs and thresholds always in the same order, whatever the source's."""
    legs = {name: legs[name] for name in order if name in legs}
    if "above" in legs:
        tiers = sorted(legs["above"].items(), key=lambda tier: int(tier[0]))
        legs["above"] = {threshold: in_order(tier, order) for threshold, tier in tiers}
    return legs


def whole(value):
    return int(value) if isinstance(value, (int, Decimal)) and value > 0 else None


def model_of(entry):
    model = {"mode": entry.get("mode") or "chat"}
    context = whole(entry.get("max_input_tokens"))
    output = whole(entry.get("max_output_tokens"))
    if context:
        model["context"] = context
    if output:
        model["output"] = output
    model |= prices_of(entry)
    can = [ours for theirs, ours in CAPABILITIES.items() if entry.get(theirs) is True]
    if can:
        model["can"] = can
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", entry.get("deprecation_date") or ""):
        model["retires"] = entry["deprecation_date"]
    return model


def is_priced_otherwise(entry, model):
    """Free by the token but not by something else, or written in another unit."""
    rates = [rate for service in ("price", "batch", "flex", "priority") for rate in leaves(model.get(service, {}))]
    others = [value for key, value in entry.items() if "cost" in key and split_key(key) is None]
    if any(Decimal(rate) > ABSURD for rate in rates):
        print(f"left out: {max(rates, key=Decimal)} dollars per million tokens ({model})", file=sys.stderr)
        return True
    return set(rates) == {"0"} and any(isinstance(value, dict) or value for value in others)


def leaves(legs):
    for value in legs.values():
        yield from leaves(value) if isinstance(value, dict) else [value]


def is_in_use(entry, today):
    try:
        retired = datetime.date.fromisoformat(entry.get("deprecation_date") or "")
    except ValueError:
        return True
    return retired > today - KEPT_AFTER_RETIREMENT


def catalog(source, today):
    """Provider → name → model. Of two entries for one model the one under the provider's own prefix stays."""
    found = {}
    for key, entry in source.items():
        provider = provider_of(entry) if isinstance(entry, dict) else None
        name = name_of(provider, key) if provider else None
        if name is None or not is_in_use(entry, today):
            continue
        model = model_of(entry)
        if not any(service in model for service in ("price", "batch", "flex", "priority")):
            continue  # Priced by the page, the second or the image: not by the token.
        if is_priced_otherwise(entry, model):
            continue
        rank = 2 if key.startswith(provider + "/") else 1 if "/" not in key else 0
        if entry["litellm_provider"] == "bedrock_mantle":
            rank = 0
        known = found.setdefault(provider, {}).get(name)
        if known is None or rank > known[0]:
            found[provider][name] = (rank, model)
    return {
        provider: {name: models[name][1] for name in sorted(models)}
        for provider, models in sorted(found.items())
    }


def render(providers):
    """One line a model, so that a change of a price is a change of a line."""
    lines = ["{"]
    for number, (provider, models) in enumerate(providers.items()):
        lines.append(f"{json.dumps(provider)}:{{")
        rows = [
            json.dumps(name, ensure_ascii=False) + ":" + json.dumps(model, separators=(",", ":"))
            for name, model in models.items()
        ]
        lines.append(",\n".join(rows))
        lines.append("}," if number < len(providers) - 1 else "}")
    return "\n".join(lines + ["}"]) + "\n"


def main():
    default = pathlib.Path(__file__).parents[2] / "server" / "data" / "prices.json"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--today", type=datetime.date.fromisoformat, default=datetime.date.today())
    parser.add_argument("--out", type=pathlib.Path, default=default)
    arguments = parser.parse_args()
    source = json.loads(arguments.source.read_text(), parse_float=Decimal)
    source.pop("sample_spec", None)
    providers = catalog(source, arguments.today)
    arguments.out.write_text(render(providers))
    for provider, models in providers.items():
        print(f"{provider:14}{len(models):5}")


if __name__ == "__main__":
    main()
