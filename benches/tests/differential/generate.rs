//! Messages out of the grammar, some of them damaged.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A message that breaks no rule, or one with a few octets changed, put in or taken out.
pub(crate) fn message() -> impl Strategy<Value = Vec<u8>> {
    (prop_oneof![request(), response()], vec(damage(), 0..3), 0_u8..10).prop_map(|(text, damages, share)| {
        let mut bytes = text.into_bytes();
        // Four of ten stay as they are.
        for damage in damages.into_iter().filter(|_| share >= 4) {
            damage.apply(&mut bytes);
        }
        bytes
    })
}

#[derive(Clone, Debug)]
enum Damage {
    Put(prop::sample::Index, &'static str),
    Cut(prop::sample::Index, usize),
    Change(prop::sample::Index, u8),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Put(at, text) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, text.bytes());
            }
            Self::Cut(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..bytes.len().min(at + length));
            }
            Self::Change(at, octet) => {
                let at = at.index(bytes.len());
                bytes[at] = *octet;
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    const TEXT: [&str; 16] = ["\r\n", " ", "\t", ";", ",", "\"", "<", ">", "\r\n ", "=", ":", "%", "\\", "(", "@", "0"];
    prop_oneof![
        (any::<prop::sample::Index>(), select(&TEXT[..])).prop_map(|(at, text)| Damage::Put(at, text)),
        (any::<prop::sample::Index>(), 1_usize..20).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, octet)| Damage::Change(at, octet)),
    ]
}

fn token() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9][a-zA-Z0-9.!%*_+~-]{0,12}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(&["h.example", "ims.mnc001.mcc001.3gppnetwork.org", "a-b.example.com"][..]).prop_map(str::to_owned),
        1 => select(&["10.0.0.1", "192.0.2.17"][..]).prop_map(str::to_owned),
        1 => select(&["[2001:db8::9]", "[::1]"][..]).prop_map(str::to_owned),
    ]
}

fn uri() -> impl Strategy<Value = String> {
    let user =
        prop_oneof![4 => "[a-z0-9]{1,8}", 1 => "[a-z0-9]{1,4}(%20|%40)[a-z]{1,3}", 1 => "[+][0-9]{6};ext=[0-9]{2}"];
    let port = prop_oneof![3 => Just(String::new()), 1 => (1_u16..).prop_map(|port| format!(":{port}"))];
    let params = select(&["", ";lr", ";transport=udp", ";user=phone", ";x=y;lr"][..]);
    (select(&["sip", "sip", "sip", "sips"][..]), proptest::option::of(user), host(), port, params).prop_map(
        |(scheme, user, host, port, params)| {
            let user = user.map(|user| format!("{user}@")).unwrap_or_default();
            format!("{scheme}:{user}{host}{port}{params}")
        },
    )
}

fn display() -> impl Strategy<Value = &'static str> {
    select(&["", "", "Alice ", "\"Alice\" ", "\"A, \\\"B\\\" <C>; D\" ", "\"\u{e9}\" ", "Alice B "][..])
}

/// White space where the grammar lets it stand.
fn space() -> impl Strategy<Value = &'static str> {
    select(&["", "", "", "", " ", "\r\n "][..])
}

fn address(tag: impl Strategy<Value = Option<String>>) -> impl Strategy<Value = String> {
    (display(), uri(), tag, space(), select(&["", ";x=1", ";y"][..])).prop_map(|(display, uri, tag, space, param)| {
        let tag = tag.map(|tag| format!("{space};{space}tag={tag}")).unwrap_or_default();
        format!("{display}<{uri}>{tag}{param}")
    })
}

fn via() -> impl Strategy<Value = String> {
    let transport = select(&["UDP", "TCP", "TLS", "SCTP"][..]);
    (transport, host(), token(), select(&["", ";rport", ";received=192.0.2.1"][..]), space()).prop_map(
        |(transport, host, branch, params, space)| {
            format!("SIP/2.0/{transport} {host}{space};branch=z9hG4bK{branch}{params}")
        },
    )
}

