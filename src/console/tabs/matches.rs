//! The matches: what bills without need first, then what is played, warms up and boots, then what ended.

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::list::List;
use crate::console::actions::{Action, Scope};
use crate::console::component::{
    Component, Dirty, Effect, Effects, Handled, Loudness, Mouse, Ticket, Touched,
};
use crate::console::context::ViewContext;
use crate::console::dialogs::match_form::MatchForm;
use crate::console::dialogs::run::{self, RunDialog};
use crate::console::dialogs::{match_actions, server_actions};
use crate::console::keys::Key;
use crate::console::players_view::PlayersView;
use crate::console::widgets::table::Direction;
use crate::console::words::matches as words;
use crate::model::account::Provider;
use crate::model::ids::{AccountId, MatchId, ServerKey};
use crate::model::matches::Match;
use crate::model::problem::Problem;
use crate::model::request::{Focus, Reply, Request, Tab};
use crate::model::time::Timestamp;
use columns::Matches;

/// The tab.
pub struct MatchesTab {
    list: List<Matches>,
    /// The question for how to join that waits for its answer, and the match it is about; a later one replaces it.
    joining: (u64, String),
}

impl Default for MatchesTab {
    fn default() -> Self {
        Self { list: List::new(Matches, columns::TIME, Direction::Ascending), joining: (0, String::new()) }
    }
}

impl MatchesTab {
    fn selected<'a>(&self, context: &ViewContext<'a>) -> Option<&'a Match> {
        self.list.table.selected().and_then(|id| context.fleet.matches.get(id))
    }

    /// The matches an action is about, as far as they still exist.
    fn targets(&self, context: &ViewContext<'_>) -> Vec<Match> {
        self.list.table.targets().iter().filter_map(|id| context.fleet.matches.get(id).cloned()).collect()
    }

    fn server(&self, context: &ViewContext<'_>) -> Option<ServerKey> {
        let selected = self.selected(context).filter(|one| one.is_billing());
        selected.and_then(|one| one.rented.as_ref()).map(|rented| rented.key.clone())
    }

    /// The engine tells the password to who asks, and the notice says what was copied without it.
    fn copy_connect(&mut self, context: &ViewContext<'_>, effects: &mut Effects) {
        match self.selected(context).filter(|one| one.is_billing()) {
            Some(one) => {
                self.joining = (self.joining.0 + 1, words::title(one));
                effects.send(Request::MatchConnect { id: one.id.clone() }, Ticket(self.joining.0));
            }
            None => effects.notice(Loudness::Info, "this match has no server to join"),
        }
    }

    fn on_list_action(
        &mut self,
        action: Action,
        context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        let selected = self.selected(context);
        match (action, selected) {
            (Action::NewMatch, _) => ask(None, context, effects),
            (Action::Rematch, Some(one)) => ask(Some(one), context, effects),
            (Action::PlayersView, _) => effects.open(PlayersView::default()),
            (Action::CopyConnect, Some(_)) => self.copy_connect(context, effects),
            (Action::OpenRun, Some(one)) => effects.open(RunDialog::new(one.run.clone())),
            (Action::CancelRun, Some(one)) => {
                run::ask_to_cancel(words::run(one, context.fleet), context, effects);
            }
            (Action::AttachConsole, Some(_)) => {
                let servers: Vec<ServerKey> = self.server(context).into_iter().collect();
                server_actions::perform(action, &servers, context, effects);
            }
            (action, _) if match_actions::is_one(action) => {
                match_actions::perform(action, &self.targets(context), context, effects);
            }
            _ => return self.list.on_action(action, context, effects),
        }
        Handled::Consumed
    }
}

/// Opens the form: empty, or for a match like this one.
fn ask(rematch: Option<&Match>, context: &ViewContext<'_>, effects: &mut Effects) {
    let accounts = accounts(context);
    if accounts.is_empty() {
        return effects.notice(Loudness::Warning, "no account for matches is configured");
    }
    let last = context.fleet.matches.values().max_by_key(|one| one.requested_at);
    effects.open(rematch.map_or_else(
        || MatchForm::new(accounts.clone(), last.map(|one| &one.request)),
        |one| MatchForm::rematch(accounts.clone(), &one.request),
    ));
}

