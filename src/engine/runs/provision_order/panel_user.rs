//! The customer's panel user: by link, by external id, by exact e-mail, else a new one; and the link in the shop.

use futures::future::BoxFuture;

use super::claim::{database_in_the_way, missing_fact};
use super::{expect_ours, is_ours, lost, parties, read_order, taker};
use crate::engine::runs::events::Facts;
use crate::engine::runs::step::{Made, Scene, Step, StepFailure};
use crate::model::action::ProvisionParameters;
use crate::model::ids::RunId;
use crate::model::problem::{Problem, ProblemKind};
use crate::providers::pterodactyl::{NewUser, PanelUser};
use crate::providers::transport::Priority;

/// Characters of an e-mail's local part that go into a username.
const LOCAL_PART_MAX: usize = 20;

/// Characters of the run's id that make a username this run's own.
const RUN_MARK: usize = 10;

pub(super) struct FindOrCreate;

impl Step for FindOrCreate {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            expect_ours(scene).await?;
            Ok(find(scene).await?.map(|user| found(scene, &user)))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let (_, panel) = parties(scene)?;
            let new = new_user(scene.provision()?, &scene.run.id);
            match panel.create_user(&new).await {
                Ok(user) => Ok(found(scene, &user)),
                Err(problem) if matches!(problem.kind, ProblemKind::Conflict | ProblemKind::Invalid) => {
                    // Somebody made it in between: another order of the same customer.
                    let user = find(scene).await?.ok_or(problem)?;
                    Ok(found(scene, &user))
                }
                Err(problem) => Err(problem.into()),
            }
        })
    }

    fn undo<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<String, StepFailure>> {
        Box::pin(async move {
            let (_, panel) = parties(scene)?;
            if let Some(taker) = taker(scene).await? {
                return Ok(format!("run {taker} took the order over: its user is kept"));
            }
            let Some(user) = made_by_this_run(scene).await? else {
                return Ok("no user was created by this run".to_owned());
            };
            match panel.delete_user(user.id).await {
                Ok(()) => Ok(format!("user {} deleted", user.username)),
                // The panel itself refuses to delete the owner of a server (§3.6).
                Err(problem) if matches!(problem.kind, ProblemKind::Conflict | ProblemKind::Invalid) => {
                    Ok(format!("user {} kept: it has a server", user.username))
                }
                Err(problem) => Err(Problem {
                    advice: format!("delete panel user {} by hand if it has no servers", user.username),
                    ..problem
                }
                .into()),
            }
        })
    }
}

/// The customer's user as the panel has it, nothing when there is none.
async fn find(scene: &Scene<'_>) -> Result<Option<PanelUser>, Problem> {
    let (_, panel) = parties(scene)?;
    let wanted = scene.provision()?;
    if let Some(id) = wanted.panel_user_id
        && let Some(user) = panel.user(id, Priority::Run).await?
    {
        return Ok(Some(user));
    }
    if let Some(user) = panel.user_by_external_id(&wanted.customer_external_id, Priority::Run).await? {
        return Ok(Some(user));
    }
    panel.user_by_email(&wanted.email, Priority::Run).await
}

/// The user that this run created, looking as long as a lost create may still show up.
async fn made_by_this_run(scene: &Scene<'_>) -> Result<Option<PanelUser>, StepFailure> {
    if scene.facts.was_panel_user_created == Some(false) {
        return Ok(None);
    }
    let (_, panel) = parties(scene)?;
    let wanted = scene.provision()?;
    let mark = new_user(wanted, &scene.run.id).username;
    loop {
        let user = panel.user_by_external_id(&wanted.customer_external_id, Priority::Run).await?;
        let is_settled = scene.facts.was_panel_user_created.is_some() || super::create::is_settled(scene);
        if user.is_some() || is_settled {
            return Ok(user.filter(|user| user.username == mark && !user.is_root_admin));
        }
        scene.say("looking whether a lost request created the user");
        scene.wait(scene.services.policy.settle_poll_ms).await?;
    }
}

fn found(scene: &Scene<'_>, user: &PanelUser) -> Made {
    // The run's own mark in the username says who created it, also after a lost reply or a crash.
    let was_created =
        scene.provision().is_ok_and(|wanted| new_user(wanted, &scene.run.id).username == user.username);
    let how = if was_created { "created" } else { "found" };
    Made {
        facts: Facts {
            panel_user_id: Some(user.id),
            was_panel_user_created: Some(was_created),
            ..Facts::default()
        },
        detail: format!("{how} user {} (id {})", user.username, user.id),
        result: None,
    }
}

