//! conference-info.
