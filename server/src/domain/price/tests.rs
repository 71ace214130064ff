//! Costs, checked against an independent computation in whole numbers of any size.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

fn rate(usd: &str) -> Option<Rate> {
    Some(Rate::parse(usd).unwrap())
}

/// GPT-4o's text prices, in dollars per token.
fn gpt_4o() -> Prices {
    Prices { input: rate("2.5e-06"), output: rate("1e-05"), cache_read: rate("1.25e-06"), ..Prices::default() }
}

#[test]
fn a_plain_call() {
    let usage = Usage { input: 1000, cache_read: 500, output: 200, ..Usage::default() };
    let parts = gpt_4o().cost_parts(&usage, ServiceTier::Standard);
    assert_eq!(parts.input, NanoUsd(3_125_000));
    assert_eq!(parts.output, NanoUsd(2_000_000));
    assert_eq!(gpt_4o().cost(&usage, ServiceTier::Standard), NanoUsd(5_125_000));
}

#[test]
fn rounds_once_and_up() {
    let prices = Prices { input: rate("0.1e-09"), output: rate("0.1e-09"), ..Prices::default() };
    let usage = Usage { input: 1, output: 1, ..Usage::default() };
    // Rounding each half would give two.
    assert_eq!(prices.cost(&usage, ServiceTier::Standard), NanoUsd(1));
}

#[test]
fn absent_legs_fall_back() {
    let prices = Prices { input: rate("1e-09"), output: rate("10e-09"), ..Prices::default() };
    let cost = |usage: Usage| prices.cost(&usage, ServiceTier::Standard).0;
    let all = Usage {
        input: 1,
        cache_read: 1,
        cache_write_5m: 1,
        cache_write_1h: 1,
        input_audio: 1,
        input_image: 1,
        output: 1,
        reasoning: 1,
        output_audio: 1,
        output_image: 1,
        characters: 1,
        audio_ms: 1000,
        queries: 1,
        output_audio_ms: 1000,
        images: 1,
    };
    assert_eq!(cost(all), 46, "what is no token has no price but its own");
    let spoken = Prices { per_output_second: rate("2e-09"), ..prices.clone() };
    assert_eq!(spoken.cost(&all, ServiceTier::Standard).0, 46 + 2 + 2);
    let written = Prices { cache_write_5m: rate("3e-09"), ..prices.clone() };
    let hour = Usage { cache_write_1h: 1, ..Usage::default() };
    assert_eq!(written.cost(&hour, ServiceTier::Standard), NanoUsd(3));
}

#[test]
fn what_is_no_token_is_charged_by_its_own_unit() {
    let cost = |prices: &Prices, usage: Usage| {
        let parts = prices.cost_parts(&usage, ServiceTier::Standard);
        (parts.input.0, parts.output.0)
    };
    let tts = Prices { per_character: rate("15e-06"), ..Prices::default() };
    assert_eq!(cost(&tts, Usage { characters: 11, ..Usage::default() }), (11 * 15_000, 0));
    let whisper = Prices { per_second: rate("0.0001"), ..Prices::default() };
    assert_eq!(cost(&whisper, Usage { audio_ms: 2500, ..Usage::default() }), (250_000, 0));
    // A third of a nano-dollar, rounded up once.
    let third = Prices { per_second: rate("0.000000333333333"), ..Prices::default() };
    assert_eq!(cost(&third, Usage { audio_ms: 1, ..Usage::default() }), (1, 0));
    assert_eq!(cost(&third, Usage { audio_ms: 6, ..Usage::default() }), (2, 0));
    let rerank = Prices { input: rate("0"), per_query: rate("0.002"), ..Prices::default() };
    assert_eq!(cost(&rerank, Usage { input: 900, queries: 3, ..Usage::default() }), (6_000_000, 0));
    let speech = Prices { per_output_second: rate("0.00025"), ..Prices::default() };
    assert_eq!(cost(&speech, Usage { output_audio_ms: 60_000, ..Usage::default() }), (0, 15_000_000));
    let image = Prices { per_image: rate("0.04"), ..Prices::default() };
    assert_eq!(cost(&image, Usage { images: 2, ..Usage::default() }), (0, 80_000_000));
    for prices in [tts, whisper, rerank, speech, image] {
        assert!(!prices.is_free());
    }
}

