//! The rules of Oarlock a second time, and what holds the library against them.
//!
//! [`oracle`] is the rules as a list of live requests, in the words of [`words`]:
//! no tree, no counts, no queues, and nothing of the library in it. [`ops`] are
//! the operations; [`generate`] makes them by chance, [`compare`] does them on a
//! [`Subject`](subject::Subject) and the oracle and compares, and [`shrink`]
//! makes what fails small. [`history`] holds what threads do at the same time against
//! the oracle.

pub mod circle;
pub mod compare;
pub mod generate;
pub mod history;
pub mod ops;
pub mod oracle;
pub mod paths;
pub mod rng;
pub mod shrink;
pub mod subject;
pub mod words;

#[cfg(test)]
mod oracle_properties;
#[cfg(test)]
mod oracle_tests;
