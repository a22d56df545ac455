//! The edge of the trust domain: what a P-CSCF changes in the messages from and to the user equipment that it serves
//! (RFC 3325 sections 5 to 7, RFC 3329 section 2.3.1, RFC 7315 sections 4.5, 4.6; TS 24.229 sections 5.2.6.3, 5.2.6.4).
//!
//! What the user equipment claims to be is a hint at most; what the operator writes for its accounting does not leave
//! the network. Everything else stays as it is.

use crate::role::config::Served;
use crate::wire::edit::{Edit, EditError};
use crate::wire::{Message, Method, Name};

/// The option tag of the security agreement, which ends at the P-CSCF.
const SEC_AGREE: &[u8] = b"sec-agree";

/// Changes a request from the user equipment: the agreement on security is used up, the identity is asserted.
/// `charging` identifies the dialog for accounting.
///
/// # Errors
/// A value cannot be written.
pub(crate) fn request_from_user<'m, 'a>(
    served: &Served,
    request: &Message<'a>,
    edit: Edit<'m, 'a>,
    charging: &str,
) -> Result<Edit<'m, 'a>, EditError> {
    let edit = claims_removed(edit)
        .remove(Name::SecurityVerify)
        .remove(Name::SecurityClient)
        .remove_option(Name::Require, SEC_AGREE)
        .remove_option(Name::ProxyRequire, SEC_AGREE)
        .remove(Name::PChargingVector)
        .remove(Name::PChargingFunctionAddresses);
    if matches!(request.method(), Some(Method::Ack | Method::Cancel)) {
        return Ok(edit);
    }
    let edit = edit.push(Name::PChargingVector, &format!("icid-value=\"{charging}\""))?;
    let initial = request.to().is_ok_and(|to| to.tag().is_none());
    if initial { edit.push(Name::PAssertedIdentity, &format!("<{}>", served.identity)) } else { Ok(edit) }
}

/// Changes a response from the user equipment.
pub(crate) fn response_from_user<'m, 'a>(edit: Edit<'m, 'a>) -> Edit<'m, 'a> {
    claims_removed(edit).remove(Name::PChargingVector).remove(Name::PChargingFunctionAddresses)
}

/// Changes a message to the user equipment: nothing about accounting, and no identity whose owner wants it kept inside
/// (RFC 3325 section 7).
pub(crate) fn to_user<'m, 'a>(message: &Message<'a>, edit: Edit<'m, 'a>) -> Edit<'m, 'a> {
    let edit = edit.remove(Name::PChargingVector).remove(Name::PChargingFunctionAddresses);
    if hides_identity(message) { edit.remove(Name::PAssertedIdentity) } else { edit }
}

/// Whether its sender wants his identity kept from other users (RFC 3323 section 4.2, RFC 3325 section 9.3).
pub(crate) fn hides_identity(message: &Message<'_>) -> bool {
    let private = message.values(Name::Privacy).flat_map(|value| value.split(|byte| *byte == b';'));
    private.map(<[u8]>::trim_ascii).any(|kind| kind.eq_ignore_ascii_case(b"id"))
}

/// An identity that the user equipment asserts or prefers is not passed on.
fn claims_removed<'m, 'a>(edit: Edit<'m, 'a>) -> Edit<'m, 'a> {
    edit.remove(Name::PPreferredIdentity).remove(Name::PAssertedIdentity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> Served {
        let identity = "sip:alice@home.example".parse().expect("a URI");
        Served { address: "192.0.2.9".parse().expect("an address"), identity }
    }

    /// The lines of a message after a change.
    fn lines(text: &str, change: impl for<'m> FnOnce(&'m Message<'m>, Edit<'m, 'm>) -> Edit<'m, 'm>) -> Vec<String> {
        let text = text.replace('\n', "\r\n") + "\r\n\r\n";
        let message = Message::parse(text.as_bytes()).expect("SIP");
        let changed = change(&message, Edit::new(&message)).render();
        String::from_utf8(changed).expect("UTF-8").trim_end().lines().map(str::to_owned).collect()
    }

    /// RFC 3325 section 5: the proxy's own identity replaces what the user equipment says of itself.
    #[test]
    fn a_claim_becomes_an_assertion() {
        let table = [
            ("INVITE", "<sip:b@h>", true, true),
            ("REFER", "<sip:b@h>;tag=2", false, true),
            ("ACK", "<sip:b@h>;tag=2", false, false),
            ("CANCEL", "<sip:b@h>", false, false),
        ];
        for (method, to, asserted, charged) in table {
            let text = format!(
                "{method} sip:b@h SIP/2.0\nTo: {to}\nP-Asserted-Identity: <sip:president@h>\nSecurity-Verify: a\n\
                 P-Preferred-Identity: <sip:alice@h>\nRequire: sec-agree\nProxy-Require: sec-agree\n\
                 P-Charging-Vector: icid-value=free"
            );
            let changed =
                lines(&text, |message, edit| request_from_user(&served(), message, edit, "x").expect("legal values"));
            let mut expected = vec![format!("{method} sip:b@h SIP/2.0"), format!("To: {to}")];
            expected.extend(asserted.then(|| "P-Asserted-Identity: <sip:alice@home.example>".to_owned()));
            expected.extend(charged.then(|| "P-Charging-Vector: icid-value=\"x\"".to_owned()));
            assert_eq!(changed, expected);
        }
    }

    /// RFC 3325 section 7 and RFC 7315 section 4.5: what the user equipment is not to see.
    #[test]
    fn what_the_user_equipment_is_not_to_see() {
        let table = [
            ("", true),
            ("Privacy: none\n", true),
            ("Privacy: header; id\n", false),
            ("Privacy: ID\n", false),
            ("Privacy: identity\n", true),
        ];
        for (privacy, shown) in table {
            let text = format!(
                "INVITE sip:alice@h SIP/2.0\n{privacy}P-Charging-Function-Addresses: ccf=a\n\
                 P-Asserted-Identity: <sip:bob@h>\nP-Asserted-Identity: <tel:+1>\nP-Charging-Vector: icid-value=x"
            );
            let changed = lines(&text, to_user);
            assert_eq!(changed.iter().filter(|line| line.starts_with("P-Charging")).count(), 0);
            let identities = changed.iter().filter(|line| line.starts_with("P-Asserted-Identity")).count();
            assert_eq!(identities, if shown { 2 } else { 0 }, "{privacy}");
        }
    }

    #[test]
    fn a_response_asserts_nothing_by_itself() {
        let text = "SIP/2.0 200 OK\nP-Preferred-Identity: <sip:a@h>\nP-Asserted-Identity: <sip:a@h>\nCSeq: 1 INVITE";
        assert_eq!(lines(text, |_, edit| response_from_user(edit)), ["SIP/2.0 200 OK", "CSeq: 1 INVITE"]);
    }
}
