//! Whose address a request comes from where proxies stand in front.

use std::net::IpAddr;

use super::address::{AddressRules, Allowed};

/// Which proxies are believed about the clients behind them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// `X-Forwarded-For` is read at all.
    pub is_header_used: bool,
    /// Networks and addresses of proxies. Where none is listed, the connection's peer is taken for the only one.
    pub listed: Vec<Allowed>,
}

impl TrustedProxies {
    /// The address of the client behind the connection's `peer`, given the values of `X-Forwarded-For` from first to
    /// last.
    ///
    /// Each proxy adds the address it was called from at the end. Only what proxies that are trusted have added is
    /// believed: clients can write what they like before it.
    #[must_use]
    pub fn client<'h>(&self, peer: IpAddr, forwarded: impl Iterator<Item = &'h str>) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.is_header_used || !(self.listed.is_empty() || self.lists(peer)) {
            return peer;
        }
        let added: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut client = peer;
        for text in added.into_iter().rev() {
            let Some(address) = parse(text) else { return client };
            client = address;
            if self.listed.is_empty() || !self.lists(client) {
                return client;
            }
        }
        client
    }

    fn lists(&self, address: IpAddr) -> bool {
        let is_it = |one: &Allowed| matches!(one, Allowed::Host { name, .. } if parse(name) == Some(address));
        let rules = AddressRules { is_on: true, allowed: self.listed.clone(), ports: Vec::new() };
        rules.lists(address) || self.listed.iter().any(is_it)
    }
}

/// An address, possibly with a port as some proxies add it.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| {
        let (host, port) = bare.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        host.parse::<IpAddr>().ok()
    });
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(is_header_used: bool, listed: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let listed = listed.iter().map(|text| Allowed::parse(text).unwrap()).collect();
        let proxies = TrustedProxies { is_header_used, listed };
        proxies.client(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn the_header_counts_only_where_it_is_to() {
        assert_eq!(client(false, &[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(true, &[], "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(true, &[], "::ffff:10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn one_proxy_is_believed_about_its_own_client_only() {
        assert_eq!(client(true, &[], "10.0.0.1", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(true, &[], "10.0.0.1", &["6.6.6.6", "1.2.3.4:5678"]), "1.2.3.4");
        assert_eq!(client(true, &[], "10.0.0.1", &["[2606:4700::1]:443"]), "2606:4700::1");
        assert_eq!(client(true, &[], "10.0.0.1", &["1.2.3.4, unknown"]), "10.0.0.1");
    }

    #[test]
    fn what_is_listed_is_passed_over_and_what_is_not_is_the_client() {
        let listed = ["10.0.0.0/8", "192.0.2.7", "::1"];
        assert_eq!(client(true, &listed, "10.0.0.1", &["6.6.6.6, 1.2.3.4, 192.0.2.7, 10.9.9.9"]), "1.2.3.4");
        assert_eq!(client(true, &listed, "::1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(true, &listed, "8.8.8.8", &["1.2.3.4"]), "8.8.8.8");
        assert_eq!(client(true, &listed, "10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }
}
