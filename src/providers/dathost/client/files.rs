//! A server's files (`providers/dathost.md` §3.7): they go with the server, so what is to be kept is read before it is deleted.

use super::{Body, DathostClient};
use crate::model::problem::Problem;
use crate::providers::dathost::endpoint::Endpoint;
use crate::providers::dathost::errors::{self, Asked};
use crate::providers::dathost::types::RemoteFile;
use crate::providers::dathost::{map, wire};
use crate::providers::transport::{Answer, Download, Priority};

impl DathostClient {
    /// The files below a folder, their paths relative to it; the game's own folder is the empty path.
    pub async fn files(&self, id: &str, folder: &str, p: Priority) -> Result<Vec<RemoteFile>, Problem> {
        let body = Body::query(vec![("path", folder.trim_matches('/').to_owned())]);
        let files: Vec<wire::File> = self.ask_for(Endpoint::Files { id }, body, p).await?;
        Ok(files.iter().map(map::file).collect())
    }

    /// Begins to read a file, at most `cap_bytes` of it: piece by piece, since a recording may be some hundred megabytes. A
    /// folder comes as an archive. `NotFound` when there is none; `TooLarge` for more than the cap.
    pub async fn download(&self, id: &str, path: &str, cap_bytes: u64) -> Result<Download, Problem> {
        if path.trim_matches('/').is_empty() {
            return Err(Problem::refused("this would be every file of the server", "name one"));
        }
        let endpoint = Endpoint::ReadFile { id, path };
        let call = self.call(endpoint, Body::none(), Priority::Run)?;
        let what = call.describe();
        let redactor = self.shared.transport.redactor_of(&call);
        let asked = Asked { endpoint, what: &what };
        let judge = |answer: &Answer| errors::judge(asked, answer, |text| redactor.clean(text));
        self.shared.transport.download(call, cap_bytes, judge).await
    }
}
