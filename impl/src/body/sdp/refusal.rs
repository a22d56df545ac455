//! Why an offer is refused as a whole, and what the refusal says.
//!
//! None of its media suits us: 488 with a warning (RFC 3261 section 13.3.1.3). Or a precondition cannot be met: 580
//! with a description that is neither offer nor answer (RFC 3312 section 8): the offered media at port zero, with what
//! failed. Read `precondition.rs` first.

use super::description::{Attributes, MediaDescription, SessionDescription};
use super::flow::Flow;
use super::local::{Codec, common_formats, render};
use super::precondition::{Desired, PreconditionType, Preconditions, Segment, Strength};

/// Why an offered stream cannot be accepted; the later ones came nearer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mismatch {
    /// It is no audio.
    MediaType,
    /// It is carried by a protocol that we have not.
    Transport,
    /// It has no format in common with ours.
    Format,
}

impl Mismatch {
    /// Code and text of the warning that says so (RFC 3261 section 20.43).
    pub const fn warning(self) -> (u16, &'static str) {
        match self {
            Self::MediaType => (304, "Media type not available"),
            Self::Transport => (302, "Incompatible transport protocol"),
            Self::Format => (305, "Incompatible media format"),
        }
    }
}

/// Whether a row of the offerer's can keep the answerer from going on: it is mandatory and not about the offerer's own
/// side only, of which he alone knows.
fn binds(desired: &Desired) -> bool {
    desired.strength == Strength::Mandatory && desired.status.segment != Segment::Local
}

impl SessionDescription {
    /// Why an answer with these codecs would refuse every stream of this offer; `None` if it would not. An offer
    /// without a stream in use asks for nothing yet that could be refused (RFC 3264 section 5).
    pub fn mismatch(&self, codecs: &[Codec]) -> Option<Mismatch> {
        let found: Result<Vec<_>, ()> =
            self.media_in_use().map(|media| common_formats(codecs, media).err().ok_or(())).collect();
        found.ok()?.into_iter().max()
    }

    /// Whether this offer makes a precondition mandatory that we do not know (RFC 3312 section 8).
    pub fn wants_the_unknown(&self) -> bool {
        let rows = self.media_in_use().flat_map(|media| &media.preconditions.desired);
        rows.filter(|row| binds(row)).any(|row| row.status.kind != PreconditionType::Qos)
    }

    /// The description in the refusal of this offer: the same media at port zero. Where a type is not known its rows
    /// say so; else those of `qos` are the ones that failed.
    #[must_use]
    pub fn refused(&self) -> Self {
        let unknown = self.wants_the_unknown();
        let media: Vec<_> = self.media().iter().map(|offered| refused_media(offered, unknown)).collect();
        let text = render(self.origin(), self.timing(), &media);
        Self::compose(text, self.origin().clone(), self.timing().to_vec(), media)
    }
}

fn refused_media(offered: &MediaDescription, unknown: bool) -> MediaDescription {
    let failed = |row: &Desired| match (&row.status.kind, unknown) {
        (PreconditionType::Other(_), true) => binds(row).then_some(Strength::Unknown),
        (PreconditionType::Qos, false) => (row.strength == Strength::Mandatory).then_some(Strength::Failure),
        (PreconditionType::Qos, true) | (PreconditionType::Other(_), false) => None,
    };
    let rows = offered.preconditions.desired.iter();
    let desired = rows.filter_map(|row| Some(Desired { strength: failed(row)?, ..row.clone() }.flipped())).collect();
    let preconditions = Preconditions { desired, ..Preconditions::default() };
    let mut attributes = Attributes::default();
    preconditions.write(&mut attributes);
    attributes.push(Flow::NONE.media_token(), &[]);
    MediaDescription { port: 0, flow: Flow::NONE, attributes, preconditions, ..offered.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(rows: &str) -> SessionDescription {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 49152 RTP/AVP 98\r\n\
             a=rtpmap:98 AMR-WB/16000/1\r\n{rows}m=video 49154 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
        );
        SessionDescription::read(text.as_bytes()).expect("a description")
    }

    #[test]
    fn the_refusal_names_what_failed_and_has_every_medium_at_port_zero() {
        let qos = "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\n\
                   a=des:qos optional remote sendrecv\r\n";
        let strange = "a=curr:sec remote none\r\na=des:sec mandatory remote sendrecv\r\n";
        let own = "a=curr:sec local none\r\na=des:sec mandatory local sendrecv\r\n";
        // Rows of the offer, whether it wants what nobody here knows, the rows of the refusal.
        let table = [
            (qos.to_owned(), false, vec!["a=des:qos failure remote sendrecv"]),
            (format!("{qos}{strange}"), true, vec!["a=des:sec unknown local sendrecv"]),
            (format!("{qos}{own}"), false, vec!["a=des:qos failure remote sendrecv"]),
            (String::new(), false, vec![]),
        ];
        for (rows, unknown, expected) in table {
            let offer = offer(&rows);
            assert_eq!(offer.wants_the_unknown(), unknown, "{rows}");
            let refused = offer.refused();
            assert_eq!(refused.media().iter().map(|media| media.port).collect::<Vec<_>>(), [0, 0]);
            let said: Vec<&str> = refused.text().lines().filter(|line| line.starts_with("a=des")).collect();
            assert_eq!(said, expected, "{rows}");
            assert!(SessionDescription::read(refused.text().as_bytes()).is_ok(), "it can be read");
        }
    }
}
