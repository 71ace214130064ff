//! Addresses that others name: which of them the gateway may call for them.
//!
//! Whoever may make the gateway call an address could reach with it what only the gateway can reach: its own machine, its
//! network, its cloud's metadata. Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6; RFC 6052
//! (IPv4 inside IPv6); the clouds' documentation of their metadata addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Networks of IPv4 that are nobody's on the internet.
const SPECIAL_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by the customers of one carrier; Alibaba's metadata is in it.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local; the metadata of most clouds is in it.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Public, but answered by Azure's own host to its machines.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Oracle's metadata is in it.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, what is reserved, and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The part of IPv6 that is given to anybody.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks inside it that are not.
const SPECIAL_V6: &[(Ipv6Addr, u32)] = &[
    // Protocols, among them Teredo, which carries IPv4.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which carries IPv4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// IPv4 written as IPv6, and IPv4 behind a translator: both reach the IPv4 address in their last four bytes.
const V4_INSIDE: &[(Ipv6Addr, u32)] =
    &[(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96)];

/// Whether `address` is somebody's on the internet, as far as its number tells.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(base, bits)| holds_v4(*base, *bits, address)),
        IpAddr::V6(address) => {
            if V4_INSIDE.iter().any(|(base, bits)| holds_v6(*base, *bits, address)) {
                let [.., a, b, c, d] = address.octets();
                return is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
            }
            let (base, bits) = GLOBAL_V6;
            holds_v6(base, bits, address) && !SPECIAL_V6.iter().any(|(base, bits)| holds_v6(*base, *bits, address))
        }
    }
}

fn holds_v4(base: Ipv4Addr, bits: u32, address: Ipv4Addr) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
    base.to_bits() & mask == address.to_bits() & mask
}

fn holds_v6(base: Ipv6Addr, bits: u32, address: Ipv6Addr) -> bool {
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
    base.to_bits() & mask == address.to_bits() & mask
}

/// What may be called though it is not public: LiteLLM's `user_url_allowed_hosts`, and networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host as addresses have it, at one port or at all.
    Host {
        /// In lower case; IPv6 in brackets.
        name: String,
        /// `None`: any.
        port: Option<u16>,
    },
    /// All addresses of a network.
    Network {
        /// One of them.
        base: IpAddr,
        /// How many of its first bits they share.
        bits: u32,
    },
}

impl Allowed {
    /// Reads `host`, `host:port`, `[::1]:port` or `10.0.0.0/8`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((base, bits)) = text.split_once('/') {
            let (base, bits) = (base.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?);
            let most = if base.is_ipv4() { 32 } else { 128 };
            return (bits <= most).then_some(Self::Network { base, bits });
        }
        let is_bare_v6 = text.parse::<Ipv6Addr>().is_ok();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !is_bare_v6 && !text.ends_with(']') => (host, Some(port.parse::<u16>().ok()?)),
            _ => (text, None),
        };
        let host = if is_bare_v6 { format!("[{host}]") } else { host.to_owned() };
        let url = Url::parse(&format!("http://{host}/")).ok()?;
        let is_host_alone = url.path() == "/" && url.port().is_none() && url.username().is_empty();
        let name = url.host_str().filter(|_| is_host_alone)?.to_owned();
        Some(Self::Host { name, port })
    }
}

/// Which addresses may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRules {
    /// Off: any may be.
    pub is_on: bool,
    /// What may be called though it is not public.
    pub allowed: Vec<Allowed>,
    /// Ports that may be called elsewhere.
    pub ports: Vec<u16>,
}

impl AddressRules {
    /// Whether an address may be called whatever stands behind its host's name.
    #[must_use]
    pub fn trusts(&self, host: &str, port: u16) -> bool {
        let is_listed = |one: &Allowed| match one {
            Allowed::Host { name, port: listed } => name == host && listed.is_none_or(|listed| listed == port),
            Allowed::Network { .. } => false,
        };
        !self.is_on || self.allowed.iter().any(is_listed)
    }

