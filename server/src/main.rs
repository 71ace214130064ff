//! Entry point of the tollgate binary.

fn main() {}