#[test]
fn a_tier_holds_for_the_whole_call_and_only_above_its_threshold() {
    let mut prices = gpt_4o();
    prices.tiers = vec![
        PriceTier { above_prompt_tokens: 1000, prices: Prices { input: rate("5e-06"), ..Prices::default() } },
        PriceTier {
            above_prompt_tokens: 200,
            prices: Prices { input: rate("3e-06"), output: rate("2e-05"), ..Prices::default() },
        },
    ];
    let cost = |input| {
        let usage = Usage { input, output: 1, ..Usage::default() };
        prices.cost(&usage, ServiceTier::Standard).0
    };
    assert_eq!(cost(200), 200 * 2500 + 10_000);
    assert_eq!(cost(201), 201 * 3000 + 20_000);
    // The upper tier names no output rate: the next lower one does.
    assert_eq!(cost(1001), 1001 * 5000 + 20_000);
}

#[test]
fn service_tiers_fall_back_leg_by_leg() {
    let mut prices = gpt_4o();
    prices.batch = Some(Box::new(Prices { input: rate("1.25e-06"), output: rate("5e-06"), ..Prices::default() }));
    let usage = Usage { input: 1, cache_read: 1, output: 1, ..Usage::default() };
    assert_eq!(prices.cost(&usage, ServiceTier::Batch).0, 1250 + 1250 + 5000);
    assert_eq!(prices.cost(&usage, ServiceTier::Flex).0, 2500 + 1250 + 10_000);
    assert_eq!(ServiceTier::from_name("flex"), ServiceTier::Flex);
    assert_eq!(ServiceTier::from_name("auto"), ServiceTier::Standard);
}

#[test]
fn a_long_prompt_is_never_cheaper_for_want_of_a_variants_tier() {
    let mut prices = gpt_4o();
    prices.tiers =
        vec![PriceTier { above_prompt_tokens: 10, prices: Prices { input: rate("5e-06"), ..Prices::default() } }];
    let variant = |input| Some(Box::new(Prices { input: rate(input), ..Prices::default() }));
    prices.flex = variant("1e-06");
    prices.priority = variant("9e-06");
    let cost = |input, tier| {
        let usage = Usage { input, ..Usage::default() };
        prices.cost(&usage, tier).0
    };
    assert_eq!(cost(10, ServiceTier::Flex), 10 * 1000);
    assert_eq!(cost(11, ServiceTier::Flex), 11 * 5000);
    assert_eq!(cost(11, ServiceTier::Priority), 11 * 9000);
}

#[test]
fn absurd_counts_saturate() {
    let prices = Prices {
        input: Some(Rate::from_femto(i64::MAX)),
        output: Some(Rate::from_femto(i64::MAX)),
        ..Prices::default()
    };
    let usage = Usage { input: u64::MAX, cache_read: u64::MAX, output: u64::MAX, ..Usage::default() };
    assert_eq!(prices.cost(&usage, ServiceTier::Standard), NanoUsd(i64::MAX));
}

#[test]
fn output_that_costs_nothing_is_not_limited() {
    let kinds = OutputKinds::default();
    let free = Prices::default();
    assert!(free.is_free());
    assert_eq!(free.max_output_tokens(NanoUsd(0), &Usage::default(), ServiceTier::Standard, kinds), None);
    assert_eq!(gpt_4o().max_output_tokens(NanoUsd(-1), &Usage::default(), ServiceTier::Standard, kinds), Some(0));
    assert!(!gpt_4o().is_free());
}

/// One leg's rate as a price list writes it: digits and a negative power of ten.
type Written = Option<(u32, u32)>;

/// Powers of ten the independent computation carries: it counts in 1e-18 dollars.
const SCALE: u32 = 18;

fn to_rate(written: Written) -> Option<Rate> {
    written.map(|(digits, exponent)| Rate::parse(&format!("{digits}e-{exponent}")).unwrap())
}

fn to_exact(written: Written) -> Option<BigUint> {
    written.map(|(digits, exponent)| BigUint::from(digits) * BigUint::from(10_u32).pow(SCALE - exponent))
}

fn written() -> impl Strategy<Value = Written> {
    prop::option::of((0_u32..100_000, 6_u32..=15))
}

fn usages() -> impl Strategy<Value = Usage> {
    prop::array::uniform15(0_u64..3_000_000).prop_map(|n| Usage {
        input: n[0],
        cache_read: n[1],
        cache_write_5m: n[2],
        cache_write_1h: n[3],
        input_audio: n[4],
        input_image: n[5],
        output: n[6],
        reasoning: n[7],
        output_audio: n[8],
        output_image: n[9],
        characters: n[10],
        audio_ms: n[11],
        queries: n[12],
        output_audio_ms: n[13],
        images: n[14],
    })
}

