//! Users of the panel.

use serde_json::json;

use super::{PanelClient, found, gone};
use crate::model::problem::Problem;
use crate::providers::pterodactyl::endpoint::{Endpoint, fits_in_path};
use crate::providers::pterodactyl::types::{NewUser, PanelUser, UserChange};
use crate::providers::pterodactyl::{map, wire};
use crate::providers::transport::Priority;

impl PanelClient {
    /// Every user of the panel.
    pub async fn users(&self, p: Priority) -> Result<Vec<PanelUser>, Problem> {
        let rows: Vec<wire::User> = self.list(Endpoint::Users, &[("sort", "id".to_owned())], p).await?;
        Ok(rows.into_iter().map(map::user).collect())
    }

    /// A user by id.
    pub async fn user(&self, id: i64, p: Priority) -> Result<Option<PanelUser>, Problem> {
        let row = found(self.ask_for_item::<wire::User>(Endpoint::User { id }, Vec::new(), None, p).await)?;
        Ok(row.map(map::user))
    }

    /// The user that carries exactly this external id.
    pub async fn user_by_external_id(&self, x: &str, p: Priority) -> Result<Option<PanelUser>, Problem> {
        if x.is_empty() {
            return Ok(None);
        }
        if fits_in_path(x) {
            let endpoint = Endpoint::UserByExternalId { external_id: x };
            let row = found(self.ask_for_item::<wire::User>(endpoint, Vec::new(), None, p).await)?;
            return Ok(row.filter(|user| is_same(user.external_id.as_deref(), x)).map(map::user));
        }
        let query = [("filter[external_id]", x.to_owned()), ("sort", "id".to_owned())];
        let rows: Vec<wire::User> = self.list(Endpoint::Users, &query, p).await?;
        Ok(rows.into_iter().find(|user| is_same(user.external_id.as_deref(), x)).map(map::user))
    }

    /// The user with exactly this e-mail address, whatever its case. The panel's filter matches parts (§2.3).
    pub async fn user_by_email(&self, email: &str, p: Priority) -> Result<Option<PanelUser>, Problem> {
        let email = email.trim();
        if email.is_empty() {
            return Ok(None);
        }
        let query = [("filter[email]", email.to_owned()), ("sort", "id".to_owned())];
        let rows: Vec<wire::User> = self.list(Endpoint::Users, &query, p).await?;
        Ok(rows.into_iter().find(|user| user.email.trim().eq_ignore_ascii_case(email)).map(map::user))
    }

    /// Makes a user. Without a password the panel mails a link to set one. `Effect::Possible` when the reply was lost, also
    /// after a 5xx (the panel's mail can fail after the row was made): look it up before repeating. `Conflict` when the
    /// e-mail address, login name or external id is taken.
    pub async fn create_user(&self, new: &NewUser) -> Result<PanelUser, Problem> {
        let mut body = json!({
            "email": new.email, "username": new.username,
            "first_name": new.first_name, "last_name": new.last_name,
        });
        if let Some(external_id) = &new.external_id {
            body["external_id"] = json!(external_id);
        }
        let row: wire::User =
            self.ask_for_item(Endpoint::UserCreate, Vec::new(), Some(body), Priority::Run).await?;
        Ok(map::user(row))
    }

    /// Changes a user, keeping the rest: the panel wants every required field each time (§3.6).
    pub async fn update_user(&self, id: i64, change: &UserChange) -> Result<PanelUser, Problem> {
        let now: wire::User =
            self.ask_for_item(Endpoint::User { id }, Vec::new(), None, Priority::Run).await?;
        let mut body = json!({
            "email": change.email.as_ref().unwrap_or(&now.email),
            "username": change.username.as_ref().unwrap_or(&now.username),
            "first_name": change.first_name.as_ref().unwrap_or(&now.first_name),
            "last_name": change.last_name.as_ref().unwrap_or(&now.last_name),
            "root_admin": now.root_admin,
        });
        if let Some(external_id) = change.external_id.as_ref().or(now.external_id.as_ref()) {
            body["external_id"] = json!(external_id);
        }
        if let Some(language) = &now.language {
            body["language"] = json!(language);
        }
        let row: wire::User =
            self.ask_for_item(Endpoint::UserUpdate { id }, Vec::new(), Some(body), Priority::Run).await?;
        Ok(map::user(row))
    }

    /// Deletes a user; one that is gone is fine. Refused (`Invalid`) while the user has servers.
    pub async fn delete_user(&self, id: i64) -> Result<(), Problem> {
        gone(self.tell(Endpoint::UserDelete { id }, None).await)
    }
}

/// Whether an external id is this one. Common databases compare without case, so the panel would call both the same.
pub(super) fn is_same(external_id: Option<&str>, wanted: &str) -> bool {
    external_id.is_some_and(|external_id| external_id.eq_ignore_ascii_case(wanted))
}
