//! Who calls: master key, console session or virtual key; passwords, sign-in throttle, CSRF.

pub mod throttle;
