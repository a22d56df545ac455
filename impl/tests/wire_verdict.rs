//! Every rule of the strict layer, each broken by one message that breaks nothing else.

use std::collections::BTreeSet;

use imsconf::violation::Rule;
use imsconf::wire::{Message, verdict};

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
    (INVITE, "Length: 0", "Length: 1", Rule::BodyLength, "1"),
    (NOTIFY, "Length: 20", "Length: 19", Rule::BodyLength, "19"),
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
    (INVITE, "INVITE sip:f@h", "INVITE <sip:f@h>", Rule::RequestUri, "<sip:f@h>"),
    (INVITE, "INVITE sip:f@h", "INVITE sip:f@h?a=b", Rule::RequestUriPart, "sip:f@h?a=b"),
    (INVITE, "INVITE sip:f@h", "INVITE sip:f@h;method=BYE", Rule::RequestUriPart, "sip:f@h;method=BYE"),
    (INVITE, "Contact: <sip:u@h>", "Contact: sip:u@h?a=b", Rule::UnbracketedUri, "sip:u@h?a=b"),
    (REFER, "a%3Bto-tag%3D1", "a;to-tag%3D1", Rule::HeadersPartEscape, "a;to-tag%3D1"),
    (REFER, "a%3Bto-tag%3D1", "a%zz", Rule::HeadersPartEscape, "a%zz"),
    (INVITE, ";tag=1", "", Rule::FromTag, "<sip:u@h>"),
    (RINGING, ";tag=2", "", Rule::ToTag, "<sip:f@h>"),
    (INVITE, "1 INVITE", "1 ACK", Rule::CSeqMethod, "1 ACK"),
    (INVITE, "1 INVITE", "2147483648 INVITE", Rule::CSeqNumber, "2147483648 INVITE"),
    (INVITE, ": 70", ": 256", Rule::MaxForwardsRange, "256"),
    (INVITE, "z9hG4bK1", "1", Rule::Branch, "SIP/2.0/UDP u;branch=1"),
    (INVITE, "Contact: <sip:u@h>\r\n", "", Rule::ContactMissing, "INVITE sip:f@h SIP/2.0"),
    (INVITE, "Contact: <sip:u@h>", "Contact: <sip:u@h>, <sip:v@h>", Rule::ContactCount, "<sip:v@h>"),
    (RINGING, "Require:", "Record-Route: <sip:p>\r\nRequire:", Rule::LooseRoute, "sip:p"),
    (CANCEL, "c@h\r\n", "c@h\r\nRequire: a\r\n", Rule::CancelRequire, "a"),
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
    for text in [INVITE, RINGING, NOTIFY, REFER, PRACK, CANCEL] {
        assert_eq!(judged(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn each_rule_is_named_with_its_bytes() {
    for (text, old, new, rule, at) in BROKEN {
        assert!(text.contains(old), "{old}");
        let broken = text.replacen(old, new, 1);
        let mut found = judged(broken.as_bytes());
        found.retain(|(other, _)| !IMPLIED.contains(&(*rule, *other)));
        assert_eq!(found, [(*rule, at.as_bytes().to_vec())], "{broken}");
    }
    let utf8 = INVITE.replacen("f@h>\r\n", "f@h>\r\nSubject: ?\r\n", 1).into_bytes();
    let broken: Vec<u8> = utf8.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
    assert_eq!(judged(&broken), [(Rule::Utf8, b"Subject: \xff\r\n".to_vec())]);
}

#[test]
fn every_rule_has_its_broken_message() {
    let broken: BTreeSet<_> = BROKEN.iter().map(|(_, _, _, rule, _)| *rule).chain([Rule::Utf8]).collect();
    let missing: Vec<_> = Rule::ALL.iter().filter(|rule| !broken.contains(rule)).collect();
    assert_eq!(missing, [&Rule::UnbracketedUri; 0]);
}
