//! The command `imsconf`.

fn main() {}