/// The user to create: always the same for one run.
fn new_user(wanted: &ProvisionParameters, run: &RunId) -> NewUser {
    let local: String = wanted
        .email
        .split('@')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(LOCAL_PART_MAX)
        .collect();
    let mark: String = run.as_str().chars().rev().take(RUN_MARK).collect();
    let username = format!("{local}{}{mark}", if local.is_empty() { "" } else { "-" }).to_ascii_lowercase();
    let name = wanted.customer_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let (first, last) = match name.and_then(|name| name.split_once(' ')) {
        Some((first, last)) => (first.to_owned(), last.trim().to_owned()),
        None => (name.unwrap_or(&local).to_owned(), "customer".to_owned()),
    };
    let or_customer = |text: String| if text.is_empty() { "customer".to_owned() } else { text };
    NewUser {
        external_id: Some(wanted.customer_external_id.clone()),
        email: wanted.email.clone(),
        username,
        first_name: or_customer(first),
        last_name: or_customer(last),
    }
}

pub(super) struct Link;

impl Step for Link {
    fn check<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Option<Made>, StepFailure>> {
        Box::pin(async move {
            let order = read_order(scene).await.map_err(database_in_the_way)?;
            if let Some(order) = order.as_ref().filter(|order| !is_ours(scene, order)) {
                return Err(lost(Some(order)));
            }
            let linked = order.and_then(|order| order.customer.panel_user_id);
            let is_linked = linked.is_some() && linked == scene.facts.panel_user_id;
            Ok(is_linked.then(|| Made::saying("remembered already")))
        })
    }

    fn act<'a>(&'a self, scene: &'a Scene<'a>) -> BoxFuture<'a, Result<Made, StepFailure>> {
        Box::pin(async move {
            let ((database, _), _) = parties(scene)?;
            let user = scene.facts.panel_user_id.ok_or_else(|| missing_fact("which panel user it is for"))?;
            match database.link_customer(&scene.provision()?.customer_id, user).await {
                Ok(()) => Ok(Made::saying(format!("customer linked to panel user {user}"))),
                // A link is a convenience for the next order; a server that works is not taken back for it.
                Err(problem) if matches!(problem.kind, ProblemKind::Conflict | ProblemKind::NotFound) => {
                    Ok(Made::saying(format!("not linked: {problem}")))
                }
                Err(problem) => Err(database_in_the_way(problem)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::server::Limits;

    fn wanted(email: &str, name: Option<&str>) -> ProvisionParameters {
        ProvisionParameters {
            orders_account: "shop".into(),
            order: "812".into(),
            taken_over: None,
            external_id: "812".to_owned(),
            node: crate::model::ids::NodeKey { account: "panel".into(), id: "1".to_owned() },
            node_reason: String::new(),
            nest_id: 1,
            egg_id: 1,
            docker_image: String::new(),
            startup: String::new(),
            environment: std::collections::BTreeMap::new(),
            limits: Limits::default(),
            io_weight: 500,
            databases: 0,
            backups: 0,
            allocations: 0,
            server_name: String::new(),
            email: email.to_owned(),
            customer_name: name.map(str::to_owned),
            customer_id: "c1".to_owned(),
            customer_external_id: "c1".to_owned(),
            panel_user_id: None,
        }
    }

    #[test]
    fn usernames_are_valid_and_one_runs_own() {
        let run = RunId::from("01J8ZABCDEFGHJKMNPQRSTVWXY");
        let user = new_user(&wanted("Ann.Ng+shop@example.net", Some("Ann Ng")), &run);
        assert_eq!(user.username, "annngshop-yxwvtsrqpn");
        assert_eq!((user.first_name.as_str(), user.last_name.as_str()), ("Ann", "Ng"));
        assert_eq!(new_user(&wanted("Ann.Ng+shop@example.net", None), &run).username, user.username);
        let odd = new_user(&wanted("日本@example.net", Some(" ")), &run);
        assert_eq!(odd.username, "yxwvtsrqpn");
        assert_eq!((odd.first_name.as_str(), odd.last_name.as_str()), ("customer", "customer"));
    }
}
