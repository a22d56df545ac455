//! Via (RFC 3261 section 20.42), `received` and `rport` (RFC 3581), and where a response goes (RFC 3261 section
//! 18.2.2).

use std::net::SocketAddr;

use super::{Malformed, Param, Params};
use crate::wire::Host;
use crate::wire::text::{Digits, any, is_lws, is_token, offset_in, push_ip, same_word, split_once, split_token, trim};

/// Port of SIP over UDP and TCP (RFC 3261 section 19.1.2).
const DEFAULT_PORT: u16 = 5060;

/// Bytes that stamping adds at most.
const STAMP: usize = ";received=".len() + 39 + "=65535".len();

/// One Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Via<'a> {
    /// The whole value as written.
    pub raw: &'a [u8],
    /// Transport token as written, such as `UDP`; compared without case.
    pub transport: &'a [u8],
    /// The sent-by host and port as written: with the branch, the key of transaction matching (section 17.2.3).
    pub sent_by: &'a [u8],
    /// Host of sent-by.
    pub host: Host<'a>,
    /// Port of sent-by, if given.
    pub port: Option<u16>,
    /// Parameters.
    pub params: Params<'a>,
}

/// The parameters of a topmost Via that its server looks at (RFC 3261 section 18.2.2, RFC 3581 section 4).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Routing<'a> {
    pub(crate) branch: Option<&'a [u8]>,
    maddr: Option<&'a [u8]>,
    asks_for_port: bool,
    says_received: bool,
    /// Whether some parameter has a quote or an angle bracket, which may be left open.
    is_open: bool,
    /// Whether there are a branch and, behind it, an `rport` without a value, nothing else, and no white space between.
    is_usual: bool,
}

