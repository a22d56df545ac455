//! Every rule of the strict layer, each broken by one message that breaks nothing else.

use std::collections::BTreeSet;

use imsconf::violation::Rule;
use imsconf::wire::{Message, verdict, verdict_of_fragment, verdict_on_stream};

const INVITE: &str = "INVITE sip:f@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nContact: <sip:u@h>\r\nContent-Length: 0\r\n\r\n";
const RINGING: &str = "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nFrom: <sip:u@h>;tag=1\r\n\
    To: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nRequire: 100rel\r\nRSeq: 1\r\nContact: <sip:f@h>;isfocus\r\n\r\n";
const NOTIFY: &str = "NOTIFY sip:u@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:f@h>;tag=2\r\nTo: <sip:u@h>;tag=1\r\nCall-ID: c@h\r\nCSeq: 2 NOTIFY\r\nContact: <sip:f@h>\r\nEvent: refer\r\n\
    Subscription-State: active;expires=60\r\nContent-Type: message/sipfrag\r\nContent-Length: 20\r\n\r\nSIP/2.0 100 Trying\r\n";
const REFER: &str = "REFER sip:f@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 3 REFER\r\nContact: <sip:u@h>\r\n\
    Refer-To: <sip:b@h?Replaces=a%3Bto-tag%3D1>\r\n\r\n";
const PRACK: &str = "PRACK sip:f@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 2 PRACK\r\nRAck: 1 1 INVITE\r\n\r\n";
const CANCEL: &str = "CANCEL sip:f@h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:f@h>\r\nCall-ID: c@h\r\nCSeq: 1 CANCEL\r\n\r\n";
const REGISTER: &str = "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
    From: <sip:u@h>;tag=1\r\nTo: <sip:u@h>\r\nCall-ID: c@h\r\nCSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\n\r\n";
const REFUSED: &str = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nFrom: <sip:u@h>;tag=1\r\n\
    To: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
const SUBSCRIBED: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP u;branch=z9hG4bK1\r\nFrom: <sip:u@h>;tag=1\r\n\
    To: <sip:f@h>;tag=2\r\nCall-ID: c@h\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:f@h>\r\nExpires: 60\r\n\r\n";

