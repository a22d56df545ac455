//! Numbers for what is put into a generated schedule afterwards.

/// SplitMix64: enough to scatter faults, and the same everywhere.
pub(super) struct Draw(u64);

impl Draw {
    /// Numbers that belong to this one.
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `most`.
    pub(super) const fn below(&mut self, most: u64) -> u64 {
        self.next() % (most + 1)
    }

    /// The same, of fewer bits.
    pub(super) fn small(&mut self, most: u64) -> u16 {
        u16::try_from(self.below(most)).unwrap_or(u16::MAX)
    }
}
