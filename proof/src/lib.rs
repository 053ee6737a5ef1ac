//! The rules of Oarlock a second time, to hold the library against them.
//!
//! [`oracle`] is the rules as a list of live requests: no tree, no counts, no
//! queues, and nothing of the library in it.

pub mod oracle;
pub mod words;

#[cfg(test)]
mod oracle_tests;
