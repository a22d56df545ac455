//! Values of a header over all its lines, split at the commas outside quotes and angle brackets (RFC 3261 section
//! 7.3.1).

use std::slice;

use super::Name;
use crate::wire::parse::FieldSpan;
use crate::wire::text::{split_top_level, trim};

/// Iterator over the values of one header; empty values are left out.
#[derive(Clone, Debug)]
pub struct Values<'m, 'a> {
    bytes: &'a [u8],
    fields: slice::Iter<'m, FieldSpan>,
    name: Name<'m>,
    rest: Option<&'a [u8]>,
}

impl<'m, 'a> Values<'m, 'a> {
    pub(crate) fn new(bytes: &'a [u8], fields: &'m [FieldSpan], name: Name<'m>) -> Self {
        Self { bytes, fields: fields.iter(), name, rest: None }
    }
}

impl<'a> Iterator for Values<'_, 'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.rest.take() {
                Some(rest) => rest,
                None => self.fields.find(|span| span.is(self.name, self.bytes))?.value(self.bytes),
            };
            let (value, rest) = split_top_level(line, b',');
            self.rest = rest;
            let value = trim(value);
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}