fn prices_of(legs: [Written; 15]) -> Prices {
    let (tokens, units) = split(legs.map(to_rate));
    let [input, output, cache_read, write_5m, write_1h, audio, audio_out, reasoning, image, image_out] = tokens;
    let [per_character, per_second, per_query, per_output_second, per_image] = units;
    Prices {
        input,
        output,
        cache_read,
        cache_write_5m: write_5m,
        cache_write_1h: write_1h,
        input_audio: audio,
        output_audio: audio_out,
        reasoning,
        input_image: image,
        output_image: image_out,
        per_character,
        per_second,
        per_query,
        per_output_second,
        per_image,
        ..Prices::default()
    }
}

/// The same cost in 1e-18 dollars, from the price list's own digits.
fn exact_cost(legs: [Written; 15], usage: &Usage) -> BigUint {
    let (tokens, units) = split(legs.map(to_exact));
    let [input, output, cache_read, write_5m, write_1h, audio, audio_out, reasoning, image, image_out] = tokens;
    let output_second = units[3].clone().unwrap_or_default();
    let seconds = units[1].clone().unwrap_or_else(|| output_second.clone()) * usage.audio_ms
        + output_second * usage.output_audio_ms;
    let [character, _, query, _, picture] = units.map(Option::unwrap_or_default);
    let input = input.unwrap_or_default();
    let output = output.unwrap_or_default();
    let write_5m = write_5m.unwrap_or_else(|| input.clone());
    let write_1h = write_1h.unwrap_or_else(|| write_5m.clone());
    let or_input = |leg: Option<BigUint>| leg.unwrap_or_else(|| input.clone());
    let or_output = |leg: Option<BigUint>| leg.unwrap_or_else(|| output.clone());
    &input * usage.input
        + or_input(cache_read) * usage.cache_read
        + write_5m * usage.cache_write_5m
        + write_1h * usage.cache_write_1h
        + or_input(audio) * usage.input_audio
        + or_input(image) * usage.input_image
        + &output * usage.output
        + or_output(reasoning) * usage.reasoning
        + or_output(audio_out) * usage.output_audio
        + or_output(image_out) * usage.output_image
        + character * usage.characters
        + query * usage.queries
        + picture * usage.images
        // Rates are by the second. All have three zeros to spare in this scale.
        + seconds / 1000_u32
}

/// Rates of tokens, and of the five units that are none.
fn split<T: Clone>(legs: [T; 15]) -> ([T; 10], [T; 5]) {
    (std::array::from_fn(|i| legs[i].clone()), std::array::from_fn(|i| legs[10 + i].clone()))
}

fn add(a: &Usage, b: &Usage) -> Usage {
    Usage {
        input: a.input + b.input,
        cache_read: a.cache_read + b.cache_read,
        cache_write_5m: a.cache_write_5m + b.cache_write_5m,
        cache_write_1h: a.cache_write_1h + b.cache_write_1h,
        input_audio: a.input_audio + b.input_audio,
        input_image: a.input_image + b.input_image,
        output: a.output + b.output,
        reasoning: a.reasoning + b.reasoning,
        output_audio: a.output_audio + b.output_audio,
        output_image: a.output_image + b.output_image,
        characters: a.characters + b.characters,
        audio_ms: a.audio_ms + b.audio_ms,
        queries: a.queries + b.queries,
        output_audio_ms: a.output_audio_ms + b.output_audio_ms,
        images: a.images + b.images,
    }
}

