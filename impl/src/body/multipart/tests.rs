use super::*;

fn read<'a>(content_type: &str, body: &'a str) -> Result<Multipart<'a>, MultipartError> {
    Multipart::read(&MediaType::parse(content_type.as_bytes()).expect("a media type"), body.as_bytes())
}

fn bodies(multipart: &Multipart<'_>) -> Vec<String> {
    multipart.parts.iter().map(|part| String::from_utf8_lossy(part.body).into_owned()).collect()
}

#[test]
fn parts_stand_between_delimiter_lines() {
    // Content-Type, body, bodies of the parts, closed
    for (content_type, body, expected, is_closed) in [
        ("multipart/mixed;boundary=b", "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", &["one", "two"][..], true),
        ("Multipart/Mixed; boundary=\"b b\"", "--b b\r\n\r\none\r\n--b b--", &["one"], true),
        ("multipart/mixed;boundary=\"a;b\"", "--a;b\r\n\r\none\r\n--a;b--", &["one"], true),
        (
            "multipart/mixed;boundary=b",
            "preamble\r\n--b \t\r\n\r\none\r\n--b-- \r\nepilogue\r\n--b\r\n",
            &["one"],
            true,
        ),
        // A longer boundary begins like it, one in the middle of a line is none.
        ("multipart/mixed;boundary=b", "--b\r\n\r\n--bc\r\nx --b\r\n--b--", &["--bc\r\nx --b"], true),
        ("multipart/mixed;boundary=b", "--b\n\none\n--b\n\ntwo\n--b--\n", &["one", "two"], true),
        ("multipart/mixed;boundary=b", "--b\r\n\r\none\r\n", &["one\r\n"], false),
        ("multipart/mixed;boundary=b", "--b\r\n--b\r\n\r\n--b--", &["", ""], true),
        ("multipart/mixed;boundary=b", "--b\r\n\r\n\r\n\r\n--b--", &["\r\n"], true),
        ("multipart/mixed;boundary=b", "--b", &[""], false),
    ] {
        let multipart = read(content_type, body).expect(body);
        assert_eq!(bodies(&multipart), expected, "{body:?}");
        assert_eq!(multipart.is_closed, is_closed, "{body:?}");
    }
}

#[test]
fn what_is_no_body_of_parts() {
    let long = format!("multipart/mixed;boundary={}", "x".repeat(MAX_BOUNDARY + 1));
    for (content_type, body, error) in [
        ("text/plain", "--b\r\n\r\n--b--", MultipartError::OtherType),
        ("multipart/mixed", "--b\r\n\r\n--b--", MultipartError::Boundary),
        ("multipart/mixed;boundary", "--b\r\n\r\n--b--", MultipartError::Boundary),
        ("multipart/mixed;boundary=\"b \"", "--b \r\n\r\n--b --", MultipartError::Boundary),
        ("multipart/mixed;boundary=\"b\u{7}\"", "", MultipartError::Boundary),
        (&long, "", MultipartError::Boundary),
        ("multipart/mixed;boundary=b", "", MultipartError::NoPart),
        ("multipart/mixed;boundary=b", "--c\r\n\r\n--c--", MultipartError::NoPart),
        ("multipart/mixed;boundary=b", "--b--\r\n--b\r\n", MultipartError::NoPart),
    ] {
        assert_eq!(read(content_type, body), Err(error), "{content_type} {body:?}");
    }
}

#[test]
fn a_part_has_header_fields_of_its_own() {
    let body = "--b\r\nContent-Type: application/sdp\r\nc: text/html\r\nContent-Disposition: session;\r\n \
                handling=Optional\r\nno colon\r\n\r\nv=0\r\n--b\r\n\r\nplain\r\n--b--";
    let multipart = read("multipart/mixed;boundary=b", body).expect("two parts");
    let [first, second] = &multipart.parts[..] else { panic!("{multipart:?}") };
    assert!(first.is("application/sdp") && first.is_optional());
    assert_eq!(first.field(Name::Other(b"NO COLON")), Some(&b""[..]));
    assert_eq!(first.body, b"v=0");
    assert!(second.is("text/plain") && !second.is_optional() && second.content_type().is_none());
    assert_eq!(second.raw, b"\r\nplain");
}

#[test]
fn bodies_in_bodies_are_found() {
    let inner = "--i\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--i--\r\n";
    let body = format!(
        "--b\r\nContent-Type: multipart/alternative;boundary=i\r\n\r\n{inner}\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n\
         --b--"
    );
    let multipart = read("multipart/mixed;boundary=b", &body).expect("two parts");
    let found = |media_type| multipart.find(media_type).expect("readable").map(|part| part.body.to_vec());
    assert_eq!(found("application/sdp"), Some(b"v=0".to_vec()));
    assert_eq!(found("a/b"), Some(b"x".to_vec()));
    assert_eq!(found("c/d"), None);
    assert_eq!(multipart.parts[0].nested().expect("nested").expect("readable").depth(), 2);
}

#[test]
fn the_limits_hold() {
    let parts = |count: usize| format!("{}--b--", "--b\r\n\r\nx\r\n".repeat(count));
    assert_eq!(read("multipart/mixed;boundary=b", &parts(MAX_PARTS)).map(|all| all.parts.len()), Ok(MAX_PARTS));
    assert_eq!(read("multipart/mixed;boundary=b", &parts(MAX_PARTS + 1)), Err(MultipartError::TooManyParts));
    let fields = |count: usize| format!("--b\r\n{}\r\n--b--", "A: b\r\n".repeat(count));
    assert!(read("multipart/mixed;boundary=b", &fields(MAX_FIELDS)).is_ok());
    assert_eq!(read("multipart/mixed;boundary=b", &fields(MAX_FIELDS + 1)), Err(MultipartError::TooManyFields));

    let mut body = "x".to_owned();
    for depth in (0..=MAX_DEPTH).rev() {
        body = format!(
            "--b{depth}\r\nContent-Type: multipart/mixed;boundary=b{}\r\n\r\n{body}\r\n--b{depth}--",
            depth + 1
        );
    }
    let mut multipart = read("multipart/mixed;boundary=b0", &body).expect("the outermost");
    for _ in 1..MAX_DEPTH {
        multipart = multipart.parts[0].nested().expect("nested").expect("within the limit");
    }
    assert_eq!(multipart.parts[0].nested(), Some(Err(MultipartError::TooDeep)));
}
