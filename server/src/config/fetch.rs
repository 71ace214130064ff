//! What the gateway fetches for clients: which addresses (`litellm_settings`), and within which bounds
//! (`tollgate_settings`).

use std::time::Duration;

use super::reader::{Item, Section};
use crate::domain::address::Allowed;

/// Bytes in a mebibyte.
const MIB: u64 = 1024 * 1024;
/// The most that can be set for one item or call, in mebibytes.
const MIB_MAX: u64 = 1024;
/// The most items of a call, or of all calls at once, that can be set.
const ITEMS_MAX: u64 = 10_000;
/// Ports of the web.
const PORTS: [u16; 2] = [80, 443];

/// Bounds on what is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// The largest item, in bytes (`fetch_item_max_mb`, in MiB). Default: 20 MiB.
    pub item_bytes_max: u64,
    /// All items of one call together, in bytes (`fetch_call_max_mb`, in MiB). Default: 50 MiB.
    pub call_bytes_max: u64,
    /// Items of one call. Default: 32.
    pub items_max: u64,
    /// How long an item may take, redirects included. Default: 10 seconds.
    pub timeout: Duration,
    /// Items fetched at once, of all calls. Default: 64.
    pub parallel_max: u64,
    /// Ports that may be called of hosts that are not listed. Default: 80 and 443.
    pub ports: Vec<u16>,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            item_bytes_max: 20 * MIB,
            call_bytes_max: 50 * MIB,
            items_max: 32,
            timeout: Duration::from_secs(10),
            parallel_max: 64,
            ports: PORTS.to_vec(),
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> FetchSettings {
    let default = FetchSettings::default();
    let mut mebibytes = |key, default| section.whole(key, 1..=MIB_MAX).map_or(default, |mib| mib * MIB);
    FetchSettings {
        item_bytes_max: mebibytes("fetch_item_max_mb", default.item_bytes_max),
        call_bytes_max: mebibytes("fetch_call_max_mb", default.call_bytes_max),
        items_max: section.whole("fetch_items_max", 0..=ITEMS_MAX).unwrap_or(default.items_max),
        timeout: section.timeout("fetch_timeout_seconds").unwrap_or(default.timeout),
        parallel_max: section.whole("fetch_parallel_max", 1..=ITEMS_MAX).unwrap_or(default.parallel_max),
        ports: section.get("fetch_ports").map_or(default.ports, |item| ports(&item)),
    }
}

fn ports(item: &Item<'_>) -> Vec<u16> {
    let port = |item: &Item<'_>| item.whole(&(1..=u64::from(u16::MAX))).and_then(|port| u16::try_from(port).ok());
    item.list(true).iter().filter_map(port).collect()
}

/// `user_url_allowed_hosts`.
pub(super) fn allowed(section: &mut Section<'_>) -> Vec<Allowed> {
    let items = section.get("user_url_allowed_hosts").map(|item| item.list(true)).unwrap_or_default();
    let read = |item: &Item<'_>| {
        let text = item.text()?;
        let found = Allowed::parse(&text);
        if found.is_none() {
            item.error("expected a host as addresses have it, such as \"pictures.corp\", \"10.0.0.12:8080\" or \"[::1]:443\", or a network such as \"10.0.0.0/8\"");
        }
        found
    };
    items.iter().filter_map(read).collect()
}