    /// Whether `address` is in a network that is listed.
    #[must_use]
    pub fn lists(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|one| match (one, address) {
            (Allowed::Network { base: IpAddr::V4(base), bits }, IpAddr::V4(address)) => holds_v4(*base, *bits, address),
            (Allowed::Network { base: IpAddr::V6(base), bits }, IpAddr::V6(address)) => holds_v6(*base, *bits, address),
            _ => false,
        })
    }

    /// Whether a host that is not listed may be called at `address`.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.lists(address)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_public() {
        for (address, expected) in [
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("1.1.1.1", true),
            ("8.8.8.8", true),
            ("9.255.255.255", true),
            ("10.0.0.1", false),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.64.0.1", false),
            ("100.100.100.200", false),
            ("100.128.0.0", true),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("168.63.129.16", false),
            ("168.63.129.17", true),
            ("169.253.255.255", true),
            ("169.254.169.254", false),
            ("169.254.170.2", false),
            ("172.15.255.255", true),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.0", true),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.17.255.255", true),
            ("198.18.0.1", false),
            ("198.20.0.0", true),
            ("198.51.100.7", false),
            ("203.0.113.9", false),
            ("223.255.255.255", true),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::7f00:1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b::8.8.8.8", true),
            ("64:ff9b:1::8.8.8.8", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2001:200::1", true),
            ("2002:7f00:1::", false),
            ("2002:808:808::", false),
            ("2606:4700:4700::1111", true),
            ("2a00:1450:4001::1", true),
            ("3fff::1", false),
            ("4000::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    fn rules(allowed: &[&str]) -> AddressRules {
        let allowed = allowed.iter().map(|text| Allowed::parse(text).unwrap()).collect();
        AddressRules { is_on: true, allowed, ports: vec![80, 443] }
    }

    #[test]
    fn hosts_are_listed_as_addresses_have_them() {
        let rules = rules(&["Pictures.Corp", "127.0.0.1:8080", "[::1]:443", "::2", "192.168.0.0/16", "fd00::/8"]);
        for (host, port, expected) in [
            ("pictures.corp", 80, true),
            ("pictures.corp", 9000, true),
            ("more.pictures.corp", 80, false),
            ("127.0.0.1", 8080, true),
            ("127.0.0.1", 80, false),
            ("[::1]", 443, true),
            ("[::1]", 80, false),
            ("[::2]", 80, true),
            ("192.168.0.1", 80, false),
        ] {
            assert_eq!(rules.trusts(host, port), expected, "{host}:{port}");
        }
        for (address, expected) in
            [("192.168.3.4", true), ("10.0.0.1", false), ("8.8.8.8", true), ("fd12::1", true), ("fe80::1", false)]
        {
            assert_eq!(rules.allows(address.parse().unwrap()), expected, "{address}");
        }
        assert!(AddressRules { is_on: false, ..rules }.trusts("localhost", 1));
    }

    #[test]
    fn what_is_no_host_is_not_taken() {
        for text in ["", "http://a", "a/b", "a:b", "a:70000", "10.0.0.0/33", "::/129", "user@a", "a b", "300.1.1.1/8"] {
            assert_eq!(Allowed::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn ipv4_inside_ipv6_is_judged_alike(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let expected = is_public(IpAddr::V4(v4));
            prop_assert_eq!(is_public(IpAddr::V6(v4.to_ipv6_mapped())), expected);
            let translated = Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | u128::from(bits));
            prop_assert_eq!(is_public(IpAddr::V6(translated)), expected);
            prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::from_bits(u128::from(bits)))), "the deprecated form");
        }

        #[test]
        fn what_the_standard_library_knows_to_be_special_is_not_public(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from_bits(bits);
            let is_special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(is_special && is_public(IpAddr::V4(v4))), "{}", v4);
        }

        #[test]
        fn only_global_unicast_is_public_in_ipv6(bits in any::<u128>()) {
            let v6 = Ipv6Addr::from_bits(bits);
            let is_special = v6.is_loopback() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local()
                || v6.is_unspecified();
            prop_assert!(!(is_special && is_public(IpAddr::V6(v6))), "{}", v6);
            prop_assert!(!is_public(IpAddr::V6(v6)) || v6.segments()[0] & 0xe000 == 0x2000 || v6.octets()[..2] == [0, 0x64]);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            drop(Allowed::parse(&text));
        }
    }
}
