//! Standing always-allows: offered, previewed, given, counted, ended.
//!
//! Start reading at `give`. What a cover means is judged in `policy::grants`, never here.

mod end;
mod give;
mod list;
mod load;
mod pass;
mod preview;

pub(crate) use end::Ending;
pub(crate) use give::{Wish, given};