/// Names as they usually are, or each long or compact, in other letters, or with white space before the colon.
fn names() -> impl Strategy<Value = [String; 4]> {
    let unusual = |long: &'static str, compact: &'static str| {
        select(vec![long.to_owned(), long.to_ascii_lowercase(), compact.to_owned(), format!("{long} ")])
    };
    let all = [unusual("Via", "v"), unusual("From", "f"), unusual("To", "t"), unusual("Call-ID", "i")];
    prop_oneof![3 => Just(["Via", "From", "To", "Call-ID"].map(str::to_owned)), 1 => all]
}

/// Via, From, To, Call-ID and further fields, in this order.
fn fields(to_tag: bool) -> impl Strategy<Value = String> {
    let to_tag = if to_tag { token().prop_map(Some).boxed() } else { proptest::option::of(token()).boxed() };
    let call_id = prop_oneof!["[a-z0-9.-]{1,12}", "[a-z0-9]{1,8}@[a-z0-9.]{1,8}", "[a-f0-9]{4}@\\[::1\\]"];
    let more = select(
        &[
            "",
            "Subject: a b, c; d\r\n",
            "s:\r\n",
            "X-Other: ;;,,\"x\r\n",
            "User-Agent: A/1.0 (b)\r\n",
            "Supported: 100rel, timer\r\nk: replaces\r\n",
            "Warning: 307 h \"x\"\r\n",
            "Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n",
        ][..],
    );
    (vec(via(), 1..3), address(token().prop_map(Some)), address(to_tag), call_id, more, names()).prop_map(
        |(vias, from, to, call_id, more, [via_name, from_name, to_name, call_id_name])| {
            let vias: String = vias.iter().map(|via| format!("{via_name}: {via}\r\n")).collect();
            format!("{vias}{from_name}: {from}\r\n{to_name}: {to}\r\n{call_id_name}: {call_id}\r\n{more}")
        },
    )
}

fn body() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "Content-Length: 0\r\n\r\n",
            "\r\n",
            "l: 0\r\n\r\n",
            "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody",
            "c: text/plain\r\nl: 6\r\n\r\na\r\n\r\nb",
        ][..],
    )
}

const METHODS: [&str; 10] =
    ["INVITE", "ACK", "BYE", "OPTIONS", "SUBSCRIBE", "NOTIFY", "REFER", "UPDATE", "MESSAGE", "INFO"];

fn request() -> impl Strategy<Value = String> {
    let method = prop_oneof![8 => select(&METHODS[..]).prop_map(str::to_owned), 1 => "[A-Z]{3,8}X"];
    (method, uri(), fields(false), 0_u32..1 << 31, address(Just(None)), body()).prop_map(
        |(method, uri, fields, cseq, contact, body)| {
            // What the method needs besides, so that no rule is broken.
            let own = match method.as_str() {
                "SUBSCRIBE" => "Event: conference\r\n",
                "NOTIFY" => "Event: conference\r\nSubscription-State: active;expires=60\r\n",
                "REFER" => "Refer-To: <sip:b@h.example>\r\n",
                _ => "",
            };
            let contact = if uri.starts_with("sips") { contact.replacen("<sip:", "<sips:", 1) } else { contact };
            format!(
                "{method} {uri} SIP/2.0\r\nMax-Forwards: 70\r\n{fields}CSeq: {cseq} {method}\r\nContact: {contact}\r\n{own}{body}"
            )
        },
    )
}

fn response() -> impl Strategy<Value = String> {
    let status = select(
        &[
            "100 Trying",
            "180 Ringing",
            "183 Session Progress",
            "200 OK",
            "202 Accepted",
            "404 ",
            "486 Busy Here",
            "603 D\u{e9}cline",
        ][..],
    );
    (status, fields(true), 0_u32..1 << 31, address(Just(None)), body()).prop_map(
        |(status, fields, cseq, contact, body)| {
            format!("SIP/2.0 {status}\r\n{fields}CSeq: {cseq} INVITE\r\nContact: {contact}\r\n{body}")
        },
    )
}
