//! Integration tests only; see the folders beside this one.