/// The accounts that can pay for a match.
fn accounts(context: &ViewContext<'_>) -> Vec<AccountId> {
    let feeds = context.fleet.feeds.values().filter(|feed| feed.provider == Provider::Dathost);
    let mut accounts: Vec<AccountId> = feeds.map(|feed| feed.account.clone()).collect();
    accounts.dedup();
    accounts
}

impl Component for MatchesTab {
    fn scope(&self) -> Scope {
        self.list.scope(Scope::Matches)
    }

    fn on_open(&mut self, context: &ViewContext<'_>, _effects: &mut Effects) {
        self.list.refresh(context);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, context: &ViewContext<'_>) {
        self.list.draw(area, buffer, context);
    }

    fn take_dirty(&mut self, area: Rect, context: &ViewContext<'_>) -> Dirty {
        self.list.take_dirty(area, context)
    }

    fn on_action(&mut self, action: Action, context: &ViewContext<'_>, effects: &mut Effects) -> Handled {
        self.on_list_action(action, context, effects)
    }

    fn on_text_key(&mut self, key: Key, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_text_key(key, context)
    }

    fn on_paste(&mut self, text: &str, context: &ViewContext<'_>, _effects: &mut Effects) -> Handled {
        self.list.on_paste(text, context)
    }

    fn on_mouse(
        &mut self,
        mouse: Mouse,
        _area: Rect,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) -> Handled {
        self.list.on_mouse(mouse, effects)
    }

    fn on_changes(&mut self, touched: &Touched, context: &ViewContext<'_>, _effects: &mut Effects) {
        if touched.is_everything {
            return self.list.refresh(context);
        }
        let mut ids: Vec<MatchId> = touched.matches.clone();
        // What a run does is told in the row of its match.
        let of_runs = context.fleet.matches.values().filter(|one| touched.runs.contains(&one.run));
        ids.extend(of_runs.map(|one| one.id.clone()));
        self.list.update(&ids, context);
    }

    fn on_reply(
        &mut self,
        ticket: Ticket,
        result: &Result<Reply, Problem>,
        _context: &ViewContext<'_>,
        effects: &mut Effects,
    ) {
        match result {
            Ok(Reply::MatchConnect { connect }) if ticket.0 == self.joining.0 => {
                let label = format!("how to join {}: {}, and the password", self.joining.1, connect.shown());
                effects.push(Effect::Copy { text: connect.expose().to_owned(), label });
            }
            Ok(_) => {}
            Err(problem) => effects.notice(Loudness::Warning, problem.to_string()),
        }
    }

    fn is_enabled(&self, action: Action, context: &ViewContext<'_>) -> bool {
        let selected = self.selected(context);
        match action {
            Action::NewMatch => !accounts(context).is_empty(),
            Action::Rematch => selected.is_some() && !accounts(context).is_empty(),
            Action::PlayersView => context.link.is_up(),
            Action::CopyConnect => self.server(context).is_some() && context.link.is_up(),
            Action::AttachConsole => self.server(context).is_some(),
            Action::OpenRun => selected.is_some(),
            Action::CancelRun => {
                let run = selected.and_then(|one| words::run(one, context.fleet));
                run.is_some_and(|run| !run.status.is_ended())
            }
            action if match_actions::is_one(action) => {
                self.targets(context).iter().any(|one| match_actions::is_enabled(action, one))
            }
            action => self.list.is_enabled(action),
        }
    }

    fn next_change(&self, context: &ViewContext<'_>) -> Option<Timestamp> {
        self.list.next_change(context)
    }

    fn cursor(&self, area: Rect, context: &ViewContext<'_>) -> Option<Position> {
        self.list.cursor(area, context)
    }

    fn focus(&self, context: &ViewContext<'_>) -> Focus {
        let server =
            |id: &MatchId| context.fleet.matches.get(id)?.rented.as_ref().map(|rented| rented.key.clone());
        Focus {
            tab: Tab::Matches,
            servers: self.list.table.visible().filter_map(server).collect(),
            ..Focus::default()
        }
    }

    fn set_frozen(&mut self, is_frozen: bool, context: &ViewContext<'_>) {
        self.list.set_frozen(is_frozen, context);
    }
}
