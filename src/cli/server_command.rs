//! `server`: which server is meant, whoever runs it, and what is asked of it.

use super::act;
use super::args::{ServerArguments, ServerCommand};
use super::clock::SystemClock;
use super::exit::Exit;
use super::session::Session;
use crate::model::account::FeedKind;
use crate::model::action::ActionRequest;
use crate::model::credits::{CreditServer, CreditServerSignal};
use crate::model::fleet::Fleet;
use crate::model::ids::ServerKey;
use crate::model::problem::Problem;
use crate::model::request::Request;
use crate::model::sanitise::sanitise;
use crate::model::server::{PowerSignal, Server};
use crate::model::time::Clock;

/// Seconds of a minute.
const MINUTE_S: u32 = 60;

/// Runs `server`.
///
/// # Errors
/// No such server, or several; what the engine answered.
pub async fn run(session: &mut Session, command: &ServerCommand) -> Result<Exit, Problem> {
    session.settle(&[FeedKind::Servers], SystemClock.now()).await?;
    let arguments = arguments_of(command);
    let target = find(&session.fleet, &arguments.server)?;
    if let Target::Exaroton(_) = target {
        // A plan says how long the paying balance lasts: an engine that was just started has not read it yet.
        session.settle(&[FeedKind::Servers, FeedKind::Credits], SystemClock.now()).await?;
    }
    if let ServerCommand::Command { line, .. } = command {
        return type_line(session, &target, line, arguments).await;
    }
    act::act(session, request(command, target)?, &arguments.act).await
}

/// A server, by whom it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// A panel.
    Panel(ServerKey),
    /// exaroton.
    Exaroton(ServerKey),
}

impl Target {
    fn key(&self) -> &ServerKey {
        match self {
            Self::Panel(key) | Self::Exaroton(key) => key,
        }
    }
}

fn arguments_of(command: &ServerCommand) -> &ServerArguments {
    match command {
        ServerCommand::Stop(server)
        | ServerCommand::Restart(server)
        | ServerCommand::Kill(server)
        | ServerCommand::Suspend(server)
        | ServerCommand::Unsuspend(server)
        | ServerCommand::Reinstall(server)
        | ServerCommand::Start { server, .. }
        | ServerCommand::Destroy { server, .. }
        | ServerCommand::Keep { server, .. }
        | ServerCommand::Ram { server, .. }
        | ServerCommand::Extend { server, .. }
        | ServerCommand::Command { server, .. } => server,
    }
}

/// What the engine is asked to plan.
fn request(command: &ServerCommand, target: Target) -> Result<ActionRequest, Problem> {
    match target {
        Target::Panel(server) => of_panel(command, server),
        Target::Exaroton(server) => of_exaroton(command, server),
    }
}

fn of_panel(command: &ServerCommand, server: ServerKey) -> Result<ActionRequest, Problem> {
    let power = |server, signal| ActionRequest::Power { server, signal };
    Ok(match command {
        ServerCommand::Start { own_credits: false, .. } => power(server, PowerSignal::Start),
        ServerCommand::Stop(_) => power(server, PowerSignal::Stop),
        ServerCommand::Restart(_) => power(server, PowerSignal::Restart),
        ServerCommand::Kill(_) => power(server, PowerSignal::Kill),
        ServerCommand::Suspend(_) => ActionRequest::Suspend { server },
        ServerCommand::Unsuspend(_) => ActionRequest::Unsuspend { server },
        ServerCommand::Reinstall(_) => ActionRequest::Reinstall { server },
        ServerCommand::Destroy { force, .. } => ActionRequest::Destroy { server, is_forced: *force },
        ServerCommand::Keep { reason, .. } => ActionRequest::Keep { server, reason: reason.clone() },
        ServerCommand::Start { own_credits: true, .. }
        | ServerCommand::Ram { .. }
        | ServerCommand::Extend { .. }
        | ServerCommand::Command { .. } => {
            return Err(Problem::refused(
                format!("{server} runs on a panel"),
                "only servers at exaroton have this",
            ));
        }
    })
}

