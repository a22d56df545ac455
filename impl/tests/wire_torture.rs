//! A torture set along the topics of RFC 4475, with messages of our own: what is legal and strange is accepted, what is
//! broken is named, and nothing else is.
//!
//! Numbers such as 3.1.1.2 are sections of RFC 4475. [`Rule::TrailingBytes`] is a note, no fault: see 3.1.1.8.

use imsconf::violation::{Rule, Strength};
use imsconf::wire::{FramingFault, Message, Name, verdict};

/// What a message of the table is made of: the method, and what differs from the plain request.
struct Case {
    topic: &'static str,
    message: String,
    rules: &'static [Rule],
}

/// A request with everything that is mandatory, in the words of the caller; `\n` stands for CRLF.
fn request(method: &str, uri: &str, fields: &str) -> String {
    let own = |name: &str| {
        let prefix = format!("{}:", name.to_ascii_lowercase());
        fields.lines().any(|line| line.to_ascii_lowercase().starts_with(&prefix))
    };
    let mut text = format!("{method} {uri} SIP/2.0\n");
    for (name, value) in [
        ("Via", "SIP/2.0/UDP host.example.com;branch=z9hG4bK776asdhds"),
        ("Max-Forwards", "70"),
        ("From", "<sip:caller@example.net>;tag=1928301774"),
        ("To", "<sip:callee@example.com>"),
        ("Call-ID", "a84b4c76e66710@example.net"),
    ] {
        if !own(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    if !own("CSeq") {
        text.push_str(&format!("CSeq: 314159 {method}\n"));
    }
    if method == "INVITE" && !own("Contact") {
        text.push_str("Contact: <sip:caller@host.example.com>\n");
    }
    text.push_str(fields);
    if !fields.contains("\n\n") {
        text.push('\n');
    }
    text.replace('\n', "\r\n")
}

fn response(status: &str, fields: &str) -> String {
    format!(
        "SIP/2.0 {status}\nVia: SIP/2.0/UDP host.example.com;branch=z9hG4bK776asdhds\n\
         From: <sip:caller@example.net>;tag=1928301774\nTo: <sip:callee@example.com>;tag=a6c85cf\n\
         Call-ID: a84b4c76e66710@example.net\nCSeq: 35 INVITE\n{fields}\n"
    )
    .replace('\n', "\r\n")
}

fn case(topic: &'static str, message: String, rules: &'static [Rule]) -> Case {
    Case { topic, message, rules }
}

/// 3.1.1: strange and legal.
fn valid() -> Vec<Case> {
    let body = "--un;ique\nContent-Type: text/plain\n\n\0\u{1}\n--un;ique--\n".replace('\n', "\r\n");
    let long = "x".repeat(2000);
    vec![
        case(
            "3.1.1.1: every kind of white space, folds, compact forms, names in any case, values in many lines",
            "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\nTO :\n sip:vivekg@chair-dnrc.example.com ;   \
             tag    = 1918181833n\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\n\
             MaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\nContent-Length   : 4\ncseq: 0009\n  INVITE\n\
             Via  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\ns :\nNewFangledHeader:   newfangled value\n \
             continued newfangled value\nUnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: text/plain\n\
             Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n\
             v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  \
             192.168.255.111   ; branch=\n z9hG4bK30239\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      \
             newvalue ;\n  secondparam ; q = 0.33\n\nbody"
                .replace("390skdjuw", "z9hG4bK390skdjuw")
                .replace('\n', "\r\n"),
            &[],
        ),
        case(
            "3.1.1.2: every character that a method, a user part, a token and a quoted string may hold",
            request(
                "!interesting-Method0123456789_*+`.%indeed'~",
                "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
                "To: \"BEL:\\\u{7} NUL:\\\0 DEL:\\\u{7f}\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n\
                 From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u{440}\u{430}\";tag=_token~1'+`*%!-.\n\
                 Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n\
                 extensionHeader-!.%*+_`'~: \u{5927}\u{505c}\u{96fb}\n",
            ),
            &[],
        ),
        case(
            "3.1.1.3: escapes where they are legal, and escaped again",
            request(
                "INVITE",
                "sip:sips%3Auser%40example.com@example.net",
                "From: \"I have spaces\" <sip:I%20have%20spaces@example.net>;tag=938\n\
                 Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\n",
            ),
            &[],
        ),
        case(
            "3.1.1.4: an escaped null in a user part",
            request("REGISTER", "sip:example.com", "To: <sip:null-%00-null@example.com>\nContact: <sip:%00@host5.example.com>\n"),
            &[],
        ),
        case(
            "3.1.1.5: a percent sign that is no escape, in a method and a display name",
            request("RE%47IST%45R", "sip:registrar.example.com", "To: \"%Z%45\" <sip:resource@example.com>\n"),
            &[],
        ),
        case(
            "3.1.1.6: no white space between the display name and the bracket",
            request("OPTIONS", "sip:user@example.com", "From: caller<sip:caller@example.com>;tag=323\n"),
            &[],
        ),
        case(
            "3.1.1.7: long values everywhere",
            request(
                &long,
                &format!("sip:{long}@example.com"),
                &format!(
                    "From: \"{long}\" <sip:{long}@example.com>;tag=12{long};unknown={long}\nCall-ID: longreq.{long}\n\
                     Unknown-{long}: {long}\nContact: <sip:a@host.example.com>;n{long}={long}\n"
                ),
            ),
            &[],
        ),
        case(
            "3.1.1.8: a datagram with more behind the body, which is discarded",
            request("REGISTER", "sip:example.com", "Contact: <sip:j.user@host.example.com>\nContent-Length: 0\n\nINVITE sip:joe@example.com SIP/2.0\n"),
            &[Rule::TrailingBytes],
        ),
        case(
            "3.1.1.9: parameters with semicolons in the user part",
            request("OPTIONS", "sip:user;par=u%40example.net@example.com", "Accept: application/sdp\n"),
            &[],
        ),
        case(
            "3.1.1.10: transports known and unknown",
            request(
                "OPTIONS",
                "sip:user@example.com",
                "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\nVia: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n\
                 Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\n",
            ),
            &[],
        ),
        case(
            "3.1.1.11: a body of several parts with a quoted boundary and octets that are no text",
            request(
                "MESSAGE",
                "sip:kumiko@example.org",
                &format!("Content-Type: multipart/mixed; boundary=\"un;ique\"\nContent-Length: {}\n\n{body}", body.len()),
            )
            .replace("\r\r\n", "\r\n"),
            &[],
        ),
        case(
            "3.1.1.12: a reason phrase in UTF-8",
            response("200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}", "Contact: <sip:user@host198.example.com>\n"),
            &[],
        ),
        case("3.1.1.13: no reason phrase", response("100 ", ""), &[]),
    ]
}

/// 3.1.2: broken by the grammar or by numbers out of their range.
fn invalid() -> Vec<Case> {
    vec![
        case(
            "3.1.2.1: separators with nothing between them",
            request(
                "INVITE",
                "sip:user@example.com",
                "Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdj;;,;,,\nContact: \"Joe\" <sip:joe@example.org>;;;;\n",
            ),
            &[Rule::Malformed, Rule::Parameter],
        ),
        case(
            "3.1.2.2: a body that is too short",
            request("INVITE", "sip:u@example.com", "Content-Type: text/plain\nContent-Length: 9999\n\nbody"),
            &[Rule::BodyLength],
        ),
        case(
            "3.1.2.3: a negative Content-Length",
            request("INVITE", "sip:u@example.com", "Content-Type: text/plain\nContent-Length: -999\n\nbody"),
            &[Rule::Malformed],
        ),
        case(
            "3.1.2.4: numbers of a request that are too large",
            request(
                "REGISTER",
                "sip:example.com",
                "CSeq: 36893488147419103232 REGISTER\nMax-Forwards: 300\nExpires: 10000000000000000000000000000000000000000000000\n\
                 Contact: <sip:user@host129.example.com>;expires=280297596632815\n",
            ),
            &[Rule::ParameterValue, Rule::NumberRange, Rule::CSeqNumber, Rule::MaxForwardsRange],
        ),
        case(
            "3.1.2.5: numbers of a response that are too large",
            response(
                "503 Service Unavailable",
                "Retry-After: 949302838503028349304023988\nWarning: 1812 overture \"In Progress\"\n",
            ),
            &[Rule::NumberRange, Rule::Warning],
        ),
        case(
            "3.1.2.6: a quoted string without its end",
            request("INVITE", "sip:user@example.com", "To: \"Mr. J. User <sip:j.user@example.com>\n"),
            &[Rule::Quote],
        ),
        case(
            "3.1.2.7: a Request-URI in brackets",
            request("INVITE", "<sip:user@example.com>", ""),
            &[Rule::RequestUri],
        ),
        case(
            "3.1.2.8: white space in the Request-URI",
            request("INVITE", "sip:user@example.com; lr", ""),
            &[Rule::RequestUri],
        ),
        case(
            "3.1.2.9: several spaces in the Request-Line",
            request("INVITE", " sip:user@example.com ", ""),
            &[Rule::StartLine],
        ),
        case(
            "3.1.2.10: spaces at the end of the Request-Line",
            request("OPTIONS", "sip:u@example.com", "").replacen("SIP/2.0\r", "SIP/2.0  \r", 1),
            &[Rule::StartLine],
        ),
        case(
            "3.1.2.11: a headers part in the Request-URI",
            request("INVITE", "sip:user@example.com?Route=%3Csip:example.com%3E", ""),
            &[Rule::RequestUriPart],
        ),
        case(
            "3.1.2.12: a date in another time zone",
            request("INVITE", "sip:u@example.com", "Date: Fri, 01 Jan 2010 16:00:00 EST\n"),
            &[Rule::Date],
        ),
        case(
            "3.1.2.13: a URI with a headers part and no brackets",
            request("REGISTER", "sip:example.com", "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\n"),
            &[Rule::UnbracketedUri],
        ),
        case(
            "3.1.2.14: spaces inside the brackets",
            request("OPTIONS", "sip:u@example.org", "To: \"Watson, Thomas\" < sip:t.watson@example.org >\n"),
            &[Rule::AngleSpace],
        ),
        case(
            "3.1.2.15: a comma in a display name without quotes",
            request("OPTIONS", "sip:u@example.org", "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n"),
            &[Rule::DisplayName],
        ),
        case(
            "3.1.2.16: an unknown version",
            request("OPTIONS", "sip:u@example.com", "").replacen("SIP/2.0", "SIP/7.0", 1),
            &[Rule::Version],
        ),
        case(
            "3.1.2.17: another method in CSeq",
            request("OPTIONS", "sip:u@example.com", "CSeq: 8 INVITE\n"),
            &[Rule::CSeqMethod],
        ),
        case(
            "3.1.2.18: an unknown method, another one in CSeq",
            request("NEWMETHOD", "sip:u@example.com", "CSeq: 8 INVITE\n"),
            &[Rule::CSeqMethod],
        ),
    ]
}

/// 3.2 to 3.4: what only a transaction, an application or an old peer minds.
fn semantic() -> Vec<Case> {
    vec![
        case("3.2.1: a branch that is nothing but the cookie", request("OPTIONS", "sip:u@example.com", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\n"), &[Rule::Branch]),
        case(
            "3.3.1: no Call-ID, From and To",
            "INVITE sip:u@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj\r\n\
             Max-Forwards: 70\r\nContact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n"
                .to_owned(),
            &[Rule::MissingMandatory],
        ),
        case("3.3.2: a Request-URI of an unknown scheme", request("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent", ""), &[]),
        case("3.3.3: a Request-URI of a known scheme that is none for calls", request("OPTIONS", "soap.beep://192.0.2.103:3002", ""), &[]),
        case(
            "3.3.4: unknown schemes in header fields",
            request("REGISTER", "sip:example.com", "To: isbn:2983792873\nFrom: <http://www.example.com>;tag=3234233\nContact: <name:John_Smith>\n"),
            &[],
        ),
        case("3.3.5: unknown extensions required", request("OPTIONS", "sip:u@example.com", "Require: nothingSupportsThis, nothingSupportsThisEither\nProxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\n"), &[]),
        case("3.3.6: an unknown content type", request("INVITE", "sip:u@example.com", "Content-Type: application/unknownformat\nContent-Length: 8\n\n<audio/>"), &[]),
        case("3.3.7: an unknown scheme of authentication", request("REGISTER", "sip:example.com", "Authorization: NoOneKnowsThisScheme opaque-data=here\n"), &[]),
        case(
            "3.3.8: single header fields, many times",
            request("INVITE", "sip:u@example.com", "CSeq: 5 INVITE\nCall-ID: a@h\nCall-ID: b@h\nMax-Forwards: 70\nFrom: <sip:a@h>;tag=1\nFrom: <sip:b@h>;tag=2\nTo: <sip:a@h>\nTo: <sip:b@h>\nCSeq: 59 INVITE\nMax-Forwards: 5\n"),
            &[Rule::Repeated],
        ),
        case("3.3.9: two values of Content-Length", request("OPTIONS", "sip:u@example.com", "Content-Type: text/plain\nContent-Length: 4\nContent-Length: 5\n\nbody"), &[Rule::Repeated]),
        case("3.3.10: a response for a broadcast address", response("200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\nContact: <sip:a@h>\n"), &[]),
        case("3.3.11: no hop left", request("OPTIONS", "sip:u@example.com", "Max-Forwards: 0\n"), &[]),
        case("3.3.12: a parameter behind a URI without brackets", request("REGISTER", "sip:example.com", "Contact: sip:j.user@host.example.com;expires=60;unknown\n"), &[]),
        case("3.3.13: a parameter in the brackets", request("REGISTER", "sip:example.com", "Contact: <sip:j.user@host.example.com;unknownparam>\n"), &[]),
        case("3.3.14: a headers part in a Contact", request("REGISTER", "sip:example.com", "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n"), &[]),
        case("3.3.15: a type in Accept that nobody has", request("OPTIONS", "sip:u@example.com", "Accept: text/nobodyKnowsThis\n"), &[]),
        case(
            "3.4.1: as RFC 2543 had it",
            "INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\n\
             Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\nTo: sip:+16505552222@ss1.example.net;user=phone\r\n\
             Call-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\n\r\n"
                .to_owned(),
            &[Rule::MissingMandatory, Rule::FromTag, Rule::Branch, Rule::ContactMissing, Rule::LooseRoute],
        ),
    ]
}

#[test]
fn each_message_is_judged_as_its_topic_says() {
    let mut wrong = Vec::new();
    for Case { topic, message, rules } in valid().into_iter().chain(invalid()).chain(semantic()) {
        let found = match Message::parse(message.as_bytes()) {
            Ok(parsed) => verdict(&parsed),
            Err(error) => {
                wrong.push(format!("{topic}: {error}"));
                continue;
            }
        };
        let mut names: Vec<Rule> = found.iter().map(|violation| violation.rule).collect();
        names.sort_unstable();
        names.dedup();
        let mut expected = rules.to_vec();
        expected.sort_unstable();
        if names != expected {
            let found: Vec<_> = found
                .iter()
                .map(|one| (one.rule, String::from_utf8_lossy(&message.as_bytes()[one.at.clone()]).into_owned()))
                .collect();
            wrong.push(format!("{topic}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_legal_message_breaks_at_most_a_note() {
    for Case { topic, rules, .. } in valid() {
        assert!(rules.iter().all(|rule| rule.strength() == Strength::Note), "{topic}");
    }
}

/// 3.1.2.19: what this codec does not even frame, so that `lint` has to name it.
#[test]
fn a_status_code_of_ten_digits_is_no_status_line() {
    let message = response("4294967301 better not break the receiver", "");
    assert_eq!(Message::parse(message.as_bytes()).unwrap_err().fault, FramingFault::StartLine);
}

#[test]
fn what_is_strange_is_read_as_it_is_meant() {
    let [tortuous, characters, ..] = &valid()[..] else { unreachable!("the first two topics") };
    let message = Message::parse(tortuous.message.as_bytes()).unwrap();
    assert_eq!(message.to().unwrap().tag(), Some(&b"1918181833n"[..]));
    assert_eq!(message.from().unwrap().display_name(), &b"J Rosenberg \\\""[..]);
    assert_eq!(message.max_forwards(), Ok(68));
    assert_eq!(message.cseq().unwrap().number, 9);
    assert_eq!(message.vias().unwrap().len(), 3);
    assert_eq!(message.field(Name::Subject), Some(&b""[..]));
    assert_eq!(message.body(), b"body");
    let message = Message::parse(characters.message.as_bytes()).unwrap();
    assert_eq!(message.to().unwrap().display_name(), &b"BEL:\x07 NUL:\0 DEL:\x7f"[..]);
    assert_eq!(message.request_uri().unwrap().password(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(message.from().unwrap().display_name(), &b"token1~` token2'+_ token3*%!.-"[..]);
}
