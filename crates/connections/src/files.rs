//! How many files, sockets among them, this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The system refuses to let this process open what it is allowed to.
#[derive(Debug)]
pub struct FilesError(rustix::io::Errno);

impl std::fmt::Display for FilesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot raise the limit of open files: {}", self.0)
    }
}

impl std::error::Error for FilesError {}

/// Raises the number of files that may be open as far as this user may; gives that number, the greatest there is if
/// there is no limit. Shells begin with a low one for programs of another age.
///
/// # Errors
/// [`FilesError`].
pub fn raise_open_files() -> Result<u64, FilesError> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).map_err(FilesError)?;
    }
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_allowed_may_be_opened() {
        let allowed = raise_open_files().unwrap();
        assert_eq!(getrlimit(Resource::Nofile).current, getrlimit(Resource::Nofile).maximum);
        assert_eq!(raise_open_files().unwrap(), allowed);
    }
}