/// (message, what is replaced, by what, the rule that this breaks, the bytes that break it)
const BROKEN: &[(&str, &str, &str, Rule, &str)] = &[
    (INVITE, "70\r\n", "70\n", Rule::LineEnd, "\n"),
    (PRACK, "INVITE\r\n\r\n", "INVITE\r\n", Rule::EmptyLine, ""),
    (INVITE, "INVITE sip:f@h S", "INVITE  sip:f@h S", Rule::StartLine, "INVITE  sip:f@h SIP/2.0"),
    (RINGING, "180 Ringing", "180", Rule::StartLine, "SIP/2.0 180"),
    (INVITE, "h SIP/2.0", "h sip/2.0", Rule::Version, "sip/2.0"),
    (CANCEL, "h SIP/2.0", "h SIP/3.0", Rule::Version, "SIP/3.0"),
    (INVITE, "c@h\r\n", "c@h\r\nSubject: a\0b\r\n", Rule::ControlCharacter, "\0"),
    (INVITE, "c@h\r\n", "c@h\r\nSubject: a\rb\r\n", Rule::ControlCharacter, "\r"),
    (INVITE, "c@h\r\n", "c@h\r\nno colon\r\n", Rule::FieldLine, "no colon\r\n"),
    (INVITE, "c@h\r\n", "c@h\r\na b: c\r\n", Rule::FieldLine, "a b: c\r\n"),
    (INVITE, "c@h\r\n", "c@h\r\na\r\n : c\r\n", Rule::FieldLine, "a\r\n : c\r\n"),
    (INVITE, "Length: 0", "Length: 1", Rule::BodyLength, "1"),
    (NOTIFY, "Length: 20", "Length: 19", Rule::TrailingBytes, "\n"),
    (INVITE, "Length: 0", "Length: -999", Rule::Malformed, "-999"),
    (INVITE, "UDP u;", "UDP[::1];", Rule::Malformed, "[::1];branch=z9hG4bK1"),
    (INVITE, "Length: 0", "Length: 99999999999", Rule::NumberRange, "99999999999"),
    (CANCEL, "\r\n\r\n", "\r\n\r\nbody", Rule::BodyWithoutType, "body"),
    (INVITE, "Call-ID: c@h\r\n", "", Rule::MissingMandatory, "INVITE sip:f@h SIP/2.0"),
    (INVITE, "Max-Forwards: 70\r\n", "", Rule::MissingMandatory, "INVITE sip:f@h SIP/2.0"),
    (RINGING, "Call-ID: c@h\r\n", "", Rule::MissingMandatory, "SIP/2.0 180 Ringing"),
    (INVITE, "c@h\r\n", "c@h\r\ni: d\r\n", Rule::Repeated, "d"),
    (INVITE, "CSeq: 1 I", "CSeq: x I", Rule::Malformed, "x INVITE"),
    (INVITE, "Call-ID: c@h", "Call-ID: c d", Rule::Malformed, "c d"),
    (INVITE, "c@h\r\n", "c@h\r\nSupported: a,,b\r\n", Rule::Malformed, ""),
    (RINGING, "Require:", "Path: sip:p;lr\r\nRequire:", Rule::Malformed, "sip:p;lr"),
    (INVITE, "tag=1", "tag=1;x=", Rule::Parameter, ""),
    (INVITE, "tag=1", "tag=1;x=\"y\"z", Rule::Parameter, "\"y\"z"),
    (INVITE, "tag=1", "tag=1;;x", Rule::Parameter, ""),
    (INVITE, "tag=1", "tag=1;", Rule::Parameter, ""),
    (INVITE, "<sip:u@h>;tag=1", "sip:u@h;tag=1;", Rule::Parameter, ""),
    (INVITE, "tag=1", "tag=1;x;X=y", Rule::ParameterRepeated, "X"),
    (INVITE, "tag=1", "tag=\"1\"", Rule::ParameterValue, "\"1\""),
    (INVITE, "bK1", "bK1;ttl=256", Rule::ParameterValue, "256"),
    (INVITE, "bK1", "bK1;received=h", Rule::ParameterValue, "h"),
    (INVITE, "bK1", "bK1;rport=70000", Rule::ParameterValue, "70000"),
    (INVITE, "bK1", "bK1;maddr=a_:b", Rule::ParameterValue, "a_:b"),
    (INVITE, "Contact: <sip:u@h>", "Contact: <sip:u@h>;q=1.1", Rule::ParameterValue, "1.1"),
    (INVITE, "Contact: <sip:u@h>", "Contact: <sip:u@h>;expires=4294967296", Rule::ParameterValue, "4294967296"),
    (INVITE, "c@h\r\n", "c@h\r\nSession-Expires: 90;refresher=me\r\n", Rule::ParameterValue, "me"),
    (INVITE, "c@h\r\n", "c@h\r\nReason: SIP;text=busy\r\n", Rule::ParameterValue, "busy"),
    (INVITE, "From: <", "From: \"open <", Rule::Quote, "\"open <sip:u@h>;tag=1"),
    (INVITE, "From: <", "From: A, B <", Rule::DisplayName, "A, B"),
    (INVITE, "From: <sip:u@h", "From: < sip:u@h", Rule::AngleSpace, " sip:u@h"),
    (SUBSCRIBED, "Expires: 60", "Expires: 4294967296", Rule::NumberRange, "4294967296"),
    (INVITE, "c@h\r\n", "c@h\r\nRetry-After: 99999999999\r\n", Rule::NumberRange, "99999999999"),
    (INVITE, "c@h\r\n", "c@h\r\nDate: Sat, 13 Nov 2010 23:29:00 EST\r\n", Rule::Date, "Sat, 13 Nov 2010 23:29:00 EST"),
    (REFUSED, "c@h\r\n", "c@h\r\nWarning: 1812 h \"x\"\r\n", Rule::Warning, "1812 h \"x\""),
    (INVITE, "c@h\r\n", "c@h\r\nTimestamp: now\r\n", Rule::Malformed, "now"),
    (INVITE, "c@h\r\n", "c@h\r\nMIME-Version: 1\r\n", Rule::Malformed, "1"),
    (INVITE, "c@h\r\n", "c@h\r\nUser-Agent: A (open\r\n", Rule::Malformed, "A (open"),
    (INVITE, "c@h\r\n", "c@h\r\nContent-Language: e_n\r\n", Rule::Malformed, "e_n"),
    (INVITE, "c@h\r\n", "c@h\r\nCall-Info: sip:a@h\r\n", Rule::Malformed, "sip:a@h"),
    (INVITE, "c@h\r\n", "c@h\r\nPrivacy: id;;user\r\n", Rule::Malformed, "id;;user"),
    (INVITE, "c@h\r\n", "c@h\r\nAuthorization: Digest\r\n", Rule::Malformed, "Digest"),
    (INVITE, "c@h\r\n", "c@h\r\nAuthorization: Basic a b\r\n", Rule::Parameter, "a b"),
    (INVITE, "c@h\r\n", "c@h\r\nAuthorization: Digest realm=\"r\", nc=1\r\n", Rule::Digest, "nc=1"),
    (INVITE, "c@h\r\n", "c@h\r\nAuthorization: Digest qop=\"auth\"\r\n", Rule::Digest, "qop=\"auth\""),
    (REFUSED, "c@h\r\n", "c@h\r\nWWW-Authenticate: Digest qop=auth\r\n", Rule::Digest, "qop=auth"),
    (INVITE, "INVITE sip:f@h", "INVITE <sip:f@h>", Rule::RequestUri, "<sip:f@h>"),
    (INVITE, "INVITE sip:f@h", "INVITE sip:f@h?a=b", Rule::RequestUriPart, "sip:f@h?a=b"),
    (INVITE, "INVITE sip:f@h", "INVITE sip:f@h;method=BYE", Rule::RequestUriPart, "sip:f@h;method=BYE"),
    (INVITE, "Contact: <sip:u@h>", "Contact: sip:u@h?a=b", Rule::UnbracketedUri, "sip:u@h?a=b"),
    (REFER, "a%3Bto-tag%3D1", "a;to-tag%3D1", Rule::HeadersPartEscape, "a;to-tag%3D1"),
    (REFER, "a%3Bto-tag%3D1", "a%zz", Rule::HeadersPartEscape, "a%zz"),
    (REFER, "?Replaces=a%3Bto-tag%3D1", "?Replaces", Rule::HeadersPart, "Replaces"),
    (INVITE, "From: <sip:u@", "From: <sip:u%4@", Rule::Escape, "%4"),
    (INVITE, "From: <sip:u@", "From: <sip:u%zz@", Rule::Escape, "%zz"),
    (INVITE, "From: <sip:u@", "From: <sip:u{@", Rule::UriCharacter, "{"),
    (INVITE, "From: <sip:u@", "From: <sip::u@", Rule::UriCharacter, ":"),
    (INVITE, "From: <sip:u@h", "From: <sip:u@a_b", Rule::HostName, "a_b"),
    (INVITE, "UDP u;", "UDP a._b;", Rule::HostName, "a._b"),
    (INVITE, "From: <sip:u@h", "From: <sip:u@10.0.0.256", Rule::HostName, "10.0.0.256"),
    (INVITE, "From: <sip:u@h", "From: <sip:u@h;", Rule::UriParameter, ";"),
    (INVITE, "From: <sip:u@h", "From: <sip:u@h;a;A=b", Rule::UriParameter, "A=b"),
    (INVITE, "From: <sip:u@h", "From: <sip:u@h;transport=", Rule::UriParameter, "transport="),
    (INVITE, "From: <sip:u@h", "From: <sip:u@h;ttl=256", Rule::UriParameter, "ttl=256"),
    (INVITE, "From: <sip:u@h", "From: <tel:5551234", Rule::Telephone, "tel:5551234"),
    (INVITE, ";tag=1", "", Rule::FromTag, "<sip:u@h>"),
    (RINGING, ";tag=2", "", Rule::ToTag, "<sip:f@h>"),
    (INVITE, "1 INVITE", "1 ACK", Rule::CSeqMethod, "1 ACK"),
    (INVITE, "1 INVITE", "2147483648 INVITE", Rule::CSeqNumber, "2147483648 INVITE"),
    (INVITE, "1 INVITE", "36893488147419103232 INVITE", Rule::CSeqNumber, "36893488147419103232 INVITE"),
    (INVITE, ": 70", ": 256", Rule::MaxForwardsRange, "256"),
    (INVITE, ": 70", ": 36893488147419103232", Rule::MaxForwardsRange, "36893488147419103232"),
    (INVITE, "z9hG4bK1", "1", Rule::Branch, "SIP/2.0/UDP u;branch=1"),
    (INVITE, "z9hG4bK1", "z9hG4bK", Rule::Branch, "SIP/2.0/UDP u;branch=z9hG4bK"),
    (INVITE, "Contact: <sip:u@h>\r\n", "", Rule::ContactMissing, "INVITE sip:f@h SIP/2.0"),
    (INVITE, "Contact: <sip:u@h>", "Contact: <sip:u@h>, <sip:v@h>", Rule::ContactCount, "<sip:v@h>"),
    (RINGING, "Require:", "Record-Route: <sip:p>\r\nRequire:", Rule::LooseRoute, "sip:p"),
    (CANCEL, "c@h\r\n", "c@h\r\nRequire: a\r\n", Rule::CancelRequire, "a"),
    (CANCEL, "Max", "Via: SIP/2.0/UDP v;branch=z9hG4bK2\r\nMax", Rule::CancelVia, "SIP/2.0/UDP v;branch=z9hG4bK2"),
    (INVITE, "INVITE sip:f@h", "INVITE sips:f@h", Rule::SipsContact, "sip:u@h"),
    (INVITE, "Max", "Route: <sips:p;lr>\r\nMax", Rule::SipsContact, "sip:u@h"),
    (REGISTER, "Expires: 0\r\n", "", Rule::StarContact, "*"),
    (REGISTER, "Expires: 0", "Expires: 1", Rule::StarContact, "*"),
    (REGISTER, "Contact: *", "Contact: *, <sip:u@h>", Rule::StarContact, "*"),
    (REGISTER, "REGISTER sip:h", "REGISTER sip:u@h", Rule::RegistrarUri, "sip:u@h"),
    (REFUSED, "486 Busy Here", "401 Who", Rule::ChallengeMissing, "SIP/2.0 401 Who"),
    (REFUSED, "486 Busy Here", "405 No", Rule::AllowMissing, "SIP/2.0 405 No"),
    (REFUSED, "486 Busy Here", "407 Who", Rule::ProxyChallengeMissing, "SIP/2.0 407 Who"),
    (REFUSED, "486 Busy Here", "415 What", Rule::AcceptMissing, "SIP/2.0 415 What"),
    (REFUSED, "486 Busy Here", "420 Bad", Rule::UnsupportedMissing, "SIP/2.0 420 Bad"),
    (REFUSED, "486 Busy Here", "421 More", Rule::RequireMissing, "SIP/2.0 421 More"),
    (REFUSED, "486 Busy Here", "422 Longer", Rule::MinSeMissing, "SIP/2.0 422 Longer"),
    (REFUSED, "486 Busy Here", "423 Longer", Rule::MinExpiresMissing, "SIP/2.0 423 Longer"),
    (REFUSED, "486 Busy Here", "494 Agree", Rule::SecurityServerMissing, "SIP/2.0 494 Agree"),
    (INVITE, "c@h\r\n", "c@h\r\nSession-Expires: 89\r\n", Rule::SessionInterval, "89"),
    (INVITE, "c@h\r\n", "c@h\r\nMin-SE: 89\r\n", Rule::SessionInterval, "89"),
    (INVITE, "c@h\r\n", "c@h\r\nx: 100\r\nMin-SE: 101\r\n", Rule::SessionInterval, "100"),
    (SUBSCRIBED, "Expires: 60\r\n", "", Rule::SubscribeExpires, "SIP/2.0 200 OK"),
    (RINGING, "RSeq: 1", "RSeq: 0", Rule::RSeqRange, "0"),
    (PRACK, "RAck: 1 1 INVITE\r\n", "", Rule::RackMissing, "PRACK sip:f@h SIP/2.0"),
    (RINGING, "RSeq: 1\r\n", "", Rule::ReliableResponse, "SIP/2.0 180 Ringing"),
    (RINGING, "Require: 100rel\r\n", "", Rule::ReliableResponse, "1"),
    (RINGING, "180 Ringing", "300 Moved", Rule::ReliableResponse, "1"),
    (RINGING, "180 Ringing", "700 High", Rule::StatusCode, "SIP/2.0 700 High"),
    (NOTIFY, "Event: refer\r\n", "", Rule::EventMissing, "NOTIFY sip:u@h SIP/2.0"),
    (NOTIFY, "Subscription-State: active;expires=60\r\n", "", Rule::SubscriptionStateMissing, "NOTIFY sip:u@h SIP/2.0"),
    (NOTIFY, ";expires=60", "", Rule::SubscriptionExpires, "active"),
    (REFER, "Refer-To: <sip:b@h?Replaces=a%3Bto-tag%3D1>\r\n", "", Rule::ReferTo, "REFER sip:f@h SIP/2.0"),
    (REFER, "\r\n\r\n", "\r\nr: <sip:c@h>\r\n\r\n", Rule::ReferTo, "<sip:c@h>"),
    (NOTIFY, "100 Trying", "99: Trying", Rule::ReferReport, "SIP/2.0 99: Trying\r\n"),
    (NOTIFY, "message/sipfrag", "text/plain", Rule::ReferReport, "SIP/2.0 100 Trying\r\n"),
    (REFER, "c@h\r\n", "c@h\r\nReplaces: a;to-tag=1;from-tag=2\r\n", Rule::ReplacesMethod, "a;to-tag=1;from-tag=2"),
    (RINGING, "<sip:f@h>;isfocus", "<sip:f@h;isfocus>", Rule::FocusInUri, "sip:f@h;isfocus"),
];

