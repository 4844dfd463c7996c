//! A server's files. `Conflict` while they are on the machine that runs it (§1.2).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::ExarotonClient;
use crate::model::problem::Problem;
use crate::providers::exaroton::endpoint::Endpoint;
use crate::providers::exaroton::types::{ConfigOption, ConfigValue, FileInfo};
use crate::providers::exaroton::{map, wire};
use crate::providers::transport::{Payload, Priority};

/// Uploads over 10 MB are cut off by the service before the API (§1.2).
const MAX_UPLOAD_BYTES: usize = 10_000_000;
/// The content type that makes a folder.
const FOLDER: &str = "inode/directory";

impl ExarotonClient {
    /// A file, or a folder with what is in it; the server's own folder is the empty path.
    pub async fn file_info(&self, id: &str, path: &str, p: Priority) -> Result<FileInfo, Problem> {
        let info: wire::FileInfo = self.ask_for(Endpoint::FileInfo { id, path }, None, p).await?;
        Ok(map::file_info(info))
    }

    /// A file's bytes, up to the size cap of the account.
    pub async fn read_file(&self, id: &str, path: &str, p: Priority) -> Result<Bytes, Problem> {
        Ok(self.ask(Endpoint::ReadFile { id, path }, None, p).await?.body)
    }

    /// Writes a file: these bytes and nothing else, 10 MB at most.
    pub async fn write_file(&self, id: &str, path: &str, bytes: Bytes) -> Result<(), Problem> {
        if bytes.len() > MAX_UPLOAD_BYTES {
            return Err(Problem::refused(
                "files over 10 MB are cut off by exaroton's protective service",
                "",
            ));
        }
        self.put(id, path, "application/octet-stream", bytes).await
    }

    /// Makes a folder.
    pub async fn make_folder(&self, id: &str, path: &str) -> Result<(), Problem> {
        self.put(id, path, FOLDER, Bytes::new()).await
    }

    /// Deletes a file or folder.
    pub async fn delete_file(&self, id: &str, path: &str) -> Result<(), Problem> {
        refuse_root(path)?;
        self.tell(Endpoint::DeleteFile { id, path }, None).await.map(drop)
    }

    /// The options of a configuration file.
    pub async fn config_options(
        &self,
        id: &str,
        path: &str,
        p: Priority,
    ) -> Result<Vec<ConfigOption>, Problem> {
        let options: Vec<wire::ConfigOption> =
            self.ask_for(Endpoint::ConfigOptions { id, path }, None, p).await?;
        Ok(options.into_iter().map(map::config_option).collect())
    }

    /// Sets options of a configuration file and returns all of them. Unknown keys are ignored by the provider without a word:
    /// compare what comes back.
    pub async fn set_config_options(
        &self,
        id: &str,
        path: &str,
        values: &BTreeMap<String, ConfigValue>,
    ) -> Result<Vec<ConfigOption>, Problem> {
        let body = values
            .iter()
            .map(|(key, value)| Ok((key.clone(), json_of(value)?)))
            .collect::<Result<serde_json::Map<_, _>, Problem>>()?;
        let endpoint = Endpoint::SetConfigOptions { id, path };
        let options: Vec<wire::ConfigOption> =
            self.ask_for(endpoint, Some(Value::Object(body)), Priority::Run).await?;
        Ok(options.into_iter().map(map::config_option).collect())
    }

    async fn put(
        &self,
        id: &str,
        path: &str,
        content_type: &'static str,
        bytes: Bytes,
    ) -> Result<(), Problem> {
        refuse_root(path)?;
        let body = Payload::Raw { content_type, bytes };
        self.tell(Endpoint::WriteFile { id, path }, Some(body)).await.map(drop)
    }
}

fn refuse_root(path: &str) -> Result<(), Problem> {
    if path.trim_matches('/').is_empty() {
        return Err(Problem::refused("this would be the server's whole folder", "name a file in it"));
    }
    Ok(())
}

fn json_of(value: &ConfigValue) -> Result<Value, Problem> {
    Ok(match value {
        ConfigValue::Text(text) => json!(text),
        ConfigValue::Boolean(is_set) => json!(is_set),
        ConfigValue::Several(several) => json!(several),
        ConfigValue::Nothing => Value::Null,
        ConfigValue::Number(number) => serde_json::from_str(&number.to_string())
            .map_err(|_| Problem::refused("this number cannot be sent", ""))?,
    })
}
