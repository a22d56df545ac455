//! Where single bytes stand: by sixteen bytes at a time, of which one instruction tells where the wanted ones are.

use wide::u8x16;

/// Bytes that are looked at together.
pub(crate) const LANES: usize = 16;
/// Bytes of which one word says where the line ends are.
const BLOCK: usize = 64;

/// A bit for each byte that is `wanted`, the lowest for the first byte.
#[inline(always)]
pub(crate) fn places(wanted: u8, bytes: &[u8; LANES]) -> u32 {
    u8x16::new(*bytes).cmp_eq(u8x16::splat(wanted)).move_mask() as u32
}

/// [`places`] of LF in a whole block.
#[inline(always)]
fn line_ends(block: &[u8; BLOCK]) -> u64 {
    let (chunks, _) = block.as_chunks::<LANES>();
    chunks.iter().rev().fold(0, |found, chunk| found << LANES | u64::from(places(b'\n', chunk)))
}

/// Iterator over the positions of all LF, in order. It reads no further than the block of the one that was asked for.
#[derive(Debug)]
pub(crate) struct LineEnds<'a> {
    bytes: &'a [u8],
    /// Where the block stands that `found` is about.
    block: usize,
    /// Those of the block that are still to come.
    found: u64,
}

impl<'a> LineEnds<'a> {
    /// Those at or behind `from`.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], from: usize) -> Self {
        let mut ends = Self { bytes, block: from, found: 0 };
        ends.read_block();
        ends
    }

    #[inline(always)]
    fn read_block(&mut self) {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        self.found = match (rest.first_chunk(), self.bytes.last_chunk()) {
            (Some(block), _) => line_ends(block),
            // The end is looked at together with what stands before it.
            (None, Some(block)) if !rest.is_empty() => line_ends(block) >> (BLOCK - rest.len()),
            _ => short_line_ends(rest),
        };
    }
}

/// [`line_ends`] of fewer bytes.
#[cold]
fn short_line_ends(bytes: &[u8]) -> u64 {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    line_ends(&block)
}

impl Iterator for LineEnds<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            self.block += BLOCK;
            if self.block >= self.bytes.len() {
                self.block = self.bytes.len();
                return None;
            }
            self.read_block();
        }
        let at = self.block + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_found_at_every_distance_and_from_every_start() {
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200] {
            for step in [1, 2, 7, 63, 64, 65, 300] {
                // Among bytes that differ from LF in one bit.
                let text: Vec<_> = (0..length).map(|at| if at % step == 0 { b'\n' } else { b'\x0b' }).collect();
                for from in 0..=length {
                    let places = (from..length).filter(|at| at % step == 0);
                    assert!(LineEnds::new(&text, from).eq(places), "{length} bytes, every {step} from {from}");
                }
            }
        }
    }

    #[test]
    fn an_iterator_at_its_end_stays_there() {
        let mut ends = LineEnds::new(b"a\nb", 0);
        assert_eq!([ends.next(), ends.next(), ends.next()], [Some(1), None, None]);
        assert_eq!(LineEnds::new(b"a\n", 9).next(), None);
    }
}
