//! What is asked of every codec.

use bytes::Bytes;

/// A codec that can be measured.
pub(crate) trait Codec {
    /// The crate.
    const NAME: &'static str;
    /// A message whose header fields are apart.
    type Message<'a>;

    /// Start line and all header fields; `None` if the codec refuses the message.
    fn split(datagram: &Bytes) -> Option<Self::Message<'_>>;

    /// Via branch, From and To tag, Call-ID, CSeq, Contact URI, Event and Subscription-State, by the shortest way that
    /// the codec has; untyped where it has no type.
    fn typed(message: &Self::Message<'_>);

    /// The message as bytes.
    fn render(message: &Self::Message<'_>) -> Vec<u8>;
}

/// A codec that can build requests from values. All build the same two, with what they have: ten header fields, of
/// which eight belong to the dialog.
pub(crate) trait Fresh {
    /// The values that an agent has at hand.
    type Dialog;

    fn dialog() -> Self::Dialog;

    /// A NOTIFY of a referral with its sipfrag.
    fn notify(dialog: &Self::Dialog) -> Vec<u8>;

    /// A REFER.
    fn refer(dialog: &Self::Dialog) -> Vec<u8>;
}
