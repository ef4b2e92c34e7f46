//! Standing always-allows: offered, previewed, given, counted, ended.
//!
//! Start reading at `give`. What a cover means is judged in `policy::grants`, never here.

mod end;
mod give;
mod list;
mod pass;
mod preview;

pub(crate) use end::{Ending, use_one};
pub(crate) use give::{Wish, given};
