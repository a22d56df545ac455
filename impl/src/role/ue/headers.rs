//! The header fields that a UE puts into its requests besides those of the dialog and of the access (TS 34.229-1 A.2.1
//! to A.2.10, A.5.1).

use crate::role::config::{Profile, UeConfig};
use crate::role::endpoint::ALLOW;
use crate::wire::{Builder, Name};

/// The MTSI service, as a feature tag (TS 24.173).
pub(crate) const MMTEL: &str = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"";

/// Our Contact with the service's feature tag; the same in all messages of a dialog, so that none of them moves the
/// remote target (RFC 5057 section 5.4).
pub(crate) fn contact(config: &UeConfig, builder: Builder) -> Builder {
    builder.contact(&config.contact, MMTEL)
}

/// What the INVITE to the factory says of the UE (TS 34.229-1 A.2.1, conditions A1, A3, A4). In the profile
/// of the RFCs the mandatory preconditions of its offer are required (RFC 3312 section 11).
pub(crate) fn invite(config: &UeConfig, builder: Builder) -> Builder {
    let builder = contact(config, builder);
    let builder = if config.privacy { builder.field(Name::Privacy, "id") } else { builder };
    let builder = match config.profile {
        Profile::ThreeGpp => builder.supported(&["100rel", "precondition"]),
        Profile::Ietf => builder.supported(&["100rel"]).require(&["precondition"]),
    };
    service(builder)
}

/// What the INVITE of a call beside the conference says of the UE: the same, without preconditions.
pub(crate) fn plain_invite(config: &UeConfig, builder: Builder) -> Builder {
    service(contact(config, builder).supported(&["100rel"]))
}

/// The service that is asked for (TS 34.229-1 A.2.1, conditions A3, A4).
fn service(builder: Builder) -> Builder {
    builder
        .field(Name::Allow, ALLOW)
        .field(Name::PPreferredService, "urn:urn-7:3gpp-service.ims.icsi.mmtel")
        .parts(Name::AcceptContact, &[b"*;", MMTEL.as_bytes()])
        .field(Name::Accept, "application/sdp, application/3gpp-ims+xml")
}
