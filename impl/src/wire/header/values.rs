//! Values of a header over all its lines, split at the commas outside quotes and angle brackets (RFC 3261 section 7.3.1).

use super::Name;
use crate::wire::Message;

/// Iterator over the values of one header.
#[derive(Clone, Debug)]
pub struct Values<'m, 'a> {
    message: &'m Message<'a>,
    name: Name<'m>,
}

impl<'a> Iterator for Values<'_, 'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let _ = (self.message, self.name);
        todo!()
    }
}
