//! The `quarterdeck` program: parse, dispatch, exit code.

fn main() {}
