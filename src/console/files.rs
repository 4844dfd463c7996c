//! Writing files for their reader only: beside their place, then moved there, so that nobody ever sees half of one.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::model::problem::{Effect, Fault, Problem, ProblemKind, Retry};

/// Writes a file. One that exists stays as it is, unless it shall be replaced.
///
/// # Errors
/// `Conflict`: there is such a file already; `Storage`: it cannot be written. Nothing is there then that was not before.
pub fn write_beside(path: &Path, contents: &[u8], is_replacing: bool) -> Result<(), Problem> {
    let problem = |error: &std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        _ => Problem::storage(format!("{} was not written: {error}", path.display())),
    };
    if !is_replacing && path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable for its owner only: customers' names and money are in it.
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(contents)?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    let file = written.map_err(|error| problem(&error))?;
    let moved = if is_replacing { file.persist(path) } else { file.persist_noclobber(path) };
    moved.map(drop).map_err(|error| problem(&error.error))
}

fn exists(path: &Path) -> Problem {
    Problem {
        kind: ProblemKind::Conflict,
        fault: Fault::Request,
        retry: Retry::Never,
        effect: Effect::None,
        message: format!("{} exists already", path.display()),
        advice: "choose another name, or say that it shall be replaced".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_for_its_owner_and_another_one_is_replaced_only_when_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pdf");
        write_beside(&path, b"one", false).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(write_beside(&path, b"two", false).unwrap_err().kind, ProblemKind::Conflict);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_beside(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            write_beside(&folder.path().join("no/b"), b"", true).unwrap_err().kind,
            ProblemKind::Storage
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
