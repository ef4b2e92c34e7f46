//! Others.
