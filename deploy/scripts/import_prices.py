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
    "xai": "xai",
    "nvidia_nim": "nvidia_nim",
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

# Our name of each rate that is not by the token, with the modes of the models it is taken from: others are also priced
# by the token, and such a figure only says the same in another unit. The first named goes before those after it.
UNITS = {
    "audio_speech": {"input_cost_per_character": "character", "output_cost_per_second": "second_out"},
    "audio_transcription": {"input_cost_per_second": "second"},
    "rerank": {"input_cost_per_query": "query"},
    "image_generation": {"output_cost_per_image": "image", "input_cost_per_image": "image"},
    "image_edit": {"output_cost_per_image": "image"},
}

UNIT_ORDER = ["character", "second", "query", "second_out", "image"]

# Providers that say how many searches of the web they made, and ask the same for each, however much it finds.
SEARCHERS = ("anthropic", "vertex_ai-anthropic_models")

# Rates that need not be said where they are what is charged without them. Said, they would hold for long prompts and in
# other service tiers, too.
FALLBACKS = {"reasoning": "out", "audio_out": "out", "image_out": "out", "audio_in": "in", "image_in": "in"}

# Figures that are for a thousand tokens there: LiteLLM's name of the model and of the rate, and the true rate.
CORRECTIONS = {("embed-multilingual-light-v3.0", "input_cost_per_token"): Decimal("1e-7")}

# Rates by the million; the others are for one.
BY_MILLION = {*LEGS.values(), "character"}

# "quality/width-x-height/model", with or without the provider in front.
IMAGE_KIND = re.compile(r"(?:\w+/)?(low|medium|high|standard|hd)/(\d+)-x-(\d+)/(.+)")

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


def decimal_text(price, by=Decimal(1)):
    text = format((Decimal(price) * by).normalize(), "f")
    if Decimal(text) != Decimal(price) * by:
        sys.exit(f"{price} is not exact")
    return text


def per_million(price):
    return decimal_text(price, MILLION)


def units_of(entry):
    """What the entry costs by the character, second, search or picture."""
    rates = {}
    for theirs, ours in UNITS.get(entry.get("mode"), {}).items():
        price = entry.get(theirs)
        # Zero of one unit may only say that it is charged by another; a model that is free says so by the token.
        if isinstance(price, (int, Decimal)) and price > 0:
            rates.setdefault(ours, decimal_text(price, MILLION if ours in BY_MILLION else Decimal(1)))
    searches = set(entry.get("search_context_cost_per_query", {}).values())
    if entry["litellm_provider"] in SEARCHERS and len(searches) == 1:
        rates["query"] = decimal_text(searches.pop())
    return rates


def image_kind(key):
    """Quality/size and model of an entry that prices pictures of one kind; None of any other."""
    found = IMAGE_KIND.fullmatch(key)
    return found and (f"{found[1]}/{found[2]}x{found[3]}", found[4])


def price_of_one(key, entry):
    """What one picture of that kind costs: given, or by the pixel, which stands for a price in whole micro-dollars."""
    given = entry.get("output_cost_per_image") or entry.get("input_cost_per_image")
    if not given:
        _, _, width, height, _ = ["", *IMAGE_KIND.fullmatch(key).groups()]
        by_pixel = Decimal(entry.get("input_cost_per_pixel") or entry.get("output_cost_per_pixel") or 0)
        given = (by_pixel * int(width) * int(height)).quantize(Decimal("0.000001"))
    return decimal_text(given) if given > 0 else None


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
    plain = prices.get("price", {})
    for leg, fallback in FALLBACKS.items():
        if leg in plain and plain[leg] == plain.get(fallback):
            del plain[leg]
    units = units_of(entry)
    if units:
        prices["price"] = prices.get("price", {}) | units
    order = [*LEGS.values(), *UNIT_ORDER, "above"]
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
    services = [model.get(service, {}) for service in ("price", "batch", "flex", "priority")]
    if units_of(entry):
        return False
    rates = [rate for service in services for rate in leaves(service)]
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
    found, pictures = {}, {}
    for key, entry in source.items():
        provider = provider_of(entry) if isinstance(entry, dict) else None
        kind = image_kind(key)
        if provider and kind and is_in_use(entry, today):
            price = price_of_one(key, entry)
            if price:
                pictures.setdefault((provider, kind[1]), {})[kind[0]] = price
            continue
        name = name_of(provider, key) if provider else None
        if name is None or not is_in_use(entry, today):
            continue
        for (corrected, rate), price in CORRECTIONS.items():
            if key == corrected:
                entry = entry | {rate: price}
        model = model_of(entry)
        if not any(service in model for service in ("price", "batch", "flex", "priority")):
            continue  # Priced by the page or the hour.
        if is_priced_otherwise(entry, model):
            continue
        rank = 2 if key.startswith(provider + "/") else 1 if "/" not in key else 0
        if entry["litellm_provider"] == "bedrock_mantle":
            rank = 0
        known = found.setdefault(provider, {}).get(name)
        if known is None or rank > known[0]:
            found[provider][name] = (rank, model)
    for (provider, name), images in pictures.items():
        _, model = found.setdefault(provider, {}).setdefault(name, (0, {"mode": "image_generation"}))
        model["price"] = model.get("price", {}) | {"images": named_kinds(images)}
    return {
        provider: {name: models[name][1] for name in sorted(models)}
        for provider, models in sorted(found.items())
    }


def named_kinds(images):
    """Prices by quality and size. A model that knows more than "standard" chooses itself where nothing is said, and
    LiteLLM's "standard" is then only its guess."""
    if any(kind.startswith("low/") for kind in images):
        images = {kind: price for kind, price in images.items() if not kind.startswith("standard/")}
    return dict(sorted(images.items()))


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
