//! Every spool has an id of its own, under which the database notes how far it has been written.

use std::io;
use std::path::Path;

use uuid::Uuid;

use super::SpoolError;

/// The file with the id.
const FILE: &str = "id";

/// The id of the spool in `dir`; a folder or an id that is missing is made.
///
/// # Errors
/// When the folder cannot be used.
pub fn id(dir: &Path) -> Result<String, SpoolError> {
    std::fs::create_dir_all(dir).map_err(SpoolError::io(dir))?;
    let path = dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(SpoolError::io(&path)(error)),
        _ => {}
    }
    let id = Uuid::new_v4().simple().to_string();
    std::fs::write(&path, &id).map_err(SpoolError::io(&path))?;
    Ok(id)
}
