//! The Tollgate server.
