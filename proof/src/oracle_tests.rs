//! The oracle alone: the rules' examples, one by one.