proptest! {
    #[test]
    fn equals_the_exact_cost_rounded_up(legs in prop::array::uniform15(written()), usage in usages()) {
        let nano = BigUint::from(10_u32).pow(SCALE - 9);
        let exact = exact_cost(legs, &usage);
        let expected = (&exact + &nano - 1_u32) / &nano;
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        prop_assert_eq!(prices_of(legs).cost(&usage, ServiceTier::Standard), NanoUsd(expected));
    }

    #[test]
    fn the_parts_add_up(legs in prop::array::uniform15(written()), usage in usages()) {
        let parts = prices_of(legs).cost_parts(&usage, ServiceTier::Standard);
        prop_assert_eq!(parts.total(), prices_of(legs).cost(&usage, ServiceTier::Standard));
        prop_assert!(parts.input >= NanoUsd::ZERO && parts.output >= NanoUsd::ZERO);
    }

    #[test]
    fn what_the_providers_cache_saves_is_the_price_without_it_less_the_price_with_it(
        legs in prop::array::uniform15(written()), usage in usages()
    ) {
        let (prices, uncached) = (prices_of(legs), usage.uncached());
        prop_assert_eq!(uncached.prompt_tokens(), usage.prompt_tokens());
        prop_assert_eq!((uncached.cache_read, uncached.cache_write_5m, uncached.cache_write_1h), (0, 0, 0));
        let nano = BigUint::from(10_u32).pow(SCALE - 9);
        let rounded = |usage: &Usage| i64::try_from((exact_cost(legs, usage) + &nano - 1_u32) / &nano).unwrap_or(i64::MAX);
        let of = |usage: &Usage| prices.cost(usage, ServiceTier::Standard);
        prop_assert_eq!(of(&uncached) - of(&usage), NanoUsd(rounded(&uncached).saturating_sub(rounded(&usage))));
    }

    #[test]
    fn two_calls_cost_their_sum_to_a_nano_dollar(
        legs in prop::array::uniform15(written()), a in usages(), b in usages()
    ) {
        let prices = prices_of(legs);
        let apart = prices.cost(&a, ServiceTier::Standard) + prices.cost(&b, ServiceTier::Standard);
        let together = prices.cost(&add(&a, &b), ServiceTier::Standard);
        prop_assert!(together <= apart && apart.0 - together.0 <= 1);
    }

    /// More tokens never cost less, across a tier's threshold too, where long prompts are dearer.
    #[test]
    fn more_tokens_never_cost_less(
        legs in prop::array::uniform15(written()), usage in usages(), more in usages(), threshold in 0_u64..10_000_000
    ) {
        let mut prices = prices_of(legs);
        prices.tiers = vec![PriceTier { above_prompt_tokens: threshold, prices: dearer(&prices) }];
        let less = prices.cost(&usage, ServiceTier::Standard);
        prop_assert!(prices.cost(&add(&usage, &more), ServiceTier::Standard) >= less);
    }

    /// The tokens granted are affordable whatever kind they are, and one more would not be.
    #[test]
    fn grants_exactly_what_is_affordable(
        legs in prop::array::uniform15(written()), prompt in usages(), remaining in 0_i64..1_000_000_000_000_000,
        audio: bool, image: bool,
    ) {
        let prices = prices_of(legs);
        let remaining = NanoUsd(remaining);
        let kinds = OutputKinds { audio, image };
        let granted = prices.max_output_tokens(remaining, &prompt, ServiceTier::Standard, kinds);
        let Some(granted) = granted else { return Ok(()) };
        let dearest = |tokens: u64| {
            let none = Usage {
                output: 0,
                reasoning: 0,
                output_audio: 0,
                output_image: 0,
                output_audio_ms: 0,
                images: 0,
                ..prompt
            };
            let mut candidates = vec![Usage { output: tokens, ..none }, Usage { reasoning: tokens, ..none }];
            if audio {
                candidates.push(Usage { output_audio: tokens, ..none });
            }
            if image {
                candidates.push(Usage { output_image: tokens, ..none });
            }
            candidates.iter().map(|u| prices.cost(u, ServiceTier::Standard)).max().unwrap()
        };
        prop_assert!(granted == 0 || dearest(granted) <= remaining);
        prop_assert!(dearest(granted + 1) > remaining);
    }
}

/// The same prices, each leg half as dear again.
fn dearer(prices: &Prices) -> Prices {
    let up = |rate: Option<Rate>| rate.map(|r| Rate::from_femto(r.femto() + r.femto() / 2));
    Prices {
        input: up(prices.input),
        output: up(prices.output),
        cache_read: up(prices.cache_read),
        cache_write_5m: up(prices.cache_write_5m),
        cache_write_1h: up(prices.cache_write_1h),
        input_audio: up(prices.input_audio),
        output_audio: up(prices.output_audio),
        reasoning: up(prices.reasoning),
        input_image: up(prices.input_image),
        output_image: up(prices.output_image),
        per_character: up(prices.per_character),
        per_second: up(prices.per_second),
        per_query: up(prices.per_query),
        per_output_second: up(prices.per_output_second),
        per_image: up(prices.per_image),
        ..Prices::default()
    }
}
