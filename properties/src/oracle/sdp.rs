//! What the observers need from a session description: the `o=` version, the m-lines, the precondition rows
//! (RFC 8866, RFC 3312).

/// Where in a precondition a row stands (RFC 3312 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// `a=curr`: what is there now.
    Current,
    /// `a=des`: what is wanted.
    Desired,
    /// `a=conf`: where a confirmation is asked for.
    Confirm,
}

/// One precondition row: `a=curr:qos local sendrecv`, `a=des:qos mandatory local sendrecv`, `a=conf:qos remote
/// sendrecv`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Which attribute.
    pub kind: RowKind,
    /// The precondition type, normally `qos`.
    pub precondition: String,
    /// The strength of a desired row (`mandatory`, `optional`, ...); empty for the others.
    pub strength: String,
    /// `local`, `remote` or `e2e`, from the view of the sender of the description.
    pub segment: String,
    /// `none`, `send`, `recv` or `sendrecv`.
    pub direction: String,
}

/// One media description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Media {
    /// `audio`, `video`, ...
    pub kind: String,
    /// The port; 0 rejects or ends the stream.
    pub port: u16,
    /// The formats, in order.
    pub formats: Vec<String>,
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`; the session's value if the stream has none.
    pub direction: String,
    /// The precondition rows, in order.
    pub rows: Vec<Row>,
}

impl Media {
    /// The direction of the first current row for `segment`.
    pub fn current(&self, segment: &str) -> Option<&str> {
        self.rows
            .iter()
            .find(|row| row.kind == RowKind::Current && row.segment == segment)
            .map(|row| row.direction.as_str())
    }

    /// Whether every mandatory row has its current value (RFC 3312 section 5.1); true when there are none.
    pub fn preconditions_met(&self) -> bool {
        self.rows.iter().filter(|row| row.kind == RowKind::Desired && row.strength == "mandatory").all(|wanted| {
            let current = self.rows.iter().find(|row| {
                row.kind == RowKind::Current && row.precondition == wanted.precondition && row.segment == wanted.segment
            });
            current.is_some_and(|row| covers(&row.direction, &wanted.direction))
        })
    }
}

fn covers(current: &str, wanted: &str) -> bool {
    let has = |part: &str| current == "sendrecv" || current == part;
    match wanted {
        "none" => true,
        "sendrecv" => current == "sendrecv",
        other => has(other),
    }
}

/// A session description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sdp {
    /// `o=` without the version: user name, session id, address.
    pub origin: String,
    /// The version in `o=`.
    pub version: u64,
    /// The `t=` lines.
    pub times: Vec<String>,
    /// The media descriptions, in order.
    pub media: Vec<Media>,
}

impl Sdp {
    /// Reads a description; `None` if it has no readable `o=` line. Unknown lines are skipped.
    pub fn read(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let mut sdp = Self::default();
        let mut origin = false;
        let mut session_direction = String::from("sendrecv");
        for line in text.lines() {
            let Some((kind, value)) = line.split_once('=') else { continue };
            match kind {
                "o" => {
                    (sdp.origin, sdp.version) = read_origin(value)?;
                    origin = true;
                }
                "t" => sdp.times.push(value.to_owned()),
                "m" => sdp.media.push(read_media(value, &session_direction)?),
                "a" => match sdp.media.last_mut() {
                    Some(media) => read_attribute(value, media),
                    None if is_direction(value) => value.clone_into(&mut session_direction),
                    None => {}
                },
                _ => {}
            }
        }
        origin.then_some(sdp)
    }
}

fn read_origin(value: &str) -> Option<(String, u64)> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [user, session, version, rest @ ..] = words.as_slice() else { return None };
    Some((format!("{user} {session} {}", rest.join(" ")), version.parse().ok()?))
}

fn read_media(value: &str, direction: &str) -> Option<Media> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [kind, port, _protocol, formats @ ..] = words.as_slice() else { return None };
    let port = port.split('/').next()?.parse().ok()?;
    Some(Media {
        kind: (*kind).to_owned(),
        port,
        formats: formats.iter().map(|&format| format.to_owned()).collect(),
        direction: direction.to_owned(),
        rows: Vec::new(),
    })
}

fn is_direction(value: &str) -> bool {
    matches!(value, "sendrecv" | "sendonly" | "recvonly" | "inactive")
}

fn read_attribute(value: &str, media: &mut Media) {
    if is_direction(value) {
        value.clone_into(&mut media.direction);
        return;
    }
    let Some((name, rest)) = value.split_once(':') else { return };
    let words: Vec<&str> = rest.split_whitespace().collect();
    let row = |kind, precondition: &str, strength: &str, segment: &str, direction: &str| Row {
        kind,
        precondition: precondition.to_owned(),
        strength: strength.to_owned(),
        segment: segment.to_owned(),
        direction: direction.to_owned(),
    };
    media.rows.extend(match (name, words.as_slice()) {
        ("curr", [precondition, segment, direction]) => {
            Some(row(RowKind::Current, precondition, "", segment, direction))
        }
        ("des", [precondition, strength, segment, direction]) => {
            Some(row(RowKind::Desired, precondition, strength, segment, direction))
        }
        ("conf", [precondition, segment, direction]) => {
            Some(row(RowKind::Confirm, precondition, "", segment, direction))
        }
        _ => None,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_of_each_stream() {
        let text = |local: &str, remote: &str, strength: &str| {
            format!(
                "v=0\r\no=- 9 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=sendonly\r\nm=audio 5004/2 RTP/AVP 97 98\r\n\
                 a=curr:qos local {local}\r\na=curr:qos remote {remote}\r\na=des:qos mandatory local sendrecv\r\n\
                 a=des:qos {strength} remote sendrecv\r\na=conf:qos remote sendrecv\r\na=sendrecv\r\nm=video 0 RTP/AVP 99\r\n"
            )
        };
        let table = [
            ("none", "none", "optional", false),
            ("sendrecv", "none", "optional", true),
            ("sendrecv", "none", "mandatory", false),
            ("send", "sendrecv", "optional", false),
            ("sendrecv", "sendrecv", "mandatory", true),
        ];
        for (local, remote, strength, met) in table {
            let sdp = Sdp::read(text(local, remote, strength).as_bytes()).expect("a description");
            assert_eq!((sdp.origin.as_str(), sdp.version), ("- 9 IN IP4 192.0.2.1", 2));
            let [audio, video] = sdp.media.as_slice() else { panic!("two streams") };
            assert_eq!((audio.port, audio.direction.as_str(), audio.formats.len()), (5004, "sendrecv", 2));
            assert_eq!((video.port, video.direction.as_str()), (0, "sendonly"));
            assert_eq!(audio.current("local"), Some(local));
            assert_eq!(audio.preconditions_met(), met, "{local} {remote} {strength}");
            assert!(video.preconditions_met());
        }
    }

    #[test]
    fn no_description() {
        for text in ["", "v=0\r\n", "o=- 9 x IN IP4 h\r\n", "o=- 9 2 IN IP4 h\r\nm=audio\r\n", "o=- 9\r\n"] {
            assert_eq!(Sdp::read(text.as_bytes()), None, "{text:?}");
        }
    }
}
