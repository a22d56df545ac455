//! Offers that are refused as a whole, and what the refusal says (RFC 3261 sections 13.3.1.3 and 21.4.26, RFC 3312
//! sections 8 and 9).

use crate::body::sdp::{self, SessionDescription};
use crate::role::endpoint::Endpoint;
use crate::role::media::Media;
use crate::role::session::offered;
use crate::time::Time;
use crate::transaction::ServerKey;
use crate::wire::{Builder, Message, Name};

/// Who warns: a name that gives no address away, as the user may want to hide his.
const WARNER: &str = "imsconf";

/// The offer in a request, if it can be accepted; none in one without a body. Otherwise the code that refuses it.
pub(crate) fn acceptable(request: &Message<'_>) -> Result<Option<SessionDescription>, u16> {
    let offer = offered(request)?;
    offer.as_ref().map_or(Ok(()), object)?;
    Ok(offer)
}

/// The code that refuses this offer, if none of its media suits us or a precondition is not known.
pub(crate) fn object(offer: &SessionDescription) -> Result<(), u16> {
    if Media::mismatch(offer).is_some() {
        return Err(488);
    }
    // What we cannot reserve must not be promised (RFC 3312 section 9).
    if offer.wants_the_unknown() { Err(580) } else { Ok(()) }
}

/// A refusal of a request with what its code calls for if its offer is to blame.
pub(crate) fn explained(response: Builder, code: u16, request: &Message<'_>) -> Builder {
    let offer = || offered(request).ok().flatten();
    match code {
        488 => match offer().as_ref().and_then(Media::mismatch) {
            Some(mismatch) => {
                let (number, text) = mismatch.warning();
                response.field(Name::Warning, format!("{number} {WARNER} \"{text}\""))
            }
            None => response,
        },
        580 => match offer() {
            Some(offer) => response.body(sdp::MEDIA_TYPE, offer.refused().text().as_bytes().to_vec()),
            None => response,
        },
        _ => response,
    }
}

/// Refuses a request, with an explanation if its offer is to blame.
pub(crate) fn refuse(endpoint: &mut Endpoint, now: Time, server: &ServerKey, code: u16, request: &Message<'_>) {
    if let Some(response) = endpoint.response(server, code, None) {
        endpoint.respond(now, server, explained(response, code, request));
    }
}