/// Rules that a broken message may break besides, because the one implies the other.
const IMPLIED: &[(Rule, Rule)] = &[(Rule::StatusCode, Rule::ReliableResponse)];

fn judged(bytes: &[u8]) -> Vec<(Rule, Vec<u8>)> {
    let message = Message::parse(bytes).unwrap();
    verdict(&message).into_iter().map(|violation| (violation.rule, bytes[violation.at].to_vec())).collect()
}

#[test]
fn the_unbroken_messages_pass() {
    for text in [INVITE, RINGING, NOTIFY, REFER, PRACK, CANCEL, REGISTER, REFUSED, SUBSCRIBED] {
        assert_eq!(judged(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn each_rule_is_named_with_its_bytes() {
    let mut wrong = Vec::new();
    for (text, old, new, rule, at) in BROKEN {
        assert!(text.contains(old), "{old}");
        let broken = text.replacen(old, new, 1);
        let mut found = judged(broken.as_bytes());
        found.retain(|(other, _)| !IMPLIED.contains(&(*rule, *other)));
        if found != [(*rule, at.as_bytes().to_vec())] {
            let found: Vec<_> = found.iter().map(|(rule, at)| (rule, String::from_utf8_lossy(at))).collect();
            wrong.push(format!("{old} -> {new}: {found:?} instead of {:?}", (rule, at)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let utf8 = INVITE.replacen("f@h>\r\n", "f@h>\r\nSubject: ?\r\n", 1).into_bytes();
    let broken: Vec<u8> = utf8.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    assert_eq!(judged(&broken), [(Rule::Utf8, b"Subject: \xff\r\n".to_vec())]);
    let broken = INVITE.replacen("From: <", "From: \"a\\\u{e9}\" <", 1);
    assert_eq!(judged(broken.as_bytes()), [(Rule::QuotedPair, b"\xc3".to_vec())]);
}

#[test]
fn every_rule_has_its_broken_message() {
    let broken = BROKEN.iter().map(|(_, _, _, rule, _)| *rule);
    let broken: BTreeSet<_> = broken.chain([Rule::Utf8, Rule::QuotedPair, Rule::StreamLength]).collect();
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !broken.contains(rule)).collect();
    assert_eq!(missing, [&Rule::UnbracketedUri; 0]);
}

#[test]
fn identifiers_are_unique_and_say_where_the_rule_stands() {
    let ids: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(rule.id().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'8'), "{rule:?}");
        assert!(rule.clause().starts_with("RFC ") && rule.clause().contains(" section"), "{rule:?}");
        assert!(!rule.summary().ends_with('.'), "{rule:?}");
    }
}

#[test]
fn on_a_stream_a_message_says_where_it_ends() {
    let rules = |text: &str| verdict_on_stream(&Message::parse(text.as_bytes()).unwrap());
    assert_eq!(rules(INVITE), []);
    let found = rules(RINGING);
    assert_eq!(found.iter().map(|violation| violation.rule).collect::<Vec<_>>(), [Rule::StreamLength]);
    assert_eq!(&RINGING[found[0].at.clone()], "SIP/2.0 180 Ringing");
}

#[test]
fn nothing_is_missing_in_a_fragment() {
    let rules = |text: &str| -> Vec<Rule> {
        let message = Message::parse(text.as_bytes()).unwrap();
        verdict_of_fragment(&message).into_iter().map(|violation| violation.rule).collect()
    };
    assert_eq!(rules("SIP/2.0 200 OK\r\n"), []);
    assert_eq!(rules("SIP/2.0 487 Gone\r\nReason: SIP;cause=480\r\n"), []);
    assert_eq!(rules("SIP/2.0 200 OK\r\nTo: <sip:a b@h>\r\n"), [Rule::Malformed]);
    assert_eq!(rules("SIP/2.0 200 OK\n"), [Rule::LineEnd]);
    assert_eq!(rules("SIP/2.0 200 OK\r\n\r\nbody"), [Rule::BodyWithoutType]);
}
