//! Typed header fields: a fault is inside the value, and what was read is written and read again as the same.
//!
//! An input is one line of a message, `Name: value`; folds may be in it.

use imsconf::wire::{
    AccessNetworkInfo, CSeq, Event, MediaType, Message, Name, NameAddr, Params, RAck, Reason, Replaces, RetryAfter,
    SessionExpires, SubscriptionState, TargetDialog, Via, verdict,
};

use super::{Broken, hold};

/// One header field.
///
/// # Errors
/// The place of a fault is outside of the value, a part is no slice of it, or written again it reads differently.
pub fn header(bytes: &[u8]) -> Result<(), Broken> {
    let text = [&b"OPTIONS sip:a@h SIP/2.0\r\n"[..], bytes, b"\r\n\r\n"].concat();
    let Ok(message) = Message::parse(&text) else { return Ok(()) };
    for violation in verdict(&message) {
        hold(text.get(violation.at.clone()).is_some(), || format!("outside of the message: {violation}"))?;
    }
    let Some(field) = message.fields().next() else { return Ok(()) };
    every_type(field.value)?;
    message.values(field.name).take(4).try_for_each(every_type)?;
    let same = Name::from_bytes(field.name.as_bytes());
    hold(same.same(&field.name), || format!("{:?} is written as the name of {same:?}", field.name))
}

/// A value is read as every type, whatever its header is called.
fn every_type(value: &[u8]) -> Result<(), Broken> {
    if let Some(via) = place(value, Via::parse(value).map_err(|fault| fault.at))? {
        parts_inside(value, &[via.raw, via.transport, via.sent_by, via.params.as_bytes()])?;
        let source = "192.0.2.1:5060".parse().map_err(|error| Broken::new(format!("{error}")))?;
        let stamped = via.stamped(source);
        let again = Via::parse(&stamped).map_err(|fault| Broken::new(format!("stamped: {fault}")))?;
        hold(again.sent_by == via.sent_by && again.branch() == via.branch(), || format!("{via:?} became {again:?}"))?;
    }
    if let Some(address) = place(value, NameAddr::parse(value).map_err(|fault| fault.at))? {
        parts_inside(value, &[address.raw, address.display, address.uri.as_bytes(), address.params.as_bytes()])?;
        name_addr_again(&address)?;
    }
    if let Some(cseq) = place(value, CSeq::parse(value).map_err(|fault| fault.at))? {
        let text = format!("{} {}", cseq.number, cseq.method);
        hold(CSeq::parse(text.as_bytes()) == Ok(cseq), || format!("{text} is not {cseq:?}"))?;
    }
    if let Some(rack) = place(value, RAck::parse(value).map_err(|fault| fault.at))? {
        let text = format!("{} {} {}", rack.rseq, rack.cseq, rack.method);
        hold(RAck::parse(text.as_bytes()) == Ok(rack), || format!("{text} is not {rack:?}"))?;
    }
    if let Some(media) = place(value, MediaType::parse(value).map_err(|fault| fault.at))? {
        let text = [media.kind, b"/", media.subtype, b";", media.params.as_bytes()].concat();
        let again = MediaType::parse(&text).map_err(|fault| Broken::new(format!("written again: {fault}")))?;
        hold((again.kind, again.subtype) == (media.kind, media.subtype), || format!("{media:?} became {again:?}"))?;
        same_params(media.params, again.params)?;
    }
    if let Some(event) = place(value, Event::parse(value).map_err(|fault| fault.at))? {
        hold(event.matches(&event), || format!("{event:?} does not match itself"))?;
    }
    if let Some(replaces) = place(value, Replaces::parse(value).map_err(|fault| fault.at))? {
        let text = [replaces.call_id, b";", replaces.params.as_bytes()].concat();
        let again = Replaces::parse(&text).map_err(|fault| Broken::new(format!("written again: {fault}")))?;
        let same = (again.call_id, again.to_tag, again.from_tag, again.early_only)
            == (replaces.call_id, replaces.to_tag, replaces.from_tag, replaces.early_only);
        hold(same, || format!("{replaces:?} became {again:?}"))?;
    }
    place(value, TargetDialog::parse(value).map_err(|fault| fault.at))?;
    place(value, SubscriptionState::parse(value).map_err(|fault| fault.at))?;
    place(value, SessionExpires::parse(value).map_err(|fault| fault.at))?;
    place(value, RetryAfter::parse(value).map_err(|fault| fault.at))?;
    place(value, Reason::parse(value).map_err(|fault| fault.at))?;
    place(value, AccessNetworkInfo::parse(value).map_err(|fault| fault.at))?;
    Ok(())
}

/// A fault begins inside the value, or at its end.
fn place<T>(value: &[u8], parsed: Result<T, usize>) -> Result<Option<T>, Broken> {
    match parsed {
        Ok(parsed) => Ok(Some(parsed)),
        Err(at) => hold(at <= value.len(), || format!("a fault at {at} of {} bytes", value.len())).map(|()| None),
    }
}

fn parts_inside(value: &[u8], parts: &[&[u8]]) -> Result<(), Broken> {
    let range = value.as_ptr_range();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let own = part.as_ptr_range();
        hold(own.start >= range.start && own.end <= range.end, || format!("{part:?} is no part of the value"))?;
    }
    Ok(())
}

fn name_addr_again(address: &NameAddr<'_>) -> Result<(), Broken> {
    let uri = address.uri.as_bytes();
    let text = [address.display, b"<", uri, b">;", address.params.as_bytes()].concat();
    let again = NameAddr::parse(&text).map_err(|fault| Broken::new(format!("written again: {fault}")))?;
    let same = again.uri == address.uri && again.display == address.display && again.tag() == address.tag();
    hold(same, || format!("{address:?} became {again:?}"))?;
    same_params(address.params, again.params)
}

fn same_params(before: Params<'_>, after: Params<'_>) -> Result<(), Broken> {
    hold(before.iter().eq(after.iter()), || format!("the parameters {before:?} became {after:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracles_see_what_is_wrong() {
        assert_eq!(place(b"ab", Err::<(), _>(2)), Ok(None));
        assert!(place(b"ab", Err::<(), _>(3)).is_err());
        assert!(parts_inside(b"ab", &[b"zz"]).is_err());
        assert!(same_params(Params::new(b"a=1"), Params::new(b"a=2")).is_err());
        assert_eq!(same_params(Params::new(b"a ;;b"), Params::new(b"a;b")), Ok(()));
    }
}
