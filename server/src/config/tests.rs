//! Whole files in, settings and problems out.

mod fixtures;

use super::*;
