//! Public IP addresses, masked by choice.

use core::net::Ipv6Addr;

use super::Finding;

/// Most characters of an IPv6 address.
const SIX: usize = 39;

/// The end of a public IPv4 address that begins here.
pub(super) fn four(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let length = bytes[start..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let end = start + length - usize::from(bytes[start + length - 1] == b'.');
    let address: core::net::Ipv4Addr = text[start..end].parse().ok()?;
    let before = text[..start].trim_end_matches([' ', '"', '\'', '=', ':', '^', '~', '(']);
    let lower = before.as_bytes();
    let version = start > 0 && matches!(bytes[start - 1], b'v' | b'V')
        || [&b"version"[..], b"Version", b"release", b"ver"].iter().any(|word| lower.ends_with(word));
    let free = bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    let public = !address.is_loopback()
        && !address.is_private()
        && !address.is_unspecified()
        && !address.is_link_local()
        && !address.is_broadcast()
        && !address.is_multicast()
        && address.octets()[0] != 0;
    (public && free && !version).then_some(end)
}

/// A public IPv6 address that begins here; whether there was an address of any kind.
pub(super) fn six(text: &str, start: usize, found: &mut Vec<Finding>) -> bool {
    let bytes = text.as_bytes();
    if start > 0 && matches!(bytes[start - 1], b':' | b'.') {
        return false;
    }
    let part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':' || *byte == b'.';
    let length = bytes[start..].iter().take(SIX + 1).take_while(|byte| part(byte)).count();
    let word = text[start..start + length].trim_end_matches(['.', ':']);
    if word.bytes().filter(|byte| *byte == b':').count() < 2 {
        return false;
    }
    let Ok(address) = word.parse::<Ipv6Addr>() else { return false };
    let head = address.segments()[0];
    // Local, shared, documentation's own are left: only what is routed tells a place.
    let public = !address.is_loopback()
        && !address.is_unspecified()
        && !address.is_multicast()
        && head & 0xfe00 != 0xfc00
        && head & 0xffc0 != 0xfe80
        && word.len() >= 8;
    let end = start + word.len();
    if public && bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric()) {
        found.push(Finding { kind: "ip_address", start, end });
    }
    true
}
