//! A server's files (`providers/exaroton.md` §3.1): in storage while it is stopped, out of reach while it runs.

use serde_json::{Value, json};

use super::servers::{find, find_mut};
use crate::sim::exaroton::answer::{Answer, Refusal};
use crate::sim::exaroton::entities::File;
use crate::sim::exaroton::files;
use crate::sim::exaroton::routes::{Call, Reply};
use crate::sim::exaroton::world::World;

/// The content type that makes a folder.
const FOLDER: &str = "inode/directory";

pub(in crate::sim::exaroton) fn info(world: &World, id: &str, path: &[&str]) -> Reply {
    let server = find(world, id)?;
    files::info(&server.files, &path.join("/"), true).map(|info| Answer::ok(&info)).ok_or(Refusal::NoFile)
}

pub(in crate::sim::exaroton) fn data(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    let server = find_mut(world, id)?;
    if server.status.has_files_away() {
        return Err(Refusal::FilesAway);
    }
    let path = path.join("/");
    if path.is_empty() {
        return Err(Refusal::BadRequest);
    }
    match call.method {
        "PUT" => {
            let is_folder = call.content_type == FOLDER && call.raw.is_empty();
            files::write(
                &mut server.files,
                &path,
                if is_folder { File::Folder } else { File::Data(call.raw.to_vec()) },
            );
            Ok(Answer::ok(&Value::Null))
        }
        "DELETE" => {
            if files::delete(&mut server.files, &path) {
                Ok(Answer::ok(&Value::Null))
            } else {
                Err(Refusal::NoFile)
            }
        }
        _ => match server.files.get(&path) {
            Some(File::Data(bytes)) => Ok(Answer::raw(bytes.clone())),
            Some(File::Folder) | None => Err(Refusal::NoFile),
        },
    }
}

pub(in crate::sim::exaroton) fn config(world: &mut World, call: &Call<'_>, id: &str, path: &[&str]) -> Reply {
    let server = find_mut(world, id)?;
    let path = path.join("/");
    let Some(File::Data(bytes)) = server.files.get(&path) else { return Err(Refusal::NoFile) };
    let mut options = files::read_properties(bytes);
    if call.method == "POST" {
        if server.status.has_files_away() {
            return Err(Refusal::FilesAway);
        }
        let values = call.body.as_object().ok_or(Refusal::BadRequest)?;
        // Unknown keys are ignored without a word.
        for (key, value) in &mut options {
            if let Some(new) = values.get(key) {
                *value = new.as_str().map_or_else(|| new.to_string(), str::to_owned);
            }
        }
        server.files.insert(path, File::Data(files::write_properties(&options)));
    }
    let rows: Vec<Value> = options.iter().map(|(key, value)| files::option(key, value)).collect();
    Ok(Answer::ok(&json!(rows)))
}