fn of_exaroton(command: &ServerCommand, server: ServerKey) -> Result<ActionRequest, Problem> {
    let signal = |server, signal| ActionRequest::SignalCreditServer { server, signal };
    Ok(match command {
        ServerCommand::Start { own_credits, .. } => {
            signal(server, CreditServerSignal::Start { with_own_credits: *own_credits })
        }
        ServerCommand::Stop(_) => signal(server, CreditServerSignal::Stop),
        ServerCommand::Restart(_) => signal(server, CreditServerSignal::Restart),
        ServerCommand::Ram { gib, .. } => ActionRequest::SetCreditServerRam { server, ram_gib: *gib },
        ServerCommand::Extend { minutes, .. } => {
            ActionRequest::ExtendCreditServer { server, seconds: minutes * MINUTE_S }
        }
        ServerCommand::Kill(_)
        | ServerCommand::Suspend(_)
        | ServerCommand::Unsuspend(_)
        | ServerCommand::Reinstall(_)
        | ServerCommand::Destroy { .. }
        | ServerCommand::Keep { .. }
        | ServerCommand::Command { .. } => {
            return Err(Problem::refused(
                format!("{server} runs at exaroton, which has no such action"),
                "start, stop, restart, ram, extend and command work there",
            ));
        }
    })
}

/// Types a line into a console, once somebody said so.
async fn type_line(
    session: &mut Session,
    target: &Target,
    line: &str,
    arguments: &ServerArguments,
) -> Result<Exit, Problem> {
    let server = target.key().clone();
    eprintln!("type into the console of {} ({server}): {}", sanitise(&arguments.server), sanitise(line));
    if arguments.act.dry_run {
        return Ok(Exit::Done);
    }
    if !arguments.act.yes && !act::says_yes()? {
        eprintln!("quarterdeck: not confirmed; nothing was typed");
        return Ok(Exit::Refused);
    }
    session.ask(Request::ConsoleCommand { server, line: line.to_owned() }).await?;
    eprintln!("typed; what came of it is said in the console");
    Ok(Exit::Done)
}

/// The one server that a text on the command line means, whoever runs it.
fn find(fleet: &Fleet, wanted: &str) -> Result<Target, Problem> {
    let panel = fleet.servers.values().filter(|server| is_panel_server(server, wanted)).map(|server| {
        (Target::Panel(server.key.clone()), format!("{} ({})", server.key, sanitise(&server.identifier)))
    });
    let exaroton =
        fleet.credit_servers.values().filter(|server| is_credit_server(server, wanted)).map(|server| {
            (Target::Exaroton(server.key.clone()), format!("{} ({})", server.key, sanitise(&server.address)))
        });
    let mut found: Vec<(Target, String)> = panel.chain(exaroton).collect();
    match found.len() {
        0 => Err(Problem::not_found(format!("no server is called {wanted:?}"))),
        1 => Ok(found.remove(0).0),
        several => {
            let names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
            Err(Problem::refused(
                format!("{several} servers are called {wanted:?}: {}", names.join(", ")),
                "name one as ACCOUNT/ID",
            ))
        }
    }
}

fn is_panel_server(server: &Server, wanted: &str) -> bool {
    [server.identifier.as_str(), server.uuid.as_str(), server.name.as_str()].contains(&wanted)
        || server.key.to_string() == wanted
}