impl<'a> Via<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// It is not `SIP/2.0/transport host[:port] *(;param)`.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let (transport, rest) = match value.strip_prefix(b"SIP/2.0/") {
            Some(rest) => split_token(rest),
            None => split_protocol(value)?,
        };
        if transport.is_empty() {
            return Err(Malformed::at("no sent-protocol", value, value));
        }
        let (sent_by, params) = split_once(rest, b';').unwrap_or((rest, &[]));
        let sent_by = trim(sent_by);
        // A bracket ends a token, but not the sent-protocol: white space has to.
        if offset_in(value, sent_by) == offset_in(value, transport).map(|at| at + transport.len()) {
            return Err(Malformed::at("no white space before sent-by", value, sent_by));
        }
        let (host, port) = parse_sent_by(sent_by).map_err(|what| Malformed::at(what, value, sent_by))?;
        Ok(Self { raw: value, transport, sent_by, host, port, params: Params::new(params) })
    }

    /// The `branch` parameter of a value that is otherwise not looked at; no quote stands before the first parameter.
    pub(crate) fn branch_of(value: &'a [u8]) -> Option<&'a [u8]> {
        let (_, params) = split_once(value, b';')?;
        Params::new(params).get("branch").filter(|branch| !branch.is_empty())
    }

    /// The `branch` parameter.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// Whether the branch starts with the magic cookie `z9hG4bK`, so that it alone names the transaction (section
    /// 17.2.3).
    pub fn has_magic_cookie(&self) -> bool {
        self.branch().is_some_and(|branch| branch.starts_with(b"z9hG4bK"))
    }

    /// The `received` parameter.
    pub fn received(&self) -> Option<&'a [u8]> {
        self.params.get("received").filter(|address| !address.is_empty())
    }

    /// The `rport` parameter: `Some(None)` if it is there without a value (RFC 3581 section 3).
    pub fn rport(&self) -> Option<Option<u16>> {
        let value = self.params.get("rport")?;
        Some(std::str::from_utf8(value).ok().and_then(|port| port.parse().ok()))
    }

    /// The `maddr` parameter.
    pub fn maddr(&self) -> Option<&'a [u8]> {
        self.params.get("maddr").filter(|address| !address.is_empty())
    }

    /// Where the response to a request that came from `source` with this topmost Via goes over an unreliable transport:
    /// `maddr`, else the source address with its own port if `rport` was asked for, else with the sent-by port (section
    /// 18.2.2, RFC 3581 section 4). No name is resolved: the source stands for what `received` would say.
    pub fn reply_address(&self, source: SocketAddr) -> SocketAddr {
        self.reply_address_by(&self.routing(), source)
    }

    /// The parameters that decide where responses go, and which transaction it is.
    pub(crate) fn routing(&self) -> Routing<'a> {
        self.usual_routing().unwrap_or_else(|| self.any_routing())
    }

    /// [`Via::routing`] of parameters that are a branch and `rport` and nothing else, right behind sent-by.
    fn usual_routing(&self) -> Option<Routing<'a>> {
        let params = self.params.as_bytes();
        let branch = params.strip_prefix(b"branch=")?.strip_suffix(b";rport")?;
        let head = self.raw.strip_suffix(params)?.strip_suffix(b";")?;
        let usual = Routing { branch: Some(branch), asks_for_port: true, is_usual: true, ..Routing::default() };
        (is_token(branch) && head.ends_with(self.sent_by)).then_some(usual)
    }

    /// [`Via::routing`] of any parameters, found in one pass.
    fn any_routing(&self) -> Routing<'a> {
        let names = ["branch", "maddr", "rport", "received"];
        let [branch, maddr, rport, received] = self.params.find_each(names);
        let value = |param: Option<Param<'a>>| param.map(|param| param.inner()).filter(|value| !value.is_empty());
        let is_open = any(self.params.as_bytes(), |byte| matches!(byte, b'"' | b'<'));
        Routing {
            branch: value(branch),
            maddr: value(maddr),
            asks_for_port: rport.is_some(),
            says_received: received.is_some(),
            is_open,
            is_usual: false,
        }
    }

    /// [`Via::reply_address`] with these parameters.
    pub(crate) fn reply_address_by(&self, routing: &Routing<'_>, source: SocketAddr) -> SocketAddr {
        let address = routing.maddr.and_then(|maddr| std::str::from_utf8(maddr).ok()).and_then(|maddr| {
            let unbracketed = maddr.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(maddr);
            unbracketed.parse().ok()
        });
        let port = self.port.unwrap_or(DEFAULT_PORT);
        match address {
            Some(maddr) => SocketAddr::new(maddr, port),
            None if routing.asks_for_port => source,
            None => SocketAddr::new(source.ip(), port),
        }
    }

    /// The value with the source of the request written into it: `received` if the sent-by host is another address or a
    /// name (RFC 3261 section 18.2.1), `received` and the value of `rport` if that was asked for (RFC 3581 section 4).
    /// What the sender wrote there himself is not trusted.
    pub fn stamped(&self, source: SocketAddr) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.raw.len() + STAMP);
        self.write_stamped(&self.routing(), source, &mut value);
        value
    }

    /// Appends what [`Via::stamped`] says.
    pub(crate) fn write_stamped(&self, routing: &Routing<'_>, source: SocketAddr, value: &mut Vec<u8>) {
        let needs_received = routing.asks_for_port || self.host.ip() != Some(source.ip());
        if !needs_received && !routing.says_received {
            return value.extend_from_slice(self.raw);
        }
        if routing.is_usual {
            value.extend_from_slice(self.raw);
            value.push(b'=');
            value.extend_from_slice(Digits::of(u64::from(source.port())).as_bytes());
            value.extend_from_slice(b";received=");
            return push_ip(value, source.ip());
        }
        let head = offset_in(self.raw, self.sent_by).map_or(0, |at| at + self.sent_by.len());
        value.extend_from_slice(self.raw.get(..head).unwrap_or_default());
        let received = |value: &mut Vec<u8>| {
            value.extend_from_slice(b";received=");
            push_ip(value, source.ip());
        };
        // What is written behind a quote or a bracket that is left open would be part of it.
        if needs_received && routing.is_open {
            received(value);
        }
        for param in self.params.iter().filter(|param| !same_word(param.name, b"received")) {
            value.push(b';');
            value.extend_from_slice(param.name);
            if same_word(param.name, b"rport") {
                value.push(b'=');
                value.extend_from_slice(Digits::of(u64::from(source.port())).as_bytes());
            } else if let Some(text) = param.value {
                value.push(b'=');
                value.extend_from_slice(text);
            }
        }
        if needs_received && !routing.is_open {
            received(value);
        }
    }

    /// Whether two Vias name the same sender: hosts without case, ports with the default 5060 (section 17.2.3).
    pub fn same_sent_by(&self, other: &Via<'_>) -> bool {
        self.host == other.host && self.port.unwrap_or(DEFAULT_PORT) == other.port.unwrap_or(DEFAULT_PORT)
    }
}