fn is_credit_server(server: &CreditServer, wanted: &str) -> bool {
    [server.key.id.as_str(), server.name.as_str(), server.address.as_str()].contains(&wanted)
        || server.key.to_string() == wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credits::{CreditServerPlayers, CreditServerStatus, Payer};
    use crate::model::fleet::Change;
    use crate::model::ids::NodeKey;
    use crate::model::problem::ProblemKind;
    use crate::model::server::{Limits, Ownership, PowerState, ServerStatus};
    use crate::model::time::Timestamp;

    fn panel_server(id: &str, name: &str) -> Change {
        Change::Server(std::sync::Arc::new(Server {
            key: ServerKey { account: "panel".into(), id: id.to_owned() },
            external_id: None,
            uuid: format!("d3b07384-0000-4000-8000-0000000000{id}"),
            identifier: format!("d3b073{id}"),
            name: name.to_owned(),
            node: NodeKey { account: "panel".into(), id: "1".to_owned() },
            panel_user_id: 1,
            egg_id: 1,
            status: ServerStatus::Ready,
            power: PowerState::Running,
            limits: Limits::default(),
            address: None,
            usage: None,
            ownership: Ownership::NoShop,
            burn_per_hour: None,
            created_at: None,
            observed_at: Timestamp(0),
        }))
    }

    fn credit_server(id: &str, name: &str) -> Change {
        Change::CreditServer(std::sync::Arc::new(CreditServer {
            key: ServerKey { account: "exa".into(), id: id.to_owned() },
            name: name.to_owned(),
            address: format!("{name}.exaroton.me"),
            motd: String::new(),
            status: CreditServerStatus::Offline,
            host: None,
            port: None,
            players: CreditServerPlayers::default(),
            software: None,
            is_shared: false,
            ram_gib: Some(4),
            payer: Payer::Undecided,
            observed_at: Timestamp(0),
        }))
    }

    fn fleet() -> Fleet {
        let mut fleet = Fleet::default();
        for change in [
            panel_server("42", "survival"),
            panel_server("43", "lobby"),
            credit_server("Ab12Cd34Ef56Gh78", "weekend"),
            credit_server("Zz12Cd34Ef56Gh78", "lobby"),
        ] {
            fleet.apply(change);
        }
        fleet
    }

    #[test]
    fn a_name_means_a_server_whoever_runs_it() {
        let fleet = fleet();
        for (wanted, key) in [
            ("survival", "panel/42"),
            ("d3b07343", "panel/43"),
            ("panel/43", "panel/43"),
            ("weekend", "exa/Ab12Cd34Ef56Gh78"),
            ("weekend.exaroton.me", "exa/Ab12Cd34Ef56Gh78"),
            ("Zz12Cd34Ef56Gh78", "exa/Zz12Cd34Ef56Gh78"),
            ("exa/Zz12Cd34Ef56Gh78", "exa/Zz12Cd34Ef56Gh78"),
        ] {
            assert_eq!(find(&fleet, wanted).unwrap().key().to_string(), key, "{wanted}");
        }
        assert_eq!(find(&fleet, "nobody").unwrap_err().kind, ProblemKind::NotFound);
    }

    #[test]
    fn a_name_that_several_have_is_refused_with_all_of_them() {
        let problem = find(&fleet(), "lobby").unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Refused);
        for candidate in ["panel/43 (d3b07343)", "exa/Zz12Cd34Ef56Gh78 (lobby.exaroton.me)"] {
            assert!(problem.message.contains(candidate), "{problem}");
        }
    }

    #[test]
    fn what_a_provider_has_not_is_refused() {
        let server = || ServerKey { account: "a".into(), id: "1".to_owned() };
        let arguments = || ServerArguments {
            server: "a/1".to_owned(),
            act: super::super::args::ActArguments {
                dry_run: false,
                yes: true,
                over_budget: false,
                name: None,
                json: false,
            },
        };
        assert!(of_exaroton(&ServerCommand::Kill(arguments()), server()).is_err());
        assert!(
            of_exaroton(&ServerCommand::Destroy { server: arguments(), force: false }, server()).is_err()
        );
        assert!(of_panel(&ServerCommand::Ram { server: arguments(), gib: 4 }, server()).is_err());
        let start = ServerCommand::Start { server: arguments(), own_credits: true };
        assert!(of_panel(&start, server()).is_err());
        let expected = CreditServerSignal::Start { with_own_credits: true };
        assert_eq!(
            of_exaroton(&start, server()).unwrap(),
            ActionRequest::SignalCreditServer { server: server(), signal: expected }
        );
        let extend = ServerCommand::Extend { server: arguments(), minutes: 5 };
        assert_eq!(
            of_exaroton(&extend, server()).unwrap(),
            ActionRequest::ExtendCreditServer { server: server(), seconds: 300 }
        );
    }
}