/// The transport and what follows it, where white space surrounds the slashes or the case is unusual.
fn split_protocol(value: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (protocol, rest) = split_token(value);
    let (_version, rest) = split_token(after_slash(value, rest)?);
    if !protocol.eq_ignore_ascii_case(b"SIP") {
        return Err(Malformed::at("no sent-protocol", value, protocol));
    }
    Ok(split_token(after_slash(value, rest)?))
}

fn after_slash<'a>(value: &[u8], rest: &'a [u8]) -> Result<&'a [u8], Malformed> {
    rest.strip_prefix(b"/").ok_or_else(|| Malformed::at("no sent-protocol", value, rest))
}

/// `host [COLON port]`, where white space may surround the colon (RFC 3261 section 25.1, `sent-by`).
fn parse_sent_by(sent_by: &[u8]) -> Result<(Host<'_>, Option<u16>), &'static str> {
    if let Some((address, port)) = Host::ipv4_and_port(sent_by) {
        return Ok((Host::V4(address), port));
    }
    let text = std::str::from_utf8(sent_by).map_err(|_| "a character that no host holds")?;
    if !any(sent_by, is_lws) {
        return Host::parse_hostport(text);
    }
    let (host, port) = text.rsplit_once(':').ok_or("white space in sent-by")?;
    let (host, none) = Host::parse_hostport(host.trim_end())?;
    let port = port.trim_start().parse().map_err(|_| "a port that is no number of 16 bits")?;
    if none.is_none() { Ok((host, Some(port))) } else { Err("two ports") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_via() {
        // value, transport, sent-by, port
        for (value, transport, sent_by, port) in [
            ("SIP/2.0/UDP h;branch=z9hG4bK1", "UDP", "h", None),
            ("SIP / 2.0 / TCP [2001:db8::1]:5062 ;branch=z9hG4bK1;rport", "TCP", "[2001:db8::1]:5062", Some(5062)),
            ("sip/2.0/udp 10.0.0.1 : 5060\r\n ;branch=z9hG4bK1", "udp", "10.0.0.1 : 5060", Some(5060)),
        ] {
            let via = Via::parse(value.as_bytes()).unwrap();
            assert_eq!((via.transport, via.sent_by), (transport.as_bytes(), sent_by.as_bytes()), "{value}");
            assert_eq!((via.port, via.branch()), (port, Some(&b"z9hG4bK1"[..])), "{value}");
            assert!(via.has_magic_cookie());
        }
        for value in [
            "",
            "SIP/2.0 h",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=x",
            "HTTP/1.1/TCP h",
            "SIP/2.0/UDP h i",
            "SIP/2.0/UDP 1:2:3",
        ] {
            assert!(Via::parse(value.as_bytes()).is_err(), "{value}");
        }
    }

    #[test]
    fn a_response_goes_where_the_request_came_from() {
        let source = "192.0.2.9:1024".parse().unwrap();
        // value, where the response goes, the value that it carries
        for (value, reply, stamped) in [
            ("SIP/2.0/UDP 192.0.2.9:5062;branch=b", "192.0.2.9:5062", "SIP/2.0/UDP 192.0.2.9:5062;branch=b"),
            ("SIP/2.0/UDP h;branch=b", "192.0.2.9:5060", "SIP/2.0/UDP h;branch=b;received=192.0.2.9"),
            (
                "SIP/2.0/UDP h:9;rport;branch=b",
                "192.0.2.9:1024",
                "SIP/2.0/UDP h:9;rport=1024;branch=b;received=192.0.2.9",
            ),
            (
                "SIP/2.0/UDP h;maddr=224.2.0.1;ttl=1",
                "224.2.0.1:5060",
                "SIP/2.0/UDP h;maddr=224.2.0.1;ttl=1;received=192.0.2.9",
            ),
            ("SIP/2.0/UDP 192.0.2.9;received=10.0.0.1", "192.0.2.9:5060", "SIP/2.0/UDP 192.0.2.9"),
            ("SIP/2.0/UDP h;branch=<b", "192.0.2.9:5060", "SIP/2.0/UDP h;received=192.0.2.9;branch=<b"),
        ] {
            let via = Via::parse(value.as_bytes()).unwrap();
            assert_eq!(via.reply_address(source).to_string(), reply, "{value}");
            assert_eq!(String::from_utf8(via.stamped(source)).unwrap(), stamped);
        }
        let via = Via::parse(b"SIP/2.0/UDP [2001:db8::9]:5060;rport").unwrap();
        let source = "[2001:db8::9]:5060".parse().unwrap();
        assert_eq!(via.stamped(source), b"SIP/2.0/UDP [2001:db8::9]:5060;rport=5060;received=2001:db8::9");
    }

    #[test]
    fn the_short_way_to_the_usual_parameters_says_what_the_long_way_says() {
        for (behind_sent_by, is_usual) in [
            (";branch=z9hG4bK1;rport", true),
            (";branch=b;rport", true),
            (" ;branch=b;rport", false),
            ("\r\n ;branch=b;rport", false),
            ("; branch=b;rport", false),
            (";branch=;rport", false),
            (";branch=b;rport=1", false),
            (";branch=b;rport;x", false),
            (";rport;branch=b;rport", false),
            (";branch=b;rport;rport", false),
            (";branch=\"b;rport", false),
            (";branch=b;received=10.0.0.1;rport", false),
            (";Branch=b;rport", false),
        ] {
            let value = format!("SIP/2.0/UDP h:9{behind_sent_by}");
            let via = Via::parse(value.as_bytes()).unwrap();
            assert_eq!(via.usual_routing().is_some(), is_usual, "{value}");
            for source in ["192.0.2.9:1024", "10.200.0.1:9", "[2001:db8::9]:5060"] {
                let source = source.parse().unwrap();
                let [short, long] = [via.routing(), via.any_routing()].map(|routing| {
                    let mut stamped = Vec::new();
                    via.write_stamped(&routing, source, &mut stamped);
                    (routing.branch, via.reply_address_by(&routing, source), stamped)
                });
                assert_eq!(short, long, "{value}");
            }
        }
    }

    #[test]
    fn sent_by_is_compared_without_case_and_with_the_default_port() {
        for (one, two, same) in [
            ("SIP/2.0/UDP Host.Example", "SIP/2.0/UDP host.example:5060", true),
            ("SIP/2.0/UDP [::1]", "SIP/2.0/UDP [0:0::1]", true),
            ("SIP/2.0/UDP h:5061", "SIP/2.0/UDP h", false),
        ] {
            let [one, two] = [one, two].map(|value| Via::parse(value.as_bytes()).unwrap());
            assert_eq!(one.same_sent_by(&two), same);
        }
    }
}
